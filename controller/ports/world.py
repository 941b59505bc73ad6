"""What the controller sees and moves, as promises."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from controller.core.model import Ignored, Sighting


class Switch(Protocol):
    """The routing controls of an ARC cluster, by name."""

    def read(self, controls: Sequence[str]) -> Mapping[str, bool]:
        """Name -> on. Raises `SwitchUnavailable`."""
        ...

    def flip(
        self,
        changes: Sequence[tuple[str, bool]],
        *,
        deadline: float,
        fence: Callable[[], None],
        override: Sequence[str] = (),
    ) -> Mapping[str, bool]:
        """Apply all changes, On and Off together, and read them back from another endpoint.

        `override`: ARNs of safety rules that two people approved to set aside; no other is. `fence` is
        called right before each send and raises (`JournalConflict`) if we may no longer act;
        `deadline` is on the monotonic clock: nothing new is sent after it, and nothing is in flight when
        this returns. Returns the states read back. Raises `SwitchUnavailable`, `SwitchRefused`.
        """
        ...


class AlarmPoll(Protocol):
    def poll(self, region: str, names: Sequence[str]) -> Sequence[Sighting | Ignored]:
        """The alarms' present states, one observation each. Raises `EvidenceUnavailable` after one second."""
        ...


class Workflow(Protocol):
    """The state machine and its callbacks."""

    def start(self, name: str, payload: Mapping[str, Any]) -> bool:
        """Start the execution `name`; False if it exists already. Raises `OutsideUnreachable`."""
        ...

    def running(self, name: str) -> bool | None:
        """Whether the execution runs; None if there is none of that name."""
        ...

    def succeed(self, token: str, output: Mapping[str, Any], *, region: str = "") -> None:
        """Answer a task token, one of another controller's `region` where that is named.

        Raises `TokenClosed` if it was decided already.
        """
        ...

    def fail(self, token: str, error: str, cause: str) -> None: ...

    def heartbeat(self, token: str) -> None: ...


class Notices(Protocol):
    def send(self, subject: str, text: str) -> None:
        """Page people. Raises `OutsideUnreachable`."""
        ...

    def publish(self, kind: str, detail: Mapping[str, Any]) -> None:
        """Put an event on the bus for other tools. Raises `OutsideUnreachable`."""
        ...
