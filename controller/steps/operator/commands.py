"""What an operator may do, each journalled with who and why; also what was refused.

A person passes the condition, cooldown and velocity. Shared cause and readiness are set aside only by two
people (`despite`), the floor by nobody.

What a person may set in motion besides an evacuation: bring a Region home, or drill.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from controller.core.decision.decide import decide
from controller.core.decision.drills import kept_from
from controller.core.incident.fold import fold
from controller.core.incident.state import BEFORE_SHIFT, ENDED, IllegalMove, Incident, Phase, State
from controller.core.journal import Draft, Kind
from controller.core.model import Decision, Truth
from controller.core.policy.validation import expected_signals
from controller.core.text import format_duration, sanitize
from controller.ports.errors import JournalConflict
from controller.steps.context.deps import Deps
from controller.steps.context.journalling import load_state, write
from controller.steps.context.paging import page
from controller.steps.context.situation import FLEET, situation, stopped
from controller.steps.incident.approvals import answer_callback
from controller.steps.incident.opening import open_incident

DESPITE = ("shared-cause", "target-not-ready")
"""Guards that two people may set aside, by their codes."""
LONGEST_MUTE = 7 * 86400.0
TRIES = 5
BUSY = "the journal is busy; nothing was written, try again"


@dataclass(frozen=True, slots=True)
class Done:
    """Whether it was done, a sentence, and the incident that it opened."""

    done: bool
    sentence: str
    incident: str | None = None


def evacuate(deps: Deps, region: str, *, who: str, reason: str, despite: Sequence[str] = ()) -> Done:
    """Open an incident on a person's word. `despite`: what a second person must agree to set aside."""
    state = load_state(deps)
    if region not in deps.policy.regions:
        known = ", ".join(deps.policy.regions)
        told = f"{sanitize(region, 60)} is not a Region of {deps.application}; expected one of: {known}"
        return refused(deps, f"evacuate {sanitize(region, 60)}", told, who=who)
    command = f"evacuate {region}"
    if state.stopped:
        return refused(deps, command, f"{state.stopped}; arm it first", who=who)
    if state.open is not None:
        ends = f"`tidegate stand-down {state.open.id}` ends it where it stands"
        told = f"{state.open.id} is in progress; one evacuation at a time; {ends}"
        return refused(deps, command, told, who=who)
    seen = situation(deps, state, read_controls=True)
    on = _serving(deps, seen.controls or {})
    if seen.controls is not None and region not in on:
        told = f"{region} carries no traffic already: all its controls are Off"
        return refused(deps, command, told, who=who)
    if seen.controls is not None and on == [region]:
        told = f"{region} is the last Region that is On; bring another home first"
        return refused(deps, command, told, who=who)
    # Of a Region that was left, and that somebody turned on again, the core would speak of its way home.
    decision = replace(decide(seen, region), intent="evacuate")
    try:
        state, incident = open_incident(
            deps,
            state,
            decision,
            requested_by=who,
            reason=sanitize(reason, 500),
            despite=tuple(dict.fromkeys(despite)),
        )
    except (JournalConflict, IllegalMove) as conflict:
        return Done(False, f"not opened: {conflict}")
    now = decide(situation(deps, state, read_controls=False, controls=seen.controls), region)
    blocked = [c.sentence for c in now.checks if c.value is not Truth.TRUE and c.guard != "approval"]
    note = f"; it holds for now: {blocked[0]}" if blocked else ""
    return Done(True, f"opened {incident.id}{note}", incident.id)


def _serving(deps: Deps, controls: Mapping[str, bool]) -> list[str]:
    """Regions of which any control is On."""
    return [r for r, entry in deps.policy.regions.items() if any(controls.get(c) for c in entry.controls)]


def refused(deps: Deps, command: str, sentence: str, *, who: str) -> Done:
    """Say no, and write down that it was asked for."""
    for _ in range(TRIES):
        with suppress(JournalConflict):
            write(deps, load_state(deps), Kind.REFUSED, data={"command": command, "reason": sentence}, by=who)
            break
    return Done(False, sentence)


