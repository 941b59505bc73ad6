"""What can happen to one call of the controller, and to the process that makes it."""

from collections.abc import Callable
from dataclasses import dataclass


class Died(BaseException):
    """The step's process ended here, as a Lambda that runs out of memory does: nothing after this ran."""


@dataclass(frozen=True)
class Sent:
    """One call that the controller is about to make. `step`: the handlers that run now, by name."""

    number: int
    step: frozenset[str]
    service: str
    endpoint: str
    operation: str


Trouble = Callable[[Sent], str | None]
"""What happens to a call: None, "refused", "hung", "lost", or "died" (before it), "dies" (after it)."""


def calm(_sent: Sent) -> str | None:
    return None
