"""A DNS server on loopback: one port number for UDP and TCP, answers from a `Zone`."""

import socket
import socketserver
import struct
import sys
import threading
from typing import Any, cast

from controller.rehearsal.zone import Zone

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
        """Nobody to tell where the asker went away; anything else is our own fault, and shown."""
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
        """Nobody to tell where the asker went away; anything else is our own fault, and shown."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _TcpHandler(socketserver.BaseRequestHandler):
    """Two bytes of length, then the message, as often as the asker likes (RFC 7766)."""

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
    """Exactly `count` bytes, or None where the asker hung up. Raises `OSError` where it fell silent."""
    data = b""
    while len(data) < count:
        piece = connection.recv(count - len(data))
        if not piece:
            return None
        data += piece
    return data


def _bind(zone: Zone, host: str, port: int) -> tuple[_Tcp, _Udp]:
    """Both sockets on one number: a free TCP port may be taken for UDP, then try the next."""
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
