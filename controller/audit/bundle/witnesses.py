"""The witnesses of the journals' ends: how far each assessment saw them.

```
 assessment {…, head: {seq: 41, hash: 9c…}, fleet: {seq: 3, hash: 07…}}
 the journal  … 40 ── 41: that hash        the fleet's  … 2 ── 3: that hash        or it is not whole
```
Numbers are compared, and no times: what somebody saw must be there, whatever clocks say of it; or a restored
journal says that it is missing (`core.journal.restoration`).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from controller.audit.bundle.chains import by_hash
from controller.audit.bundle.manifest import FLEET, JOURNAL
from controller.core.journal.event import Event
from controller.core.journal.head import Head, head_in
from controller.core.journal.restoration import explained, restorations

Seen = dict[int, set[tuple[Head, str]]]
"""Event number -> (the head that ends with it, the place where somebody saw that)."""
HEADS = {JOURNAL: "head", FLEET: "fleet"}
"""Each journal -> the member of an assessment that says how far its writer saw it."""


class Witnesses:
    """The heads that were seen of each journal, by its file's name."""

    def __init__(self) -> None:
        self.seen: dict[str, Seen] = {name: {} for name in HEADS}

    def hear(self, record: Mapping[str, Any], by: str) -> None:
        """Note what a record says that its writer saw. by: the place of the record."""
        for name in HEADS:
            head = head_in(record.get(HEADS[name]))
            if head is not None:
                self.note(name, head, by)

    def note(self, name: str, head: Head, by: str) -> None:
        """Note that somebody saw this head of a journal. by: the place where that is written."""
        self.seen[name].setdefault(head.seq, set()).add((head, by))

    def join(self, other: "Witnesses") -> None:
        for name, seen in other.seen.items():
            for seq, heads in seen.items():
                self.seen[name].setdefault(seq, set()).update(heads)

    def furthest(self, name: str) -> int:
        """Return the number of the last event of a journal that anybody saw; 0 for none."""
        return max(self.seen[name], default=0)


def missed(events: Sequence[Event], seen: Seen) -> tuple[int, str] | None:
    """Return the first event that somebody saw and the journal lacks, or has otherwise.

    That is its number, and a sentence. events: all of the journal. None where it has each.
    """
    restored = restorations(events)
    for seq in sorted(seen):
        there = events[seq - 1].hash if seq <= len(events) else None
        for head, by in sorted(seen[seq], key=by_hash):
            if there != head.hash and explained(head, restored):
                continue
            if there is None:
                return seq, f"it ends at event {len(events)}; {by} saw event {seq}"
            if there != head.hash:
                return seq, f"event {seq} is another than {by} saw"
    return None
