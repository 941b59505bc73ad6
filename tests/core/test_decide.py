"""Every guard: with it in the way nothing moves, without it the very same situation acts."""

from dataclasses import replace
from typing import Any

import pytest

from controller.core.decision.decide import Situation, decide, may_open
from controller.core.decision.guards import binding
from controller.core.incident.fold import fold
from controller.core.journal.event import seal
from controller.core.journal.kind import Kind
from controller.core.model import Truth
from tests.support.journal_events import drafted
from tests.support.policy_scene import (
    CONFIRMED,
    EAST,
    OPENED,
    OTHER,
    T0,
    WEST,
    all_on,
    dark_east,
    evidence,
    later,
    loaded,
    policy_data,
    situation,
    state,
    storefront,
)

GATED = storefront()
FREE = storefront(evacuate=policy_data()["evacuate"] | {"approval": "none"})


def test_a_dark_region_without_a_gate_acts_and_says_why() -> None:
    decision = decide(situation(FREE), EAST)
    assert (decision.code, decision.action, decision.target) == ("evacuate", "act", WEST)
    assert decision.plan is not None
    assert dict(decision.plan.changes) == dict.fromkeys(FREE.regions[EAST].controls, False)
    assert all(check.value is Truth.TRUE for check in decision.checks)
    assert [check.guard for check in decision.checks] == [
        "armed", "policy", "not cut off", "eligible", "blackout", "not refused", "cooldown", "velocity",
        "shared cause", "target exists", "readiness", "floor", "approval",
    ]  # fmt: skip


SETTLED = (
    OPENED,
    CONFIRMED,
    (Kind.SHIFT_INTENDED, {}),
    (Kind.SHIFT_APPLIED, {}),
    (Kind.SHIFT_VERIFIED, {}),
    (Kind.SETTLED, {}),
)


def _late(found: Situation, seconds: float) -> Situation:
    """The same, but the journal was written `seconds` earlier."""
    assert found.state is not None
    return replace(found, now=found.now + seconds)


def _red_west() -> dict[str, Any]:
    west = evidence(FREE, {("checkout", WEST, OTHER): "HHHHHHHHHHBB"})
    return {
        k: west[k] if "us-west-2-checkout" in k and OTHER in k.split(":")[2] else v
        for k, v in dark_east(FREE).items()
    }


GUARDS: list[tuple[str, dict[str, Any]]] = [
    ("disarmed", {"state": state(FREE, (Kind.DISARMED, {"reason": "release"}))}),
    ("journal-unreadable", {"state": None}),
    ("evidence-unreadable", {"evidence": None}),
    ("policy-superseded", {"state": state(GATED)}),
    ("switch-unavailable", {"controls": None}),
    ("already-left", {"controls": all_on(FREE, EAST)}),
    ("cooldown", {"state": state(FREE, *SETTLED)}),
    ("shared-cause", {"evidence": _red_west()}),
]


@pytest.mark.parametrize(("code", "changes"), GUARDS)
def test_guard_says_no(code: str, changes: dict[str, Any]) -> None:
    decision = decide(situation(FREE, **changes), EAST)
    assert (decision.code, decision.action) == (code, "hold")
    assert decision.reason


def test_cut_off_when_nothing_arrives_from_any_other_region() -> None:
    old = {
        k: tuple(replace(o, received=o.received - 200, at=o.at - 200) for o in v)
        for k, v in dark_east(FREE).items()
    }
    own = {k: v if f":{OTHER}:" in k else old[k] for k, v in dark_east(FREE).items()}
    asked = (Kind.INCIDENT_OPENED, {"source": EAST, "requested_by": "ana"})
    alone = decide(situation(FREE, (asked,), evidence=own), EAST)
    assert (alone.code, alone.action) == ("cut-off", "hold")
    heard = decide(situation(FREE, (asked,)), EAST)
    assert heard.action == "act"
    never = decide(situation(FREE, (asked,), evidence={}), EAST)
    assert next(c.value for c in never.checks if c.guard == "not cut off") is Truth.UNKNOWN


def test_another_incident_in_progress_stands_in_the_way() -> None:
    other = (Kind.INCIDENT_OPENED, {"source": WEST})
    decision = decide(situation(FREE, state=state(FREE, other)), EAST)
    assert (decision.code, decision.action) == ("in-progress", "hold")


def test_cooldown_ends_and_velocity_counts_what_was_shifted() -> None:
    once = situation(FREE, state=state(FREE, *SETTLED))
    assert decide(once, EAST).code == "cooldown"
    hour_later = replace(once, now=T0 + 3700, evidence=later(dark_east(FREE), 3695))
    assert decide(hour_later, EAST).action == "act"
    limited = storefront(
        evacuate=policy_data()["evacuate"] | {"approval": "none"},
        limits={"minRegionsOn": 1, "cooldown": "1h", "evacuationsPerDay": 1},
    )
    tired = replace(hour_later, policy=limited, state=state(limited, *SETTLED))
    assert decide(tired, EAST).code == "velocity"


