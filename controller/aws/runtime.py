"""The production `Runtime`: the system's clock and real threads."""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import Any, TypeVar

from controller.ports.runtime import settle

T = TypeVar("T")


class SystemRuntime:
    """Real time at speed 1.

    A rehearsal passes a speed and an anchor, so that all share one clock.

    Parameters
    ----------
    speed: scenario seconds per real second.
    scenario_start, wall_start: the scenario time (seconds since 1970) at that real time; both or neither.
    floor: real seconds that a `wait` lasts at least; 0.01-0.02 at speed 60, where 150 ms shrink to 2.5.
    """

    def __init__(
        self,
        *,
        speed: float = 1.0,
        scenario_start: float | None = None,
        wall_start: float | None = None,
        floor: float = 0.0,
    ) -> None:
        if speed <= 0:
            raise ValueError("speed must be above zero")
        if (scenario_start is None) != (wall_start is None):
            raise ValueError("scenario_start and wall_start belong together")
        if speed != 1.0 and scenario_start is None:
            raise ValueError("a speed other than 1 needs scenario_start and wall_start")
        self._speed, self._floor = speed, floor
        self._anchor = None if scenario_start is None or wall_start is None else (scenario_start, wall_start)

    def now(self) -> float:
        if self._anchor is None:
            return time.time()
        scenario_start, wall_start = self._anchor
        return scenario_start + (time.time() - wall_start) * self._speed

    def monotonic(self) -> float:
        return time.monotonic() * self._speed

    def sleep(self, seconds: float) -> None:
        time.sleep(max(seconds, 0.0) / self._speed)

    def spawn(self, work: Callable[[], T]) -> "Future[T]":
        """Start `work` on a daemon thread: a hung call never keeps the process alive."""
        future: Future[T] = Future()

        threading.Thread(target=settle, args=(future, work), name="tidegate", daemon=True).start()
        return future

    def wait(self, tasks: Sequence[Any], timeout: float) -> None:
        real = max(timeout / self._speed, self._floor)
        if tasks:
            wait(tasks, timeout=real, return_when=FIRST_COMPLETED)
        else:
            time.sleep(max(real, 0.0))
