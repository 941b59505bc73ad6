"""Events of a test, from a kind and plain data."""

from typing import Any

from controller.core.journal.body import body_of, members
from controller.core.journal.event import Draft, Event
from controller.core.journal.kind import Kind


def draft(
    id_: str, kind: Kind, at: float, by: str, epoch: int = 0, incident: str | None = None,
    data: dict[str, Any] | None = None,
) -> Draft:  # fmt: skip
    return Draft(id_, body_of(kind, data or {}), at, by, epoch, incident)


def said(event: Event) -> dict[str, Any]:
    """What the event says, as it stands in its text."""
    return members(event.body)
