"""The journal's expected head, by which a shortened journal is found (S18).

```
 each look ── assessment {…, head: {seq: 41, hash: 9c…}} ── table of this controller's own Region
                                     v
 a fresh process ── reads the newest one's, then the journal: event 41, with that hash, or nothing moves
```
A chain shows what was changed in it, but not that its end is missing. A process that reads the journal for
the first time finds that too.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from controller.core.journal import Event
from controller.ports.errors import JournalUnreadable, OutsideUnreachable

Witness = Callable[[], Mapping[str, Any] | None]
"""What the newest assessment of this controller's Region saw of other records."""


@dataclass(frozen=True, slots=True)
class Head:
    """The journal up to and with event `seq`.

    hash: of that event; it stands for all before it.
    """

    seq: int
    hash: str


class JournalHead:
    """The furthest that this controller is known to have seen of its application's journal."""

    def __init__(self) -> None:
        self._head: Head | None = None
        self._recalled = False
        self._tried = False

    def before_reading(self, witness: Witness) -> Head | None:
        """Return the head that the journal must reach; None where none is known.

        The assessment is asked once a process, and not again where nobody answered: an evacuation waits for
        no assessment.
        """
        if not self._tried:
            self._tried = True
            self._recall(witness)
        return self._head

    def after_reading(self, expected: Head | None, events: Sequence[Event]) -> None:
        """Raise `JournalUnreadable` where `events` do not reach `expected`.

        The events were read after `expected` was known.
        """
        if expected is not None:
            there = events[expected.seq - 1] if len(events) >= expected.seq else None
            if there is None:
                sentence = (
                    f"the journal ends at event {len(events)}; this controller saw event {expected.seq}"
                )
                raise JournalUnreadable(sentence)
            if there.hash != expected.hash:
                raise JournalUnreadable(f"event {expected.seq} is another than the one this controller saw")
        if events:
            self.saw(events[-1])

    def saw(self, event: Event) -> None:
        if self._head is None or event.seq > self._head.seq:
            self._head = Head(event.seq, event.hash)

    def to_note(self, witness: Witness) -> dict[str, Any]:
        """Return the head as an assessment keeps it.

        The older assessment's head is kept on, so that nothing is forgotten.
        """
        self._recall(witness)
        head = self._head
        return {} if head is None else {"head": {"seq": head.seq, "hash": head.hash}}

    def _recall(self, witness: Witness) -> None:
        if self._recalled:
            return
        try:
            kept = _head_of(witness())
        except OutsideUnreachable:
            return
        self._recalled = True
        if kept is not None and (self._head is None or kept.seq >= self._head.seq):
            self._head = kept


def _head_of(record: Mapping[str, Any] | None) -> Head | None:
    """Return the head in a record; None where it has none.

    A record that an earlier version wrote has none.
    """
    head = (record or {}).get("head") or {}
    seq, sealed = head.get("seq"), head.get("hash")
    return Head(seq, sealed) if isinstance(seq, int) and seq > 0 and isinstance(sealed, str) else None
