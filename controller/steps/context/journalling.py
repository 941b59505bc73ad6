"""The journal, read as state and appended to: what every step does."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

from controller.core.contracts import DECISION_SCHEMA, decision_event
from controller.core.decision.limits import Fleet
from controller.core.event_size import fitted
from controller.core.incident.fold import apply, fold, refuse_illegal
from controller.core.incident.state import Incident, State
from controller.core.journal.event import UNREADABLE, Body, Draft, Event
from controller.core.journal.kind import Kind
from controller.core.journal.notes import PolicyLoaded
from controller.core.journal.restoration import head_of, reopened, restorations
from controller.core.policy.review_record import review_data
from controller.ports.errors import (
    JournalConflict,
    JournalUnreadable,
    OutsideUnreachable,
)
from controller.steps.context.checkpoint import begin_with_checkpoint
from controller.steps.context.deps import Deps
from controller.steps.context.governance import keep_own_policy
from controller.steps.context.names import id_or_nobodys
from controller.steps.context.situation import read_fleet, read_switch

S = TypeVar("S")
T = TypeVar("T")
BUSY = "the journal is busy; nothing was written, try again"
TRIES = 5
"""Times that something is written again where others write first, each time."""


def load_state(deps: Deps) -> State:
    """Return the journal's state as it is now; write the deployed policy if new.

    It is in force at once, also while an incident is open: how that goes on the policy says that began it,
    and whether it may both say (`steps.context.governance`). Its document is kept before anybody can need it.
    """
    state, own = read_state(deps), deps.packaged
    if state.policy == own.digest or deps.deployed <= state.deployed:
        return state
    keep_own_policy(deps)
    controls = read_switch(deps)
    loaded = PolicyLoaded(
        digest=own.digest,
        deployed=deps.deployed,
        enforcement=own.enforcement,
        controls=None if controls is None else dict(controls),
        review=_by_ids(deps, review_data(deps.review, own.digest)),
        controllers=own.controllers,
    )
    try:
        return write(deps, state, loaded)
    except JournalConflict:  # a sibling wrote first; what it wrote may well be the same
        return read_state(deps)


def _by_ids(deps: Deps, review: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return a review with the reviewers' ids in place of their names.

    A policy comes into force also where names cannot be read; then nobody knows later who reviewed it.
    """
    if review is None:
        return None
    by_id = partial(id_or_nobodys, deps.people, deps.new_id)
    return {**review, "reviewed": [{**each, "by": by_id(each["by"])} for each in review["reviewed"]]}


def read_state(deps: Deps) -> State:
    """Return the state of the journal as it is now. Write nothing."""
    fleet = read_fleet(deps)  # first, so that what is folded is the newest that is known
    seen = deps.journal_head.before_reading(lambda: deps.assessments.witness(deps.application))
    begin_with_checkpoint(deps)
    known = deps.folding.known(deps.application)
    events, known = _follow(deps, known)
    last, before = (known.last, known.restored) if known else (None, ())
    deps.journal_head.after_reading(seen, events, last, before)
    state = folded(deps.application, events, partial(deps.folding.go_on, known=known))
    return _with_fleet(state, fleet)


def _follow(deps: Deps, known: State | None) -> tuple[tuple[Event, ...], State | None]:
    """Return the events after the state that this process knows, and that state.

    Where the journal was restored since, and the event that the process stands on is among those that are
    missing, all events are returned, and no state.
    """
    last = known.last if known else None
    try:
        return deps.journal.follow(deps.application, last), known
    except JournalUnreadable:
        events = _restored(deps, known) if known else None
        if events is None:
            raise
        deps.journal_head.checkpoint = None  # it is of an event that is missing
        return events, None


def _restored(deps: Deps, known: State) -> tuple[Event, ...] | None:
    """Return all events; None where the journal was not restored.

    They must say themselves that they may lack the last one known.
    """
    with suppress(JournalUnreadable):
        events = deps.journal.follow(deps.application, None)
        if known.last and reopened(head_of(known.last, known.restored), restorations(events)):
            return events
    return None


