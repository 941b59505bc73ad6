"""A policy that turns to shadow while a live one has just acted: from then on nothing is sent."""

import pytest

from controller.core.incident.state import Incident
from controller.core.journal.kind import Kind
from controller.core.model import Verdict
from controller.steps.context.deps import Deps
from controller.steps.context.journalling import load_state
from controller.steps.operator.commands import evacuate
from controller.steps.payload import StepPayload
from controller.steps.workflow import shift_traffic
from tests.support.journal_events import said
from tests.support.policy_scene import EAST
from tests.support.world import FREE, World, deploy, failing, redeployed, world
from tests.support.world_faults import calm

LATE = [(f"use1-{s}", False) for s in "abcd"]


def test_in_shadow_a_call_that_lands_late_is_drift_and_nothing_is_put_back() -> None:
    w = failing()
    w.trouble = lambda sent: "refused" if sent.operation == "UpdateRoutingControlStates" else None
    assert w.until(w.has(Kind.SHIFT_INTENDED), 100)
    w.say(east=Verdict.HEALTHY)
    assert w.until(w.has(Kind.STOOD_DOWN), 200)
    w.trouble = calm
    deploy(w, redeployed(w, enforcement="shadow"))
    w.advance(70)
    w.hand.switch.update([LATE], deadline=w.stage.kernel.now() + 15, fence=lambda: None)
    w.advance(90)
    assert [move[1:] for move in w.moves] == LATE
    assert (w.count(Kind.ECHO_SEEN), w.count(Kind.DRIFT_SEEN)) == (0, 1)
    assert "storefront: drift" in w.pages


def test_a_policy_that_is_loaded_after_the_intent_holds_the_call_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    w = failing()
    real = shift_traffic._fence

    def fence(deps: Deps, incident: Incident, payload: StepPayload) -> None:
        if w.count(Kind.POLICY_LOADED) == 1:
            load_state(redeployed(w, enforcement="shadow"))
        real(deps, incident, payload)

    monkeypatch.setattr(shift_traffic, "_fence", fence)
    w.advance(100)
    assert (w.count(Kind.SHIFT_INTENDED), w.count(Kind.POLICY_LOADED)) == (1, 2)
    assert w.moves == []


def test_a_person_s_move_that_has_begun_holds_in_shadow_and_goes_on_when_live_again() -> None:
    waves = FREE | {"waves": [1]}
    w: World = world(evacuate=waves)
    assert evacuate(w.hand, EAST, who="ana", reason="because").done
    assert w.until(w.has(Kind.SHIFT_APPLIED), 200)
    deploy(w, redeployed(w, enforcement="shadow", evacuate=waves))
    w.advance(300)
    assert len(w.moves) == 1
    assert [said(e)["code"] for e in w.events if e.kind is Kind.ESCALATED] == ["shadow"]
    deploy(w, redeployed(w, evacuate=waves))
    assert w.until(w.has(Kind.SETTLED), 900)
    assert len(w.moves) == 4
