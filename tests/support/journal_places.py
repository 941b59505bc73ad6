"""Changes of a journal at one place, as somebody makes them who can write to its table.

```
 #1 ── #2 ── #3 ── … ── #n      each: number, text, and the hash that is stored beside it
        └ place 2: edited, dropped, swapped with #3, one put in before it, cut from here, rewritten from here
```
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from controller.core.journal.event import Draft, Event, hash_of, seal
from controller.core.journal.notes import Refused
from controller.rehearsal.cloud import Cloud
from tests.support.journal_events import rewritten as with_members
from tests.support.policy_scene import OTHER

TABLE = "tidegate-journal"
FORGED = Draft("forged", Refused(command="arm", reason="forged"), 1_893_484_900.0, "mallory")


class Row(NamedTuple):
    """What stands in the table under one number."""

    seq: int
    text: str
    hash: str


Rows = list[Row]
Change = Callable[[Sequence[Event], int], Rows]


def rows(events: Sequence[Event]) -> Rows:
    return [Row(event.seq, event.text, event.hash) for event in events]


def edited(events: Sequence[Event], place: int) -> Rows:
    """In place, and the old hash stays beside it."""
    return _with(events, place, with_members(events[place - 1], by="mallory"), events[place - 1].hash)


def edited_and_hashed(events: Sequence[Event], place: int) -> Rows:
    text = with_members(events[place - 1], by="mallory")
    return _with(events, place, text, hash_of(text))


def dropped(events: Sequence[Event], place: int) -> Rows:
    return [row for row in rows(events) if row.seq != place]


def swapped(events: Sequence[Event], place: int) -> Rows:
    """With the next one: each stands under the other's number, as it was."""
    one, two = events[place - 1 : place + 1]
    found = rows(events)
    found[place - 1 : place + 1] = [Row(place, two.text, two.hash), Row(place + 1, one.text, one.hash)]
    return found


def swapped_and_linked(events: Sequence[Event], place: int) -> Rows:
    """With the next one: both have the other's number, and hashes made anew."""
    one, two = events[place - 1 : place + 1]
    return rows(
        [*_chained(events[: place - 1], [two.draft, one.draft], one.application), *events[place + 1 :]]
    )


def inserted(events: Sequence[Event], place: int) -> Rows:
    """One is put in before it; those that follow stand one further on, as they were."""
    before = _chained(events[: place - 1], [FORGED], events[0].application)
    return rows(before) + [Row(event.seq + 1, event.text, event.hash) for event in events[place - 1 :]]


def inserted_and_linked(events: Sequence[Event], place: int) -> Rows:
    """One is put in before it; those that follow have new numbers and new hashes."""
    after = [event.draft for event in events[place - 1 :]]
    return rows(_chained(events[: place - 1], [FORGED, *after], events[0].application))


def truncated(events: Sequence[Event], place: int) -> Rows:
    return rows(events[: place - 1])


def rewritten(events: Sequence[Event], place: int) -> Rows:
    """From there to the end, with all hashes made anew."""
    fresh = [replace(event.draft, by="mallory") for event in events[place - 1 :]]
    return rows(_chained(events[: place - 1], fresh, events[0].application))


def erased(_events: Sequence[Event], _place: int) -> Rows:
    return []


def places(change: Change, length: int) -> range:
    """The places of a journal at which a change can be made."""
    last: dict[Change, int] = {swapped: length - 1, swapped_and_linked: length - 1, erased: 1}
    return range(1, last.get(change, length) + 1)


CHANGES: tuple[Change, ...] = (
    edited, edited_and_hashed, dropped, swapped, swapped_and_linked, inserted, inserted_and_linked, truncated,
    rewritten, erased,
)  # fmt: skip


@dataclass(frozen=True)
class Named:
    """The numbers of the events that must be named, each as `named` says.

    fresh: by a process that begins. at_once: by one that lives, at its next look; None: it finds it later.
    later: what it names then, within ten minutes. export, check: of a bundle.
    """

    fresh: int
    at_once: int | None
    later: int
    export: int
    check: int


def named(change: Change, place: int, length: int, seen: set[int]) -> Named:
    """The rule, of a journal with `length` events; seen: numbers that assessments name, the last among them.

    What the table shows by itself comes first: the event whose stored hash is another, or the first that does
    not follow the one before it. Where it shows nothing, a witness tells: a controller has one, which is the
    last event; an export and a check have all assessments, and name the first that was seen and is not so.
    A process that lives looks at the last event first. The lines of a bundle have no hash beside them, and
    are held against links and witnesses in one go.
    """
    witness = min(seq for seq in seen if seq >= place)
    after, beyond = (number if number <= length else None for number in (place + 1, place + 2))
    own: dict[Change, int | None] = {
        edited: place, edited_and_hashed: after, dropped: place if after else None, swapped: place,
        swapped_and_linked: beyond, inserted: place + 1,
    }  # fmt: skip
    shows = own.get(change)
    lines = after if change is edited else shows
    changed: dict[Change, int] = {edited: place, edited_and_hashed: place, dropped: place,
                                  swapped: place + 1, swapped_and_linked: place + 1}  # fmt: skip
    at_the_end = changed.get(change, length) == length
    return Named(
        fresh=shows or length,
        at_once=max(length, place + 1 if change is inserted else 0) if at_the_end else None,
        later=shows or length,
        export=shows or witness,
        check=min(lines or witness, witness),
    )


def lay(cloud: Cloud, journal: str, there: Rows, wanted: Rows) -> None:
    """Make the table hold `wanted` in place of `there`."""
    kept = set(wanted)
    numbers = {row.seq for row in wanted}
    for row in there:
        if row.seq not in numbers:
            key = {"application": {"S": journal}, "seq": {"N": str(row.seq)}}
            cloud.call("dynamodb", "DeleteItem", OTHER, {"TableName": TABLE, "Key": key})
    for row in kept - set(there):
        item = {"application": {"S": journal}, "seq": {"N": str(row.seq)}, "body": {"S": row.text},
                "hash": {"S": row.hash}}  # fmt: skip
        cloud.call("dynamodb", "PutItem", OTHER, {"TableName": TABLE, "Item": item})


def _with(events: Sequence[Event], place: int, text: str, sealed: str) -> Rows:
    found = rows(events)
    found[place - 1] = Row(place, text, sealed)
    return found


def _chained(before: Sequence[Event], drafts: Sequence[Draft], journal: str) -> list[Event]:
    found = list(before)
    for draft in drafts:
        found.append(seal(journal, draft, found[-1] if found else None))
    return found
