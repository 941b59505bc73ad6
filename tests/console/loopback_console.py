"""A console on a real port over a world in virtual time: every look and every step on the world's own thread.

```
 chromium ─HTTP─> Loopback (a thread a request) ──queue──> the world's thread: handle, advance
 test     ───────────────────────────────────────queue──>
```
"""

import queue
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from shutil import which
from typing import Any

from controller.console.http.messages import Request, Response
from controller.console.http.wsgi import Loopback
from controller.rehearsal.oidc.server import OidcServer
from tests.support.console_world import Desk

CHROMIUM = which("chromium") or which("chromium-browser") or "chromium"
"""What is found on the PATH; else a name under which nothing is."""
PATIENCE = 60.0


class Stand:
    """`do(work)`: let `work(desk)` happen on the world's thread, and give what it gives."""

    def __init__(self, make: Callable[[], Desk]) -> None:
        self._work: queue.Queue[tuple[Callable[[], Any], Future[Any]] | None] = queue.Queue()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self.door, self.issuer = Loopback(), OidcServer()
        self.desk: Desk = self._call(make)
        self.desk.at(self.door.origin, self.issuer.issuer)
        self.issuer.provide(self.desk.provider)
        self.door.serve(self._handle)

    def do(self, work: Callable[[Desk], Any]) -> Any:
        return self._call(lambda: work(self.desk))

    def url(self, path: str) -> str:
        return self.door.origin + path

    def close(self) -> None:
        self.door.close()
        self.issuer.close()
        self._work.put(None)
        self._thread.join()

    def _handle(self, request: Request) -> Response:
        answer: Response = self._call(lambda: self.desk.console.handle(request))
        return answer

    def _call(self, work: Callable[[], Any]) -> Any:
        future: Future[Any] = Future()
        self._work.put((work, future))
        return future.result(PATIENCE)

    def _run(self) -> None:
        while (item := self._work.get()) is not None:
            work, future = item
            try:
                future.set_result(work())
            except BaseException as error:  # noqa: BLE001 - handed to whoever waits
                future.set_exception(error)


@contextmanager
def standing(make: Callable[[], Desk]) -> Iterator[Stand]:
    stand = Stand(make)
    try:
        yield stand
    finally:
        stand.close()