def stand_down(deps: Deps, incident_id: str, *, who: str, reason: str) -> Done:
    """End an incident that holds: before its traffic moves, or where it has moved and waits for its result.

    What has moved stays as it is. While a call may be under way, and in a drill that is away and can go home
    by itself, it is refused.
    """
    for _ in range(TRIES):
        state = load_state(deps)
        incident = state.incidents.get(incident_id)
        if incident is None:
            return _unknown(deps, "stand-down", incident_id, who)
        told = _cannot_stand_down(incident)
        if told is not None:
            return refused(deps, f"stand-down {incident_id}", told, who=who)
        moved = incident.phase not in BEFORE_SHIFT
        data = {"code": "by-person", "reason": f"{sanitize(reason, 500)} (by {who})"}
        data |= {"outcome": "interrupted"} if moved or incident.intent == "drill" else {}
        data |= {"target": str(incident.target)} if moved else {}
        try:
            kind = Kind.SETTLED if moved else Kind.STOOD_DOWN
            write(deps, state, kind, data=data, incident=incident, by=who)
        except (JournalConflict, IllegalMove):
            continue  # it moved on: look again
        if incident.request is not None:
            answer_callback(deps, incident.request.id, "not needed")
        page(deps, f"{incident_id}: stood down", f"by {who}: {sanitize(reason, 500)}")
        stays = "what has moved stays as it is" if moved else "nothing of it moves"
        return Done(True, f"{incident_id} has stood down; {stays}", incident_id)
    return Done(False, BUSY)


def _cannot_stand_down(incident: Incident) -> str | None:
    if incident.phase in ENDED:
        return f"{incident.id} is {incident.phase}: it has ended"
    if incident.phase is Phase.SHIFTING:
        return f"{incident.id} is {incident.phase}: a call may be under way; try again in a minute"
    stays = "source-failing" in incident.escalated  # there is no home to go to, perhaps for ever
    if incident.phase not in BEFORE_SHIFT and incident.intent == "drill" and not stays:
        return f"{incident.id} is {incident.phase}: a drill that is away goes home by itself"
    return None


def acknowledge(deps: Deps, incident_id: str, *, who: str, reason: str) -> Done:
    """Lift the cooldown that follows an incident: a named person says that the next may act (S7)."""
    for _ in range(TRIES):
        state = load_state(deps)
        incident = state.incidents.get(incident_id)
        if incident is None:
            return _unknown(deps, "ack", incident_id, who)
        if incident.phase not in ENDED:
            told = f"{incident_id} is {incident.phase}: only one that has ended can be acknowledged"
            return refused(deps, f"ack {incident_id}", told, who=who)
        if incident.acknowledged_by:
            return Done(True, f"{incident_id} was acknowledged already, by {incident.acknowledged_by}")
        data = {"reason": sanitize(reason, 500)}
        with suppress(JournalConflict):
            write(deps, state, Kind.ACKNOWLEDGED, data=data, incident=incident, by=who)
            return Done(True, f"{incident_id} is acknowledged; no cooldown follows it", incident_id)
    return Done(False, BUSY)


def mute(deps: Deps, what: str, *, seconds: float, who: str, reason: str) -> Done:
    """Take a signal, or all signals about a Region, for unknown from now on; `seconds` 0: no longer (S12)."""
    known = {key for s in expected_signals(deps.policy, deps.account) for key in (s.id, s.name, s.subject)}
    name = sanitize(what, 200)
    if what not in known:
        told = f"{name} is neither a signal that the policy names nor one of its Regions"
        return refused(deps, f"mute {name}", told, who=who)
    if not 0 <= seconds <= LONGEST_MUTE:
        return refused(deps, f"mute {name}", f"expected at most {format_duration(LONGEST_MUTE)}", who=who)
    for _ in range(TRIES):
        state = load_state(deps)
        until = deps.runtime.now() + seconds
        data = {"what": what, "until": until, "for": seconds, "reason": sanitize(reason, 500)}
        with suppress(JournalConflict):
            write(deps, state, Kind.MUTED, data=data, by=who)
            if seconds:
                page(
                    deps,
                    f"{deps.application}: {name} is muted",
                    f"for {format_duration(seconds)} by {who}: {sanitize(reason, 500)}",
                )
            return Done(
                True, f"{name} is muted for {format_duration(seconds)}" if seconds else f"{name} speaks again"
            )
    return Done(False, BUSY)


