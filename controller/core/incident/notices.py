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
from controller.core.incident.state import Incident, State, Untold
from controller.core.journal.event import Event
from controller.core.journal.kind import Kind


def with_page(state: State, event: Event) -> State:
    """Return the state after people were told, or said that they know.

    A page about an incident tells of its Region; `quiet`: it was not sent, since they knew.
    """
    data, incident = event.data, state.incidents.get(event.draft.incident or "")
    if data.get("quiet"):
        return state
    known = list(map(str, data.get("about", ())))
    if event.kind is Kind.ACKNOWLEDGED and incident is not None:
        known = [*known_by_acknowledgement(incident)]
    elif incident is not None:
        known += known_by_page(incident, str(data.get("code", "")))
    elif not known:
        known = [str(data.get("key", ""))]
    key = data.get("key")
    rest = {id_: each for id_, each in state.untold.items() if not (each.about and each.key == key)}
    return replace(state, pages={**state.pages, **dict.fromkeys(known, event.at)}, untold=rest)


def with_notice(state: State, event: Event) -> State:
    """Return the state after a notice had to wait, or was sent after all."""
    about = str(event.data["id"])
    if event.kind in (Kind.UNTOLD, Kind.NOTICE_DEFERRED):
        notice = _notice(event)
        waits = replace(state, untold={**state.untold, about: notice})
        if event.kind is Kind.NOTICE_DEFERRED:  # on purpose: its controller can tell people
            return waits
        return _with_incident(waits, notice.incident, lambda i: replace(i, mute=notice.by, voice=None))
    notice_ = state.untold.get(about)
    rest = {key: each for key, each in state.untold.items() if key != about}
    after = replace(state, untold=rest)
    if notice_ is None or not event.data.get("sent", True):
        return after
    after = replace(after, pages={**after.pages, **dict.fromkeys(notice_.about, event.at)})
    return _with_incident(after, notice_.incident, lambda i: _heard(i, notice_, event))


def _notice(event: Event) -> Untold:
    data = event.data
    words = {name: str(data.get(name, "")) for name in ("subject", "text", "key", "path")}
    request = data.get("request")
    return Untold(
        id=str(data["id"]),
        at=event.at,
        by=str(data.get("controller", "")),
        about=tuple(map(str, data.get("about", ()))),
        incident=event.draft.incident,
        request=None if request is None else str(request),
        due=float(data.get("due", 0.0)),
        **words,
    )


def _heard(incident: Incident, notice: Untold, event: Event) -> Incident:
    """Return the incident after people were told by another controller than its own.

    A question of which nobody had heard has its whole time from now on.
    """
    request, who = incident.request, str(event.data.get("controller", ""))
    if request is not None and request.id == notice.request and request.status == "waiting":
        incident = replace(incident, request=_later(request, event.at - notice.at))
    return incident if who == notice.by else replace(incident, voice=(who, event.at))


def _later(request: Request, seconds: float) -> Request:
    return replace(request, expires=request.expires + max(0.0, seconds))


def _with_incident(state: State, about: str | None, change: Callable[[Incident], Incident]) -> State:
    incident = state.incidents.get(about or "")
    if incident is None:
        return state
    return replace(state, incidents={**state.incidents, incident.id: change(incident)})
