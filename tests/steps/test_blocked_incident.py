"""A failing Region that waits behind an incident which only holds: people are told which one to end."""

from typing import Any

import pytest

from controller.core.journal.kind import Kind
from controller.steps.operator import commands
from controller.steps.tick import alert_pages
from tests.steps.guard_scenes import target_fails, waiting
from tests.support.journal_events import said
from tests.support.policy_scene import EAST, WEST
from tests.support.world import World, executions, failing
from tests.support.world_faults import calm

WHY = {"who": "ana", "reason": "because"}


def told(w: World) -> list[dict[str, Any]]:
    return [dict(said(e)) for e in w.events if e.kind is Kind.ESCALATED and said(e)["code"] == "in-progress"]


def test_people_are_told_once_an_hour_what_waits_behind_what() -> None:
    w = waiting()
    w.advance(640)
    (page,) = told(w)
    assert page["region"] == EAST
    assert (
        f"has moved nothing yet, and ends where it stands by `tidegate stand-down storefront-{WEST}-"
        in (page["reason"])
    )
    assert w.moves == []


def test_nothing_is_told_where_nobody_looks_how_long_it_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alert_pages, "is_due", lambda *_, **__: False)
    w = waiting()
    w.advance(640)
    assert told(w) == []


def test_a_target_that_fails_at_once_is_left_once_a_person_ended_the_move() -> None:
    """Found: nothing but turning controls by hand led out; `evacuate` was refused for as long as it held."""
    w = target_fails()
    w.advance(700)
    incident = w.state.open
    assert incident is not None
    assert incident.escalated == {"target-failing"}
    texts = [notice.text for notice in w.stage.cloud.outbox.notices if "target-failing" in notice.subject]
    assert [f"tidegate stand-down {incident.id}" in text for text in texts] == [True]
    assert "--despite target-not-ready" in commands.evacuate(w.hand, WEST, **WHY).sentence
    ended = commands.stand_down(w.hand, incident.id, **WHY)
    assert (ended.done, ended.sentence) == (
        True, f"{incident.id} has stood down; what has moved stays as it is")  # fmt: skip
    assert commands.acknowledge(w.hand, incident.id, **WHY).done
    assert w.until(lambda: w.count(Kind.SETTLED) == 2, 300)
    assert [on for name, on in w.controls.items() if name.startswith("use1")] == [True] * 4
    assert executions(w, "RUNNING") == []
    assert w.whole


def test_an_incident_does_not_end_by_hand_while_its_call_may_be_under_way_nor_twice() -> None:
    w = failing()
    w.trouble = lambda sent: "refused" if sent.operation == "UpdateRoutingControlStates" else None
    assert w.until(w.has(Kind.SHIFT_INTENDED), 120)
    name = next(iter(w.state.incidents))
    assert "may be under way" in commands.stand_down(w.hand, name, **WHY).sentence
    w.trouble = calm
    assert w.until(w.has(Kind.SETTLED), 300)
    assert "has ended" in commands.stand_down(w.hand, name, **WHY).sentence
    assert w.count(Kind.REFUSED) == 2
