"""A failing Region that waits behind an incident which only holds: people are told which one to end."""

from typing import Any

import pytest

from controller.core.journal import Kind
from controller.steps import judge, operate
from tests.core.scene import EAST, WEST
from tests.steps.world import World, failing

WHY = {"who": "ana", "reason": "because"}


def waiting() -> World:
    """A person leaves us-west-2 for us-east-1, which fails: that holds, and us-east-1 waits behind it."""
    w = failing()
    assert operate.evacuate(w.hand, WEST, **WHY).done
    return w


def told(w: World) -> list[dict[str, Any]]:
    return [dict(e.data) for e in w.events if e.kind is Kind.ESCALATED and e.data["code"] == "in-progress"]


def test_people_are_told_once_an_hour_what_waits_behind_what() -> None:
    w = waiting()
    w.advance(240)
    assert told(w) == []
    w.advance(400)
    (page,) = told(w)
    assert page["region"] == EAST
    assert f"tidegate stand-down storefront-{WEST}-" in page["reason"]
    assert w.moves == []


def test_nothing_is_told_where_nobody_looks_how_long_it_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judge, "WAITS", 1e9)
    w = waiting()
    w.advance(640)
    assert told(w) == []
