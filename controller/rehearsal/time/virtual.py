"""A `Runtime` on one thread: greenlets that wait on the kernel's virtual clock.

```
 hub (kernel.run) ──switch──> fiber: a Lambda handler, a probe, one leg of a hedge
        ^                        │ sleep(2.5): kernel.after(2.5, resume); switch to the hub
        └────────────────────────┘
```

Outside any fiber (a test's own code) `sleep` and `wait` run the kernel forward instead.
"""

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar, cast

from greenlet import GreenletExit, getcurrent, greenlet

from controller.rehearsal.time.kernel import Kernel

T = TypeVar("T")


class Fiber(Generic[T]):
    """A piece of work in a greenlet of its own."""

    def __init__(self, work: Callable[[], T]) -> None:
        self._work = work
        self._value: T | None = None
        self._error: BaseException | None = None
        self._done = False
        self._watchers: list[Callable[[], None]] = []

    def done(self) -> bool:
        return self._done

    def result(self) -> T:
        if self._error is not None:
            raise self._error
        return cast(T, self._value)

    def watch(self, callback: Callable[[], None]) -> None:
        """Call `callback` when this fiber ends (at once, if it has)."""
        if self._done:
            callback()
        else:
            self._watchers.append(callback)

    def run(self) -> None:
        try:
            self._value = self._work()
        except Exception as error:  # noqa: BLE001 - kept, and raised again by result()
            self._error = error
        self._done = True
        for callback in self._watchers:
            callback()


class VirtualRuntime:
    """The time and concurrency of a kernel with a virtual clock.

    skew: added to `now()` (a machine with a wrong clock); `monotonic()` is never skewed.
    """

    def __init__(self, kernel: Kernel, skew: float = 0.0) -> None:
        self.kernel, self.skew = kernel, skew
        self._begun: set[greenlet] = set()

    def now(self) -> float:
        return self.kernel.now() + self.skew

    def monotonic(self) -> float:
        return self.kernel.now()

    def spawn(self, work: Callable[[], T]) -> Fiber[T]:
        fiber = Fiber(work)

        def run() -> None:
            me = getcurrent()
            self._begun.add(me)
            try:
                fiber.run()
            finally:
                self._begun.discard(me)

        self.kernel.post(_resume(greenlet(run)))
        return fiber

    def close(self) -> None:
        """End the greenlets that have started and would never go on.

        Otherwise the stack of each keeps everything that it names in memory.
        """
        for fiber in tuple(self._begun):
            fiber.throw(GreenletExit)

    def sleep(self, seconds: float) -> None:
        me = getcurrent()
        if me.parent is None:
            self.kernel.run(until=self.kernel.now() + seconds)
            return
        self.kernel.at(self.kernel.clock.now() + seconds, _resume(me))
        me.parent.switch()

    def wait(self, tasks: Sequence[Any], timeout: float) -> None:
        if any(task.done() for task in tasks):
            return
        me = getcurrent()
        if me.parent is None:
            waiting = True
            for task in tasks:
                task.watch(lambda: self.kernel.stop() if waiting else None)
            self.kernel.run(until=self.kernel.now() + timeout)
            waiting = False
            return
        woken = False

        def wake() -> None:
            nonlocal woken
            if not woken:
                woken = True
                timer.cancel()
                self.kernel.post(_resume(me))

        timer = self.kernel.after(timeout, wake)
        for task in tasks:
            task.watch(wake)
        me.parent.switch()


def _resume(fiber: greenlet) -> Callable[[], None]:
    def resume() -> None:
        fiber.parent = getcurrent()
        fiber.switch()

    return resume
