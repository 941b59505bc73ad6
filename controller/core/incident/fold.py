"""The fold of the journal: each event is applied to the state before it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from controller.core.event_size import MOST_RULES
from controller.core.incident import control_history
from controller.core.incident.approval import Request, answered, asked
from controller.core.incident.break_glass import with_glass
from controller.core.incident.notices import with_notice, with_page, without_notice
from controller.core.incident.state import (
    BY_PERSON,
    DENIED,
    MOVES,
    OPENINGS,
    IllegalMove,
    Incident,
    Phase,
    State,
    moved_by,
)
from controller.core.incident.step_durations import paced
from controller.core.journal.event import Draft, Event, written
from controller.core.journal.kind import Kind
from controller.core.journal.moves import (
    Acknowledged,
    ApprovalDenied,
    ApprovalExpired,
    ApprovalGiven,
    ApprovalRequested,
    Confirmed,
    DrillOpened,
    HandedOver,
    IncidentOpened,
    Opening,
    ReadinessConfirmed,
    ReadinessDenied,
    Reminded,
    RestoreOpened,
    Settled,
    ShiftApplied,
    ShiftIntended,
    ShiftRefused,
    ShiftVerified,
    StoodDown,
    TakenOver,
    TurnedBack,
)
from controller.core.journal.notes import (
    Armed,
    BrokeGlass,
    Disarmed,
    DriftSeen,
    DrillSkipped,
    EchoSeen,
    Escalated,
    JournalRestored,
    Muted,
    NoticeDeferred,
    PolicyLoaded,
    Recovered,
    Told,
    Untold,
)
from controller.core.journal.restoration import restoration, story

SAID_ANEW = frozenset(
    {Kind.CONFIRMED, Kind.SHIFT_VERIFIED, Kind.TURNED_BACK, Kind.HANDED_OVER, Kind.TAKEN_OVER}
)
"""Kinds after which a target's readiness is written again, though it is as it was."""
ANSWERING = frozenset(
    {Kind.APPROVAL_REQUESTED, Kind.APPROVAL_GIVEN, Kind.APPROVAL_DENIED, Kind.APPROVAL_EXPIRED}
)

UNTOLD = "untold"
"""The code of a hand-over to a controller that can tell people."""


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

    def known(self, application: str) -> State | None:
        """Return the state of this application as it was folded last, if any was."""
        known = self._state
        return known if known is not None and known.last and known.application == application else None

    def begin(self, state: State) -> None:
        """Take a state that was folded by another process."""
        self._state = state

    def go_on(self, application: str, events: Sequence[Event], known: State | None) -> State:
        """Return the state after `events`, which follow `known`.

        They are all of the journal where that is None.
        """
        self._state = fold(application, events, onto=known)
        return self._state

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
    match event.body:
        case PolicyLoaded() as said:
            stand = {**(said.controls or {}), **known.stand}
            new = {name: on for name, on in stand.items() if name not in known.history}
            past = control_history.put(known.history, new, event.at)
            by = event.draft.by.removeprefix("tidegate@")
            known = replace(known, stand=stand, history=past)
            return replace(known, policy_by=by, policy=said.digest, deployed=said.deployed)
        case DriftSeen() as said:
            seen = written(event, said)
            stand = {**known.stand, **said.controls}
            past = control_history.put(known.history, said.controls, event.at)
            mover = moved_by(event)
            return replace(known, stand=stand, history=past, stood=event.at, mover=mover, drift=seen)
        case BrokeGlass() as said:
            return with_glass(known, event, said)
        case Armed(reason=reason) | Disarmed(reason=reason):
            armed = isinstance(event.body, Armed)
            review = None if armed else known.review
            return replace(known, armed=armed, armed_reason=f"by {event.draft.by}: {reason}", review=review)
        case JournalRestored() as said:
            return _with_restoration(known, event, said)
        case Untold() | NoticeDeferred() as said:
            return with_notice(known, event, said)
        case Told() as said:
            return without_notice(known, event, said)
        case EchoSeen() as said:
            echoes = known.echoes | {said.intent}
            return replace(known, echoes=echoes, stood=event.at, mover=moved_by(event))
        case Muted() as said:
            return replace(known, muted={**known.muted, said.what: said.until})
        case Recovered() as said:
            return replace(known, recovered={**known.recovered, said.region: said.since})
        case Escalated() as said if event.draft.incident is None:
            return with_page(known, event, said)
        case DrillSkipped() as said:
            return replace(_struck(known, event.at, said), skipped=written(event, said))
        case IncidentOpened() | RestoreOpened() | DrillOpened() as said:
            return _with_opened(known, event, said)
        case _ if event.kind in MOVES:
            return _with_moved(state, known, event)
        case _:
            return known


