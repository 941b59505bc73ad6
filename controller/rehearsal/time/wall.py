"""A `Runtime` on real threads, with the wall clock of a kernel.

The demo and `tidegate up` use it.
"""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import Any, TypeVar

from controller.ports.runtime import settle
from controller.rehearsal.time.kernel import Kernel, WallClock

T = TypeVar("T")

WAIT_FLOOR = 0.010
"""The shortest wait, in real seconds.

A loopback call takes 2-5 ms: at speed 60 a hedge of 150 ms would start before any answer.
"""


class Closed(Exception):  # noqa: N818
    """The runtime was closed; the exception ends a thread that used it.

    It is raised in `sleep`, `wait` and `spawn`.
    """


class WallRuntime:
    """Scenario time on the machine's own threads.

    Each piece of work has a daemon thread of its own. Not a pool of fixed size: a handler waits for
    the legs of its hedge, so a pool full of handlers would wait for ever.
    """

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self._speed = kernel.clock.speed if isinstance(kernel.clock, WallClock) else 1.0
        self._closed = threading.Event()
        self._threads: set[threading.Thread] = set()
        self._guard = threading.Lock()

    def now(self) -> float:
        return self.kernel.now()

    def monotonic(self) -> float:
        """Return scenario seconds on a clock that never steps."""
        return time.monotonic() * self._speed

    def sleep(self, seconds: float) -> None:
        """Sleep scenario seconds.

        Raises `Closed`.
        """
        if self._closed.wait(max(seconds, 0.0) / self._speed):
            raise Closed

    def spawn(self, work: Callable[[], T]) -> "Future[T]":
        """Start `work` on a daemon thread.

        Raises `Closed`.
        """
        future: Future[T] = Future()

        def run() -> None:
            try:
                settle(future, work)
            finally:
                with self._guard:
                    self._threads.discard(threading.current_thread())

        thread = threading.Thread(target=run, name="tidegate-rehearsal", daemon=True)
        with self._guard:
            if self._closed.is_set():
                raise Closed
            self._threads.add(thread)
            thread.start()
        return future

    def wait(self, tasks: Sequence[Any], timeout: float) -> None:
        """Wait until one task is done or `timeout` scenario seconds passed.

        A wait takes at least 10 ms of real time, if no task is done. Raises `Closed`.
        """
        real = max(timeout / self._speed, WAIT_FLOOR)
        if not tasks:
            self._closed.wait(real)
        else:
            wait(tasks, timeout=real, return_when=FIRST_COMPLETED)
        if self._closed.is_set():
            raise Closed

    def close(self, patience: float = 1.0) -> None:
        """End all sleeps and waits, and wait for running work to end.

        patience: real seconds for all threads together.
        """
        self._closed.set()
        until = time.monotonic() + patience
        with self._guard:
            threads = tuple(self._threads)
        for thread in threads:
            thread.join(max(until - time.monotonic(), 0.0))
