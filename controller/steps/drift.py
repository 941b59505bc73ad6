"""Drift seen: written down, told once, and left as it is."""

from collections.abc import Mapping

from controller.core.decision.drift import drift_data, drifted
from controller.core.incident.state import Memory
from controller.core.journal import Kind
from controller.steps.context.deps import Deps
from controller.steps.context.journalling import write
from controller.steps.context.paging import page


def see_drift(deps: Deps, memory: Memory, controls: Mapping[str, bool] | None) -> Memory:
    """Write `DriftSeen` and page if controls stand otherwise than the journal says.

    Raises `JournalConflict`: what was written meanwhile may well explain it.
    """
    found = drifted(memory, controls, deps.runtime.now())
    if not found:
        return memory
    data = drift_data(memory, found)
    incident = memory.open
    memory = write(deps, memory, Kind.DRIFT_SEEN, data=data, incident=incident)
    subject = incident.id if incident else deps.application
    page(deps, f"{subject}: drift", f"{data['reason']}\nNothing is turned back.")
    return memory
