"""The memory of one controller of the alerts that it sees stand.

```
 each look ── assessment {…, alerts: {bad/us-east-1: [first, begun, due, told]}} ── its own Region's table
                                     v
 a fresh process ── reads the last quarter of an hour, and goes on from there
```
A warm process remembers by itself. One that knows nothing, where the assessments cannot be read either, takes
everything for due at once: told twice is better than not at all.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from math import inf
from typing import Any

from controller.core.decision.telling import GAP, JOIN, Episode, seen_again
from controller.ports.errors import OutsideUnreachable

Records = Callable[[float, float], Iterable[tuple[float, Mapping[str, Any]]]]
"""(from, until) -> this controller's own assessments of that time, in any order."""


class Episodes:
    """The episodes of all alerts that one controller saw lately."""

    def __init__(self) -> None:
        self._known: dict[str, Episode] = {}
        self._looked = -inf
        self.forgetful = False

    def look(self, standing: Collection[str], now: float, records: Records) -> Mapping[str, Episode]:
        """Return the episodes of what stands now.

        `forgetful` says that nothing is known of what stood before, and nobody could be asked.
        """
        self.forgetful = False
        if standing and not 0 <= now - self._looked <= GAP:
            self._recall(now, records)
        self._known = seen_again(self._known, standing, now)
        if self.forgetful:  # it may have stood for ever, and people may know
            self._known = {key: replace(each, first=0.0) for key, each in self._known.items()}
        self._looked = now
        return {key: self._known[key] for key in standing}

    def waited(self, key: str, now: float, *, due: bool) -> float:
        """Return the seconds for which an alert has been due; remember since when."""
        before = self._known[key].due
        since = (now if before is None else min(before, now)) if due else None
        self._known[key] = replace(self._known[key], due=since)
        return 0.0 if since is None else now - since

    def told(self, key: str, at: float) -> None:
        """Remember that people were told of an alert just now."""
        known = self._known.get(key, Episode(at, at, at))
        self._known[key] = replace(known, due=None, told=at)

    def to_note(self) -> dict[str, Any]:
        """Return what an assessment keeps of it: nothing where nothing stands."""
        rows = {
            key: [each.first, each.begun, each.due, each.told]
            for key, each in self._known.items()
            if each.last == self._looked
        }
        return {"alerts": rows} if rows else {}

    def _recall(self, now: float, records: Records) -> None:
        try:
            found = list(records(now - JOIN, now))
        except OutsideUnreachable:
            self.forgetful = not self._known
            return
        for at, record in found:
            for key, row in (record.get("alerts") or {}).items():
                first, begun, due, told = row
                known = self._known.get(key)
                if known is None or at >= known.last:
                    self._known[key] = Episode(first, begun, at, due, told)
