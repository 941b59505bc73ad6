"""What the world outside sees of a controller beside AWS: its log, and its console."""

import io
from collections.abc import Callable
from typing import Protocol

from controller.steps.context.deps import Deps


class Log(io.StringIO):
    """Where the handlers' log goes: each text is shown to whoever listens, and kept nowhere."""

    listener: Callable[[str], object] | None = None

    def write(self, text: str) -> int:
        if self.listener is not None:
            self.listener(text)
        return len(text)


class Gate(Protocol):
    """One controller's console, as browsers meet it."""

    def look(self, method: str, path: str, who: str | None) -> tuple[int, str]:
        """Status and page; `who` is signed in, or nobody."""
        ...

    def click(self, request: str, who: str, *, yes: bool, reason: str) -> bool:
        """Open the page of a request, and send the form on it. Whether the answer counted."""
        ...


MakeGate = Callable[[Deps, Callable[[], float]], Gate]
