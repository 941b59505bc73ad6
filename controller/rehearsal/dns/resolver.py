"""The name service behind both networks: routing controls, then health checks, then answers."""

from collections.abc import Callable

from controller.rehearsal.dns.records import Answer, ControlIsOn, NoSuchName, RecordTree, absolute, resolve
from controller.rehearsal.time.kernel import Kernel

HEALTH_CHECK_SECONDS = 10.0


class HealthChecks:
    """RECOVERY_CONTROL health checks: they read a routing control every `every` seconds.

    A changed control so shows up to `every` seconds later. All controls of `tree` are read at once, so
    that no look-up ever sees half of one ARC call.
    """

    def __init__(
        self,
        kernel: Kernel,
        tree: RecordTree,
        control_is_on: ControlIsOn,
        *,
        every: float = HEALTH_CHECK_SECONDS,
    ) -> None:
        self._control_is_on = control_is_on
        self._controls = [target.control for piece in tree.slices for target in piece.targets]
        self._healthy: dict[str, bool] = {}
        self.poll()
        kernel.every(every, self.poll)

    def poll(self) -> None:
        self._healthy = {control: self._control_is_on(control) for control in self._controls}

    def is_healthy(self, control: str) -> bool:
        return self._healthy[control]


class NameService:
    """The answers for the public name and for each Regional endpoint.

    draw: returns the number in [0, 1) that decides between weighted records.
    """

    def __init__(self, *, tree: RecordTree, is_healthy: ControlIsOn, draw: Callable[[], float]) -> None:
        self.tree, self._is_healthy, self._draw = tree, is_healthy, draw
        self.regions = {target.name: target.region for piece in tree.slices for target in piece.targets}

    def lookup(self, name: str, location: str) -> Answer:
        """Return the answer for `name`, for a resolver at `location`.

        Raises `NoSuchName`.
        """
        region = self.regions.get(absolute(name))
        if region is not None:
            return Answer(region, absolute(name), "", self.tree.ttl)
        if absolute(name) != self.tree.name:
            raise NoSuchName(name)
        return resolve(self.tree, name, self._is_healthy, location, self._draw())
