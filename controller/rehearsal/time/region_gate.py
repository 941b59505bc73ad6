"""One Region's share of the kernel: callbacks wait while the Region stands still.

```
 due     ──1──2─────3──4────────────5──>
 stopped       └─────────────┐
 called  ──1────────────────2·3·4───5──>    in order, once the Region goes on
```
"""

from collections.abc import Callable

from controller.rehearsal.time.kernel import Callback, Kernel, Timer

LOOK = 0.5
"""Seconds between two checks of a stopped Region."""


class Gate(Kernel):
    """A kernel that passes callbacks on to `kernel`, unless the Region stands still.

    Time goes on all the same, so that deadlines pass meanwhile.
    """

    def __init__(self, kernel: Kernel, stopped: Callable[[], bool]) -> None:
        self._kernel, self.stopped = kernel, stopped
        self.clock, self.lock = kernel.clock, kernel.lock
        self._held: list[Timer] = []

    def at(self, when: float, callback: Callback) -> Timer:
        """Call `callback` at `when`, as the kernel does, once the Region runs.

        A timer can still be cancelled while it waits for the Region.
        """

        def due() -> None:
            if self._held or self.stopped():
                timer.callback = callback
                self._hold(timer)
            else:
                callback()

        with self.lock:  # where time is real it may be due at once, on another thread
            timer = self._kernel.at(when, callback)
            timer.callback = due
        return timer

    def after(self, seconds: float, callback: Callback) -> Timer:
        return self.at(self.clock.now() + seconds, callback)

    def every(self, seconds: float, callback: Callback, first_after: float | None = None) -> None:
        """Call `callback` again and again, as the kernel does.

        Calls that are due while the Region stands still are left out.
        """
        self._kernel.every(seconds, lambda: None if self.stopped() else callback(), first_after)

    def stop(self) -> None:
        self._kernel.stop()

    def run(self, until: float | None = None) -> None:
        self._kernel.run(until)

    def _hold(self, timer: Timer) -> None:
        if not self._held:
            self._kernel.after(LOOK, self._look)
        self._held.append(timer)

    def _look(self) -> None:
        if self.stopped():
            self._kernel.after(LOOK, self._look)
            return
        held, self._held = self._held, []
        for timer in held:
            if timer.callback is not None:
                timer.callback()
