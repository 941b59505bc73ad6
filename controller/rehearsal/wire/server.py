"""The rehearsal's endpoints on 127.0.0.1.

There is one port for all Regions and services, and one for each ARC endpoint.

```
 serve(port) ─> listener thread ─ accept ─> a thread a connection ─ request ─> behaviour?
      well ─> handle ─> answer     refused ─> reset     hung ─> silence until the client or the server goes
```
"""

import errno
import json
import logging
import select
import socket
import struct
import threading
import traceback
from collections.abc import Callable
from types import TracebackType
from typing import BinaryIO, Literal, cast

from controller.rehearsal.service import AwsError, Request, Response
from controller.rehearsal.wire.http1 import BadRequest, encoded, receive
from controller.rehearsal.wire.service_models import scope_of

Behaviour = Callable[[], Literal["refused", "hung"] | None]
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER on, zero seconds: close sends RST
_LOG = logging.getLogger(__name__)


class PortInUse(Exception):  # noqa: N818
    """Another program listens on the port that is wanted."""


def _well() -> None:
    return None


def _lit(_region: str) -> bool:
    return False


class Server:
    """The threads that turn connections into calls of `handle(request, endpoint)`.

    dark: called with the Region of each signed request; True means that no API of the Region answers.
    mute: the same, called with the signing name.
    """

    def __init__(
        self,
        handle: Callable[[Request, str], Response],
        *,
        dark: Callable[[str], bool] = _lit,
        mute: Callable[[str], bool] = _lit,
    ) -> None:
        self._handle, self._dark, self._mute = handle, dark, mute
        self._stopping, self._stop_signal = socket.socketpair()  # readable for ever once the server stops
        self._lock = threading.Lock()
        self._threads: set[threading.Thread] = set()
        self._connections: set[socket.socket] = set()
        self._stopped = False

    def serve(self, port: int = 0, endpoint: str = "", behaviour: Behaviour = _well) -> int:
        """Listen on 127.0.0.1:`port` (0: any free one) and return the port.

        endpoint: passed to `handle`.

        Raises
        ------
        PortInUse
        """
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError as error:
            listener.close()
            if error.errno in (errno.EADDRINUSE, errno.EACCES):
                raise PortInUse(f"Port {port} on 127.0.0.1 is taken: {error.strerror}") from error
            raise
        listener.listen(128)
        listener.setblocking(False)
        self._start(lambda: self._accept(listener, endpoint, behaviour), "rehearsal-listener")
        return cast(int, listener.getsockname()[1])

    def stop(self) -> None:
        """Close every port and connection, and wait until no thread is left."""
        with self._lock:
            if self._stopped:
                return
            self._stopped = True
            self._stop_signal.send(b"x")
            connections, threads = list(self._connections), list(self._threads)
        for connection in connections:
            _shut(connection)
        for thread in threads:
            thread.join()
        self._stopping.close()
        self._stop_signal.close()

    def __enter__(self) -> "Server":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _start(self, work: Callable[[], None], name: str) -> bool:
        def run() -> None:
            try:
                work()
            finally:
                with self._lock:
                    self._threads.discard(thread)

        thread = threading.Thread(target=run, name=name, daemon=True)
        with self._lock:
            if self._stopped:
                return False
            self._threads.add(thread)
            thread.start()
        return True

    def _accept(self, listener: socket.socket, endpoint: str, behaviour: Behaviour) -> None:
        poll = select.poll()
        poll.register(listener, select.POLLIN)
        poll.register(self._stopping, select.POLLIN)
        with listener:
            while True:
                poll.poll()
                if self._stopped:
                    return
                try:
                    connection, _ = listener.accept()
                except OSError:  # gone again before it was accepted
                    continue
                if behaviour() == "refused":
                    _reset(connection)
                    continue
                self._open(connection, endpoint, behaviour)

    def _open(self, connection: socket.socket, endpoint: str, behaviour: Behaviour) -> None:
        connection.setblocking(True)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self._lock:
            self._connections.add(connection)
        if not self._start(lambda: self._converse(connection, endpoint, behaviour), "rehearsal-connection"):
            connection.close()

    def _converse(self, connection: socket.socket, endpoint: str, behaviour: Behaviour) -> None:
        try:
            with connection, connection.makefile("rb") as source, connection.makefile("wb") as sink:
                while self._answer_one(connection, source, sink, endpoint, behaviour):
                    pass
        except OSError:  # the client left, or the server stops
            return
        finally:
            with self._lock:
                self._connections.discard(connection)

    def _answer_one(
        self,
        connection: socket.socket,
        source: BinaryIO,
        sink: BinaryIO,
        endpoint: str,
        behaviour: Behaviour,
    ) -> bool:
        try:
            received = receive(source, sink)
        except BadRequest as error:
            refusal = _plain(AwsError("BadRequest", str(error), error.status))
            connection.sendall(encoded(refusal, keep_alive=False))
            return False
        if received is None:
            return False
        request, keep_alive = received
        fault = behaviour()
        if fault == "refused":
            _reset(connection)
            return False
        if fault == "hung" or self._in_the_dark(request):
            self._hang(connection)
            return False
        response = self._respond(request, endpoint)
        connection.sendall(encoded(response, method=request.method, keep_alive=keep_alive))
        return keep_alive

    def _respond(self, request: Request, endpoint: str) -> Response:
        if "origin" in request.headers or "sec-fetch-site" in request.headers:
            # A page in the user's browser can reach 127.0.0.1; no SDK sends these two.
            return _plain(AwsError("AccessDenied", "Browsers may not call the rehearsal's endpoints", 403))
        try:
            return self._handle(request, endpoint)
        except Exception as error:  # noqa: BLE001 - the border: whatever broke in here, the client gets a 500
            # Frames only: the text of an error may hold what came in, and that may be a task token.
            frames = "".join(traceback.format_tb(error.__traceback__))
            _LOG.error("a rehearsed service failed with %s\n%s", type(error).__name__, frames)
            return _plain(AwsError("InternalFailure", "The rehearsed service failed; see the log", 500))

    def _in_the_dark(self, request: Request) -> bool:
        try:
            scope = scope_of(request)
            return self._dark(scope.region) or self._mute(scope.service)
        except AwsError:
            return False

    @staticmethod
    def _hang(connection: socket.socket) -> None:
        """Send nothing until the client closes the connection or `stop` shuts it."""
        while connection.recv(65536):
            pass


def _plain(error: AwsError) -> Response:
    body = json.dumps({"__type": error.code, "message": error.message}).encode()
    headers = {"Content-Type": "application/x-amz-json-1.0", "x-amzn-ErrorType": error.code}
    return Response(error.status, headers, body)


def _shut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:  # already closed
        return


def _reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    connection.close()
