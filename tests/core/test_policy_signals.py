"""Kinds of evidence in a policy: the signals that they make, who may testify, and what is refused."""

from typing import Any

import pytest

from controller.core.decision.decide import decide
from controller.core.decision.guards import CUT_OFF_AFTER
from controller.core.evidence.evaluation import judge_leaf, view
from controller.core.evidence.health_notices import notice_id
from controller.core.evidence.registry import UNNAMED, why_unnamed
from controller.core.model import RELAYED, Observation, Truth, Verdict
from controller.core.policy.conditions import Leaf
from controller.core.policy.validation import PolicyError, compiled, expected_signals, parse_policy
from tests.support.policy_scene import (
    ACCOUNT,
    EAST,
    OTHER,
    T0,
    WEST,
    evidence,
    history,
    policy_data,
    situation,
    storefront,
)

EVENT = {"event": "real-users", "runsIn": [OTHER, EAST, "eu-west-1"], "silentAfter": "5m"}
OWN = {"event": "queue-age", "silentAfter": "5m"}
HEALTH = {"health": ["DYNAMODB", "LAMBDA"]}
SHIPPED = policy_data()["signals"]
SIGNALS = {"signals": SHIPPED | {"monitor": [EVENT, OWN], "provider": [HEALTH]}}
POLICY = storefront(**SIGNALS)
AWS = f"health:{ACCOUNT}:{EAST}:DYNAMODB"


def leaf(text: str, **more: Any) -> Leaf:
    family, verdict = text.split()
    return Leaf.model_validate({"in": "source", "family": family, "is": verdict, **more})


def notice(minute: float, verdict: Verdict, *zones: str) -> Observation:
    at = T0 + 60 * minute
    return Observation(
        at, at, verdict, "event", notice_id(notice="n", zones=zones, version=str(minute)), "told"
    )


def judged(what: Leaf, seen: dict[str, tuple[Observation, ...]], now: float = T0 + 5) -> Truth:
    return judge_leaf(what, view(POLICY, ACCOUNT, seen, now), subject=EAST, source=EAST, path="x").value


def test_the_signals_that_each_kind_makes() -> None:
    ids = [s.id for s in expected_signals(POLICY, ACCOUNT) if s.subject == EAST and s.family != "customer"]
    assert ids == [
        f"alarm:{ACCOUNT}:{EAST}:storefront-us-east-1-5xx",
        f"alarm:{ACCOUNT}:{EAST}:storefront-us-east-1-latency",
        f"event:{ACCOUNT}:{OTHER}:storefront/monitor/{EAST}/real-users",
        f"event:{ACCOUNT}:{EAST}:storefront/monitor/{EAST}/real-users",
        f"event:{ACCOUNT}:eu-west-1:storefront/monitor/{EAST}/real-users",
        f"event:{ACCOUNT}:{EAST}:storefront/monitor/{EAST}/queue-age",
        AWS,
        f"health:{ACCOUNT}:{EAST}:LAMBDA",
    ]
    assert parse_policy(compiled(POLICY)).digest == POLICY.digest


def test_a_monitor_inside_the_region_under_judgement_does_not_count_and_its_own_instrument_does() -> None:
    def said(*observers: str, name: str = "real-users") -> dict[str, tuple[Observation, ...]]:
        key = "event:{}:{}:storefront/monitor/{}/{}"
        return {key.format(ACCOUNT, o, EAST, name): history("BBBB") for o in observers}

    two = leaf("monitor breaching", observers=2)
    assert judged(two, said(OTHER, "eu-west-1")) is Truth.TRUE
    assert judged(two, said(OTHER, EAST)) is Truth.UNKNOWN  # eu-west-1 and the own one may yet say it
    assert judged(two, said(OTHER) | said(EAST, name="queue-age")) is Truth.TRUE


def test_aws_health_accuses_and_never_testifies_to_health() -> None:
    provider, well = leaf("provider breaching"), leaf("provider healthy")
    assert judged(provider, {}) is Truth.UNKNOWN  # no notice is no news
    assert judged(provider, {AWS: (notice(0, Verdict.BREACHING),)}) is Truth.TRUE
    assert judged(provider, {AWS: (notice(-9, Verdict.BREACHING), notice(0, Verdict.UNKNOWN))}) is (
        Truth.UNKNOWN
    )
    assert judged(provider, {AWS: (notice(0, Verdict.BREACHING, "use1-az4"),)}) is Truth.UNKNOWN  # S13
    for seen in ({}, {AWS: (notice(-9, Verdict.BREACHING), notice(-8, Verdict.UNKNOWN))}):
        assert judged(well, seen) is Truth.UNKNOWN
        assert judged(leaf("provider silent"), seen) is Truth.UNKNOWN
    assert judged(well, {AWS: (notice(0, Verdict.BREACHING),)}) is Truth.FALSE


