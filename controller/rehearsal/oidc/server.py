"""The HTTP server of the rehearsal's identity provider, on 127.0.0.1.

It has a thread for each connection.
"""

import threading
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from controller.rehearsal.oidc.provider import Oidc
from controller.rehearsal.wire.server import PortInUse

MOST = 16_384


class OidcServer:
    """The HTTP server in front of a provider; `issuer` is its address.

    `provide` names the provider that answers, and starts the server. Call `close` in every case.
    Raises `PortInUse`.
    """

    def __init__(self, port: int = 0) -> None:
        self.provider: Oidc | None = None
        outer = self

        class Handler(BaseHTTPRequestHandler):
            timeout = 20

            def do_GET(self) -> None:
                self._answer("GET", b"")

            def do_POST(self) -> None:
                size = int(self.headers.get("content-length") or 0)
                self._answer("POST", self.rfile.read(min(size, MOST)))

            def _answer(self, method: str, body: bytes) -> None:
                assert outer.provider is not None
                mark = _mark(self.headers.get("cookie") or "")
                reply = outer.provider.handle(method, self.path, body, mark)
                self._send(reply.status, reply.headers, reply.body)

            def _send(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """Write no log, because a request may carry a code."""

        try:
            self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        except OSError as error:
            raise PortInUse(f"Port {port} on 127.0.0.1 is taken: {error.strerror}") from error
        self._server.daemon_threads = True
        self.issuer = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True)

    def provide(self, provider: Oidc) -> None:
        self.provider = provider
        self._thread.start()

    def close(self) -> None:
        if self._thread.ident is not None:
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()


def _mark(cookie: str) -> str:
    try:
        found = SimpleCookie(cookie).get("rehearsal")
    except CookieError:
        return ""
    return found.value if found else ""
