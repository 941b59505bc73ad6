"""The head of a journal: how far somebody saw it.

```
 assessment {…, head: {seq: 41, hash: 9c…, restored: 07…, restored_at: 1790841600.0}, fleet: {…}}
```
What is read here may have been tampered with, and be anything.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any

LAST = 1 << 53
"""No number of an event is larger: beyond it JSON's numbers are not exact."""


@dataclass(frozen=True, slots=True)
class Head:
    """A journal up to and with event `seq`, as somebody saw it.

    hash: of that event; it stands for all before it. restored, restored_at: hash and time of the last
    `JournalRestored` up to it; "" and 0 where there was none.
    """

    seq: int
    hash: str
    restored: str = ""
    restored_at: float = 0.0

    @property
    def reach(self) -> tuple[float, int]:
        """Return how far it reaches: beyond all that was seen before a restoration."""
        return self.restored_at, self.seq

    def data(self) -> dict[str, Any]:
        """Return it as an assessment keeps it."""
        plain = {"seq": self.seq, "hash": self.hash}
        since = {"restored": self.restored, "restored_at": self.restored_at}
        return {**plain, **since} if self.restored else plain


def head_in(kept: object) -> Head | None:
    """Return the head that a member of an assessment is, or None.

    A record that an earlier version wrote has none.
    """
    found = kept if isinstance(kept, Mapping) else {}
    seq, sealed, restored = found.get("seq"), found.get("hash"), found.get("restored")
    if (
        isinstance(seq, bool)
        or not isinstance(seq, int)
        or not 0 < seq <= LAST
        or not isinstance(sealed, str)
    ):
        return None
    at = _moment(found.get("restored_at"))
    whole = isinstance(restored, str) and restored and at is not None
    return Head(seq, sealed, restored, at) if whole else Head(seq, sealed)  # type: ignore[arg-type]


def _moment(raw: object) -> float | None:
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        return None
    return float(raw) if abs(raw) <= LAST and isfinite(raw) else None
