"""The journal's events, numbered, each with the hash of the one before.

```
 #16  {"application":…,"prev":"9f…",…}  ─SHA-256 of this very text─┐
 #17  {"application":…,"prev":"<─────────────────────────────────┘",…}
```
Format 2: the text is RFC 8785, and its hash is that of its bytes as they stand, so whoever has the texts
needs no more than SHA-256 to check the chain. The last event's hash is kept by witnesses elsewhere.
"""

import hashlib
import json
from bisect import bisect_right
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Generic, TypeVar

from controller.core.canonical_json import canonical, is_canonical
from controller.core.journal import format1
from controller.core.journal.body import as_number, as_text, as_whole, body_of, kind_of, members
from controller.core.journal.kind import AHEAD, KINDS, Kind
from controller.core.journal.moves import HandedOver, Move, ReadinessDenied, Settled, ShiftRefused, StoodDown
from controller.core.journal.notes import DrillSkipped, Escalated, Note

GENESIS = "0" * 64
FORMAT = 2
Body = Move | Note
Coded = ReadinessDenied | ShiftRefused | Settled | StoodDown | HandedOver | DrillSkipped | Escalated
"""The events that bear a decision's code, or ""."""
B = TypeVar("B")
B_co = TypeVar("B_co", covariant=True)
MEMBERS = frozenset(
    {"application", "at", "by", "data", "epoch", "format", "id", "incident", "kind", "prev", "seq"}
)
"""The members of an event's text, each in each event."""


LATEST = 253_402_300_799
"""Seconds since 1970 of the last second that calendars of four digits have."""
UNREADABLE = (ValueError, TypeError, KeyError, RecursionError, OverflowError, MemoryError)
"""What comes of reading a text that anybody may have written."""


class UnknownKind(ValueError):  # noqa: N818
    """The event has a kind, or a format, that a later version writes."""


class WrittenAhead(ValueError):  # noqa: N818
    """This version reads the kind, and the next one writes it."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A draft is an event before it has its number.

    id: random; after a lost reply it distinguishes our event from another writer's. by: a person's id, or
    `tidegate@REGION`. at: seconds since 1970.
    """

    id: str
    body: Body
    at: float
    by: str
    epoch: int = 0
    incident: str | None = None

    @property
    def kind(self) -> Kind:
        return kind_of(self.body)


@dataclass(frozen=True, slots=True)
class Event:
    """An event is a draft with its number in the journal.

    seq: its number among the events of `application`. prev: the hash of the event before it. text: as it is
    stored and hashed. format: of the text.
    """

    application: str
    seq: int
    prev: str
    draft: Draft
    hash: str
    text: str
    format: int = FORMAT

    @property
    def kind(self) -> Kind:
        return self.draft.kind

    @property
    def at(self) -> float:
        return self.draft.at

    @property
    def body(self) -> Body:
        return self.draft.body


@dataclass(frozen=True, slots=True)
class Written(Generic[B_co]):
    """An event of a known kind: what it says, its number, time and writer."""

    seq: int
    at: float
    by: str
    incident: str | None
    said: B_co


def written(event: Event, said: B) -> Written[B]:
    """Return the event's body, `said`, with the event's number, time and writer."""
    return Written(event.seq, event.at, event.draft.by, event.draft.incident, said)


def seal(application: str, draft: Draft, after: Event | None) -> Event:
    """Give `draft` the next number after `after` and chain it.

    Raises `ValueError` where it holds what JSON cannot; `WrittenAhead`.
    """
    refuse_ahead(draft.kind)
    seq, prev = (after.seq + 1, after.hash) if after else (1, GENESIS)
    text = canonical(
        {
            "format": FORMAT,
            "application": application,
            "seq": seq,
            "prev": prev,
            "id": draft.id,
            "kind": draft.kind.value,
            "at": draft.at,
            "by": draft.by,
            "epoch": draft.epoch,
            "incident": draft.incident,
            "data": members(draft.body),
        }
    )
    return Event(application, seq, prev, draft, hash_of(text), text)


def refuse_ahead(kind: Kind, ahead: Collection[Kind] = AHEAD) -> None:
    """Raise `WrittenAhead` for a kind that the version before this one could not read."""
    if kind in ahead:
        raise WrittenAhead(f"{kind} is read by this version, and written by the next one only")


def hash_of(text: str) -> str:
    """Return the hash of an event's text in format 2."""
    return hashlib.sha256(text.encode()).hexdigest()


def event_of(text: str) -> Event:
    """Return the event that one text holds, in either format.

    Raises `UnknownKind`; `ValueError` for a text that is no event, that is not spelled as one, or whose own
    hash is another (format 1).
    """
    try:
        raw = json.loads(text)
        if not isinstance(raw, dict):
            raise ValueError("not a journal event: it is no JSON object")
        written = raw.get("format", 1)
        if written == 1 and "draft" in raw:
            found = format1.members_of(raw)
            return _event(found, text, found["hash"], 1)
        if written is True or written != FORMAT:
            raise UnknownKind(
                f"event {raw['seq']} is of format {written!r}, which this version does not know"
            )
        if frozenset(raw) != MEMBERS or not is_canonical(text, raw):
            raise ValueError(
                f"not a journal event: expected one line of RFC 8785 JSON with {', '.join(sorted(MEMBERS))}"
            )
        return _event(raw, text, hash_of(text), FORMAT)
    except UNREADABLE as error:
        if isinstance(error, ValueError) and not isinstance(error, json.JSONDecodeError):
            raise
        raise ValueError(f"not a journal event: {error}") from error


def _event(raw: dict[str, Any], text: str, sealed: str, written: int) -> Event:
    kind, seq = as_text(raw["kind"]), as_whole(raw["seq"])
    if kind not in KINDS:
        raise UnknownKind(f"event {seq} is of a kind this version does not know: {kind!r}")
    said = body_of(Kind(kind), raw["data"])
    incident = None if raw["incident"] is None else as_text(raw["incident"])
    by, epoch, at = as_text(raw["by"]), as_whole(raw["epoch"]), as_number(raw["at"])
    if not 0 <= at <= LATEST:
        raise ValueError(f"event {seq} is of no time")
    draft = Draft(as_text(raw["id"]), said, at, by, epoch, incident)
    return Event(as_text(raw["application"]), seq, as_text(raw["prev"]), draft, sealed, text, written)


def broken_at(events: Sequence[Event], after: Event | None = None) -> int | None:
    """Return the number of the first broken event; None if all are whole.

    An event is broken where its place, its predecessor or its text is wrong, or where its format is older
    than that of the one before. `events` must begin with number 1, or with the one that follows `after`. The
    rest does not show that the last events are missing; a reader that keeps the last hash elsewhere compares
    it with `events[-1].hash`.
    """
    prev, first, format_ = (after.hash, after.seq + 1, after.format) if after else (GENESIS, 1, 1)
    for number, event in enumerate(events, start=first):
        if (
            event.seq != number
            or event.prev != prev
            or event.format < format_
            or event.hash != _sealed(event)
        ):
            return number
        prev, format_ = event.hash, event.format
    return None


def _sealed(event: Event) -> str:
    if event.format == 1:
        return format1.hash_of(json.loads(event.text))
    return hash_of(event.text)


def written_until(events: Sequence[Event], at: float) -> Sequence[Event]:
    """Return the events that were written by `at`: always a beginning of the journal.

    Controllers' clocks differ, so times may step back a little: an event counts from the latest time that
    it or one before it bears.
    """
    return events[: bisect_right(list(accumulate((event.at for event in events), max)), at)]
