"""A DNS server on loopback: one port number for UDP and TCP.

It takes DNS messages and gives DNS messages, for the one `Zone` that the rehearsal serves.
"""

import socket
import socketserver
import struct
import sys
import threading
from collections.abc import Mapping
from typing import Any, cast

import dns.edns
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from controller.rehearsal.dns.records import Answer, NoSuchName
from controller.rehearsal.dns.resolver import NameService

LOCATION_OPTION = 65001  # EDNS, local use (RFC 6891): the Region where the resolver is, in ASCII
HEADER_BYTES = 12
UDP_PAYLOAD = 1232
SERVICE = (b"_http", b"_tcp")
TRANSFERS = {dns.rdatatype.AXFR, dns.rdatatype.IXFR}


class Zone:
    """The answers for one zone (absolute, for example `storefront.test.`).

    ```
    A    shop.storefront.test.             CNAME us-east-1.shop.storefront.test., A 127.0.0.1
    SRV  _http._tcp.shop.storefront.test.  0 0 PORT us-east-1.shop.storefront.test.
    TXT  shop.storefront.test.             "region=us-east-1" "slice=b"
    ```

    The Regional names answer too, with themselves. ports: Region -> the port where its shop listens.
    """

    def __init__(
        self,
        *,
        zone: str,
        names: NameService,
        ports: Mapping[str, int],
        address: str = "127.0.0.1",
        udp_limit: int = UDP_PAYLOAD,
    ) -> None:
        self.zone = dns.name.from_text(zone)
        self._names, self._ports, self._address, self._udp_limit = names, ports, address, udp_limit
        self._known = {dns.name.from_text(name) for name in (names.tree.name, *names.regions)}

    def reply(self, wire: bytes, *, tcp: bool) -> bytes | None:
        """Return the answer to one packet; None where the server must be silent.

        It is silent for a packet that is too short, and for a packet that is itself an answer.
        """
        if len(wire) < HEADER_BYTES or wire[2] & 0x80:
            return None
        if (wire[2] >> 3) & 0xF != dns.opcode.QUERY:
            return _header_only(wire, dns.rcode.NOTIMP)
        try:
            query = dns.message.from_wire(wire)
        except (dns.exception.DNSException, ValueError):
            return _header_only(wire, dns.rcode.FORMERR)
        if len(query.question) != 1:
            return _header_only(wire, dns.rcode.FORMERR)
        response = dns.message.make_response(query, our_payload=UDP_PAYLOAD)
        response.flags |= dns.flags.AA
        self._fill(query, response)
        answer = response.to_wire()
        room = min(self._udp_limit, max(512, query.payload) if query.edns >= 0 else 512)
        if not tcp and len(answer) > room:
            for section in response.sections[1:]:
                section.clear()
            response.flags |= dns.flags.TC
            answer = response.to_wire()
        return answer

    def _fill(self, query: dns.message.Message, response: dns.message.Message) -> None:
        question = query.question[0]
        if query.edns > 0:
            response.set_rcode(dns.rcode.BADVERS)
        elif question.rdtype in TRANSFERS or question.rdclass != dns.rdataclass.IN:
            response.set_rcode(dns.rcode.REFUSED)
        elif not question.name.is_subdomain(self.zone):
            response.flags &= ~dns.flags.AA
            response.set_rcode(dns.rcode.REFUSED)
        else:
            self._answer(question.name, question.rdtype, _location(query), response)
            if not response.answer:
                response.authority.append(self._soa())

    def _answer(
        self,
        name: dns.name.Name,
        rdtype: dns.rdatatype.RdataType,
        location: str,
        response: dns.message.Message,
    ) -> None:
        service = tuple(label.lower() for label in name.labels[:2]) == SERVICE
        host = name.parent().parent() if service else name
        try:
            answer = self._names.lookup(host.to_text(), location)
        except NoSuchName:
            if name == self.zone and rdtype == dns.rdatatype.SOA:
                response.answer.append(self._soa())
            elif not any(known.is_subdomain(name) or self._is_empty(name, known) for known in self._known):
                response.set_rcode(dns.rcode.NXDOMAIN)
            return
        if service:
            if rdtype in (dns.rdatatype.SRV, dns.rdatatype.ANY):
                port = self._ports[answer.region]
                response.answer.append(_rrset(name, answer.ttl, "SRV", f"0 0 {port} {answer.target}"))
                response.additional.append(self._a(answer))
            return
        if rdtype == dns.rdatatype.TXT:
            text = f'"region={answer.region}" "slice={answer.slice}"'
            response.answer.append(_rrset(name, answer.ttl, "TXT", text))
            return
        target = dns.name.from_text(answer.target)
        if name != target:
            response.answer.append(_rrset(name, answer.ttl, "CNAME", answer.target))
        if rdtype in (dns.rdatatype.A, dns.rdatatype.ANY):
            response.answer.append(self._a(answer))

    def _is_empty(self, name: dns.name.Name, known: dns.name.Name) -> bool:
        """Return True for a name that has no records, but a name below it.

        Example: `_tcp.shop.storefront.test.`
        """
        return name.labels[0].lower() == b"_tcp" and name.parent() == known

    def _a(self, answer: Answer) -> dns.rrset.RRset:
        return _rrset(dns.name.from_text(answer.target), answer.ttl, "A", self._address)

    def _soa(self) -> dns.rrset.RRset:
        text = f"ns.{self.zone} hostmaster.{self.zone} 1 7200 900 1209600 60"
        return _rrset(self.zone, 60, "SOA", text)


