"""Commands of operators, each journalled with the person and the reason; refusals too.

A person passes the condition, cooldown and velocity. Shared cause and readiness are set aside only by two
people (`despite`), the floor by nobody. Besides an evacuation a person may bring a Region home, or drill.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

from controller.core.decision.decide import Situation, decide, guard_input
from controller.core.decision.drills import Obstacle, obstacle_to_drill
from controller.core.decision.plan import last_on, regions_on
from controller.core.decision.precedence import BY_PERSON, makes_way, without
from controller.core.decision.progress import may_stand_down
from controller.core.decision.restore import homeless, must_be_left
from controller.core.incident.fold import fold
from controller.core.incident.state import BEFORE_SHIFT, ENDED, IllegalMove, Incident, Phase, State
from controller.core.journal.event import Draft, Event
from controller.core.journal.moves import Acknowledged
from controller.core.journal.notes import Armed, Disarmed, Muted, Refused
from controller.core.model import Decision, Truth
from controller.core.policy.validation import expected_signals
from controller.core.text import format_duration, sanitize
from controller.ports.errors import JournalConflict, PolicyUnreadable
from controller.steps.context.deps import Deps
from controller.steps.context.governance import by_policy_in_force
from controller.steps.context.journalling import BUSY, load_state, retry_on_conflict, write
from controller.steps.context.paging import page
from controller.steps.context.situation import FLEET, situation, stopped
from controller.steps.incident.ending import end_where_it_stands
from controller.steps.incident.opening import make_way, open_incident

S = TypeVar("S")
DESPITE = ("shared-cause", "target-not-ready")
"""Guards that two people may set aside, by their codes."""
LONGEST_MUTE = 7 * 86400.0
"""Seconds."""


@dataclass(frozen=True, slots=True)
class Done:
    """The outcome of a command: done or not, a sentence, the incident it opened.

    unknown: what it was asked of, such as a Region, does not exist.
    """

    done: bool
    sentence: str
    incident: str | None = None
    unknown: bool = False


def evacuate(deps: Deps, region: str, *, who: str, reason: str, despite: Sequence[str] = ()) -> Done:
    """Open an incident on a person's word.

    despite: codes of guards that a second person must agree to set aside.
    """
    state = load_state(deps)
    command = f"evacuate {sanitize(region, 60)}"
    try:
        deps = by_policy_in_force(deps, state)
    except PolicyUnreadable as error:
        return refused(deps, command, _not_in_force(error), who=who)
    refusal = _refusal(deps, state, region)
    if refusal is not None:
        return refused(deps, command, refusal, who=who, unknown=region not in deps.policy.regions)
    seen = situation(deps, state, read_controls=True)
    refusal = _does_not_yield(seen, state, region)
    if refusal is not None:
        return refused(deps, command, refusal, who=who)
    if seen.controls is not None and region not in regions_on(deps.policy, seen.controls):
        refusal = f"{region} carries no traffic already: all its controls are Off"
    elif seen.controls is not None and not despite:
        refusal = last_on(deps.policy, region, seen.controls)
    if refusal is not None:
        return refused(deps, command, refusal, who=who)
    # Of a Region that was left, and that somebody turned on again, the core would speak of its way home.
    decision = replace(decide(seen, region), intent="evacuate")
    look = partial(situation, deps, read_controls=False, controls=seen.controls)
    reason = sanitize(reason, 500)
    with suppress(JournalConflict):  # then the opening fails for the same reason, and says so
        state = make_way(deps, state, region, f"{who}: {reason}")
    return _opened(deps, state, decision, look, who=who, reason=reason, despite=despite)


def restore(deps: Deps, region: str, *, who: str, reason: str) -> Done:
    """Bring `region` home on a person's word.

    `restore.when` and the cooldown do not bind a person; readiness, the floor and the gate do.
    """
    state = load_state(deps)
    try:
        deps = by_policy_in_force(deps, state)
    except PolicyUnreadable as error:
        return refused(deps, f"restore {sanitize(region, 60)}", _not_in_force(error), who=who)
    refusal = _refusal(deps, state, region) or _one_at_a_time(state)
    left = state.away(region)
    if refusal is None and left is None:
        refusal = f"{region} is at home: no evacuation of it is left to undo"
    if refusal is None and left is not None and deps.policy.restore is None:
        refusal = homeless(left)
    if refusal is not None:
        unknown = region not in deps.policy.regions
        return refused(deps, f"restore {sanitize(region, 60)}", refusal, who=who, unknown=unknown)
    decision = decide(situation(deps, state, read_controls=True), region)
    return _opened(
        deps, state, decision, partial(situation, deps, read_controls=True), who=who, reason=reason
    )


def drill(deps: Deps, region: str, *, who: str, reason: str) -> Done:
    """Leave `region`, stay, and come home, while everything is well.

    It is blocked where a guard says no.
    """
    state = load_state(deps)
    try:
        deps = by_policy_in_force(deps, state)
    except PolicyUnreadable as error:
        return refused(deps, f"drill {sanitize(region, 60)}", _not_in_force(error), who=who)
    refusal = _refusal(deps, state, region) or _one_at_a_time(state)
    if refusal is not None:
        unknown = region not in deps.policy.regions
        return refused(deps, f"drill {sanitize(region, 60)}", refusal, who=who, unknown=unknown)
    seen = situation(deps, state, read_controls=True)
    kept = obstacle_to_drill(deps.policy, state, region, seen.now, seen.controls)
    if kept is None and seen.evidence is not None and must_be_left(guard_input(seen, region), region):
        kept = Obstacle("source-failing", f"{region} fails: `tidegate evacuate {region}` leaves it")
    if kept is not None:
        return refused(deps, f"drill {region}", kept.reason, who=who)
    look = partial(situation, deps, read_controls=True)
    return _opened(deps, state, decide(seen, region), look, who=who, reason=reason, is_drill=True)


def _refusal(deps: Deps, state: State, region: str) -> str | None:
    """Return the reason why nothing of `region` may begin at all, or None."""
    if region not in deps.policy.regions:
        known = ", ".join(deps.policy.regions)
        return f"{sanitize(region, 60)} is not a Region of {deps.application}; expected one of: {known}"
    return f"{state.stopped}; arm it first" if state.stopped else None


def _not_in_force(error: PolicyUnreadable) -> str:
    return f"nothing may begin, for the policy in force cannot be read: {error}"


def _does_not_yield(seen: Situation, state: State, region: str) -> str | None:
    """Return the reason why the open incident does not make way, or None."""
    other = state.open
    if other is None:
        return None
    alone = decide(seen.after(without(state, other)), region)
    if makes_way(seen, other, alone, BY_PERSON):
        return None
    ends = f"`tidegate stand-down {other.id}` ends it where it stands"
    return f"{other.id} is in progress; one evacuation at a time; {ends}"


def _one_at_a_time(state: State) -> str | None:
    return f"{state.open.id} is in progress; one move at a time" if state.open is not None else None


def _opened(
    deps: Deps,
    state: State,
    decision: Decision,
    look: Callable[[State], Situation],
    *,
    who: str,
    reason: str,
    is_drill: bool = False,
    despite: Sequence[str] = (),
) -> Done:
    """Open the incident, and say what holds it for now.

    look: gathers once more, after the opening.
    """
    try:
        state, incident = open_incident(
            deps,
            state,
            decision,
            requested_by=who,
            reason=reason,
            drill=is_drill,
            despite=tuple(dict.fromkeys(despite)),
        )
    except (JournalConflict, IllegalMove) as conflict:
        return Done(False, f"not opened: {conflict}")
    now = decide(look(state), incident.source)
    blocked = [c.sentence for c in now.checks if c.value is not Truth.TRUE and c.guard != "approval"]
    held = "it is blocked" if is_drill else "it holds for now"
    return Done(True, f"opened {incident.id}" + (f"; {held}: {blocked[0]}" if blocked else ""), incident.id)


def refused(deps: Deps, command: str, sentence: str, *, who: str, unknown: bool = False) -> Done:
    """Say no, and write down that it was asked for."""
    said = Refused(command=command, reason=sentence)
    with suppress(JournalConflict):
        retry_on_conflict(partial(load_state, deps), lambda state: write(deps, state, said, by=who))
    return Done(False, sentence, unknown=unknown)


def _written(
    read: Callable[[], S], act: Callable[[S], Done], *, also: tuple[type[Exception], ...] = ()
) -> Done:
    """Return what `act` returns, tried again where others write first.

    Else the answer is that the journal is busy.
    """
    caught: tuple[type[Exception], ...] = (JournalConflict, *also)
    try:
        return retry_on_conflict(read, act, also=also)
    except caught:
        return Done(False, BUSY)


def stand_down(deps: Deps, incident_id: str, *, who: str, reason: str) -> Done:
    """End an incident that holds, before or after its traffic moved.

    What has moved stays as it is. While a call may be under way, and in a drill that is away and can go home
    by itself, it is refused.
    """

    def act(state: State) -> Done:
        incident = state.incidents.get(incident_id)
        if incident is None:
            return _unknown(deps, "stand-down", incident_id, who)
        refusal = _cannot_stand_down(incident)
        if refusal is not None:
            return refused(deps, f"stand-down {incident_id}", refusal, who=who)
        why = f"{sanitize(reason, 500)} (by {who})"
        _, stands = end_where_it_stands(deps, state, incident, code="by-person", reason=why, by=who)
        page(deps, f"{incident_id}: stood down", f"by {who}: {sanitize(reason, 500)}\n{stands}")
        moved = incident.phase not in BEFORE_SHIFT
        stays = "what has moved stays as it is" if moved else "nothing of it moves"
        return Done(True, f"{incident_id} has stood down; {stays}", incident_id)

    return _written(
        partial(load_state, deps), act, also=(IllegalMove,)
    )  # illegal: it moved on, so look again


def _cannot_stand_down(incident: Incident) -> str | None:
    if incident.phase in ENDED:
        return f"{incident.id} is {incident.phase}: it has ended"
    if may_stand_down(incident):
        return None
    people = f"`tidegate hand-to-people {incident.id}` ends it all the same"
    if incident.phase is Phase.SHIFTING:
        return f"{incident.id} is {incident.phase}: a call may be under way; try again in a minute; {people}"
    return f"{incident.id} is {incident.phase}: a drill that is away goes home by itself; {people}"


def acknowledge(deps: Deps, incident_id: str, *, who: str, reason: str) -> Done:
    """Lift the cooldown that follows an incident (S7).

    A named person lets the next one act.
    """

    def act(state: State) -> Done:
        incident = state.incidents.get(incident_id)
        if incident is None:
            return _unknown(deps, "ack", incident_id, who)
        if incident.phase not in ENDED:
            refusal = f"{incident_id} is {incident.phase}: only one that has ended can be acknowledged"
            return refused(deps, f"ack {incident_id}", refusal, who=who)
        if incident.acknowledged_by:
            return Done(True, f"{incident_id} was acknowledged already, by {incident.acknowledged_by}")
        said = Acknowledged(reason=sanitize(reason, 500))
        write(deps, state, said, incident=incident, by=who)
        return Done(True, f"{incident_id} is acknowledged; no cooldown and no stop follows it", incident_id)

    return _written(partial(load_state, deps), act)


def mute(deps: Deps, what: str, *, seconds: float, who: str, reason: str) -> Done:
    """Take a signal, or all about a Region, for unknown from now on (S12).

    seconds: for how long; 0 ends it.
    """
    known = {key for s in expected_signals(deps.policy, deps.account) for key in (s.id, s.name, s.subject)}
    name = sanitize(what, 200)
    if what not in known:
        refusal = f"{name} is neither a signal that the policy names nor one of its Regions"
        return refused(deps, f"mute {name}", refusal, who=who)
    if not 0 <= seconds <= LONGEST_MUTE:
        return refused(deps, f"mute {name}", f"expected at most {format_duration(LONGEST_MUTE)}", who=who)

    def act(state: State) -> Done:
        until = deps.runtime.now() + seconds
        said = Muted(what=what, until=until, for_=seconds, reason=sanitize(reason, 500))
        write(deps, state, said, by=who)
        if not seconds:
            return Done(True, f"{name} speaks again")
        lasts = format_duration(seconds)
        page(
            deps,
            f"{deps.application}: {name} is muted",
            f"for {lasts} by {who}: {sanitize(reason, 500)}",
        )
        return Done(True, f"{name} is muted for {lasts}")

    return _written(partial(load_state, deps), act)


def arm(deps: Deps, *, on: bool, who: str, reason: str) -> Done:
    """Turn the application's kill switch.

    It is honoured at every step, and right before each ARC call.
    """

    def read() -> State:  # nothing but the journal: who stops it is in a hurry
        return fold(deps.application, deps.journal.read(deps.application))

    def act(state: State) -> Done:
        if state.armed is on:
            bare = "" if state.last else ": its journal holds no event"
            return Done(True, f"{deps.application} is {'armed' if on else 'disarmed'} already{bare}")
        write(deps, state, _turned(on, reason), by=who)
        if not on:
            page(deps, f"{deps.application}: disarmed", f"by {who}: {sanitize(reason, 500)}")
        return Done(True, f"{deps.application} is {'armed' if on else 'disarmed'}")

    return _written(read, act)


def arm_fleet(deps: Deps, *, on: bool, who: str, reason: str) -> Done:
    """Turn the kill switch of every application whose journal is in this table."""
    word = "armed" if on else "disarmed"

    def act(events: tuple[Event, ...]) -> Done:
        if (stopped(events) is None) is on:
            return Done(True, f"the fleet is {word} already")
        draft = Draft(deps.new_id(), _turned(on, reason), deps.runtime.now(), who)
        deps.journal.append(FLEET, draft, events[-1] if events else None)
        if not on:
            page(deps, "the whole fleet: disarmed", f"by {who}: {sanitize(reason, 500)}")
        return Done(True, f"the whole fleet is {word}")

    return _written(partial(deps.journal.read, FLEET), act)


def _turned(on: bool, reason: str) -> Armed | Disarmed:
    said = sanitize(reason, 500)
    return Armed(reason=said) if on else Disarmed(reason=said)


def _unknown(deps: Deps, command: str, incident_id: str, who: str) -> Done:
    name = sanitize(incident_id, 120)
    return refused(deps, f"{command} {name}", f"the journal knows no incident {name!r}", who=who)
