"""Telling people, once, of a step that is slow against its own history."""

from contextlib import suppress

from controller.core.incident.state import Memory
from controller.core.incident.step_durations import stuck
from controller.core.journal import Kind
from controller.ports.errors import JournalConflict, OutsideUnreachable
from controller.steps.context.deps import Deps
from controller.steps.context.journalling import write
from controller.steps.context.paging import page


def tell_stuck(deps: Deps, memory: Memory) -> Memory:
    """Page and write `Escalated` if the open incident's step is stuck, unless that was told already.

    Whichever controller looks first tells it: the one that drives may be what hangs.
    """
    incident = memory.open
    found = stuck(memory.pace, deps.runtime.now())
    if incident is None or found is None or found.told:
        return memory
    if page(deps, f"{incident.id}: stuck at {found.step}", found.sentence):
        data = {"code": "stuck", "step": found.step, "reason": found.sentence}
        # Where somebody wrote first, that was perhaps the very end of the step; the heartbeats go on.
        with suppress(JournalConflict, OutsideUnreachable):
            return write(deps, memory, Kind.ESCALATED, data=data, incident=incident)
    return memory
