"""The protocols of everything outside that the controller sees and moves.

They include the answers of others about a Region's readiness, and the last of these answers, kept.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from controller.core.decision.readiness import ReadinessQuery, ReadinessResult
from controller.core.model import Ignored, Sighting


@dataclass(frozen=True, slots=True, eq=False)
class ReadBack(Mapping[str, bool]):
    """The controls as read back: name -> on.

    alone: the endpoint that took the change, where no other one answered.
    """

    states: Mapping[str, bool]
    alone: str | None = None

    def __getitem__(self, name: str) -> bool:
        return self.states[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.states)

    def __len__(self) -> int:
        return len(self.states)


class RoutingControls(Protocol):
    """The routing controls of an ARC cluster, by name."""

    def read(self, controls: Sequence[str]) -> Mapping[str, bool]:
        """Return the states of the controls: name -> on.

        Raises `SwitchUnavailable`.
        """
        ...

    def update(
        self,
        calls: Sequence[Sequence[tuple[str, bool]]],
        *,
        deadline: float,
        fence: Callable[[], None],
        override: Sequence[str] = (),
    ) -> ReadBack:
        """Apply the changes call by call, each call whole, and read them back.

        `core.decision.plan.calls` says which changes go together. They are read back from another endpoint,
        if one answers. Returns the states read back.

        `override`: ARNs of safety rules that two people approved to set aside; no other is. `fence` is
        called right before each send and raises (`JournalConflict`) if we may no longer act;
        `deadline` is on the monotonic clock: nothing new is sent after it, and nothing is in flight when
        this returns. Raises `SwitchUnavailable`, `SwitchRefused`.
        """
        ...


class AlarmPoll(Protocol):
    def poll(self, region: str, names: Sequence[str]) -> Sequence[Sighting | Ignored]:
        """Return the alarms' present states, one observation each.

        Raises `EvidenceUnavailable` after one second: `refused` where somebody answered and did not let us
        look, or our own time was too short; else nobody answered.
        """
        ...


class Requests(Protocol):
    def count(self, region: str, *, since: float, until: float) -> Sequence[tuple[float, float]]:
        """Return (start of the minute, requests in it), for each counted minute.

        The Region's own metric counts them. Raises `EvidenceUnavailable`, after one second at most. Nothing
        that acts may depend on it.
        """
        ...


class Workflow(Protocol):
    """The state machine and its callbacks."""

    def start(self, name: str, payload: Mapping[str, Any]) -> bool:
        """Start the execution `name`; False if it exists already. Raises `OutsideUnreachable`."""
        ...

    def running(self, name: str) -> bool | None:
        """Return True where the execution runs.

        None if there is none of that name.
        """
        ...

    def succeed(self, token: str, output: Mapping[str, Any], *, region: str = "") -> None:
        """Answer a task token, one of another controller's `region` where that is named.

        Raises `TokenClosed` if it was decided already.
        """
        ...

    def fail(self, token: str, error: str, cause: str) -> None: ...

    def heartbeat(self, token: str) -> None: ...


class Notices(Protocol):
    def send(self, subject: str, text: str, *, path: str = "", key: str = "") -> None:
        """Page people.

        `path` is of the console's page about it; `key` is the same for what updates a page. Raises
        `OutsideUnreachable`.
        """
        ...

    def publish(self, kind: str, detail: Mapping[str, Any]) -> None:
        """Put an event on the bus for other tools. Raises `OutsideUnreachable`."""
        ...


class Heartbeat(Protocol):
    def beat(self) -> str:
        """Tell a third party that this controller is well.

        It pages people when that stops. Return "", or what is in doubt although it was told. Ends within a
        few seconds. Raises `OutsideUnreachable`, whose sentence holds no secret.
        """
        ...


class Readiness(Protocol):
    def read(self, query: ReadinessQuery) -> ReadinessResult:
        """Ask the provider of the query's kind now.

        Raises `EvidenceUnavailable` after one second.
        """
        ...


class Snapshots(Protocol):
    """The last answer to each query of readiness, with its time.

    It counts where nobody answers.
    """

    def keep(self, application: str, readings: Sequence[ReadinessResult]) -> None:
        """Replace what is kept of the same queries.

        Raises `EvidenceUnavailable`.
        """
        ...

    def kept(self, application: str) -> tuple[ReadinessResult, ...]:
        """Return the kept answers.

        Raises `EvidenceUnavailable`.
        """
        ...
