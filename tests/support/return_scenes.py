"""Worlds in which us-east-1 was left, is asked about, or is on its way home."""

from typing import Any

from controller.core.journal.kind import Kind
from controller.core.model import Verdict
from tests.support.restore_policy import HOME
from tests.support.world import FREE, World, failing

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
