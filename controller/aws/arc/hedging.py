"""Hedging: the same request to several endpoints, until the first success.

Each is sent a little later than the one before.
```
 endpoint a  |-------------- hung ---------------x client timeout
 endpoint b         |---x refused: hop at once
 endpoint c             |---ok  <- wins; a is still open: join() before returning
             0      stagger
```
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from controller.ports.runtime import Runtime, Task

T = TypeVar("T")
E = TypeVar("E", bound=Exception)


@dataclass(frozen=True, slots=True)
class Attempt(Generic[T]):
    """One leg: where it goes, and the call that takes it there."""

    name: str
    work: Callable[[], T]


@dataclass(frozen=True, slots=True)
class Outcome(Generic[T, E]):
    """The result of a round.

    `won` is (leg, value); `ended` the failure that stopped the round, if one did.
    """

    won: tuple[str, T] | None
    ended: E | None
    failures: tuple[tuple[str, E], ...]


@dataclass(frozen=True, slots=True)
class _Leg(Generic[T]):
    name: str
    round: int
    task: Task[T]


class Hedge(Generic[T, E]):
    """The rounds of one request.

    A leg may stay open beyond its round: its success still counts, its failure not.
    Parameters
    ----------
    stagger: seconds after which the next leg starts though the last has not answered.
    in_flight: how many legs may be open at once, over all rounds.
    failure: the error that a leg may end with; any other is a bug and passes through.
    ends: whether such an error ends the round; else the next leg starts at once.

    `sent` counts the legs of all rounds.
    """

    def __init__(
        self,
        runtime: Runtime,
        *,
        stagger: float,
        in_flight: int,
        failure: type[E],
        ends: Callable[[E], bool],
    ) -> None:
        self._runtime = runtime
        self._stagger, self._in_flight = stagger, in_flight
        self._failure, self._ends = failure, ends
        self._open: list[_Leg[T]] = []
        self._round = 0
        self.sent = 0

    def run(
        self,
        attempts: Sequence[Attempt[T]],
        *,
        deadline: float,
        before_send: Callable[[], None] | None = None,
    ) -> Outcome[T, E]:
        """Return the result of one round.

        No leg starts at or after `deadline` (monotonic); open legs are still heard out.
        `before_send` is called right before each leg starts; what it raises passes through.
        """
        self._round += 1
        waiting = deque(attempts)
        failures: list[tuple[str, E]] = []
        send_at = self._runtime.monotonic()
        while True:
            won, failed = self._collect()
            failures += failed
            if won is not None:
                return Outcome(won, None, tuple(failures))
            for _, failure in failed:
                if self._ends(failure):
                    return Outcome(None, failure, tuple(failures))
                send_at = self._runtime.monotonic()
            now = self._runtime.monotonic()
            may_send = bool(waiting) and now < deadline
            if not may_send and not self._open:
                return Outcome(None, None, tuple(failures))
            room = len(self._open) < self._in_flight
            if may_send and room and now >= send_at:
                if before_send is not None:
                    before_send()
                attempt = waiting.popleft()
                self.sent += 1
                self._open.append(_Leg(attempt.name, self._round, self._runtime.spawn(attempt.work)))
                send_at = self._runtime.monotonic() + self._stagger
                continue
            # All open legs, also one that ended since _collect: it must wake us at once.
            tasks = [leg.task for leg in self._open]
            self._runtime.wait(tasks, min(send_at, deadline) - now if may_send and room else 60.0)

    def open_names(self) -> tuple[str, ...]:
        """Return the legs that have not answered yet."""
        return tuple(leg.name for leg in self._open if not leg.task.done())

    def join(self, limit: float) -> None:
        """Wait until no leg is open, `limit` seconds at most.

        Legs end by their client's timeouts.
        """
        until = self._runtime.monotonic() + limit
        while (left := until - self._runtime.monotonic()) > 0:
            tasks = [leg.task for leg in self._open if not leg.task.done()]
            if not tasks:
                return
            self._runtime.wait(tasks, left)

    def _collect(self) -> tuple[tuple[str, T] | None, list[tuple[str, E]]]:
        """Take the legs that ended: the first success, and the failures of this round."""
        ended = [leg for leg in self._open if leg.task.done()]
        self._open = [leg for leg in self._open if leg not in ended]
        won: tuple[str, T] | None = None
        failed: list[tuple[str, E]] = []
        for leg in ended:
            try:
                value = leg.task.result()
            except self._failure as failure:
                if leg.round == self._round:
                    failed.append((leg.name, failure))
            else:
                won = won or (leg.name, value)
        return won, failed
