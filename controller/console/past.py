"""Memory as it was at a past moment, without folding the whole journal for each look.

```
 events  1 ........ 250 ........ 500 ........ 750 ..x
 kept         memory @250  memory @500  memory @750 ─ fold the rest
```
"""

import threading
from collections.abc import Sequence

from controller.core.fold import fold
from controller.core.incident import Memory
from controller.core.journal import Event, written_until

EVERY = 250
"""Events between two memories that are kept."""


class Past:
    """Of one application's journal, which only grows."""

    def __init__(self, application: str) -> None:
        self._application = application
        self._kept: list[Memory] = []
        self._lock = threading.Lock()

    def until(self, events: Sequence[Event], at: float) -> Memory:
        """The memory after the events that were written until `at`."""
        count = len(written_until(events, at))
        with self._lock:
            self._forget_if_other(events)
            while (len(self._kept) + 1) * EVERY <= count:
                done = len(self._kept) * EVERY
                onto = self._kept[-1] if self._kept else None
                self._kept.append(fold(self._application, events[done : done + EVERY], onto))
            place = count // EVERY
            onto = self._kept[place - 1] if place else None
        return fold(self._application, events[place * EVERY : count], onto)

    def _forget_if_other(self, events: Sequence[Event]) -> None:
        last = self._kept[-1].last if self._kept else None
        if last is not None and (len(events) < last.seq or events[last.seq - 1].hash != last.hash):
            self._kept.clear()
