"""Notices to people as the journal has them: told, and not yet told.

```
 Escalated, Acknowledged ──────────────────> people know of the alert, from then on
 Untold ── tried by every controller ── Told ─> they know too; a question's time begins only then
 NoticeDeferred ── once it is due, the same ───^
```
"""

from collections.abc import Callable
from dataclasses import replace

from controller.core.incident.alert_keys import known_by_acknowledgement, known_by_page
from controller.core.incident.approval import Request
from controller.core.incident.state import Incident, Notice, State
from controller.core.journal.event import Event
from controller.core.journal.moves import Acknowledged
from controller.core.journal.notes import Escalated, NoticeDeferred, Told, Untold


def with_page(state: State, event: Event, said: Escalated | Acknowledged) -> State:
    """Return the state after people were told, or said that they know.

    A page about an incident tells of its Region; `quiet`: it was not sent, since they knew.
    """
    incident = state.incidents.get(event.draft.incident or "")
    if isinstance(said, Acknowledged):
        known = () if incident is None else tuple(known_by_acknowledgement(incident))
        return replace(state, pages={**state.pages, **dict.fromkeys(known, event.at)})
    if said.quiet:
        return state
    known = said.about
    if incident is not None:
        known = (*known, *known_by_page(incident, said.code))
    elif not known:
        known = (said.key,)
    rest = {id_: each for id_, each in state.untold.items() if not (each.about and each.key == said.key)}
    return replace(state, pages={**state.pages, **dict.fromkeys(known, event.at)}, untold=rest)


def with_notice(state: State, event: Event, said: Untold | NoticeDeferred) -> State:
    """Return the state after a notice had to wait."""
    notice = _notice(event, said)
    waits = replace(state, untold={**state.untold, said.id: notice})
    if isinstance(said, NoticeDeferred):  # on purpose: its controller can tell people
        return waits
    return _with_incident(waits, notice.incident, lambda i: replace(i, mute=notice.by, voice=None))


def without_notice(state: State, event: Event, said: Told) -> State:
    """Return the state after a notice was sent after all, or was overtaken."""
    notice = state.untold.get(said.id)
    rest = {key: each for key, each in state.untold.items() if key != said.id}
    after = replace(state, untold=rest)
    if notice is None or not said.sent:
        return after
    after = replace(after, pages={**after.pages, **dict.fromkeys(notice.about, event.at)})
    return _with_incident(after, notice.incident, lambda i: _heard(i, notice, said.controller, event.at))


def unheard(state: State, request: Request) -> bool:
    """Return True where nobody has heard of a question.

    It waits to be put, and its time has not begun.
    """
    return any(notice.request == request.id for notice in state.untold.values())


def _notice(event: Event, said: Untold | NoticeDeferred) -> Notice:
    return Notice(
        id=said.id,
        at=event.at,
        by=said.controller,
        subject=said.subject,
        text=said.text,
        key=said.key,
        path=said.path,
        about=said.about,
        incident=event.draft.incident,
        request=said.request,
        due=said.due if isinstance(said, NoticeDeferred) else 0.0,
    )


def _heard(incident: Incident, notice: Notice, who: str, at: float) -> Incident:
    """Return the incident after people were told by another controller than its own.

    A question of which nobody had heard has its whole time from now on.
    """
    request = incident.request
    if request is not None and request.id == notice.request and request.status == "waiting":
        incident = replace(incident, request=_later(request, at - notice.at))
    return incident if who == notice.by else replace(incident, voice=(who, at))


def _later(request: Request, seconds: float) -> Request:
    late = max(0.0, seconds)
    return replace(request, asked=request.asked + late, expires=request.expires + late)


def _with_incident(state: State, about: str | None, change: Callable[[Incident], Incident]) -> State:
    incident = state.incidents.get(about or "")
    if incident is None:
        return state
    return replace(state, incidents={**state.incidents, incident.id: change(incident)})
