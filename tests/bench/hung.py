"""An endpoint that takes the connection and the request, and never answers."""

import socket
import threading
from types import TracebackType


class Hung:
    """Listens on 127.0.0.1 until closed; `url` is its address, `tries` counts who came."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=128)
        self._held: list[socket.socket] = []
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def __enter__(self) -> "Hung":
        threading.Thread(target=self._take, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: object, trace: TracebackType | None) -> None:
        for each in (self._socket, *self._held):
            each.close()

    @property
    def tries(self) -> int:
        return len(self._held)

    def _take(self) -> None:
        while True:
            try:
                self._held.append(self._socket.accept()[0])
            except OSError:
                return
