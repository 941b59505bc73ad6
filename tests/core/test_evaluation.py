"""Leaves and trees over evidence, in the operator's words."""

import pytest

from controller.core.evidence.evaluation import judge, judge_leaf, view
from controller.core.explanation import flip_set
from controller.core.model import Truth
from controller.core.policy.conditions import Leaf
from controller.core.text import format_duration
from tests.support.policy_scene import ACCOUNT, EAST, OTHER, T0, WEST, evidence, storefront

T, F, U = Truth.TRUE, Truth.FALSE, Truth.UNKNOWN
POLICY = storefront()


def leaf(
    text: str, seen: dict[tuple[str, str, str], str], *, subject: str = EAST, source: str = EAST
) -> Truth:
    family, is_, *rest = text.split()
    wish: dict[str, object] = {"in": "source", "family": family, "is": is_}
    for item in rest:
        key, value = item.split("=")
        wish[key] = int(value) if value.isdigit() else value
    looked = view(POLICY, ACCOUNT, evidence(POLICY, seen), T0 + 5)
    return judge_leaf(Leaf.model_validate(wish), looked, subject=subject, source=source, path="x").value


BAD = "HHHHHHBBBBBB"
LOST = "HHHHHH------"
BLIND = "HHHHHH??????"


@pytest.mark.parametrize(
    ("wish", "seen", "value"),
    [
        ("customer breaching observers=2 for=3m", {("checkout", EAST, ""): BAD}, T),
        ("customer breaching observers=2 for=9m", {("checkout", EAST, ""): BAD}, F),
        ("customer breaching observers=2 for=3m", {("checkout", EAST, OTHER): BAD}, F),
        # One observer lost: the other alone is not two, and might be.
        (
            "customer breaching observers=2 for=3m",
            {("checkout", EAST, OTHER): BAD, ("checkout", EAST, WEST): LOST},
            U,
        ),
        # A canary inside the Region under judgement never counts, whatever it says.
        (
            "customer breaching observers=2",
            {("checkout", EAST, EAST): BAD, ("checkout", EAST, OTHER): BAD},
            F,
        ),
        ("customer breaching observers=3", {("checkout", EAST, ""): BAD}, F),
        ("service breaching signals=1 for=2m", {("5xx", EAST, ""): BAD}, T),
        ("service breaching signals=1 for=2m", {("5xx", EAST, ""): BLIND}, U),
        ("service breaching signals=all", {("5xx", EAST, ""): BAD}, F),
        ("service silent signals=all for=2m", {("storefront-us-east-1-", EAST, EAST): LOST}, T),
        ("service silent signals=all for=2m", {("5xx", EAST, ""): LOST}, F),
        # INSUFFICIENT_DATA is something heard: the alarm is blind, its Region is not silent.
        ("service silent signals=all", {("5xx", EAST, ""): BLIND, ("latency", EAST, ""): BLIND}, F),
        ("customer healthy", {}, T),
        ("customer healthy for=5m", {("checkout", EAST, OTHER): "HHHHHHHHHBHH"}, F),
        ("customer healthy", {("checkout", EAST, OTHER): LOST}, U),
        ("customer healthy", {("checkout", EAST, OTHER): "-"}, U),
        ("service silent", {("5xx", EAST, ""): "-", ("latency", EAST, ""): "-"}, U),
    ],
)
def test_leaves(wish: str, seen: dict[tuple[str, str, str], str], value: Truth) -> None:
    assert leaf(wish, seen) is value


def test_the_source_is_no_observer_of_the_target() -> None:
    """us-east-1 is dark, so what its canary says of us-west-2 says nothing of us-west-2."""
    seen = {("checkout", WEST, EAST): "HHHHHHBBBBBB"}
    assert leaf("customer healthy", seen, subject=WEST, source=EAST) is T
    assert leaf("customer healthy", seen, subject=WEST, source=OTHER) is F


def test_evidence_of_other_accounts_and_names_is_not_looked_at() -> None:
    found = evidence(POLICY, {("checkout", EAST, ""): BAD})
    foreign = {key.replace(ACCOUNT, "999999999999"): value for key, value in found.items()}
    looked = view(POLICY, ACCOUNT, foreign, T0)
    assert {track.state.reason for track in looked.tracks} == {"never heard of"}


def test_a_tree_names_its_leaves_signals_and_ages() -> None:
    looked = view(POLICY, ACCOUNT, evidence(POLICY, {("checkout", EAST, OTHER): BAD}), T0 + 5)
    tree = judge(POLICY.evacuate.when, looked, source=EAST, target=None, path="when")
    first = tree.children[0]
    assert first.path == "when.all.0"
    assert first.sentence == ("1 of 2 observers say customer of us-east-1 is breaching (needs 2 for 3m00s)")
    assert {(s.signal.observer, str(s.verdict), s.age) for s in first.signals} == {
        (OTHER, "breaching", 4.0),
        (WEST, "healthy", 4.0),
    }
    assert [leaf.path for leaf in flip_set(tree)] == ["when.all.0", "when.all.1.any.0"]


@pytest.mark.parametrize(("seconds", "text"), [(0, "0s"), (43.9, "43s"), (180, "3m00s"), (4000, "1h06m")])
def test_spelling(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text