def test_all_is_well_only_where_aws_accuses_nobody_and_has_not_for_that_long() -> None:
    every = {
        signal.id: history("H" * 40)
        for signal in expected_signals(POLICY, ACCOUNT)
        if signal.subject == EAST and signal.kind != "health"
    }
    well = leaf("all healthy", **{"for": "30m"})
    assert judged(well, every) is Truth.TRUE
    assert judged(well, every | {AWS: (notice(-1, Verdict.BREACHING),)}) is Truth.FALSE
    ended = (notice(-60, Verdict.BREACHING), notice(-10, Verdict.UNKNOWN))
    assert judged(well, every | {AWS: ended}) is Truth.FALSE
    long_ago = (notice(-60, Verdict.BREACHING), notice(-31, Verdict.UNKNOWN))
    assert judged(well, every | {AWS: long_ago}) is Truth.TRUE


def test_what_was_relayed_does_not_show_that_a_region_is_heard() -> None:
    key = f"event:{ACCOUNT}:eu-west-1:storefront/monitor/{EAST}/real-users"
    for via, heard in (("event", True), (RELAYED, False)):
        seen = {key: (Observation(T0, T0, Verdict.HEALTHY, via, "1"),)}
        found = view(POLICY, ACCOUNT, seen, T0 + CUT_OFF_AFTER / 2).heard
        assert ("eu-west-1" in found) is heard


@pytest.mark.parametrize(
    ("signal", "reason"),
    [
        (f"event:999999999999:{OTHER}:storefront/monitor/{EAST}/real-users", "from account 999999999999"),
        (f"event:{ACCOUNT}:{OTHER}:bakery/monitor/{EAST}/real-users", "'bakery' is not the application"),
        (f"event:{ACCOUNT}:{OTHER}:storefront/monitor/ap-south-1/real-users", "ap-south-1 is not a Region"),
        (f"event:{ACCOUNT}:{OTHER}:storefront/psychic/{EAST}/real-users", "no family 'psychic'"),
        (f"event:{ACCOUNT}:{OTHER}:storefront/customer/{EAST}/real-users", "has no event 'real-users'"),
        (f"event:{ACCOUNT}:{WEST}:storefront/monitor/{EAST}/real-users", f"seen from {WEST}"),
        (f"health:{ACCOUNT}:{EAST}:S3", UNNAMED),
        ("alarm", "from account ;"),
    ],
)
def test_why_a_sighting_is_none_of_this_policys(signal: str, reason: str) -> None:
    assert signal not in {each.id for each in expected_signals(POLICY, ACCOUNT)}
    assert reason in why_unnamed(signal, POLICY, ACCOUNT)


def refusal(changes: dict[str, Any]) -> str:
    with pytest.raises(PolicyError) as info:
        parse_policy(policy_data() | SIGNALS | changes)
    return str(info.value)


def signals(*sources: dict[str, Any]) -> dict[str, Any]:
    return {"signals": SHIPPED | {"more": list(sources)}}


def restore(condition: dict[str, Any]) -> dict[str, Any]:
    return {"restore": {"when": condition, "approval": "none"}}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        (signals({"event": "a/b", "silentAfter": "5m"}), "signals.more.0.event: expected a name"),
        (signals({"event": "a"}), "silentAfter"),
        (signals({"event": "a", "runsIn": [], "silentAfter": "5m"}), "at least 1 entry"),
        (signals(EVENT | {"runsIn": [OTHER, OTHER]}), "written twice"),
        (signals(EVENT, EVENT), "already a signal of more"),
        (signals({"health": ["dynamodb"]}), "as AWS Health writes it"),
        (signals({"health": []}), "at least 1 entry"),
        (signals({"health": ["LAMBDA", "LAMBDA"]}), "already a signal of more"),
        (signals({"metric": "a"}), "`canary`, `alarm`, `event` or `health`"),
        (restore({"in": "source", "family": "provider", "is": "healthy"}), "AWS Health only ever accuses"),
        (
            {"evacuate": policy_data()["evacuate"]
             | {"unless": [{"in": "target", "family": "provider", "is": "breaching"}]}},
            "evacuate.unless.0.family: where AWS Health sent no notice nothing is known",
        ),
        (
            {"evacuate": policy_data()["evacuate"]
             | {"unless": [{"in": "target", "family": "all", "is": "breaching"}]}},
            "evacuate.unless.0.family: where AWS Health sent no notice nothing is known",
        ),
    ],
)  # fmt: skip
def test_what_a_policy_may_not_say(changes: dict[str, Any], reason: str) -> None:
    assert reason in refusal(changes)


def test_a_region_is_healthy_where_aws_says_nothing_and_not_where_it_accuses() -> None:
    calm = evidence(POLICY, {}) | dict.fromkeys((AWS, f"health:{ACCOUNT}:{EAST}:LAMBDA"), ())
    found = decide(situation(POLICY, evidence=calm), EAST)
    assert (found.code, found.reason) == ("healthy", f"every signal about {EAST} is healthy")
    accused = calm | {AWS: (notice(0, Verdict.BREACHING),)}
    assert decide(situation(POLICY, evidence=accused), EAST).code == "not-confirmed"
