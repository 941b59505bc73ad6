"""Time and concurrency as promises, so that a rehearsal can own both."""

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Task(Protocol[T_co]):
    """Something that runs beside the caller and ends with a value or an error."""

    def done(self) -> bool: ...

    def result(self) -> T_co:
        """The value, or the error raised again. Only valid once `done()` is true."""
        ...


class Runtime(Protocol):
    """The clock and the threads of whoever runs the code.

    In production: the system clock and real threads. In a virtual rehearsal: one thread,
    greenlets, and a clock that jumps from event to event.
    """

    def now(self) -> float:
        """Seconds since 1970-01-01T00:00:00Z, as this machine believes."""
        ...

    def monotonic(self) -> float:
        """Seconds on a clock that never steps; for deadlines only."""
        ...

    def sleep(self, seconds: float) -> None: ...

    def spawn(self, work: Callable[[], T]) -> Task[T]:
        """Start `work` beside the caller."""
        ...

    def wait(self, tasks: Sequence[Task[T]], timeout: float) -> None:
        """Return once any of `tasks` is done, or `timeout` seconds have passed."""
        ...
