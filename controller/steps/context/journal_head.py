"""The journal's expected head, by which a shortened journal is found (S18).

```
 each look ── assessment {…, head: {seq: 41, hash: 9c…}} ── table of this controller's own Region
                                     v
 a fresh process ── reads the newest one's, then the journal: event 41, with that hash, or nothing moves
```
A chain shows what was changed in it, but not that its end is missing. A process that reads the journal for
the first time finds that too. What a restored journal may lack, its own events say (`core.journal.restored`).
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from controller.core.journal.event import Event
from controller.core.journal.notes import JournalRestored
from controller.core.journal.restored import Head, Restoration, explained, reopened, restorations
from controller.ports.errors import JournalUnreadable, OutsideUnreachable

Witness = Callable[[], Mapping[str, Any] | None]
"""What the newest assessment of this controller's Region saw of other records."""


@dataclass(frozen=True, slots=True)
class Seal:
    """The checkpoint at event `seq`, by its hash (`core.incident.checkpoint`)."""

    seq: int
    hash: str


class JournalHead:
    """The furthest that this controller is known to have seen of its application's journal.

    checkpoint: that the newest assessment named, or that this process kept.
    """

    def __init__(self) -> None:
        self.checkpoint: Seal | None = None
        self._head: Head | None = None
        self._restored = ""
        self._witness: Witness | None = None
        self._recalled = False
        self._tried = False

    def before_reading(self, witness: Witness) -> Head | None:
        """Return the head that the journal must reach; None where none is known.

        The assessment is asked once a process, and not again where nobody answered: an evacuation waits for
        no assessment.
        """
        self._witness = witness
        if not self._tried:
            self._tried = True
            self._recall(witness)
        return self._head

    def after_reading(
        self,
        expected: Head | None,
        events: Sequence[Event],
        after: Event | None = None,
        restored: Sequence[Restoration] = (),
    ) -> None:
        """Raise `JournalUnreadable` where `events` do not reach `expected`.

        The events were read after `expected` was known. after: the event that they follow, also read.
        restored: the restorations before them.
        """
        every = events if after is None else (after, *events)
        known = (*restored, *restorations(events))
        lacks = None if expected is None else _lacks(expected, every)
        if expected is not None and lacks is not None:
            if not explained(expected, known) and not self._testified(expected, every, known):
                raise JournalUnreadable(lacks)
            # From now on it is seen as it is: its numbers may be lower than those that are missing.
            self._head = None if self._head == expected else self._head
        self._restored = known[-1].hash if known else ""
        if events:
            self.saw(events[-1])

    def _testified(self, expected: Head, every: Sequence[Event], known: Sequence[Restoration]) -> bool:
        """Return True where the witness knows of nothing that is missing unsaid.

        What a process alone had seen when the journal was lost, nobody could say when it was restored. From
        then on this process knows no more than the next one: what its Region's assessments saw.
        """
        if not reopened(expected, known) or self._witness is None:
            return False
        with suppress(OutsideUnreachable):
            head = head_in(self._witness())
            return head is not None and (_lacks(head, every) is None or explained(head, known))
        return False

    def saw(self, event: Event) -> None:
        if isinstance(event.body, JournalRestored):
            self._restored = event.hash
        if self._head is None or event.seq > self._head.seq:
            self._head = Head(event.seq, event.hash, self._restored)

    def to_note(self, witness: Witness) -> dict[str, Any]:
        """Return the head as an assessment keeps it.

        The older assessment's head is kept on, so that nothing is forgotten.
        """
        self._recall(witness)
        head, at = self._head, self.checkpoint
        noted = {} if head is None else {"head": _head_data(head)}
        return noted if at is None else {**noted, "checkpoint": {"seq": at.seq, "hash": at.hash}}

    def _recall(self, witness: Witness) -> None:
        if self._recalled:
            return
        try:
            record = witness()
        except OutsideUnreachable:
            return
        self._recalled = True
        kept, at = head_in(record), _noted(record, "checkpoint")
        self.checkpoint = self.checkpoint or (Seal(*at) if at else None)
        if kept is not None and (self._head is None or kept.seq >= self._head.seq):
            self._head = kept


def _lacks(expected: Head, every: Sequence[Event]) -> str | None:
    """Return how these events do not reach `expected`; None where they do, or follow it."""
    begin, end = (every[0].seq, every[-1].seq) if every else (1, 0)
    if expected.seq < begin:
        return None
    if expected.seq > end:
        return f"the journal ends at event {end}; this controller saw event {expected.seq}"
    if every[expected.seq - begin].hash != expected.hash:
        return f"event {expected.seq} is another than the one this controller saw"
    return None


def head_in(record: Mapping[str, Any] | None) -> Head | None:
    """Return the head in a record; None where it has none.

    A record that an earlier version wrote has none.
    """
    found = _noted(record, "head")
    if found is None:
        return None
    restored = (record or {})["head"].get("restored")
    return Head(*found, restored if isinstance(restored, str) else "")


def heads_in(application: str, witness: Mapping[str, Any] | None) -> dict[str, Head]:
    """Return journal -> its head, for all heads that the assessments of `application` bear witness to."""
    head = head_in(witness)
    return {} if head is None else {application: head}


def _head_data(head: Head) -> dict[str, Any]:
    plain = {"seq": head.seq, "hash": head.hash}
    return {**plain, "restored": head.restored} if head.restored else plain


def _noted(record: Mapping[str, Any] | None, name: str) -> tuple[int, str] | None:
    """Return the number and the hash under `name`, if the record has both."""
    found = (record or {}).get(name)
    seq, sealed = (found.get("seq"), found.get("hash")) if isinstance(found, Mapping) else (None, None)
    return (seq, sealed) if isinstance(seq, int) and seq > 0 and isinstance(sealed, str) else None
