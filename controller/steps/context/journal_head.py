"""The expected heads of journals: a shortened or rewritten one is found (S18, S22).

```
 each look ── assessment {…, head: {seq: 41, hash: 9c…}, fleet: {seq: 3, hash: 07…}} ── table of this Region
                                     v
 a fresh process ── reads the newest one, then the journals: event 41, with that hash, or nothing moves
```
A chain shows what was changed in it, but not that its end is missing, nor that all of it was made anew. A
process that reads a journal for the first time finds that too; and one that lives on learns, each time that
it keeps an assessment, how far the other processes of its Region saw. What break-glass wrote down elsewhere
is in the application's journal once it can be reached, and so under the same head.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from controller.core.journal.event import Event
from controller.ports.errors import JournalUnreadable, OutsideUnreachable

Witness = Callable[[], Mapping[str, Any] | None]
"""What the newest assessment of this controller's Region saw of other records."""


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


OWN, FLEET = "head", "fleet"
"""The names under which an assessment keeps the heads of the application's and of the fleet's journal."""
CALLED = {OWN: "the journal", FLEET: "the fleet's journal"}


class JournalHead:
    """The furthest that this controller saw of the journals that it goes by.

    checkpoint: that the newest assessment named, or that this process kept.
    """

    def __init__(self) -> None:
        self.checkpoint: Seal | None = None
        self._heads: dict[str, Head] = {}
        self._unwitnessed: dict[str, dict[int, str]] = {OWN: {}, FLEET: {}}
        """Number -> hash of the events that were read while no assessment answered."""
        self._other: dict[str, str] = {}
        """What is wrong with a journal, which was read so and held against its witness later."""
        self._recalled = False
        self._tried = False

    def before_reading(self, witness: Witness, journal: str = OWN) -> Head | None:
        """Return the head that the journal must reach; None where none is known.

        journal: `OWN` or `FLEET`.

        The assessment is asked once a process, and not again where nobody answered: an evacuation waits for
        no assessment.
        """
        if not self._tried:
            self._tried = True
            self._recall(witness)
        return self._heads.get(journal)

    def after_reading(
        self,
        expected: Head | None,
        events: Sequence[Event],
        after: Event | None = None,
        *,
        journal: str = OWN,
    ) -> None:
        """Raise `JournalUnreadable` where `events` do not reach `expected`.

        The events were read after `expected` was known. after: the event that they follow, also read.
        """
        if not self._recalled:
            self._unwitnessed[journal] |= {event.seq: event.hash for event in events}
        if journal in self._other:
            raise JournalUnreadable(self._other[journal])
        every = events if after is None else (after, *events)
        begin, end = (every[0].seq, every[-1].seq) if every else (1, 0)
        if expected is not None and expected.seq >= begin:
            if expected.seq > end:
                told = f"{CALLED[journal]} ends at event {end}; this controller saw event {expected.seq}"
                raise JournalUnreadable(told)
            if every[expected.seq - begin].hash != expected.hash:
                raise JournalUnreadable(_another(journal, expected.seq))
        if events:
            self.saw(events[-1], journal)

    def saw(self, event: Event, journal: str = OWN) -> None:
        known = self._heads.get(journal)
        if known is None or event.seq > known.seq:
            self._heads[journal] = Head(event.seq, event.hash)

    def learn(self, kept: Mapping[str, Any]) -> None:
        """Take what all processes of this Region saw, as the record that was just written keeps it."""
        for journal in CALLED:
            head, known = _noted(kept, journal), self._heads.get(journal)
            if head is not None and (known is None or head[0] > known.seq):
                self._heads[journal] = Head(*head)

    def to_note(self, witness: Witness) -> dict[str, Any]:
        """Return the heads as an assessment keeps them.

        The older assessment's heads are kept on, so that nothing is forgotten.
        """
        self._recall(witness)
        at = self.checkpoint
        noted = {name: {"seq": head.seq, "hash": head.hash} for name, head in self._heads.items()}
        return noted if at is None else {**noted, "checkpoint": {"seq": at.seq, "hash": at.hash}}

    def _recall(self, witness: Witness) -> None:
        if self._recalled:
            return
        try:
            record = witness()
        except OutsideUnreachable:
            return
        self._recalled = True
        at = _noted(record, "checkpoint")
        self.checkpoint = self.checkpoint or (Seal(*at) if at else None)
        for journal in CALLED:
            kept, known = _noted(record, journal), self._heads.get(journal)
            if kept is None:
                continue
            other = self._unwitnessed[journal].get(kept[0], kept[1]) != kept[1]
            if other:
                self._other[journal] = _another(journal, kept[0])
            if other or known is None or kept[0] >= known.seq:
                self._heads[journal] = Head(*kept)
        self._unwitnessed = {OWN: {}, FLEET: {}}


def _another(journal: str, seq: int) -> str:
    told = f"event {seq} is another than the one this controller saw"
    return told if journal == OWN else f"{CALLED[journal]}: {told}"


def _noted(record: Mapping[str, Any] | None, name: str) -> tuple[int, str] | None:
    """Return the number and the hash under `name`, if the record has both.

    A record that an earlier version wrote has neither.
    """
    found = (record or {}).get(name)
    seq, sealed = (found.get("seq"), found.get("hash")) if isinstance(found, Mapping) else (None, None)
    return (seq, sealed) if isinstance(seq, int) and seq > 0 and isinstance(sealed, str) else None