def _with_restoration(known: State, event: Event, said: JournalRestored) -> State:
    """Return the state disarmed: what is missing may say that nothing may move."""
    found = restoration(event, said)
    reason = f"by {event.draft.by}: {story(said)}"
    return replace(known, armed=False, armed_reason=reason, restored=(*known.restored, found), review=found)


def _with_opened(known: State, event: Event, said: Opening) -> State:
    incident = _opened(event, said, known.policy)
    if isinstance(said, DrillOpened):
        known = _struck(known, event.at, said)
    return _with(known, incident)


def _with_moved(state: State, known: State, event: Event) -> State:
    incident = _moved(state.incidents[event.draft.incident or ""], event)
    match event.body:
        case ShiftIntended() as said:
            intents = (*known.intents[-7:], written(event, said))
            known = replace(known, intents=intents, home=_home(state, incident))
            begun = incident.begun or control_history.now(known.history, event.at)
            incident = replace(incident, begun=begun)
        case ShiftApplied():
            stand, past = {**known.stand, **incident.put}, known.history
            past = control_history.put(control_history.known(past, incident.before), incident.put, event.at)
            known = replace(known, stand=stand, history=past, stood=event.at, mover=moved_by(event))
            if _sets_out(incident):
                known = replace(known, shifted=(*known.shifted, (event.at, incident.source)))
        case Escalated() | Acknowledged() as said:
            known = with_page(known, event, said)
    return _with(known, incident)


def _with(state: State, incident: Incident) -> State:
    return replace(state, incidents={**state.incidents, incident.id: incident})


def _home(state: State, incident: Incident) -> Mapping[str, bool]:
    """Return the controls as they stood when no Region was away.

    That is before the first of those moves whose Regions have not all come home. What is known already
    stays; a move that chose another target adds the controls of that one.
    """
    if incident.intent == "restore":
        return state.home
    begun = bool(state.incidents[incident.id].before)
    away = begun or state.any_away
    return {**state.stand, **incident.before, **(state.home if away else {})}


def _struck(state: State, at: float, said: DrillOpened | DrillSkipped) -> State:
    """Return the state after a drill was opened or skipped.

    It records the Region whose turn it was, and the scheduled time if the drill was for one.
    """
    drilled = {**state.drilled, said.source: at}
    return replace(state, struck=max(state.struck, said.scheduled or 0.0), drilled=drilled)


def _sets_out(incident: Incident) -> bool:
    """Return True where the shift just applied is the first of an evacuation.

    The velocity guard counts these.
    """
    return incident.intent == "evacuate" and incident.leg == "out" and incident.waves == 0


def refuse_illegal(state: State, draft: Draft) -> None:
    """Raise `IllegalMove` with a sentence if `draft` may not come next."""
    if isinstance(draft.body, JournalRestored):
        _refuse_restoration(state, draft.body)
        return
    struck = draft.body.scheduled if isinstance(draft.body, DrillOpened | DrillSkipped) else None
    if struck is not None and struck <= state.struck:
        raise IllegalMove("the schedule's stroke was seen to already: one drill for each")
    if draft.kind in OPENINGS:
        if state.open is not None:
            raise IllegalMove(f"{state.open.id} is in progress; one evacuation at a time")
        return
    if draft.kind not in MOVES or (draft.kind is Kind.ESCALATED and draft.incident is None):
        return
    incident = state.incidents.get(draft.incident or "")
    if incident is None and draft.kind is Kind.BROKE_GLASS:
        return
    if incident is None:
        raise IllegalMove(f"{draft.kind} names no known incident: {draft.incident!r}")
    if incident.phase not in MOVES[draft.kind][0]:
        raise IllegalMove(f"{draft.kind} may not follow while {incident.id} is {incident.phase}")
    if draft.epoch < incident.epoch:
        raise IllegalMove(f"epoch {draft.epoch} is older than {incident.epoch}, which drives {incident.id}")


def _refuse_restoration(state: State, said: JournalRestored) -> None:
    """Raise `IllegalMove` where it speaks of numbers that could not be missing.

    Those begin with its own, or where an earlier restoration says that they begin.
    """
    number = state.last.seq + 1 if state.last else 1
    begins = {number, *(each.said.first for each in state.restored)}
    if said.first not in begins or said.last < said.first - 1:
        raise IllegalMove(f"event {number} says that {said.first} to {said.last} are missing")


def _opened(event: Event, said: Opening, in_force: str | None) -> Incident:
    draft = event.draft
    return Incident(
        id=str(draft.incident),
        intent=OPENINGS[event.kind],
        of=said.of if isinstance(said, RestoreOpened) else None,
        target=said.target if isinstance(said, RestoreOpened) else None,
        source=said.source,
        phase=Phase.OPEN,
        opened=event.at,
        opened_by=draft.by,
        epoch=draft.epoch,
        requested_by=said.requested_by,
        driver=said.driver,
        changed=event.at,
        reason=said.reason,
        despite=said.despite,
        scheduled=said.scheduled if isinstance(said, DrillOpened) else None,
        policy=said.policy or in_force or "",
    )


