"""Faults of one call of the controller, and deaths of the process that makes it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from controller.core.journal.event import Event


class Died(BaseException):
    """The step's process ended here, as a Lambda that runs out of memory does: nothing after this ran."""


@dataclass(frozen=True)
class Sent:
    """One call that a controller is about to make. `step`: the handlers that run now, by name.

    home: the controller's Region. at: the true time.
    """

    number: int
    home: str
    at: float
    step: frozenset[str]
    service: str
    endpoint: str
    operation: str


class Written(NamedTuple):
    at: float
    event: Event


class Send(NamedTuple):
    """`known`: how many events had been written by then."""

    at: float
    home: str
    body: bytes
    known: int


Trouble = Callable[[Sent], str | None]
"""What happens to a call: None, "refused", "hung", "lost" (applied, no reply), "late" (applied `LATE` seconds
after it was given up), "died" (the process, before it) or "dies" (the process, after it)."""
LATE = (7.0, 40.0, 170.0)
"""Seconds after which a late call lands, in turn."""


def calm(_sent: Sent) -> str | None:
    return None
