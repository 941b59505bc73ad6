"""The fold of the journal: each event is applied to the state before it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from controller.core.event_size import MOST_RULES
from controller.core.incident.approval import Request, answered, asked
from controller.core.incident.notices import with_notice, with_page
from controller.core.incident.state import (
    BY_PERSON,
    DENIED,
    MOVES,
    OPENINGS,
    IllegalMove,
    Incident,
    Phase,
    State,
)
from controller.core.incident.step_durations import paced
from controller.core.journal import Draft, Event, Kind

SAID_ANEW = frozenset(
    {Kind.CONFIRMED, Kind.SHIFT_VERIFIED, Kind.TURNED_BACK, Kind.HANDED_OVER, Kind.TAKEN_OVER}
)
"""Kinds after which a target's readiness is written again, though it is as it was."""
ANSWERING = frozenset(
    {Kind.APPROVAL_REQUESTED, Kind.APPROVAL_GIVEN, Kind.APPROVAL_DENIED, Kind.APPROVAL_EXPIRED}
)


def fold(application: str, events: Iterable[Event], onto: State | None = None) -> State:
    """Return the state after all `events`, which follow those of `onto`.

    Raises `IllegalMove` on a journal that no version could have written.
    """
    state = onto or State(application)
    for event in events:
        state = apply(state, event)
    return state


class Folding:
    """Folding continues `fold` from its last state.

    A journal only grows, and each hash stands for all events before it.
    """

    def __init__(self) -> None:
        self._state: State | None = None

    def __call__(self, application: str, events: Sequence[Event]) -> State:
        """Return the state after all `events`, which begin with number 1."""
        known = self._state
        last = known.last if known else None
        done = last.seq if last and last.application == application else 0
        if not last or not done or len(events) < done or events[done - 1].hash != last.hash:
            known, done = None, 0
        self._state = fold(application, events[done:], onto=known)
        return self._state


def apply(state: State, event: Event) -> State:
    """Return the state after one more event."""
    refuse_illegal(state, event.draft)
    known = replace(state, last=event, pace=paced(state.pace, event, OPENINGS.get(event.kind)))
    match event.kind:
        case Kind.POLICY_LOADED:
            stand = {**(event.data.get("controls") or {}), **known.stand}
            known = replace(known, stand=stand)
            known = replace(known, policy_by=event.draft.by.removeprefix("tidegate@"))
            return replace(known, policy=str(event.data["digest"]), deployed=float(event.data["deployed"]))
        case Kind.DRIFT_SEEN:
            stand = {**known.stand, **event.data["controls"]}
            return replace(known, stand=stand, stood=event.at, mover=event, drift=event)
        case Kind.ARMED | Kind.DISARMED:
            reason = f"by {event.draft.by}: {event.data.get('reason', '')}"
            return replace(known, armed=event.kind is Kind.ARMED, armed_reason=reason)
        case Kind.BROKE_GLASS | Kind.REFUSED | Kind.BLINDED | Kind.REGION_COUNTED:
            return known
        case Kind.UNTOLD | Kind.NOTICE_DEFERRED | Kind.TOLD:
            return with_notice(known, event)
        case Kind.ECHO_SEEN:
            echoes = known.echoes | {int(event.data["intent"])}
            return replace(known, echoes=echoes, stood=event.at, mover=event)
        case Kind.MUTED:
            return replace(known, muted={**known.muted, str(event.data["what"]): float(event.data["until"])})
        case Kind.RECOVERED:
            well = {**known.recovered, str(event.data["region"]): float(event.data["since"])}
            return replace(known, recovered=well)
        case Kind.ESCALATED if event.draft.incident is None:
            return with_page(known, event)
        case Kind.DRILL_SKIPPED:
            return replace(_struck(known, event), skipped=event)
        case Kind.INCIDENT_OPENED | Kind.RESTORE_OPENED | Kind.DRILL_OPENED:
            incident = _opened(event, known.policy)
        case kind:
            incident = _moved(state.incidents[event.draft.incident or ""], kind, event)
    if event.kind is Kind.DRILL_OPENED:
        known = _struck(known, event)
    if event.kind is Kind.SHIFT_INTENDED:
        known = replace(known, intents=(*known.intents[-7:], event), home=_home(state, incident))
    if event.kind is Kind.SHIFT_APPLIED and _sets_out(incident):
        known = replace(known, shifted=(*known.shifted, (event.at, incident.source)))
    if event.kind is Kind.SHIFT_APPLIED:
        known = replace(known, stand={**known.stand, **incident.put}, stood=event.at, mover=event)
    if event.kind in (Kind.ESCALATED, Kind.ACKNOWLEDGED):
        known = with_page(known, event)
    return replace(known, incidents={**known.incidents, incident.id: incident})


