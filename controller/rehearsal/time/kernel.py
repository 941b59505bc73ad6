"""The kernel of the rehearsal cloud: one queue of timed callbacks.

```
 virtual:  pop the earliest callback, set the clock to its time, call it      (replay, tests, simulation)
 wall:     sleep until the earliest callback is due at `speed`, call it        (demo, up)
```

Callbacks run on one thread with `lock` held and must not block; what blocks (a Lambda handler, an
HTTP probe) goes through a `Runtime` beside the kernel and comes back with `post`.
"""

import itertools
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from heapq import heappop, heappush
from math import inf

Callback = Callable[[], None]


@dataclass(slots=True)
class Timer:
    """A callback that waits for its time; `cancel()` makes it do nothing."""

    when: float
    callback: Callback | None

    def cancel(self) -> None:
        self.callback = None


class VirtualClock:
    """A clock that jumps to the time of each callback; idle time costs nothing."""

    def __init__(self, start: float) -> None:
        self.time = start

    def now(self) -> float:
        return self.time


class WallClock:
    """A clock whose scenario time runs `speed` times as fast as the machine's clock."""

    def __init__(self, start: float, speed: float, wall_start: float | None = None) -> None:
        self.start, self.speed = start, speed
        self.wall_start = time.time() if wall_start is None else wall_start

    def now(self) -> float:
        return self.start + (time.time() - self.wall_start) * self.speed

    def reach(self, when: float, changed: threading.Condition) -> bool:
        """Sleep towards `when`, and return True once it is reached.

        Return False after at most 0.5 s of sleep, or when a callback was queued: the caller looks again.
        """
        wall_seconds = (when - self.now()) / self.speed
        if wall_seconds <= 0:
            return True
        changed.wait(min(wall_seconds, 0.5))
        return False


class Kernel:
    """The queue that runs callbacks in order of time; ties in order of scheduling."""

    def __init__(self, clock: VirtualClock | WallClock) -> None:
        self.clock = clock
        self.lock = threading.RLock()
        self._changed = threading.Condition(self.lock)
        self._queue: list[tuple[float, int, Timer]] = []
        self._order = itertools.count()
        self._stopped = False
        self._virtual = clock if isinstance(clock, VirtualClock) else None
        self.trace: Callable[[tuple[float, int, Timer]], object] | None = None
        """Called with each callback that is due, in virtual time.

        Its argument is the time, the callback's number, and its timer.
        """

    def now(self) -> float:
        """Return scenario time, in seconds since 1970."""
        return self.clock.now()

    def at(self, when: float, callback: Callback) -> Timer:
        """Call `callback` at scenario time `when`, or now where that is past.

        Thread-safe where time is real.
        """
        virtual = self._virtual
        if virtual is not None:  # one thread, and nobody sleeps who must be woken
            if when < virtual.time:
                when = virtual.time
            timer = Timer(when, callback)
            heappush(self._queue, (when, next(self._order), timer))
            return timer
        with self.lock:
            timer = Timer(max(when, self.now()), callback)
            heappush(self._queue, (timer.when, next(self._order), timer))
            self._changed.notify_all()
            return timer

    def after(self, seconds: float, callback: Callback) -> Timer:
        virtual = self._virtual
        if virtual is None or seconds < 0:
            return self.at(self.clock.now() + seconds, callback)
        when = virtual.time + seconds  # as `at`, in one call: most of what is timed comes this way
        timer = Timer(when, callback)
        heappush(self._queue, (when, next(self._order), timer))
        return timer

    def post(self, callback: Callback) -> Timer:
        """Call `callback` soon, on the kernel's thread."""
        return self.at(self.now(), callback)

    def every(self, seconds: float, callback: Callback, first_after: float | None = None) -> None:
        """Call `callback` again and again, on a grid of `seconds` that does not drift."""

        def beat(due: float) -> None:
            self.at(due + seconds, lambda: beat(due + seconds))
            callback()

        start = self.now() + (seconds if first_after is None else first_after)
        self.at(start, lambda: beat(start))

    def stop(self) -> None:
        with self.lock:
            self._stopped = True
            self._changed.notify_all()

    def run(self, until: float | None = None) -> None:
        """Run callbacks until `stop()`, or until scenario time `until`.

        In virtual time it also ends where no callback is left.
        """
        with self.lock:
            self._stopped = False
            if isinstance(self.clock, WallClock):
                self._wait(self.clock, until)
            else:
                self._jump(self.clock, until)

    def _jump(self, clock: VirtualClock, until: float | None) -> None:
        queue, end = self._queue, inf if until is None else until
        while not self._stopped and queue:
            entry = heappop(queue)
            when, _, timer = entry
            callback = timer.callback
            if callback is None:
                continue  # cancelled: must not pull the clock to its time
            if when > end:
                heappush(queue, entry)
                break
            if when > clock.time:
                clock.time = when
            if self.trace is not None:
                self.trace(entry)
            callback()
        if not self._stopped and until is not None and until > clock.time:
            clock.time = until

    def _wait(self, clock: WallClock, until: float | None) -> None:
        while not self._stopped:
            while self._queue and self._queue[0][2].callback is None:
                heappop(self._queue)
            if until is not None and (not self._queue or self._queue[0][0] > until):
                if clock.reach(until, self._changed):
                    return
                continue
            if not self._queue:
                self._changed.wait(0.5)
                continue
            if not clock.reach(self._queue[0][0], self._changed):
                continue
            callback = heappop(self._queue)[2].callback
            if callback is not None:
                callback()
