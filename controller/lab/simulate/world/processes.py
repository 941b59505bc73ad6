"""The processes that die, and machines whose clocks are wrong.

A process is one invocation of a handler with everything that it spawned. Once it is dead, its next call
raises `Died`, which no code of the controller catches: what it had sent may land, it sends no more.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TypeVar

from controller.rehearsal.time.kernel import Kernel
from controller.rehearsal.time.virtual import Fiber, VirtualRuntime

T = TypeVar("T")


class Died(BaseException):
    """The process ended here, and nothing after this ran.

    So ends a Lambda that runs out of memory.
    """


class ProcessEnded(RuntimeError):  # noqa: N818
    """The error that the caller of a function sees where its process `Died`."""


@dataclass(eq=False)
class Process:
    """One invocation of a handler; `number` counts the invocations of a run."""

    number: int
    region: str
    function: str
    dead: bool = False


_RUNNING: ContextVar[Process | None] = ContextVar("process", default=None)


def running() -> Process | None:
    """Return the process that runs now; None for a person, or the cloud."""
    return _RUNNING.get()


@contextmanager
def as_process(process: Process | None) -> Iterator[None]:
    before = _RUNNING.set(process)
    try:
        yield
    finally:
        _RUNNING.reset(before)


def die_if_dead() -> None:
    process = _RUNNING.get()
    if process is not None and process.dead:
        raise Died


class Machines(VirtualRuntime):
    """The runtime of one Region's handlers.

    What the handlers spawn belongs to their process; `skew` may change.
    """

    def __init__(self, kernel: Kernel) -> None:
        super().__init__(kernel)

    def spawn(self, work: Callable[[], T]) -> Fiber[T]:
        process = _RUNNING.get()  # a new greenlet starts with an empty context of its own

        def run() -> T:
            with as_process(process):
                try:
                    return work()
                except Died as died:
                    raise ProcessEnded("the process ended") from died

        return super().spawn(run)

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        die_if_dead()
