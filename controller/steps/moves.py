"""What a person may set in motion besides an evacuation: bring a Region home, or drill."""

from controller.core.decision.decide import decide
from controller.core.decision.drills import kept_from
from controller.core.incident.state import IllegalMove, Memory
from controller.core.model import Decision, Truth
from controller.core.text import plain
from controller.ports.errors import JournalConflict
from controller.steps.context.deps import Deps
from controller.steps.context.journalling import remember
from controller.steps.context.situation import situation
from controller.steps.incident.opening import open_incident
from controller.steps.operate import Done, refused


def restore(deps: Deps, region: str, *, who: str, reason: str) -> Done:
    """Bring `region` home on a person's word: `restore.when` and the cooldown do not bind a person,
    readiness, the floor and the gate do."""
    memory = remember(deps)
    refusal = _refusal(deps, memory, region)
    if refusal is None and deps.policy.restore is None:
        refusal = "the policy has no `restore`: it does not say how a Region comes home"
    if refusal is None and memory.away(region) is None:
        refusal = f"{region} is at home: no evacuation of it is left to undo"
    if refusal is not None:
        return refused(deps, f"restore {plain(region, 60)}", refusal, who=who)
    decision = decide(situation(deps, memory, read_controls=True), region)
    return _opened(deps, memory, decision, who=who, reason=reason)


def drill(deps: Deps, region: str, *, who: str, reason: str) -> Done:
    """Leave `region`, stay, and come home, while everything is well. Blocked where a guard says no."""
    memory = remember(deps)
    refusal = _refusal(deps, memory, region)
    if refusal is not None:
        return refused(deps, f"drill {plain(region, 60)}", refusal, who=who)
    seen = situation(deps, memory, read_controls=True)
    kept = kept_from(deps.policy, memory, region, seen.now, seen.controls)
    if kept is not None:
        return refused(deps, f"drill {region}", kept.reason, who=who)
    return _opened(deps, memory, decide(seen, region), who=who, reason=reason, is_drill=True)


def _refusal(deps: Deps, memory: Memory, region: str) -> str | None:
    if region not in deps.policy.regions:
        known = ", ".join(deps.policy.regions)
        return f"{plain(region, 60)} is not a Region of {deps.application}; expected one of: {known}"
    if memory.stopped:
        return f"{memory.stopped}; arm it first"
    if memory.open is not None:
        return f"{memory.open.id} is in progress; one move at a time"
    return None


def _opened(
    deps: Deps, memory: Memory, decision: Decision, *, who: str, reason: str, is_drill: bool = False
) -> Done:
    try:
        memory, incident = open_incident(
            deps, memory, decision, requested_by=who, reason=reason, drill=is_drill
        )
    except (JournalConflict, IllegalMove) as conflict:
        return Done(False, f"not opened: {conflict}")
    now = decide(situation(deps, memory, read_controls=True), incident.source)
    blocked = [c.sentence for c in now.checks if c.value is not Truth.TRUE and c.guard != "approval"]
    held = "it is blocked" if is_drill else "it holds for now"
    return Done(True, f"opened {incident.id}" + (f"; {held}: {blocked[0]}" if blocked else ""), incident.id)
