"""How a rehearsed service starts a Lambda function and hears how it ended."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of an invocation: `payload`, or the `error`'s name with its `cause`."""

    payload: Any = field(default=None, repr=False)
    error: str | None = None
    cause: str | None = None


Invoke = Callable[[str, Any, Callable[[Outcome], None]], None]
"""`invoke(function, payload, done)`: returns at once; `done` is called later, on the kernel's thread."""
