"""What customers felt: each request, by scenario second. The judge of a rehearsal."""

import threading
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil, floor, inf, isfinite

KEPT_SECONDS = 6 * 3600


@dataclass(frozen=True, slots=True)
class Request:
    """One request, when it ended. `region` is empty where the name did not resolve; status 0: no answer."""

    at: float
    location: str
    region: str
    ok: bool
    status: int
    ms: float


@dataclass(frozen=True, slots=True)
class Totals:
    """Requests of a span of time; times in seconds since 1970, None where nothing failed."""

    served: int
    failed: int
    first_failed_at: float | None
    last_failed_at: float | None


class Ledger:
    """Thread-safe. Keeps the last six hours that had requests; older ones are forgotten."""

    def __init__(self, kept_seconds: int = KEPT_SECONDS) -> None:
        self._kept = kept_seconds
        self._lock = threading.Lock()
        self._seconds: OrderedDict[int, list[Request]] = OrderedDict()

    def record(self, request: Request) -> None:
        with self._lock:
            self._seconds.setdefault(floor(request.at), []).append(request)
            if len(self._seconds) > self._kept:
                self._seconds.popitem(last=False)

    def requests(self, since: float = -inf, until: float = inf) -> list[Request]:
        """Those that ended at or after `since` and before `until`."""
        with self._lock:
            keys: Iterable[int] = list(self._seconds)
            if isfinite(since) and isfinite(until):
                keys = range(floor(since), ceil(until))
            return [
                request
                for key in keys
                if since < key + 1 and key < until
                for request in self._seconds.get(key, ())
                if since <= request.at < until
            ]

    def totals(self, since: float = -inf, until: float = inf) -> Totals:
        found = self.requests(since, until)
        failed = [request.at for request in found if not request.ok]
        return Totals(
            len(found) - len(failed), len(failed), min(failed, default=None), max(failed, default=None)
        )

    def per_second(self, since: float, until: float) -> list[tuple[int, int]]:
        """(served, failed) for each second from `since`, silent seconds included."""
        counts = [(0, 0)] * max(0, ceil(until - since))
        for request in self.requests(since, until):
            second = min(int(request.at - since), len(counts) - 1)
            served, failed = counts[second]
            counts[second] = (served + request.ok, failed + (not request.ok))
        return counts

    def by_region(self, since: float = -inf, until: float = inf) -> dict[str, tuple[int, int]]:
        """Region that was asked -> (served, failed)."""
        counts: dict[str, tuple[int, int]] = {}
        for request in self.requests(since, until):
            served, failed = counts.get(request.region, (0, 0))
            counts[request.region] = (served + request.ok, failed + (not request.ok))
        return counts
