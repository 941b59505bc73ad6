"""An incident that is held for three hours writes what has changed, and not each round that nothing has."""

from dataclasses import replace
from typing import Any

import pytest

from controller.core.decision.decide import Situation, decide
from controller.core.incident.state import DENIED
from controller.core.journal.kind import Kind
from controller.core.model import Decision
from controller.steps.workflow import confirm_readiness
from tests.steps.held_incidents import WAITS
from tests.support.approval_request import question, yes
from tests.support.journal_events import said
from tests.support.policy_scene import EAST, OTHER, WEST, policy_data
from tests.support.world import FREE, failing

HOURS = 3
# What is written, `PolicyLoaded` and `IncidentOpened` among it; a page is told again each hour.
MOST = {
    "for readiness": 5,
    "to be armed": 7,
    "for a window to close": 4,
    "for people to answer": 5,
    "for a table to take its intent": 9,
    "for the target to be well": 9,
}


@pytest.mark.parametrize("name", MOST)
def test_three_hours_of_waiting_are_a_handful_of_events(name: str) -> None:
    w = WAITS[name]()
    w.advance(HOURS * 3600)
    assert w.state.open is not None
    assert len(w.kinds) <= MOST[name], w.kinds
    assert w.count(Kind.READINESS_CONFIRMED) <= 1 + w.count(Kind.HANDED_OVER)  # each epoch says it once


def test_what_arc_refuses_for_an_hour_is_an_intent_and_its_refusal_each_minute_and_nothing_else() -> None:
    """Each call needs its own intent before it (S2), and what came of it after it."""
    w = WAITS["for ARC to allow it"]()
    w.advance(3600)
    tries = w.count(Kind.SHIFT_INTENDED)
    assert 40 <= tries <= 60
    assert w.count(Kind.SHIFT_REFUSED) in (tries, tries - 1)
    assert len(w.kinds) - w.count(Kind.SHIFT_INTENDED) - w.count(Kind.SHIFT_REFUSED) <= 6


def test_a_target_that_is_ready_at_one_look_and_not_at_the_next_is_written_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def never(seen: Situation, region: str, **more: Any) -> Decision:
        return replace(decide(seen, region, **more), action="hold", code="target-not-ready")

    monkeypatch.setattr(confirm_readiness, "decide", never)
    w = failing()
    w.advance(1800)
    assert w.count(Kind.READINESS_DENIED) == 1
    assert w.state.open is not None
    assert w.state.open.ready == DENIED
    monkeypatch.setattr(confirm_readiness, "decide", decide)
    assert w.until(w.has(Kind.SETTLED), 200)  # that it is ready now is news
    assert w.count(Kind.READINESS_CONFIRMED) == 1


def test_each_wave_has_its_own_readiness_and_so_has_each_driver() -> None:
    w = failing(evacuate=FREE | {"waves": [1], "settle": "30s"}, controllers=[OTHER, WEST, EAST])
    assert w.until(lambda: w.count(Kind.SHIFT_VERIFIED) == 2, 600)
    assert w.count(Kind.READINESS_CONFIRMED) in (2, 3)
    w.stage.faults.controllers_dead.add(OTHER)
    w.hand = w.hands[WEST]
    assert w.until(lambda: w.truth.open is None, 900)
    after = w.kinds[w.kinds.index("TakenOver") :]
    assert "ReadinessConfirmed" in after
    assert w.count(Kind.READINESS_CONFIRMED) <= 6


def test_that_a_doubt_has_come_or_gone_is_news() -> None:
    """The gate that a doubt asks, and the sentence that says so, stand in the journal; then they do not."""
    checks = [{"replication": "orders", "maxLag": "30s", "ifUnknown": {"ask": "leads"}}]
    gates = {"leads": [{"ask": ["group:sre-leads"], "people": 1, "within": "1h"}]}
    w = failing(
        target={"prefer": [WEST, EAST], "ready": checks}, approvals=policy_data()["approvals"] | gates
    )
    assert w.until(w.has(Kind.APPROVAL_REQUESTED), 200)
    (doubtful,) = [said(e) for e in w.events if e.kind is Kind.READINESS_CONFIRMED]
    assert doubtful["doubts"] == ["leads"]
    assert "leads must be asked" in doubtful["sentence"]
    assert w.state.open is not None
    assert w.state.open.ready == (WEST, "leads")
    yes(w, question(w))
    assert w.until(w.has(Kind.SETTLED), 200)


def test_the_steps_are_timed_as_before() -> None:
    w = failing(evacuate=FREE | {"waves": [2], "settle": "30s"})
    assert w.until(w.has(Kind.SETTLED), 600)
    took = w.state.pace.took
    assert [len(took[f"evacuate/{step}"]) for step in ("confirm", "ready", "start", "shift")] == [1, 1, 2, 2]
