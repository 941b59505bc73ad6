"""The history of a table: what each item was before a write."""

from collections import deque
from dataclasses import dataclass, field

from controller.rehearsal.services.dynamodb.store import Row, Store, TableInfo

Key = tuple[bytes, bytes]
KEPT = 35 * 86_400.0
"""Seconds."""


@dataclass(slots=True)
class History:
    """The changes of one table, the oldest first, in this process.

    begun: since when they are known, in seconds since 1970.
    """

    begun: float
    _changes: deque[tuple[float, Key, Row | None]] = field(default_factory=deque)

    def note(self, at: float, key: Key, before: Row | None) -> None:
        """Keep what an item was until `at`; None: there was none."""
        self._changes.append((at, key, before))
        while self._changes[0][0] < at - KEPT:
            self._changes.popleft()

    def forget(self) -> None:
        self._changes.clear()

    def rows(self, store: Store, info: TableInfo, at: float | None = None) -> dict[Key, Row]:
        """Return the rows of the table as they are, or as they were at a time."""
        found = {(p, info.keys.of_item(row.item)[1]): row for p, row in store.scan(info.name, None)}
        for when, key, before in reversed(self._changes if at is not None else ()):
            if at is None or when <= at:
                break
            if before is None:
                found.pop(key, None)
            else:
                found[key] = before
        return found
