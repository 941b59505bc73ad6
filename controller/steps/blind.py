"""A gap in which this controller assessed nothing: written down once, by the first tick after it."""

from controller.core.incident import Memory
from controller.core.journal import Kind
from controller.ports.errors import JournalConflict, OutsideUnreachable
from controller.steps.context import Deps, remember, write

BLIND = 150.0
"""Seconds without an assessment of one's own that are a gap: two ticks failed to come."""
FAR = 86400.0


def own_gap(deps: Deps, now: float) -> float | None:
    """When this controller last assessed anything, if that is too long ago; else, and if never, None."""
    try:
        if _ticks(deps, now - BLIND, now):
            return None
        before = _ticks(deps, now - FAR, now - BLIND)
    except OutsideUnreachable:
        return None
    return before[-1] if before else None


def _ticks(deps: Deps, start: float, end: float) -> list[float]:
    found = deps.assessments.between(deps.application, start, end)
    return [at for at, record in found if record.get("by") == "tick"]


def tell_gap(deps: Deps, memory: Memory, now: float) -> Memory:
    """Write `Blinded` if there was a gap; once more if a sibling wrote first."""
    since = own_gap(deps, now)
    if since is None:
        return memory
    data = {"from": since, "to": now, "who": deps.here}
    try:
        return write(deps, memory, Kind.BLINDED, data=data)
    except JournalConflict:
        return write(deps, remember(deps), Kind.BLINDED, data=data)
