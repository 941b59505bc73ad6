"""S5 at the level of steps: no evacuation into a Region that is not ready at the moment of the call."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from controller.core.decision import readiness
from controller.core.decision.readiness import ReadinessResult
from controller.core.journal.kind import Kind
from controller.core.model import Answer, Truth
from controller.steps.context.situation import refresh, situation
from controller.steps.workflow import shift_traffic
from tests.steps.guard_removal import remove
from tests.support.journal_events import said
from tests.support.policy_scene import EAST, WEST, policy_data
from tests.support.world import World, failing
from tests.support.world_faults import Sent

Patch = pytest.MonkeyPatch
FAMILY = policy_data()["target"]["ready"][0]
PLAN = {"planEvaluation": "move", "maxAge": "1h", "ifUnknown": "block"}
LAG = {"replication": "storefront-orders", "maxLag": "30s", "aboveOrUnknown": "block"}
ARC = {"arcReadiness": "shop-{region}", "maxAge": "5m", "ifUnknown": "block"}
QUOTAS = {"quotas": ["lambda", "apigateway"], "ifUnknown": "block"}
LEADS = {"leads": [{"ask": ["group:sre-leads"], "people": 1, "within": "15m"}]}


def checked(*checks: dict[str, Any], **changes: Any) -> World:
    """us-east-1 fails, and us-west-2 must pass these checks too."""
    target = policy_data()["target"] | {"ready": [FAMILY, *checks]}
    approvals = policy_data()["approvals"] | LEADS
    return failing(target=target, approvals=approvals, **changes)


def mute(*services: str) -> Callable[[Sent], Any]:
    return lambda sent: "hung" if sent.service in services else None


def _unready(w: World) -> None:
    w.stage.faults.unready.add(WEST)


def _behind(w: World) -> None:
    w.stage.faults.lag[EAST] = 600.0


def _stalled(w: World) -> None:
    w.stage.faults.replication_paused.add(EAST)


def _mute(*services: str) -> Callable[[World], None]:
    def fault(w: World) -> None:
        w.trouble = mute(*services)

    return fault


CASES: list[tuple[str, dict[str, Any], Callable[[World], None]]] = [
    ("plan-action-required", PLAN, _unready),
    ("plan-silent", PLAN, _mute("arc-region-switch")),
    ("arc-not-ready", ARC, _unready),
    ("arc-silent", ARC, _mute("route53-recovery-readiness")),
    ("quotas-lower", QUOTAS, _unready),
    ("quotas-silent", QUOTAS, _mute("lambda", "servicequotas")),
    ("replication-behind", LAG, _behind),
    ("replication-stalled", LAG, _stalled),
    ("replication-silent", LAG, _mute("monitoring")),
]


@pytest.mark.parametrize(("check", "fault"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_into_a_target_that_is_not_known_to_be_ready_nothing_moves(
    check: dict[str, Any], fault: Callable[[World], None], monkeypatch: Patch
) -> None:
    w = checked(check)
    fault(w)
    w.advance(200)
    assert not w.moves
    assert w.count(Kind.INCIDENT_OPENED) == 1
    assert [page for page in w.pages if "target-not-ready" in page]

    well = checked(check)
    assert well.until(well.has(Kind.SHIFT_APPLIED), 200)

    remove(monkeypatch, "readiness")
    careless = checked(check)
    fault(careless)
    careless.advance(200)
    assert careless.moves


def test_an_evaluation_that_is_too_old_is_not_ready(monkeypatch: Patch) -> None:
    def moved() -> bool:
        w = checked(PLAN | {"maxAge": "1m"})
        w.advance(300)  # plans are evaluated each half hour
        return bool(w.moves)

    assert not moved()

    def ageless(
        path: str, what: str, reading: ReadinessResult, _key: str, value: Truth, _now: float, _max_age: float
    ) -> Answer:
        return Answer(path, value, f"{what} said {reading.data['state']}")

    monkeypatch.setattr(readiness, "_dated", ageless)
    assert moved()


def _turned_at_the_last_moment() -> World:
    """The target is ready when ConfirmReadiness looks, and no more when ShiftTraffic does."""
    w = checked(PLAN)
    assert w.until(w.has(Kind.READINESS_CONFIRMED), 200, step=0.01)
    _unready(w)
    w.advance(120)
    return w


def test_readiness_is_looked_at_again_right_before_the_shift(monkeypatch: Patch) -> None:
    w = _turned_at_the_last_moment()
    assert not w.moves
    assert w.count(Kind.SHIFT_INTENDED) == 0

    def kept(deps: Any, state: Any, *, read_controls: bool, **_: Any) -> Any:
        seen = situation(deps, state, read_controls=read_controls)
        ready = ReadinessResult(
            "plan", "move", "", WEST, seen.now, {"state": "passed", "evaluated": seen.now}
        )
        return replace(seen, readings=(ready,))

    monkeypatch.setattr(shift_traffic, "situation", kept)
    assert _turned_at_the_last_moment().moves


def test_where_the_policy_says_so_the_gate_of_the_check_is_asked_and_not_the_usual_one() -> None:
    w = checked(PLAN | {"ifUnknown": {"ask": "leads"}})
    w.trouble = mute("arc-region-switch")
    assert w.until(w.has(Kind.APPROVAL_REQUESTED), 200)
    asked = next(event for event in w.events if event.kind is Kind.APPROVAL_REQUESTED)
    assert (said(asked)["gate"], said(asked)["ask"]) == ("leads", ["group:sre-leads"])
    assert said(asked)["decision"]["readiness"][1]["value"] == "unknown"
    w.advance(60)
    assert not w.moves


def test_a_dead_source_leaves_its_last_known_lag_to_the_approver() -> None:
    w = checked(LAG, evacuate=policy_data()["evacuate"])
    w.asleep.add("Assess")
    w.advance(125)
    w.stage.faults.dark.add(EAST)
    w.stage.faults.apis_dark.add(EAST)
    w.trouble = lambda sent: "hung" if (sent.service, sent.endpoint) == ("monitoring", EAST) else None
    w.asleep.discard("Assess")
    assert w.until(w.has(Kind.APPROVAL_REQUESTED), 400)
    asked = next(event for event in w.events if event.kind is Kind.APPROVAL_REQUESTED)
    assert said(asked)["decision"]["loss_window_s"] == 0.8
    text = w.stage.cloud.outbox.notices[-1].text
    assert "0.8s behind, as known" in text
    assert "May be lost: up to 1 s of writes." in text


def test_answers_are_kept_and_asked_for_again_once_they_are_old() -> None:
    w = checked(PLAN)
    w.asleep |= {"Tick", "Assess", "Observe"}
    hand = w.hand

    def look() -> dict[str, float]:
        task = w.stage.runtime.spawn(
            lambda: refresh(hand.policy, w.state, hand.readiness, hand.snapshots, hand.runtime)
        )
        w.advance(5)
        task.result()
        return {reading.target: reading.at for reading in hand.snapshots.kept("storefront")}

    first = look()
    assert set(first) == {EAST, WEST}
    w.advance(100)
    assert look() == first
    w.advance(200)
    assert min(look().values()) > max(first.values())