def arm(deps: Deps, *, on: bool, who: str, reason: str) -> Done:
    """Turn the application's kill switch. Honoured at every step, and right before each ARC call."""
    for _ in range(TRIES):
        # Nothing but the journal is read: who stops it is in a hurry.
        state = fold(deps.application, deps.journal.read(deps.application))
        if state.armed is on:
            return Done(True, f"{deps.application} is {'armed' if on else 'disarmed'} already")
        try:
            write(
                deps,
                state,
                Kind.ARMED if on else Kind.DISARMED,
                data={"reason": sanitize(reason, 500)},
                by=who,
            )
        except JournalConflict:
            continue
        if not on:
            page(deps, f"{deps.application}: disarmed", f"by {who}: {sanitize(reason, 500)}")
        return Done(True, f"{deps.application} is {'armed' if on else 'disarmed'}")
    return Done(False, BUSY)


def arm_fleet(deps: Deps, *, on: bool, who: str, reason: str) -> Done:
    """Turn the kill switch of every application whose journal is in this table."""
    word = "armed" if on else "disarmed"
    for _ in range(TRIES):
        events = deps.journal.read(FLEET)
        if (stopped(events) is None) is on:
            return Done(True, f"the fleet is {word} already")
        kind = Kind.ARMED if on else Kind.DISARMED
        draft = Draft(deps.new_id(), kind, deps.runtime.now(), who, data={"reason": sanitize(reason, 500)})
        try:
            deps.journal.append(FLEET, draft, events[-1] if events else None)
        except JournalConflict:
            continue
        if not on:
            page(deps, "the whole fleet: disarmed", f"by {who}: {sanitize(reason, 500)}")
        return Done(True, f"the whole fleet is {word}")
    return Done(False, BUSY)


def _unknown(deps: Deps, command: str, incident_id: str, who: str) -> Done:
    name = sanitize(incident_id, 120)
    return refused(deps, f"{command} {name}", f"the journal knows no incident {name!r}", who=who)


def restore(deps: Deps, region: str, *, who: str, reason: str) -> Done:
    """Bring `region` home on a person's word: `restore.when` and the cooldown do not bind a person,
    readiness, the floor and the gate do."""
    state = load_state(deps)
    refusal = _refusal(deps, state, region)
    if refusal is None and deps.policy.restore is None:
        refusal = "the policy has no `restore`: it does not say how a Region comes home"
    if refusal is None and state.away(region) is None:
        refusal = f"{region} is at home: no evacuation of it is left to undo"
    if refusal is not None:
        return refused(deps, f"restore {sanitize(region, 60)}", refusal, who=who)
    decision = decide(situation(deps, state, read_controls=True), region)
    return _opened(deps, state, decision, who=who, reason=reason)


def drill(deps: Deps, region: str, *, who: str, reason: str) -> Done:
    """Leave `region`, stay, and come home, while everything is well. Blocked where a guard says no."""
    state = load_state(deps)
    refusal = _refusal(deps, state, region)
    if refusal is not None:
        return refused(deps, f"drill {sanitize(region, 60)}", refusal, who=who)
    seen = situation(deps, state, read_controls=True)
    kept = kept_from(deps.policy, state, region, seen.now, seen.controls)
    if kept is not None:
        return refused(deps, f"drill {region}", kept.reason, who=who)
    return _opened(deps, state, decide(seen, region), who=who, reason=reason, is_drill=True)


def _refusal(deps: Deps, state: State, region: str) -> str | None:
    if region not in deps.policy.regions:
        known = ", ".join(deps.policy.regions)
        return f"{sanitize(region, 60)} is not a Region of {deps.application}; expected one of: {known}"
    if state.stopped:
        return f"{state.stopped}; arm it first"
    if state.open is not None:
        return f"{state.open.id} is in progress; one move at a time"
    return None


def _opened(
    deps: Deps, state: State, decision: Decision, *, who: str, reason: str, is_drill: bool = False
) -> Done:
    try:
        state, incident = open_incident(
            deps, state, decision, requested_by=who, reason=reason, drill=is_drill
        )
    except (JournalConflict, IllegalMove) as conflict:
        return Done(False, f"not opened: {conflict}")
    now = decide(situation(deps, state, read_controls=True), incident.source)
    blocked = [c.sentence for c in now.checks if c.value is not Truth.TRUE and c.guard != "approval"]
    held = "it is blocked" if is_drill else "it holds for now"
    return Done(True, f"opened {incident.id}" + (f"; {held}: {blocked[0]}" if blocked else ""), incident.id)
