"""What the whole journal is asked for, without going through all of it at each look.

```
 events  1 ........ 100 ........ 200 ........ 300 ..x
 kept         memory @100  memory @200  memory @300 ─ fold the rest
```
"""

import threading
from bisect import bisect_right
from collections.abc import Sequence

from controller.core.incident.fold import fold
from controller.core.incident.state import Memory
from controller.core.journal import Event

EVERY = 100
"""Events between two memories that are kept."""


class Past:
    """Of one application's journal, which only grows: as it was at a moment, and what is about a request."""

    def __init__(self, application: str) -> None:
        self._application = application
        self._lock = threading.Lock()
        self._seen: Sequence[Event] = ()
        self._kept: list[Memory] = []
        self._latest: list[float] = []
        self._requests: dict[str, list[Event]] = {}

    def until(self, events: Sequence[Event], at: float) -> Memory:
        """The memory after the events that were written until `at`, as `core.journal.written_until` says."""
        with self._lock:
            self._learn(events)
            count = bisect_right(self._latest, at, hi=len(events))
            while (len(self._kept) + 1) * EVERY <= count:
                done = len(self._kept) * EVERY
                onto = self._kept[-1] if self._kept else None
                self._kept.append(fold(self._application, events[done : done + EVERY], onto))
            place = count // EVERY
            onto = self._kept[place - 1] if place else None
        return fold(self._application, events[place * EVERY : count], onto)

    def about(self, events: Sequence[Event], request: str) -> list[Event]:
        """The events that name an approval's request, in order."""
        with self._lock:
            self._learn(events)
            found = tuple(self._requests.get(request, ()))
        return [event for event in found if event.seq <= len(events)]

    def _learn(self, events: Sequence[Event]) -> None:
        """Go through what is new. Who read the journal earlier may come later, with fewer of its events."""
        both = min(len(self._seen), len(events))
        if both and self._seen[both - 1].hash != events[both - 1].hash:
            self._seen = ()
            for kept in (self._kept, self._latest, self._requests):
                kept.clear()
        for event in events[len(self._seen) :]:
            self._latest.append(max(event.at, self._latest[-1] if self._latest else event.at))
            request = event.data.get("approval")
            if isinstance(request, str):
                self._requests.setdefault(request, []).append(event)
        if len(events) >= len(self._seen):
            self._seen = events
