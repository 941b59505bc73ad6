"""Time and concurrency as promises, and the waits that are built on them.

A rehearsal can own both.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Future
from typing import Protocol, TypeVar

from controller.ports.errors import EvidenceUnavailable

K = TypeVar("K")
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Task(Protocol[T_co]):
    """Work that runs beside the caller and ends with a value or an error."""

    def done(self) -> bool: ...

    def result(self) -> T_co:
        """Return the value, or raise the error again. Only valid once `done()` is true."""
        ...


class Runtime(Protocol):
    """The clock and the threads of whoever runs the code.

    In production: the system clock and real threads. In a virtual rehearsal: one thread,
    greenlets, and a clock that jumps from event to event.
    """

    def now(self) -> float:
        """Return seconds since 1970-01-01T00:00:00Z, as this machine believes."""
        ...

    def monotonic(self) -> float:
        """Return seconds on a clock that never steps; for deadlines only."""
        ...

    def sleep(self, seconds: float) -> None: ...

    def spawn(self, work: Callable[[], T]) -> Task[T]:
        """Start `work` beside the caller."""
        ...

    def wait(self, tasks: Sequence[Task[T]], timeout: float) -> None:
        """Return once any of `tasks` is done, or `timeout` seconds have passed."""
        ...


def wait_for_all(runtime: Runtime, tasks: Collection[Task[T]], patience: float) -> None:
    """Return once all of `tasks` are done, or `patience` seconds have passed."""
    ends = runtime.monotonic() + patience
    while (rest := [task for task in tasks if not task.done()]) and runtime.monotonic() < ends:
        runtime.wait(rest, ends - runtime.monotonic())


def fan_out(runtime: Runtime, work: Mapping[K, Callable[[], T]], patience: float) -> dict[K, T]:
    """Do all of `work` side by side; return the answers that came in time.

    patience: seconds.
    Raises what a piece of work raised.
    """
    tasks = {key: runtime.spawn(each) for key, each in work.items()}
    wait_for_all(runtime, tasks.values(), patience)
    return {key: task.result() for key, task in tasks.items() if task.done()}


def answer_within(runtime: Runtime, work: Callable[[], T], timeout: float, *, whom: str) -> T:
    """Return what `work` returns within `timeout` seconds.

    It is left running where it takes longer.
    whom: who was asked, for the sentence. Raises `EvidenceUnavailable`, and what `work` raised.
    """
    task = runtime.spawn(work)
    runtime.wait([task], timeout)
    if not task.done():
        raise EvidenceUnavailable(f"{whom} in {timeout:g} s")
    return task.result()


def settle(future: "Future[T]", work: Callable[[], T]) -> None:
    """Do `work` and put its value or error into `future`: a thread's body."""
    try:
        value = work()
    except Exception as error:  # noqa: BLE001 - kept, and raised again by result()
        future.set_exception(error)
    else:
        future.set_result(value)
