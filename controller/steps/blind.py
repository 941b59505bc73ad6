"""A gap in which this controller assessed nothing: written down once, by the first tick after it."""

from controller.core.incident.state import Memory
from controller.core.journal import Kind
from controller.ports.errors import OutsideUnreachable
from controller.steps.context.deps import Deps
from controller.steps.context.journalling import insist, write

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
    """Write `Blinded` if there was a gap; again if a sibling wrote first. Raises `JournalConflict`."""
    since = own_gap(deps, now)
    if since is None:
        return memory
    data = {"from": since, "to": now, "who": deps.here}
    return insist(deps, memory, lambda fresh: write(deps, fresh, Kind.BLINDED, data=data))
