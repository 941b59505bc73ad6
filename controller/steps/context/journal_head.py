"""The expected heads of journals: a shortened or rewritten one is found (S18, S22).

```
 each look ── assessment {…, head: {seq: 41, hash: 9c…}, fleet: {seq: 3, hash: 07…}} ── table of this Region
                                     v
 a fresh process ── reads the newest one, then the journals: event 41, with that hash, or nothing moves
```
A chain shows what was changed in it, but not that its end is missing, nor that all of it was made anew. A
process that reads a journal for the first time finds that too; and one that lives on learns, each time that
it keeps an assessment, how far the other processes of its Region saw. What break-glass wrote down elsewhere
is in the application's journal once it can be reached, and so under the same head. What a restored journal
may lack, its own events say (`core.journal.restoration`).
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from controller.core.journal.event import Event
from controller.core.journal.head import Head, head_in
from controller.core.journal.notes import JournalRestored
from controller.core.journal.restoration import (
    Restoration,
    explained,
    head_of,
    reopened,
    restoration,
    restorations,
)
from controller.ports.errors import JournalUnreadable, OutsideUnreachable

Witness = Callable[[], Mapping[str, Any] | None]
"""What the newest assessment of this controller's Region saw of other records."""


@dataclass(frozen=True, slots=True)
class Seal:
    """The checkpoint at event `seq`, by its hash (`core.incident.checkpoint`)."""

    seq: int
    hash: str


OWN, FLEET_HEAD = "head", "fleet"
"""The names under which an assessment keeps the heads of the application's and of the fleet's journal."""
CALLED = {OWN: "the journal", FLEET_HEAD: "the fleet's journal"}