def _moved(incident: Incident, event: Event) -> Incident:
    kind = event.kind
    phase = MOVES[kind][1] or incident.phase
    if kind in ANSWERING and incident.phase is Phase.VERIFIED:
        phase = incident.phase
    epoch, ready = max(incident.epoch, event.draft.epoch), _readiness(incident, event)
    moved = replace(incident, phase=phase, changed=event.at, epoch=epoch, ready=ready)
    match event.body:
        case Confirmed() as said:
            rules = moved.rules if said.target == incident.target else ()  # they refused another move
            return replace(moved, target=said.target, reason=said.reason, rules=rules)
        case ApprovalRequested() as said:
            return replace(moved, request=asked(event, said, incident.request))
        case Reminded() if incident.request is not None:
            return replace(moved, request=replace(incident.request, reminded=True))
        case ApprovalGiven(approval=about) | ApprovalDenied(approval=about) | ApprovalExpired(approval=about):
            request = _answered(incident, about, event)
            after = incident.phase if request.status == "waiting" else phase
            return replace(moved, request=request, phase=after)
        case ShiftIntended() as said:
            before = dict(said.before or incident.before)
            intended = _intended(incident) | dict(said.changes)
            return replace(moved, intended=intended, before=before, approved=said.approved)
        case ShiftApplied() as said:
            return replace(moved, put={**incident.put, **said.states}, moved=event.at)
        case ShiftVerified():
            return replace(moved, waves=incident.waves + 1, moved=event.at, rules=())
        case TurnedBack() as said:
            return replace(moved, leg="home", waves=0, rules=(), outcome=said.outcome)
        case ShiftRefused() as said:
            refused = replace(moved, intended={}, phase=Phase.VERIFIED if incident.waves else phase)
            return replace(refused, rules=_with_rule(incident, said.rule))
        case Acknowledged():
            return replace(moved, acknowledged_by=event.draft.by, changed=incident.changed)
        case Escalated() as said:
            return replace(moved, escalated=moved.escalated | {said.code}, changed=incident.changed)
        case HandedOver() | TakenOver() as said:
            return _driven(moved, said)
        case StoodDown() | Settled() as said:
            return _ended(moved, said, event.draft.by)
        case _:
            return moved


def _readiness(incident: Incident, event: Event) -> tuple[str, ...]:
    """Return what was said last of the target's readiness, as `Incident.ready` has it."""
    match event.body:
        case ReadinessConfirmed() as said:
            return (said.target, *said.doubts)
        case ReadinessDenied():
            return DENIED
        case _:
            return () if event.kind in SAID_ANEW else incident.ready


def _driven(moved: Incident, said: HandedOver | TakenOver) -> Incident:
    driver = moved.driver if said.driver is None else said.driver
    untold = isinstance(said, HandedOver) and said.code == UNTOLD
    planned = isinstance(said, HandedOver) and said.planned
    return replace(
        moved,
        runs=moved.runs + 1,
        driver=driver,
        passed_on=moved.passed_on or untold,
        lost=moved.lost + (not untold and not planned),
    )


def _ended(moved: Incident, said: StoodDown | Settled, by: str) -> Incident:
    outcome = moved.outcome if said.outcome is None else said.outcome
    reason = said.reason if isinstance(said, StoodDown) else moved.reason
    stopped_by = by if said.code in BY_PERSON else None
    return replace(moved, outcome=outcome, reason=reason, stopped_by=stopped_by)


def _intended(incident: Incident) -> dict[str, bool]:
    """Return the changes that were intended of the wave which is under way."""
    return dict(incident.intended) if incident.phase is Phase.SHIFTING else {}


def _answered(incident: Incident, about: str, event: Event) -> Request:
    request = incident.request
    if request is None or request.id != about or request.status != "waiting":
        raise IllegalMove(f"{event.kind} answers no waiting request of {incident.id}")
    return answered(request, event)


def _with_rule(incident: Incident, rule: str | None) -> tuple[str, ...]:
    """Return the safety rules that stand in the way of the present wave.

    They say nothing about the next one: that is tried first, and people are asked anew where it is refused.
    On the way home nobody is asked, and none is set aside. After `MOST_RULES` no further one is: people must
    act.
    """
    if incident.leg == "home":
        return ()
    known = rule is None or rule in incident.rules or len(incident.rules) >= MOST_RULES
    return incident.rules if known else (*incident.rules, str(rule))