def _home(state: State, incident: Incident) -> Mapping[str, bool]:
    """Return the controls as they stood when no Region was away.

    That is before the first of those moves whose Regions have not all come home. What is known already
    stays; a move that chose another target adds the controls of that one.
    """
    if incident.intent == "restore":
        return state.home
    begun = bool(state.incidents[incident.id].before)
    away = begun or any(state.away(region) for region in {i.source for i in state.incidents.values()})
    return {**state.stand, **incident.before, **(state.home if away else {})}


def _struck(state: State, event: Event) -> State:
    """Return the state after a drill was opened or skipped.

    It records the Region whose turn it was, and the scheduled time if the drill was for one.
    """
    struck = float(event.data.get("scheduled") or 0.0)
    drilled = {**state.drilled, str(event.data["source"]): event.at}
    return replace(state, struck=max(state.struck, struck), drilled=drilled)


def _sets_out(incident: Incident) -> bool:
    """Return True where the shift just applied is the first of an evacuation.

    The velocity guard counts these.
    """
    return incident.intent == "evacuate" and incident.leg == "out" and incident.waves == 0


def refuse_illegal(state: State, draft: Draft) -> None:
    """Raise `IllegalMove` with a sentence if `draft` may not come next."""
    struck = draft.data.get("scheduled")
    if struck is not None and float(struck) <= state.struck:
        raise IllegalMove("the schedule's stroke was seen to already: one drill for each")
    if draft.kind in OPENINGS:
        if state.open is not None:
            raise IllegalMove(f"{state.open.id} is in progress; one evacuation at a time")
        return
    if draft.kind not in MOVES or (draft.kind is Kind.ESCALATED and draft.incident is None):
        return
    incident = state.incidents.get(draft.incident or "")
    if incident is None:
        raise IllegalMove(f"{draft.kind} names no known incident: {draft.incident!r}")
    if incident.phase not in MOVES[draft.kind][0]:
        raise IllegalMove(f"{draft.kind} may not follow while {incident.id} is {incident.phase}")
    if draft.epoch < incident.epoch:
        raise IllegalMove(f"epoch {draft.epoch} is older than {incident.epoch}, which drives {incident.id}")


def _opened(event: Event, in_force: str | None) -> Incident:
    data, draft = event.data, event.draft
    target = data.get("target")
    return Incident(
        id=str(draft.incident),
        intent=OPENINGS[event.kind],
        of=data.get("of"),
        target=None if target is None else str(target),
        source=str(data["source"]),
        phase=Phase.OPEN,
        opened=event.at,
        opened_by=draft.by,
        epoch=draft.epoch,
        requested_by=data.get("requested_by"),
        driver=str(data.get("driver", "")),
        changed=event.at,
        reason=str(data.get("reason", "")),
        despite=tuple(map(str, data.get("despite", ()))),
        scheduled=data.get("scheduled"),
        policy=str(data.get("policy") or in_force or ""),
    )


