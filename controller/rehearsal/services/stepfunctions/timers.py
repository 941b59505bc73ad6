"""The named timers of each execution.

They are dropped with a closed execution, so that nothing acts for it later.
"""

from collections.abc import Callable

from controller.rehearsal.time.kernel import Kernel, Timer


class Timers:
    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._timers: dict[str, dict[str, Timer]] = {}

    def set(self, owner: str, name: str, when: float, callback: Callable[[], None]) -> None:
        """Call `callback` at scenario time `when`.

        It replaces an earlier timer of this name.
        """
        self.drop(owner, name)
        self._timers.setdefault(owner, {})[name] = self._kernel.at(when, callback)

    def drop(self, owner: str, *names: str) -> None:
        for name in names:
            timer = self._timers.get(owner, {}).pop(name, None)
            if timer is not None:
                timer.cancel()

    def drop_all(self, owner: str) -> None:
        self.drop(owner, *self._timers.get(owner, {}))
        self._timers.pop(owner, None)
