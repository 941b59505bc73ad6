"""The cached results of pure functions of plain data.

The calls of a controller repeat themselves, so the same data comes often.
A caller receives a copy each time, and so may change it.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from marshal import dumps, loads
from typing import Any

PLAIN = 2
"""The version of `marshal` in which equal data gives equal bytes.

References that the data shares in memory make no difference.
"""


def spelt(data: Any) -> bytes | None:
    """Return `data` as bytes; None where it is not plain data.

    The same types, values and order give the same bytes.
    """
    try:
        return dumps(data, PLAIN)
    except ValueError:
        return None


class Remembered:
    """The newest `most` results, by key."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: OrderedDict[Hashable, bytes] = OrderedDict()

    def of(self, key: Hashable, work: Callable[[], Any]) -> Any:
        """Return the result of `work()`, or a copy of the result for `key`."""
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
