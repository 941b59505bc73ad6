"""The customers' network over real sockets on loopback: DNS and HTTP.

DNS queries go over UDP and TCP, HTTP requests over connections that are kept alive. `network.VirtualNetwork`
is the same network inside the process.
"""

import http.client
import select
import socket
import threading
import time
from collections import deque

import dns.edns
import dns.exception
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype

from controller.rehearsal.dns.server import LOCATION_OPTION
from controller.rehearsal.shop.network import REQUEST_TIMEOUT, Response, TimedOut, Unreachable

# At speed 60 two scenario seconds are 33 ms, which a busy machine can lose without any fault.
LEAST_WALL_TIMEOUT = 1.0
LOOKUP_TRIES = 2
IDLE_CONNECTIONS = 32


class WireNetwork:
    """A `Network` that knows one DNS server's address and nothing else. Thread-safe.

    Ports come from SRV records. speed: scenario seconds per second. `Response.elapsed` is in real seconds.
    """

    def __init__(
        self,
        *,
        dns_port: int,
        regional_suffix: str,
        speed: float = 1.0,
        host: str = "127.0.0.1",
        least_timeout: float = LEAST_WALL_TIMEOUT,
    ) -> None:
        self._dns_port, self._suffix, self._speed, self._host = dns_port, regional_suffix, speed, host
        self._least_timeout = least_timeout
        self._lock = threading.Lock()
        self._ports: dict[str, int] = {}
        self._idle: dict[str, deque[http.client.HTTPConnection]] = {}

    def lookup(self, name: str, location: str) -> tuple[str, float]:
        region, port, ttl = self._service(name, location)
        with self._lock:
            self._ports[region] = port
        return region, float(ttl)

    def request(
        self,
        *,
        location: str,  # noqa: ARG002 - loopback is equally near from everywhere
        region: str,
        method: str,
        path: str,
        body: bytes = b"",
        timeout: float = REQUEST_TIMEOUT,
    ) -> Response:
        connection = self._take(region, max(timeout / self._speed, self._least_timeout))
        start = time.monotonic()
        try:
            connection.request(method, path, body=body or None)
            answer = connection.getresponse()
            content = answer.read()
        except TimeoutError as exc:
            connection.close()
            raise TimedOut(f"no answer from {region} within {timeout:g} s") from exc
        except (OSError, http.client.HTTPException) as exc:
            connection.close()
            raise Unreachable(f"{region} closed the connection: {type(exc).__name__}") from exc
        elapsed = time.monotonic() - start
        if answer.will_close:
            connection.close()
        else:
            self._keep(region, connection)
        return Response(answer.status, content, elapsed)

    def close(self) -> None:
        with self._lock:
            kept = [connection for idle in self._idle.values() for connection in idle]
            self._idle.clear()
        for connection in kept:
            connection.close()

    def _service(self, name: str, location: str) -> tuple[str, int, int]:
        """Return Region, port and TTL from the SRV record of `name`.

        Raises `Unreachable`.
        """
        option = dns.edns.GenericOption(dns.edns.OptionType.make(LOCATION_OPTION), location.encode())
        try:
            query = dns.message.make_query(f"_http._tcp.{name}", dns.rdatatype.SRV, options=[option])
        except dns.exception.DNSException as exc:
            raise Unreachable(f"name {name} does not resolve: it is not a name") from exc
        for tries_left in reversed(range(LOOKUP_TRIES)):
            try:
                answer, _ = dns.query.udp_with_fallback(
                    query, self._host, port=self._dns_port, timeout=self._least_timeout
                )
                break
            except (dns.exception.DNSException, OSError) as exc:
                if not tries_left:
                    raise Unreachable(f"no answer from the name server: {type(exc).__name__}") from exc
        for rrset in answer.answer:
            if rrset.rdtype == dns.rdatatype.SRV:
                record = rrset[0]
                return record.target.labels[0].decode(), record.port, rrset.ttl
        raise Unreachable(f"name {name} does not resolve: {dns.rcode.to_text(answer.rcode())}")

    def _take(self, region: str, wall_timeout: float) -> http.client.HTTPConnection:
        with self._lock:
            idle, port = self._idle.setdefault(region, deque()), self._ports.get(region)
            while idle:
                kept = idle.pop()
                if kept.sock is not None and not _hung_up(kept.sock):
                    kept.sock.settimeout(wall_timeout)
                    return kept
                kept.close()
        if port is None:
            port = self._regional_port(region)
        connection = http.client.HTTPConnection(self._host, port, timeout=wall_timeout)
        try:
            connection.connect()
            connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as exc:
            connection.close()
            raise Unreachable(f"{region} refused the connection: {type(exc).__name__}") from exc
        return connection

    def _regional_port(self, region: str) -> int:
        """Return the port of an endpoint that no look-up has led to yet."""
        self.lookup(f"{region}.{self._suffix}", region)
        return self._ports[region]

    def _keep(self, region: str, connection: http.client.HTTPConnection) -> None:
        with self._lock:
            idle = self._idle.setdefault(region, deque())
            if len(idle) < IDLE_CONNECTIONS:
                idle.append(connection)
                return
        connection.close()


def _hung_up(connection: socket.socket) -> bool:
    """Return True where the other end closed an idle connection.

    Only then an idle connection has something to read.
    """
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    return bool(poll.poll(0))
