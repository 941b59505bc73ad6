"""Policies and first moves that several cases share, and one view of how things stand."""

from collections.abc import Iterator
from typing import Any

from controller.core.decision.decide import decide
from controller.core.journal import Kind
from controller.core.model import Verdict
from controller.steps.context.journalling import load_state
from controller.steps.context.situation import situation
from tests.support.restore_policy import HOME
from tests.support.world import FREE, World, failing

Lines = Iterator[str]
"""One case's text, piece by piece: each piece is printed with a line end after it."""

Policy = dict[str, Any]

QUICK: Policy = {
    **HOME,
    "evacuate": FREE,
    "limits": HOME["limits"] | {"cooldown": "5m", "evacuationsPerDay": 9},
}
"""A policy without approvals, whose Regions come home soon."""

RESTORE_ASKED: Policy = {
    **QUICK,
    "restore": QUICK["restore"] | {"approval": "oncall"},
    "limits": QUICK["limits"] | {"cooldown": "1h"},
}
"""As `QUICK`, but a person must approve a restore."""


def codes(w: World) -> str:
    """Return the decision for each Region, as code, action and the start of its reason."""
    seen = situation(w.hand, load_state(w.hand), read_controls=True)
    decided = {region: decide(seen, region) for region in w.stage.policy.regions}
    return str({region: f"{d.code}/{d.action} {d.reason[:110]}" for region, d in decided.items()})


def on(w: World) -> list[str]:
    """Return the names of all routing controls that are On."""
    return [name for name, state in w.controls.items() if state]


def standing(w: World, title: str) -> str:
    """Return the controls, the last events, the decisions, the last pages and the open incident."""
    first = f"\n[{title}] on={on(w)} kinds={w.kinds[-8:]}"
    second = f"   codes={codes(w)}"
    opened = w.state.open
    return f"{first}\n{second}\n   pages={w.pages[-6:]} open={opened.id if opened else None}"


class Since:
    """Pages and moves that are newer than this object."""

    def __init__(self, w: World) -> None:
        self._w, self._pages, self._moves = w, len(w.pages), len(w.moves)

    @property
    def pages(self) -> list[str]:
        return self._w.pages[self._pages :]

    @property
    def moves(self) -> list[tuple[float, str, bool]]:
        return self._w.moves[self._moves :]

    def __str__(self) -> str:
        return f"   new pages: {self.pages} moves since: {len(self.moves)}"


def evacuated(policy: Policy) -> World:
    """Return a world in which us-east-1 was left, and all has settled."""
    w = failing(**policy)
    assert w.until(w.has(Kind.SETTLED), 200)
    return w


def restoring(policy: Policy) -> World:
    """Return a world in which us-east-1 is well again and the first wave of its restore was applied."""
    w = evacuated(policy)
    w.say(east=Verdict.HEALTHY)
    assert w.until(w.has(Kind.RESTORE_OPENED), 2000)
    applied = w.count(Kind.SHIFT_APPLIED)
    assert w.until(lambda: w.count(Kind.SHIFT_APPLIED) > applied, 400)
    return w


def restore_asked() -> World:
    """Return a world in which a person was asked whether us-east-1 may come home."""
    w = evacuated(RESTORE_ASKED)
    w.say(east=Verdict.HEALTHY)
    assert w.until(w.has(Kind.APPROVAL_REQUESTED), 2 * 3600, step=10)
    return w