def _location(query: dns.message.Message) -> str:
    """Return the location that the resolver sends with its query.

    A place that is not known is equally far from every Region; "" where none is sent.
    """
    for option in query.options:
        if option.otype == LOCATION_OPTION and isinstance(option, dns.edns.GenericOption):
            return option.data.decode("ascii", "replace")
    return ""


def _rrset(name: dns.name.Name, ttl: int, rdtype: str, text: str) -> dns.rrset.RRset:
    return dns.rrset.from_text(name, ttl, "IN", rdtype, text)


def _header_only(wire: bytes, rcode: dns.rcode.Rcode) -> bytes:
    """Return an answer to a message that cannot be read.

    It gives back the id, the opcode and the flag `recursion desired`.
    """
    return wire[:2] + bytes([0x80 | wire[2] & 0x79, rcode]) + bytes(8)


TCP_IDLE_SECONDS = 5.0
TCP_CONNECTIONS = 32
PORT_TRIES = 20


class DnsServer:
    """Serves `zone` on 127.0.0.1 until `close()`.

    `port` 0 takes a free one. Raises `OSError` where the port is in use.
    """

    def __init__(self, zone: Zone, *, port: int = 0, host: str = "127.0.0.1") -> None:
        self._tcp, self._udp = _bind(zone, host, port)
        self.host, self.port = host, int(self._tcp.server_address[1])
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        for server in (self._tcp, self._udp):
            thread = threading.Thread(
                target=server.serve_forever, kwargs={"poll_interval": 0.05}, name="dns", daemon=True
            )
            thread.start()
            self._threads.append(thread)

    def close(self) -> None:
        for server in (self._tcp, self._udp):
            if self._threads:
                server.shutdown()
            server.server_close()
        for thread in self._threads:
            thread.join()


class _Udp(socketserver.UDPServer):
    max_packet_size = 4096
    zone: Zone

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Show an error of our own, and ignore that the client went away."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _UdpHandler(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        wire, sender = self.request
        answer = cast(_Udp, self.server).zone.reply(wire, tcp=False)
        if answer is not None:
            sender.sendto(answer, self.client_address)


class _Tcp(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    zone: Zone

    def __init__(self, address: tuple[str, int], handler: type["_TcpHandler"]) -> None:
        self.free = threading.BoundedSemaphore(TCP_CONNECTIONS)
        super().__init__(address, handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Show an error of our own, and ignore that the client went away."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _TcpHandler(socketserver.BaseRequestHandler):
    """Reads two bytes of length, then the message, and answers; repeatedly (RFC 7766)."""

    def handle(self) -> None:
        server = cast(_Tcp, self.server)
        if not server.free.acquire(blocking=False):
            return
        try:
            self.request.settimeout(TCP_IDLE_SECONDS)
            while (head := _read(self.request, 2)) is not None:
                wire = _read(self.request, struct.unpack("!H", head)[0])
                answer = None if wire is None else server.zone.reply(wire, tcp=True)
                if answer is None:
                    return
                self.request.sendall(struct.pack("!H", len(answer)) + answer)
        finally:
            server.free.release()


def _read(connection: socket.socket, count: int) -> bytes | None:
    """Return exactly `count` bytes; None where the client closed the connection.

    Raises `OSError` where the client sends nothing for too long.
    """
    data = b""
    while len(data) < count:
        piece = connection.recv(count - len(data))
        if not piece:
            return None
        data += piece
    return data


def _bind(zone: Zone, host: str, port: int) -> tuple[_Tcp, _Udp]:
    """Return a TCP and a UDP server on the same port number.

    A free TCP port may be in use for UDP: then the next one is tried.
    """
    for tries_left in reversed(range(PORT_TRIES if port == 0 else 1)):
        tcp = _Tcp((host, port), _TcpHandler)
        try:
            udp = _Udp((host, tcp.server_address[1]), _UdpHandler)
        except OSError:
            tcp.server_close()
            if not tries_left:
                raise
            continue
        tcp.zone = udp.zone = zone
        return tcp, udp
    raise AssertionError("unreachable: the loop returns or raises")