@pytest.mark.parametrize(
    ("west", "code"),
    [("HHHHHHHHH---------", "target-not-ready"), ("-", "shared-cause"), ("BHHH", "target-not-ready")],
)
def test_a_target_that_is_not_ready_or_not_known_is_not_gone_to(west: str, code: str) -> None:
    found = evidence(FREE, {("checkout", WEST, OTHER): west})
    mixed = {k: found[k] if f"{OTHER}:storefront-{WEST}" in k else v for k, v in dark_east(FREE).items()}
    decision = decide(situation(FREE, evidence=mixed), EAST)
    assert decision.action == "hold"
    assert decision.code in (code, "shared-cause")


def test_the_floor_is_checked_on_the_state_after_the_plan() -> None:
    three = FREE.model_copy(update={"limits": FREE.limits.model_copy(update={"min_regions_on": 2})})
    found = situation(three, state=fold("storefront", []))
    decision = decide(replace(found, state=state(three)), EAST)
    assert decision.code == "floor"
    assert "minRegionsOn" in decision.reason


def test_unknown_never_acts_and_false_stands_an_incident_down() -> None:
    blind = evidence(FREE, {("checkout", EAST, ""): "HHHHHH------"})
    half = evidence(FREE, {("checkout", EAST, ""): "HHHHHH------", ("5xx", EAST, ""): "HHHHHHBBBBBB"})
    assert decide(situation(FREE, evidence=blind), EAST).code == "not-confirmed"
    assert decide(situation(FREE, evidence=half), EAST).code == "unknown"
    assert decide(situation(FREE, (OPENED,), evidence=half), EAST).action == "hold"
    calm = evidence(FREE, {})
    assert decide(situation(FREE, evidence=calm), EAST).code == "healthy"
    assert decide(situation(FREE, (OPENED,), evidence=calm), EAST).action == "stand_down"


def test_a_person_passes_condition_cooldown_and_velocity_but_not_readiness() -> None:
    asked = (Kind.INCIDENT_OPENED, {"source": EAST, "requested_by": "ana"})
    calm = evidence(FREE, {})
    assert decide(situation(FREE, (asked,), evidence=calm), EAST).action == "act"
    red = evidence(FREE, {("checkout", WEST, OTHER): "HHHHHHHHHHBB"})
    assert decide(situation(FREE, (asked,), evidence=red), EAST).code == "shared-cause"


def _asked(status: Kind | None, *, policy: Any = GATED, digest: str | None = None) -> Situation:
    found = situation(policy, (OPENED, CONFIRMED))
    goal = decide(found, EAST).plan
    assert goal is not None
    assert found.state is not None
    assert found.state.open is not None
    bound = digest or binding(policy, found.state.open, goal)
    asked = (Kind.APPROVAL_REQUESTED, {"approval": "r1", "digest": bound, "expires": T0 + 900})
    answers = [] if status is None else [(status, {"approval": "r1"})]
    return situation(policy, (OPENED, CONFIRMED, asked, *answers))


@pytest.mark.parametrize(
    ("status", "code", "action"),
    [
        (None, "approval", "ask"),
        (Kind.APPROVAL_GIVEN, "evacuate", "act"),
        (Kind.APPROVAL_DENIED, "approval-denied", "stand_down"),
        (Kind.APPROVAL_EXPIRED, "approval-expired", "stand_down"),
    ],
)
def test_the_gate(status: Kind | None, code: str, action: str) -> None:
    decision = decide(_asked(status), EAST)
    assert (decision.code, decision.action) == (code, action)


def test_an_approval_of_another_plan_or_an_old_one_opens_nothing() -> None:
    assert decide(_asked(Kind.APPROVAL_GIVEN, digest="0" * 16), EAST).action == "ask"
    assert decide(_late(_asked(Kind.APPROVAL_GIVEN), 60), EAST).action == "act"
    stale = _asked(Kind.APPROVAL_GIVEN)
    shifted = {
        k: tuple(replace(o, at=o.at + 1000, received=o.received + 1000) for o in v)
        for k, v in dark_east(GATED).items()
    }
    assert decide(replace(stale, now=stale.now + 1000, evidence=shifted), EAST).action == "ask"


