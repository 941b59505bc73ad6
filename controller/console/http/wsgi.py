"""The console on 127.0.0.1, for a rehearsal: WSGI, a thread a request."""

import threading
from collections.abc import Callable, Iterable
from http import HTTPStatus
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from controller.console.http.messages import MOST, Request, Response

Handle = Callable[[Request], Response]


def request_of(environ: dict[str, Any]) -> Request:
    names = {key[5:].replace("_", "-").lower(): str(value) for key, value in environ.items()
             if key.startswith("HTTP_")}  # fmt: skip
    length = str(environ.get("CONTENT_LENGTH") or "0")
    size = int(length) if length.isascii() and length.isdigit() and len(length) < 10 else MOST + 1
    body = environ["wsgi.input"].read(size) if 0 < size <= MOST else b""
    return Request(
        method=str(environ["REQUEST_METHOD"]).upper(),
        path=str(environ.get("PATH_INFO", "")).encode("latin-1", "replace").decode("utf-8", "replace"),
        query=str(environ.get("QUERY_STRING", "")),
        headers=names | {"content-type": str(environ.get("CONTENT_TYPE", ""))},
        cookie=names.get("cookie", ""),
        body=body,
        too_big=size > MOST,
    )


def application(handle: Handle) -> Callable[..., Iterable[bytes]]:
    """Return `handle` as a WSGI application."""

    def run(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        response = handle(request_of(environ))
        headers = [*response.headers.items(), *(("set-cookie", each) for each in response.cookies)]
        headers.append(("content-length", str(len(response.body))))
        start(f"{response.status} {HTTPStatus(response.status).phrase}", headers)
        return [response.body]

    return run


class _Quiet(WSGIRequestHandler):
    timeout = 20

    def log_message(self, *_: Any) -> None:
        """Write nothing: the console writes its own log."""


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    request_queue_size = 64

    def server_bind(self) -> None:
        """Bind as WSGIServer does, without asking DNS for a name of 127.0.0.1."""
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = "127.0.0.1", int(self.server_address[1])
        self.setup_environ()

    def handle_error(self, *_: Any) -> None:
        """Ignore the error: the client left."""


class Loopback:
    """A port on 127.0.0.1 that is open at once.

    It answers requests from `serve` on. Close it whatever happens. Raises `OSError` where the port is taken.
    """

    def __init__(self, port: int = 0) -> None:
        self._server = _Server(("127.0.0.1", port), _Quiet)
        self._thread: threading.Thread | None = None
        self.origin = f"http://127.0.0.1:{self._server.server_port}"

    def serve(self, handle: Handle) -> None:
        self._server.set_app(application(handle))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        if self._thread is not None:
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()
