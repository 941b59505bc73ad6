"""The rule of what a restored journal may lack, by its own `JournalRestored` events.

```
 seen before   … 36 ─ 37 ─ 38 ─ 39 ─ 40 ─ 41         a witness: {seq: 41, hash: 9c…}
 restored      … 36 ─ 37 JournalRestored {first: 37, last: 41, head: 9c…} ─ 38 ─ 39 …
```
A head that the journal does not reach, or that names another event, is explained where such an event says
that its number is missing, and of the last number also which event that was. What was seen since then bears
the event's hash, and only a later one can explain it: else numbers that are used again could be cut away.
Where that event is missing itself, only one can that says so, by its time (`restored_at`): else whoever
rewrites it would be believed in all that they write behind it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from controller.core.journal.event import Event
from controller.core.journal.head import Head
from controller.core.journal.notes import JournalRestored


@dataclass(frozen=True, slots=True)
class Restoration:
    """A `JournalRestored` event: its number, hash, time and writer, and what it says."""

    seq: int
    hash: str
    at: float
    by: str
    said: JournalRestored


def restoration(event: Event, said: JournalRestored) -> Restoration:
    return Restoration(event.seq, event.hash, event.at, event.draft.by, said)


def restorations(events: Iterable[Event]) -> tuple[Restoration, ...]:
    """Return the restorations among `events`, in their order."""
    return tuple(restoration(e, e.body) for e in events if isinstance(e.body, JournalRestored))


def explained(head: Head, restored: Sequence[Restoration]) -> bool:
    """Return True where a restoration says why the journal does not hold `head`.

    restored: all those of the journal, in their order.
    """
    return any(_covers(each.said, head) for each in since(head, restored))


def reopened(head: Head, restored: Sequence[Restoration]) -> bool:
    """Return True where the journal was restored after `head` was seen.

    It was, from that event or an earlier one on. Whether all that was seen is explained, `explained` says.
    """
    return any(each.said.first <= head.seq for each in since(head, restored))


def since(head: Head, restored: Sequence[Restoration]) -> Sequence[Restoration]:
    """Return the restorations that whoever saw `head` did not know yet.

    restored: all those of the journal, in their order.
    """
    if not head.restored:
        return restored
    for place, each in enumerate(restored, start=1):
        if each.hash == head.restored:
            return restored[place:]
    return [each for each in restored if each.said.restored_at >= head.restored_at]


def _covers(said: JournalRestored, head: Head) -> bool:
    if not said.first <= head.seq <= said.last:
        return False
    return head.seq < said.last or head.hash == said.head


def head_of(event: Event, restored: Sequence[Restoration]) -> Head:
    """Return the head of a journal that ends with `event`.

    restored: the restorations up to it, in their order.
    """
    last = restored[-1] if restored else None
    return Head(event.seq, event.hash, *((last.hash, last.at) if last else ()))


def missing(said: JournalRestored) -> str:
    """Return what is missing, as a part of a sentence."""
    if said.last < said.first:
        return f"no controller saw an event after {said.first - 1}, but there may have been some"
    range_ = f"events {said.first} to {said.last} are" if said.first < said.last else f"event {said.last} is"
    return f"{range_} missing" + (f" ({said.witness} saw event {said.last})" if said.witness else "")


def story(said: JournalRestored) -> str:
    """Return what was done and what is missing, as a sentence."""
    silent = f"; {', '.join(said.silent)} could not be asked" if said.silent else ""
    why = f": {said.reason}" if said.reason else ""
    return f"the journal was restored from {said.table or 'a backup'}: {missing(said)}{silent}{why}"
