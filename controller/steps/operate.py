"""What an operator may do, each journalled with who and why: evacuate, disarm, arm."""

from dataclasses import dataclass

from controller.core.decide import decide
from controller.core.incident import IllegalMove
from controller.core.journal import Kind
from controller.core.model import Truth
from controller.ports.errors import JournalConflict
from controller.steps.context import Deps, page, remember, situation, write
from controller.steps.judge import open_incident


@dataclass(frozen=True, slots=True)
class Done:
    """Whether it was done, a sentence, and the incident that it opened."""

    done: bool
    sentence: str
    incident: str | None = None


def evacuate(deps: Deps, region: str, *, who: str, reason: str) -> Done:
    """Open an incident on a person's word: the condition, cooldown and velocity do not bind a person,
    the floor, a shared cause, readiness and the gate do."""
    if region not in deps.policy.regions:
        known = ", ".join(deps.policy.regions)
        return Done(False, f"{region} is not a Region of {deps.application}; expected one of: {known}")
    memory = remember(deps)
    if not memory.armed:
        return Done(False, f"disarmed {memory.armed_reason}; arm it first")
    if memory.open is not None:
        return Done(False, f"{memory.open.id} is in progress; one evacuation at a time")
    seen = situation(deps, memory, read_controls=True)
    if seen.controls is not None and not any(seen.controls[c] for c in deps.policy.regions[region].controls):
        return Done(False, f"{region} carries no traffic already: all its controls are Off")
    decision = decide(seen, region)
    try:
        memory, incident = open_incident(deps, memory, decision, requested_by=who, reason=reason)
    except (JournalConflict, IllegalMove) as conflict:
        return Done(False, f"not opened: {conflict}")
    now = decide(situation(deps, memory, read_controls=False, controls=seen.controls), region)
    blocked = [c.sentence for c in now.checks if c.value is not Truth.TRUE and c.guard != "approval"]
    note = f"; it holds for now: {blocked[0]}" if blocked else ""
    return Done(True, f"opened {incident.id}{note}", incident.id)


def arm(deps: Deps, *, on: bool, who: str, reason: str) -> Done:
    """Turn the application's kill switch. Honoured at every step, and right before each ARC call."""
    for _ in range(5):
        memory = remember(deps)
        if memory.armed is on:
            return Done(True, f"{deps.application} is {'armed' if on else 'disarmed'} already")
        try:
            write(deps, memory, Kind.ARMED if on else Kind.DISARMED, data={"reason": reason[:500]}, by=who)
        except JournalConflict:
            continue
        if not on:
            page(deps, f"{deps.application}: disarmed", f"by {who}: {reason}")
        return Done(True, f"{deps.application} is {'armed' if on else 'disarmed'}")
    return Done(False, "the journal is busy; nothing was written, try again")
