"""The network that customers and canaries use: look up a name, send a request.

Clients and canaries are written against `Network`. `VirtualNetwork` carries their requests inside the
process, on the rehearsal's own time; `loopback_network.WireNetwork` over real sockets.
"""

from dataclasses import dataclass
from typing import Protocol

from controller.ports.runtime import Runtime
from controller.rehearsal.dns.geography import round_trip_seconds
from controller.rehearsal.dns.records import NoSuchName
from controller.rehearsal.dns.resolver import NameService
from controller.rehearsal.shop.shop import Shop

REQUEST_TIMEOUT = 2.0


class NetworkError(Exception):
    """A request that brought no answer.

    The message is the line that a customer's log would show.
    """


class Unreachable(NetworkError):  # noqa: N818
    """The connection is refused or reset, or the name does not resolve."""


class TimedOut(NetworkError):  # noqa: N818
    """No answer came within the timeout."""


@dataclass(frozen=True, slots=True)
class Response:
    """An HTTP answer.

    elapsed: in seconds, as the asker measures them.
    """

    status: int
    body: bytes
    elapsed: float


class Network(Protocol):
    def lookup(self, name: str, location: str) -> tuple[str, float]:
        """Return the Region that `name` leads to, and its TTL in scenario seconds.

        Raises `NetworkError`.
        """
        ...

    def request(
        self,
        *,
        location: str,
        region: str,
        method: str,
        path: str,
        body: bytes = b"",
        timeout: float = REQUEST_TIMEOUT,
    ) -> Response:
        """Send one HTTP request from `location` to the endpoint of `region`.

        timeout: in scenario seconds. Raises `NetworkError`.
        """
        ...


class VirtualNetwork:
    """A `Network` inside the process; the travel time is slept on `runtime`."""

    def __init__(self, *, runtime: Runtime, names: NameService, shop: Shop) -> None:
        self._runtime, self._names, self._shop = runtime, names, shop

    def lookup(self, name: str, location: str) -> tuple[str, float]:
        try:
            answer = self._names.lookup(name, location)
        except NoSuchName as exc:
            raise Unreachable(f"name {name} does not resolve") from exc
        return answer.region, float(answer.ttl)

    def request(
        self,
        *,
        location: str,
        region: str,
        method: str,
        path: str,
        body: bytes = b"",
        timeout: float = REQUEST_TIMEOUT,
    ) -> Response:
        if region not in self._shop.regions:
            raise Unreachable(f"no endpoint in {region}")
        if self._shop.is_dark(region):
            self._runtime.sleep(timeout)
            raise TimedOut(f"no answer from {region} within {timeout:g} s")
        reply = self._shop.handle(region=region, method=method, path=path, body=body)
        elapsed = round_trip_seconds(location, region) + reply.service_ms / 1000
        self._runtime.sleep(min(elapsed, timeout))
        if elapsed > timeout:
            raise TimedOut(f"no answer from {region} within {timeout:g} s")
        return Response(reply.status, reply.body, elapsed)