def _moved(incident: Incident, kind: Kind, event: Event) -> Incident:
    data = event.data
    phase = MOVES[kind][1] or incident.phase
    if kind in ANSWERING and incident.phase is Phase.VERIFIED:
        phase = incident.phase
    epoch, ready = max(incident.epoch, event.draft.epoch), _readiness(incident, kind, data)
    moved = replace(incident, phase=phase, changed=event.at, epoch=epoch, ready=ready)
    match kind:
        case Kind.CONFIRMED:
            target, rules = str(data["target"]), moved.rules
            rules = rules if target == incident.target else ()  # they refused another move
            return replace(moved, target=target, reason=str(data.get("reason", "")), rules=rules)
        case Kind.APPROVAL_REQUESTED:
            return replace(moved, request=asked(event))
        case Kind.REMINDED if incident.request is not None:
            return replace(moved, request=replace(incident.request, reminded=True))
        case Kind.APPROVAL_GIVEN | Kind.APPROVAL_DENIED | Kind.APPROVAL_EXPIRED:
            request = _answered(incident, kind, event)
            after = incident.phase if request.status == "waiting" else phase
            return replace(moved, request=request, phase=after)
        case Kind.SHIFT_INTENDED:
            fresh = {str(name): bool(on) for name, on in data.get("changes", ())}
            intended = {**(incident.intended if incident.phase is Phase.SHIFTING else {}), **fresh}
            return replace(moved, intended=intended, before=dict(data.get("before") or incident.before))
        case Kind.SHIFT_APPLIED:
            put = {**incident.put, **{str(name): bool(on) for name, on in data.get("states", {}).items()}}
            return replace(moved, put=put, moved=event.at)
        case Kind.SHIFT_VERIFIED:
            return replace(moved, waves=incident.waves + 1, moved=event.at)
        case Kind.TURNED_BACK:
            return replace(moved, leg="home", waves=0, rules=(), outcome=str(data.get("outcome", "")))
        case Kind.SHIFT_REFUSED:
            refused = replace(moved, intended={}, phase=Phase.VERIFIED if incident.waves else phase)
            return replace(refused, rules=_with_rule(incident, data.get("rule")))
        case Kind.ACKNOWLEDGED:
            return replace(moved, acknowledged_by=event.draft.by, changed=incident.changed)
        case Kind.ESCALATED:
            return replace(moved, escalated=moved.escalated | {str(data["code"])}, changed=incident.changed)
        case Kind.HANDED_OVER | Kind.TAKEN_OVER:
            return _with_next_run(moved, data)
        case Kind.STOOD_DOWN:
            outcome = str(data.get("outcome", incident.outcome))
            reason = str(data.get("reason", ""))
            return replace(moved, reason=reason, outcome=outcome, stopped_by=_stopped_by(event))
        case Kind.SETTLED:
            outcome = str(data.get("outcome", incident.outcome))
            return replace(moved, outcome=outcome, stopped_by=_stopped_by(event))
        case _:
            return moved


def _readiness(incident: Incident, kind: Kind, data: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what was said last of the target's readiness, as `Incident.ready` has it."""
    match kind:
        case Kind.READINESS_CONFIRMED:
            return (str(data.get("target")), *map(str, data.get("doubts", ())))
        case Kind.READINESS_DENIED:
            return DENIED
        case kind if kind in SAID_ANEW:
            return ()
        case _:
            return incident.ready


def _with_next_run(incident: Incident, data: Mapping[str, Any]) -> Incident:
    untold = data.get("code") == "untold"
    return replace(
        incident,
        runs=incident.runs + 1,
        driver=str(data.get("driver", incident.driver)),
        passed_on=incident.passed_on or untold,
        lost=incident.lost + (not untold and not data.get("planned")),
    )


def _stopped_by(event: Event) -> str | None:
    return event.draft.by if event.data.get("code") in BY_PERSON else None


def _answered(incident: Incident, kind: Kind, event: Event) -> Request:
    request = incident.request
    if request is None or request.id != event.data["approval"] or request.status != "waiting":
        raise IllegalMove(f"{kind} answers no waiting request of {incident.id}")
    return answered(request, event)


def _with_rule(incident: Incident, rule: object) -> tuple[str, ...]:
    """Return the safety rules that stand in the way of the move.

    Once a wave has moved, or on the way home, none is set aside: people approved another move, so they must
    look. After `MOST_RULES` no further one is: people must act.
    """
    if incident.waves or incident.leg == "home":
        return ()
    known = rule is None or rule in incident.rules or len(incident.rules) >= MOST_RULES
    return incident.rules if known else (*incident.rules, str(rule))