def test_after_a_denial_the_region_is_not_asked_about_again_until_the_cooldown_ends() -> None:
    denied = (OPENED, CONFIRMED, (Kind.APPROVAL_REQUESTED, {"approval": "r", "digest": "d", "expires": T0}),
              (Kind.APPROVAL_DENIED, {"approval": "r"}), (Kind.STOOD_DOWN, {"reason": "denied"}))  # fmt: skip
    decision = decide(situation(GATED, denied), EAST)
    assert decision.code == "refused"
    assert not may_open(decision)


@pytest.mark.parametrize(
    "code",
    ["disarmed", "policy-superseded", "already-left", "cooldown", "journal-unreadable"],
)
def test_what_opens_no_incident(code: str) -> None:
    changes = dict(GUARDS)[code]
    assert not may_open(decide(situation(FREE, **changes), EAST))


@pytest.mark.parametrize("code", ["shared-cause", "switch-unavailable"])
def test_what_opens_an_incident_that_holds(code: str) -> None:
    assert may_open(decide(situation(FREE, **dict(GUARDS)[code]), EAST))


def test_a_move_that_has_begun_is_finished_and_one_only_intended_may_be_dropped() -> None:
    intended = (OPENED, CONFIRMED, (Kind.SHIFT_INTENDED, {}))
    calm = evidence(FREE, {})
    begun = all_on(FREE) | {"use1-a": False, "use1-b": False}
    assert decide(situation(FREE, intended, evidence=calm, controls=begun), EAST).action == "act"
    assert decide(situation(FREE, intended, evidence=calm), EAST).action == "stand_down"


@pytest.mark.parametrize(
    "more", [(), ((Kind.SHIFT_APPLIED, {"states": {"use1-a": False}}), (Kind.SHIFT_VERIFIED, {}))]
)
def test_in_shadow_a_person_s_move_ends_unless_it_has_begun(
    more: tuple[tuple[Kind, dict[str, Any]], ...],
) -> None:
    waves = policy_data()["evacuate"] | {"approval": "none", "waves": [1]}
    policy = storefront(enforcement="shadow", evacuate=waves)
    asked_for = (Kind.INCIDENT_OPENED, {"source": EAST, "requested_by": "ana"})
    intended = (asked_for, CONFIRMED, (Kind.SHIFT_INTENDED, {"changes": [["use1-a", False]]}))
    half = all_on(policy) | {"use1-a": False}
    begun = decide(situation(policy, (*intended, *more), controls=half), EAST)
    assert (begun.code, begun.action) == ("shadow", "hold")
    before = decide(situation(policy, intended), EAST)
    assert (before.code, before.action) == ("shadow", "stand_down")


def test_a_wave_that_has_begun_is_the_wave_until_it_is_written_that_it_is_applied() -> None:
    waves = policy_data()["evacuate"] | {"approval": "none", "waves": [2, 1]}
    policy = storefront(evacuate=waves)
    changes = [["use1-a", False], ["use1-b", False]]
    intended = (OPENED, CONFIRMED, (Kind.SHIFT_INTENDED, {"changes": changes}))
    for off, left in ((("use1-a",), (("use1-b", False),)), (("use1-a", "use1-b"), ())):
        controls = all_on(policy) | dict.fromkeys(off, False)
        decision = decide(situation(policy, intended, controls=controls), EAST)
        assert decision.plan is not None
        assert (decision.action, decision.plan.changes) == ("act", left)


def test_a_third_region_is_chosen_where_the_first_shares_the_cause() -> None:
    data = FREE.model_dump(mode="json", by_alias=True, exclude_none=True)
    data["regions"]["us-east-2"] = {"controls": ["use2-a", "use2-b", "use2-c", "use2-d"]}
    data["target"]["prefer"] = [WEST, OTHER, EAST]
    data["signals"]["customer"][0]["runsIn"] = [EAST, OTHER, WEST, "eu-west-1"]
    three = storefront(**data)
    bad = evidence(
        three,
        {
            ("checkout", EAST, EAST): "HHHHHH------",
            ("checkout", EAST, ""): "HHHHHHBBBBBB",
            ("5xx", EAST, ""): "HHHHHHBBBBBB",
            ("checkout", WEST, ""): "HHHHHHHHHBBB",
        },
    )
    decision = decide(situation(three, evidence=bad, here="eu-west-1"), EAST)
    assert (decision.action, decision.target) == ("act", OTHER)
    assert decision.plan is not None
    assert {name for name, _ in decision.plan.goal} == {
        *three.regions[EAST].controls,
        *three.regions[OTHER].controls,
    }


def test_memory_of_another_application_is_not_needed() -> None:
    draft = drafted("x", Kind.POLICY_LOADED, T0, "t", data={"digest": FREE.digest, "deployed": 1.0})
    folded = fold("storefront", [seal("storefront", draft, None)])
    assert decide(replace(situation(FREE), state=folded), EAST).action == "act"
    assert loaded(FREE)[1]["digest"] == folded.policy
