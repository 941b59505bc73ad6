"""Events of a test, from a kind and plain data."""

import json
from dataclasses import fields
from typing import Any

from controller.core.canonical_json import canonical
from controller.core.journal.body import body_of, members
from controller.core.journal.event import Draft, Event, seal
from controller.core.journal.kind import Kind


def drafted(
    id_: str, kind: Kind, at: float, by: str, epoch: int = 0, incident: str | None = None,
    data: dict[str, Any] | None = None,
) -> Draft:  # fmt: skip
    return Draft(id_, body_of(kind, data or {}), at, by, epoch, incident)


def said(event: Event) -> dict[str, Any]:
    """All that the event says, as JSON has it; what it leaves out has its default."""
    whole = {each.name.rstrip("_"): getattr(event.body, each.name) for each in fields(event.body)}
    plain = {key: list(value) if isinstance(value, tuple) else value for key, value in whole.items()}
    return plain | members(event.body)


def rewritten(event: Event, **members: Any) -> str:
    """The event's text with other members: what somebody would put in its place."""
    return canonical(json.loads(event.text) | members)


def grown(*said: dict[str, Any] | str, onto: tuple[Event, ...] = ()) -> tuple[Event, ...]:
    """A journal: of each a restoration (a dict), or an event of that kind."""
    events = list(onto)
    for number, each in enumerate(said):
        kind, data = (Kind.JOURNAL_RESTORED, each) if isinstance(each, dict) else (Kind(each), {})
        draft = drafted(f"{number}{each}", kind, float(len(events)), "ana", data=data)
        events.append(seal("storefront", draft, events[-1] if events else None))
    return tuple(events)
