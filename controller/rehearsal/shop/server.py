"""The shop's servers on real sockets: one HTTP/1.1 server per Region on loopback."""

import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

from controller.rehearsal.shop.shop import BODY_BYTES, Reply, Shop

IDLE_SECONDS = 60.0


class ShopServer:
    """The HTTP server of `shop` in `region`.

    port: 0 takes a free one. Raises `OSError` where it is in use.
    While the Region is dark, the server closes the connection of every request, also a kept-alive one.
    """

    def __init__(self, shop: Shop, region: str, *, port: int = 0, host: str = "127.0.0.1") -> None:
        self._server = _Server((host, port), shop, region)
        self.host, self.port = host, int(self._server.server_address[1])
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        self._thread = threading.Thread(
            target=self._server.serve_forever,
            kwargs={"poll_interval": 0.05},
            name=f"shop {self._server.region}",
            daemon=True,
        )
        self._thread.start()

    def close(self) -> None:
        if self._thread is not None:
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()
        self._server.hang_up()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], shop: Shop, region: str) -> None:
        self.shop, self.region = shop, region
        self._open: set[socket.socket] = set()
        self._open_lock = threading.Lock()
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        """Bind without the base class's look-up of the host's name."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._open_lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._open_lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Show an error of our own, and ignore that the customer went away."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)

    def hang_up(self) -> None:
        with self._open_lock:
            still_open = list(self._open)
        for connection in still_open:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = IDLE_SECONDS
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def _answer(self) -> None:
        server = cast(_Server, self.server)
        length = self.headers.get("Content-Length", "0")
        if not (length.isascii() and length.isdigit()) or "Transfer-Encoding" in self.headers:
            self._refuse(411, b"Content-Length needed")
            return
        if len(length) > 9 or int(length) > BODY_BYTES:
            self._refuse(413, b"too large")
            return
        body = self.rfile.read(int(length))
        if server.shop.is_dark(server.region):
            self.close_connection = True
            return
        reply = server.shop.handle(region=server.region, method=self.command, path=self.path, body=body)
        self._write(reply)

    def _write(self, reply: Reply) -> None:
        self.send_response_only(reply.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body)

    def _refuse(self, status: int, reason: bytes) -> None:
        self.close_connection = True
        self.send_response_only(status)
        self.send_header("Content-Length", str(len(reason)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(reason)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it
        """Print nothing: requests are counted."""