class JournalHead:
    """The furthest that this controller has seen of the journals it goes by.

    checkpoint: that the newest assessment named, or that this process kept.
    """

    def __init__(self) -> None:
        self.checkpoint: Seal | None = None
        self._heads: dict[str, Head] = {}
        self._restored: dict[str, tuple[Restoration, ...]] = {}
        self._witness: Witness | None = None
        self._unwitnessed: dict[str, dict[int, str]] = {OWN: {}, FLEET_HEAD: {}}
        """Number -> hash of the events that were read while no assessment answered."""
        self._other: dict[str, Head] = {}
        """What a witness saw otherwise than this process, which had read the journal before it answered."""
        self._news: dict[str, Restoration] = {}
        self._recalled = False
        self._tried = False

    def before_reading(self, witness: Witness, journal: str = OWN) -> Head | None:
        """Return the head that the journal must reach; None where none is known.

        journal: `OWN` or `FLEET_HEAD`.

        The assessment is asked once a process, and not again where nobody answered: an evacuation waits for
        no assessment.
        """
        self._witness = witness
        if not self._tried:
            self._tried = True
            self._recall(witness)
        return self._heads.get(journal)

    def after_reading(
        self,
        expected: Head | None,
        events: Sequence[Event],
        after: Event | None = None,
        restored: Sequence[Restoration] = (),
        *,
        journal: str = OWN,
    ) -> None:
        """Raise `JournalUnreadable` where `events` do not reach `expected`.

        The events were read after `expected` was known. after: the event that they follow, also read.
        restored: the restorations before them.
        """
        if not self._recalled:
            self._unwitnessed[journal] |= {event.seq: event.hash for event in events}
        every = events if after is None else (after, *events)
        known = (*restored, *restorations(events))
        other = self._other.get(journal)
        if other is not None and not explained(other, known):
            raise JournalUnreadable(_another(journal, other.seq))
        lacks = None if expected is None else _lacks(expected, every, journal)
        if expected is not None and lacks is not None:
            if not explained(expected, known) and not self._testified(expected, every, known, journal):
                raise JournalUnreadable(lacks)
            # From now on it is seen as it is: its numbers may be lower than those that are missing.
            if self._heads.get(journal) == expected:
                del self._heads[journal]
        self._restored[journal] = known[-1:]
        if expected is not None and known and known[-1].hash != expected.restored:
            self._news[journal] = known[-1]
        if events:
            self.saw(events[-1], journal)

    def news(self) -> Mapping[str, Restoration]:
        """Return each restoration that no assessment of this Region knows, by its journal.

        It is forgotten then.

        Whoever may append to a journal can write one, and arm at once. So somebody must be told of it whom
        they cannot silence: an assessment is in another table.
        """
        fresh, self._news = self._news, {}
        if not fresh or self._witness is None:
            return fresh
        with suppress(OutsideUnreachable):
            heads = heads_in(self._witness())
            return {name: each for name, each in fresh.items() if each.hash != _known(heads.get(name))}
        return fresh

    def _testified(
        self, expected: Head, every: Sequence[Event], known: Sequence[Restoration], journal: str
    ) -> bool:
        """Return True where the witness knows of nothing that is missing unsaid.

        What a process alone had seen when the journal was lost, nobody could say when it was restored. From
        then on this process knows no more than the next one: what its Region's assessments saw.
        """
        if not reopened(expected, known) or self._witness is None:
            return False
        with suppress(OutsideUnreachable):
            head = heads_in(self._witness()).get(journal)
            return head is not None and (_lacks(head, every, journal) is None or explained(head, known))
        return False

    def saw(self, event: Event, journal: str = OWN) -> None:
        if isinstance(event.body, JournalRestored):
            self._restored[journal] = (restoration(event, event.body),)
        known = self._heads.get(journal)
        if known is None or event.seq > known.seq:
            self._heads[journal] = head_of(event, self._restored.get(journal, ()))

    def learn(self, kept: Mapping[str, Any]) -> None:
        """Take what all processes of this Region saw, by the record just written."""
        for journal, head in heads_in(kept).items():
            known = self._heads.get(journal)
            if known is None or head.reach > known.reach:
                self._heads[journal] = head

    def to_note(self, witness: Witness) -> dict[str, Any]:
        """Return the heads as an assessment keeps them.

        The older assessment's heads are kept on, so that nothing is forgotten.
        """
        self._recall(witness)
        at = self.checkpoint
        noted = {name: head.data() for name, head in self._heads.items()}
        return noted if at is None else {**noted, "checkpoint": {"seq": at.seq, "hash": at.hash}}

    def _recall(self, witness: Witness) -> None:
        if self._recalled:
            return
        try:
            record = witness()
        except OutsideUnreachable:
            return
        self._recalled = True
        at = head_in((record or {}).get("checkpoint"))
        self.checkpoint = self.checkpoint or (Seal(at.seq, at.hash) if at else None)
        for journal, kept in heads_in(record).items():
            known = self._heads.get(journal)
            read = self._unwitnessed[journal].get(kept.seq, kept.hash)
            other = read != kept.hash and not explained(kept, self._restored.get(journal, ()))
            if other:
                self._other[journal] = kept
            if other or known is None or kept.reach >= known.reach:
                self._heads[journal] = kept
        self._unwitnessed = {OWN: {}, FLEET_HEAD: {}}


def _known(head: Head | None) -> str:
    return head.restored if head is not None else ""


def _another(journal: str, seq: int) -> str:
    told = f"event {seq} is another than the one this controller saw"
    return told if journal == OWN else f"{CALLED[journal]}: {told}"


def _lacks(expected: Head, every: Sequence[Event], journal: str) -> str | None:
    """Return how these events do not reach `expected`; None: they do, or follow it."""
    begin, end = (every[0].seq, every[-1].seq) if every else (1, 0)
    if expected.seq < begin:
        return None
    if expected.seq > end:
        return f"{CALLED[journal]} ends at event {end}; this controller saw event {expected.seq}"
    if every[expected.seq - begin].hash != expected.hash:
        return _another(journal, expected.seq)
    return None


def heads_in(record: Mapping[str, Any] | None) -> dict[str, Head]:
    """Return `OWN` and `FLEET_HEAD` -> the head that a record bears witness to."""
    found = {journal: head_in((record or {}).get(journal)) for journal in CALLED}
    return {journal: head for journal, head in found.items() if head is not None}
