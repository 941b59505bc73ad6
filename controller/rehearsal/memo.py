"""What a pure function of plain data gave before, for the same data: calls of a controller repeat themselves.

Each time a copy is given, so that whoever gets it may change it.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from marshal import dumps, loads
from typing import Any

PLAIN = 2
"""The form of `marshal` in which equal data has one spelling, however it is shared in memory."""


def spelt(data: Any) -> bytes | None:
    """`data` as bytes, the same for the same types, values and order; None where it is not plain."""
    try:
        return dumps(data, PLAIN)
    except ValueError:
        return None


class Remembered:
    """The last `most` results by key."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: OrderedDict[Hashable, bytes] = OrderedDict()

    def of(self, key: Hashable, work: Callable[[], Any]) -> Any:
        """What `work()` gives, or a copy of what it gave for `key`."""
        known = self._known.get(key)
        if known is not None:
            return loads(known)  # noqa: S302 - our own bytes
        found = work()
        kept = spelt(found)
        if kept is not None:
            self._known[key] = kept
            if len(self._known) > self._most:
                self._known.popitem(last=False)
        return found
