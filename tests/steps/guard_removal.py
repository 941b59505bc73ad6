"""Guards and conditions taken out of the running code."""

from copy import copy
from typing import Any

import pytest

from controller.aws.dynamodb.journal import DynamoJournal
from controller.core.decision import guards
from controller.core.decision.guards import Guard
from controller.core.journal.event import Event
from controller.core.journal.kind import Kind
from controller.core.model import Check, Truth
from tests.support.world import World, failing

Patch = pytest.MonkeyPatch


def by_hand(w: World, *changes: tuple[str, bool]) -> None:
    """Somebody moves controls from outside; that is not counted as a move of ours."""
    w.hand.switch.update([changes], deadline=w.stage.kernel.now() + 60, fence=lambda: None)
    w.advance(10)
    w.moves.clear()


def just_moved(**changes: Any) -> World:
    w = failing(**changes)
    assert w.until(w.has(Kind.SETTLED), 120)
    by_hand(w, *((f"use1-{s}", True) for s in "abcd"))
    return w


def remove(patch: Patch, name: str) -> None:
    """Let the guard `name` pass whatever it looks at."""
    real = getattr(guards, name)

    def passes(*seen: Any) -> Check:
        said: Check = real(*seen)
        return Check(said.guard, said.code, Truth.TRUE, "taken out")

    patch.setattr(guards, name, passes)
    removed: tuple[Guard, ...] = tuple(passes if guard is real else guard for guard in guards.TO_OPEN)
    patch.setattr(guards, "TO_OPEN", removed)


def unconditional_appends(patch: Patch) -> None:
    """Let an append write over what is there."""
    real = DynamoJournal._put

    class Careless:
        def __init__(self, kept: Any) -> None:
            self.kept = kept

        def send(self, operation: str, **params: Any) -> None:
            del params["ConditionExpression"], params["ExpressionAttributeNames"]
            self.kept.send(operation, **params)

    def unconditional(self: DynamoJournal, event: Event) -> None:
        careless = copy(self)
        careless._replicas = Careless(self._replicas)  # type: ignore[assignment]
        real(careless, event)

    patch.setattr(DynamoJournal, "_put", unconditional)