def read_state_and_events(deps: Deps) -> tuple[State, tuple[Event, ...]]:
    """Return what `read_state` does, and all the events that it is folded from."""
    fleet = read_fleet(deps)
    seen = deps.journal_head.before_reading(lambda: deps.assessments.witness(deps.application))
    events = deps.journal.read(deps.application)
    deps.journal_head.after_reading(seen, events)
    state = folded(deps.application, events, deps.folding)
    return _with_fleet(state, fleet), events


def _with_fleet(state: State, fleet: Fleet) -> State:
    return replace(
        state,
        fleet=fleet.stopped,
        fleet_left=fleet.left,
        fleet_unread=fleet.unread,
        fleet_review=fleet.review,
    )


def folded(
    application: str, events: Sequence[Event], folding: Callable[[str, Sequence[Event]], State] = fold
) -> State:
    """Return the state after `events`.

    Raises `JournalUnreadable` where no version could have written them.
    """
    try:
        return folding(application, events)
    except (*UNREADABLE, LookupError, AttributeError, ArithmeticError) as error:
        raise JournalUnreadable(f"the journal cannot be what this version wrote: {error}") from error


def write(
    deps: Deps,
    state: State,
    said: Body,
    *,
    incident: Incident | str | None = None,
    epoch: int = 0,
    by: str | None = None,
) -> State:
    """Append one event that says `said` after `state`; return the state that includes it.

    What makes it too large is shortened. Raises `IllegalMove` (nothing written), `JournalConflict`,
    `OutsideUnreachable`.
    """
    about = incident.id if isinstance(incident, Incident) else incident
    require_driver = incident.epoch if isinstance(incident, Incident) else 0
    draft = Draft(
        id=deps.new_id(),
        body=said,
        at=deps.runtime.now(),
        by=by or f"tidegate@{deps.here}",
        epoch=epoch or require_driver,
        incident=about,
    )
    refuse_illegal(state, draft)
    event = deps.journal.append(deps.application, fitted(deps.application, draft, state.last), state.last)
    deps.journal_head.saw(event)
    after = apply(state, event)
    _announce(deps, after)
    return after


def retry_on_conflict(
    read: Callable[[], S],
    act: Callable[[S], T],
    *,
    first: S | None = None,
    also: tuple[type[Exception], ...] = (),
) -> T:
    """Return what `act` returns; read and act again where others wrote first.

    read: gathers what `act` goes by. first: what was read already, in place of the first reading.
    also: further errors after which it is worth another look. Raises the last error once `act` has failed
    `TRIES` times in a row; what `read` raises is not caught.
    """
    caught: tuple[type[Exception], ...] = (JournalConflict, *also)
    found = read() if first is None else first
    for _ in range(TRIES - 1):
        try:
            return act(found)
        except caught:
            found = read()
    return act(found)


def require_driver(deps: Deps, incident_id: str, epoch: int) -> tuple[State, Incident]:
    """Return the state and the incident that the caller drives.

    Raises `JournalConflict` if it no longer does.
    """
    state = load_state(deps)
    incident = state.incidents.get(incident_id)
    if incident is None:
        raise JournalConflict(f"the journal knows no incident {incident_id}")
    if incident.epoch != epoch:
        raise JournalConflict(f"epoch {incident.epoch} drives {incident_id}, not {epoch}")
    return state, incident


def _announce(deps: Deps, after: State) -> None:
    """Tell other tools of the event just written.

    Losing that loses no state; an intent waits for nobody.
    """
    event = after.last
    detail = decision_event(event, after) if event else None
    if event is None or detail is None:
        return

    def publish() -> None:
        with suppress(OutsideUnreachable):
            deps.notices.publish(DECISION_SCHEMA, detail)

    if event.kind is Kind.SHIFT_INTENDED:
        deps.runtime.spawn(publish)
    else:
        publish()
