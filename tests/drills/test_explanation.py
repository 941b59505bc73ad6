"""`why` names what kept the controller from acting: flip just that, and the verdict flips."""

import itertools
from collections.abc import Iterator
from typing import Any

import pytest

from controller.core.model import Truth, all_of, any_of, negate
from tests.support.drill_run import play
from tests.support.policy_scene import EAST, WEST

MOMENTS = 50


def value(node: dict[str, Any], flipped: frozenset[str] = frozenset()) -> Truth:
    """A stored tree judged again from its leaves, those in `flipped` turned true."""
    children = [value(child, flipped) for child in node.get("children", ())]
    match node["op"]:
        case "all":
            return all_of(children)
        case "any":
            return any_of(children)
        case "not":
            return negate(children[0])
        case _:
            return Truth.TRUE if node["path"] in flipped else Truth(node["value"])


def moments(name: str) -> Iterator[tuple[float, dict[str, Any]]]:
    """The decision about each Region that stood at each of fifty moments of a run."""
    _, deps, run, _ = play(name)
    records = deps.assessments.between("storefront", 0.0, run.ended)
    step = (run.ended - run.broke + 120) / MOMENTS
    for number in range(MOMENTS):
        at = run.broke - 120 + number * step
        for region in (EAST, WEST):
            before = [
                (when, decision)
                for when, record in records
                if when <= at
                for decision in record["decisions"]
                if decision["region"] == region
            ]
            when, decision = before[-1]
            assert at - when <= 61.0, "a second of the run that nobody can tell about"
            yield at, decision


@pytest.mark.parametrize("name", ["region-dark", "blip-43s"])
def test_flipping_the_named_leaves_flips_the_verdict_and_no_fewer_do(name: str) -> None:
    looked = 0
    for _, decision in moments(name):
        tree = decision["tree"]
        assert value(tree) is Truth(tree["value"])
        kept = [leaf["path"] for leaf in decision["kept_by"]]
        assert bool(kept) is (tree["value"] != "true")
        if not kept:
            continue
        looked += 1
        assert value(tree, frozenset(kept)) is Truth.TRUE
        for size in range(len(kept)):
            for fewer in itertools.combinations(kept, size):
                assert value(tree, frozenset(fewer)) is not Truth.TRUE
    assert looked >= MOMENTS


def test_a_decision_not_to_act_always_has_a_sentence_and_names_what_kept_it() -> None:
    for _, decision in moments("one-observer"):
        assert decision["reason"]
        assert decision["action"] != "act"
        blocked = [check for check in decision["checks"] if check["value"] != "true"]
        assert decision["kept_by"] or blocked
