"""The shop's customers: steady traffic by their own look-ups and requests alone.

The `Ledger` keeps the result of each request, by scenario second. It judges a rehearsal: it shows the
failures that customers met.
"""

import json
import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil, floor, inf, isfinite
from random import Random

from controller.ports.runtime import Runtime
from controller.rehearsal.shop.network import REQUEST_TIMEOUT, Network, NetworkError

KEPT_SECONDS = 6 * 3600


@dataclass(frozen=True, slots=True)
class Request:
    """One request that has ended.

    region: empty where the name did not resolve. status: 0 where there was no answer.
    at: the time of its end, in seconds since 1970.
    """

    at: float
    location: str
    region: str
    ok: bool
    status: int
    ms: float


@dataclass(frozen=True, slots=True)
class Totals:
    """The numbers of requests in a span of time.

    Times are in seconds since 1970; None where nothing failed.
    """

    served: int
    failed: int
    first_failed_at: float | None
    last_failed_at: float | None


class Ledger:
    """The record of requests, by second. Thread-safe.

    It keeps the last six hours that had requests, and deletes older ones.
    """

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
        """Return the requests that ended at or after `since` and before `until`."""
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
        """Return (served, failed) for each second from `since`.

        Seconds without requests are included.
        """
        counts = [(0, 0)] * max(0, ceil(until - since))
        for request in self.requests(since, until):
            second = min(int(request.at - since), len(counts) - 1)
            served, failed = counts[second]
            counts[second] = (served + request.ok, failed + (not request.ok))
        return counts

    def by_region(self, since: float = -inf, until: float = inf) -> dict[str, tuple[int, int]]:
        """Return the Region that was asked -> (served, failed)."""
        counts: dict[str, tuple[int, int]] = {}
        for request in self.requests(since, until):
            served, failed = counts.get(request.region, (0, 0))
            counts[request.region] = (served + request.ok, failed + (not request.ok))
        return counts


CUSTOMERS_PER_LOCATION = 10
REQUESTS_PER_MINUTE = 10.0
BASKET = json.dumps({"items": ["lantern"]}).encode()
VISIT: tuple[tuple[str, str, bytes], ...] = (
    ("GET", "/catalog", b""),
    ("POST", "/cart", BASKET),
    ("POST", "/checkout", BASKET),
)


@dataclass
class _Customer:
    """One customer: its place in the visit, and its resolver's cache.

    The cache has one entry.
    """

    location: str
    random: Random
    region: str = ""
    cached_until: float = float("-inf")
    step: int = 0


class Clients:
    """Customers in `locations` (Region names) who shop at `name` until `stop()`.

    Each one sends `rate` requests a scenario minute, and uses a DNS answer for its TTL, no longer.
    They run beside the kernel, one task each.
    """

    def __init__(
        self,
        *,
        runtime: Runtime,
        network: Network,
        name: str,
        locations: Sequence[str],
        random: Random,
        per_location: int = CUSTOMERS_PER_LOCATION,
        rate: float = REQUESTS_PER_MINUTE,
        timeout: float = REQUEST_TIMEOUT,
    ) -> None:
        self.ledger = Ledger()
        self._runtime, self._network, self._name = runtime, network, name
        self._pause, self._timeout = 60.0 / rate, timeout
        self._customers = [
            _Customer(location, Random(random.getrandbits(64)))  # noqa: S311 - traffic, not secrets
            for location in locations
            for _ in range(per_location)
        ]
        self._stopped = False

    def start(self) -> None:
        for customer in self._customers:
            self._runtime.spawn(lambda customer=customer: self._shop(customer))  # type: ignore[misc]

    def stop(self) -> None:
        """Start no new request; the requests that run end by themselves."""
        self._stopped = True

    def _shop(self, customer: _Customer) -> None:
        due = self._runtime.now() + customer.random.random() * self._pause
        while True:
            self._runtime.sleep(max(0.0, due - self._runtime.now()))
            if self._stopped:
                return
            self.ledger.record(self._request(customer))
            # On a grid of its own, so that slow answers do not thin the traffic out.
            due += self._pause * customer.random.uniform(0.8, 1.2)
            due = max(due, self._runtime.now())

    def _request(self, customer: _Customer) -> Request:
        method, path, body = VISIT[customer.step % len(VISIT)]
        customer.step += 1
        region, status, ms = "", 0, 0.0
        try:
            region = self._resolve(customer)
            answer = self._network.request(
                location=customer.location,
                region=region,
                method=method,
                path=path,
                body=body,
                timeout=self._timeout,
            )
            status, ms = answer.status, answer.elapsed * 1000
        except NetworkError:
            status = 0
        return Request(self._runtime.now(), customer.location, region, 200 <= status < 300, status, ms)

    def _resolve(self, customer: _Customer) -> str:
        """Return the Region from the cache, or from a new look-up.

        Raises `NetworkError`. The cached answer lasts for its TTL; one that has expired is not used again.
        """
        if self._runtime.now() >= customer.cached_until:
            customer.region, ttl = self._network.lookup(self._name, customer.location)
            customer.cached_until = self._runtime.now() + ttl
        return customer.region
