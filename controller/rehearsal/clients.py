"""The shop's customers: steady traffic, by nothing but their own look-ups and requests."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from controller.ports.runtime import Runtime
from controller.rehearsal.ledger import Ledger, Request
from controller.rehearsal.network import REQUEST_TIMEOUT, Network, NetworkError

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
    """One customer, with a resolver's cache of one entry and a place in the visit."""

    location: str
    random: Random
    region: str = ""
    cached_until: float = float("-inf")
    step: int = 0


class Clients:
    """Customers in `locations` (Region names) who shop at `name` until `stop()`.

    Each one sends `rate` requests a scenario minute, and believes a DNS answer for its TTL, no longer.
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
        """No new request after this; those under way end by themselves."""
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
        """Raises `NetworkError`; a cached answer that has run out is not used again."""
        if self._runtime.now() >= customer.cached_until:
            customer.region, ttl = self._network.lookup(self._name, customer.location)
            customer.cached_until = self._runtime.now() + ttl
        return customer.region
