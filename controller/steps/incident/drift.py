"""Drift seen: written down, told once, and left as it is.

Repairing an echo: written down first, then put back once, under the same fence as a shift.
"""

from collections.abc import Mapping

from controller.core.decision.drift import drift_data, drifted, echo_of, put_back
from controller.core.decision.precedence import abstains
from controller.core.incident.state import Memory
from controller.core.journal import Kind
from controller.ports.errors import JournalConflict, SwitchRefused, SwitchUnavailable
from controller.steps.context.deps import Deps
from controller.steps.context.journalling import remember, write
from controller.steps.context.paging import page
from controller.steps.context.situation import situation


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


DEADLINE = 15.0
"""Seconds after which nothing new is sent."""


def repair_echo(deps: Deps, memory: Memory, controls: Mapping[str, bool] | None) -> Memory:
    """The memory with `EchoSeen`, if late news of a superseded intent was found; else `memory` itself.

    Raises `JournalConflict`: somebody wrote meanwhile, and may have put it back already.
    """
    now = deps.runtime.now()
    intent = echo_of(memory, controls, now)
    if intent is None or controls is None or memory.stopped or deps.policy.enforcement == "shadow":
        return memory
    changes = put_back(deps.policy, memory, controls, now)
    if not changes or abstains(situation(deps, memory, read_controls=False)) is not None:
        return memory
    deadline = deps.runtime.monotonic() + DEADLINE
    said = ", ".join(f"{name} {'On' if on else 'Off'}" for name, on in changes)
    data = {
        "intent": intent.seq,
        "changes": [list(change) for change in changes],
        "reason": f"a call of event {intent.seq} landed late, after it was given up; put back: {said}"[:2000],
    }
    memory = write(deps, memory, Kind.ECHO_SEEN, data=data)
    try:
        deps.switch.flip(changes, deadline=deadline, fence=lambda: _fence(deps, memory))
        told = str(data["reason"])
    except (SwitchUnavailable, SwitchRefused) as failed:
        told = f"{data['reason']}\nThat failed: {failed}"
    page(deps, f"{deps.application}: a late call was put back", told)
    return memory


def _fence(deps: Deps, memory: Memory) -> None:
    """Raise where the kill switch was turned since, or a policy, a driver, a shift or another repair came."""
    now = remember(deps)
    if now.stopped or _who_moves(now) != _who_moves(memory):
        raise JournalConflict(now.stopped or "somebody else moves since the echo was seen")


def _who_moves(memory: Memory) -> tuple[object, ...]:
    about = memory.open
    driver = (about.id, about.epoch) if about else None
    return memory.policy, driver, [event.seq for event in memory.intents], memory.echoes
