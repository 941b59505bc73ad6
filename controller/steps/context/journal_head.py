"""The journal's expected head, by which a shortened journal is found (S18).

```
 each look ── assessment {…, head: {seq: 41, hash: 9c…}} ── table of this controller's own Region
                                     v
 a fresh process ── reads the newest one, then the journal: event 41, with that hash, or nothing moves
```
A chain shows what was changed in it, but not that its end is missing. A process that reads the journal for
the first time finds that too.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from controller.core.journal.event import Event
from controller.ports.errors import JournalUnreadable, OutsideUnreachable

Newest = Callable[[], Mapping[str, Any] | None]
"""The newest assessment of this controller's Region."""


@dataclass(frozen=True, slots=True)
class Seal:
    """The checkpoint at event `seq`, by its hash (`core.incident.checkpoint`)."""

    seq: int
    hash: str


@dataclass(frozen=True, slots=True)
class Head:
    """The journal up to and with event `seq`.

    hash: of that event; it stands for all before it.
    """

    seq: int
    hash: str


class JournalHead:
    """The furthest that this controller is known to have seen of its application's journal.

    checkpoint: that the newest assessment named, or that this process kept.
    """

    def __init__(self) -> None:
        self.checkpoint: Seal | None = None
        self._head: Head | None = None
        self._recalled = False
        self._tried = False

    def before_reading(self, newest: Newest) -> Head | None:
        """Return the head that the journal must reach; None where none is known.

        The assessment is asked once a process, and not again where nobody answered: an evacuation waits for
        no assessment.
        """
        if not self._tried:
            self._tried = True
            self._recall(newest)
        return self._head

    def after_reading(
        self, expected: Head | None, events: Sequence[Event], after: Event | None = None
    ) -> None:
        """Raise `JournalUnreadable` where `events` do not reach `expected`.

        The events were read after `expected` was known. after: the event that they follow, also read.
        """
        every = events if after is None else (after, *events)
        begin, end = (every[0].seq, every[-1].seq) if every else (1, 0)
        if expected is not None and expected.seq >= begin:
            if expected.seq > end:
                sentence = f"the journal ends at event {end}; this controller saw event {expected.seq}"
                raise JournalUnreadable(sentence)
            if every[expected.seq - begin].hash != expected.hash:
                raise JournalUnreadable(f"event {expected.seq} is another than the one this controller saw")
        if events:
            self.saw(events[-1])

    def saw(self, event: Event) -> None:
        if self._head is None or event.seq > self._head.seq:
            self._head = Head(event.seq, event.hash)

    def to_note(self, newest: Newest) -> dict[str, Any]:
        """Return the head as an assessment keeps it.

        The older assessment's head is kept on, so that nothing is forgotten.
        """
        self._recall(newest)
        head, at = self._head, self.checkpoint
        noted = {} if head is None else {"head": {"seq": head.seq, "hash": head.hash}}
        return noted if at is None else {**noted, "checkpoint": {"seq": at.seq, "hash": at.hash}}

    def _recall(self, newest: Newest) -> None:
        if self._recalled:
            return
        try:
            record = newest()
        except OutsideUnreachable:
            return
        self._recalled = True
        kept, at = _head_of(record), _noted(record, "checkpoint")
        self.checkpoint = self.checkpoint or (Seal(*at) if at else None)
        if kept is not None and (self._head is None or kept.seq >= self._head.seq):
            self._head = kept


def _head_of(record: Mapping[str, Any] | None) -> Head | None:
    """Return the head in a record; None where it has none.

    A record that an earlier version wrote has none.
    """
    found = _noted(record, "head")
    return Head(*found) if found else None


def _noted(record: Mapping[str, Any] | None, name: str) -> tuple[int, str] | None:
    """Return the number and the hash under `name`, if the record has both."""
    found = (record or {}).get(name)
    seq, sealed = (found.get("seq"), found.get("hash")) if isinstance(found, Mapping) else (None, None)
    return (seq, sealed) if isinstance(seq, int) and seq > 0 and isinstance(sealed, str) else None
