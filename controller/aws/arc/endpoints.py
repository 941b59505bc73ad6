"""The five endpoints of an ARC cluster as one: order, hedging, pauses.

AWS cycles endpoints out for maintenance, so a failing one is normal.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import count
from typing import TypeVar

from botocore.client import BaseClient

from controller.aws.arc.calls import CallFailed, Next
from controller.aws.arc.hedging import Attempt, Hedge, Outcome
from controller.ports.errors import SwitchUnavailable
from controller.ports.runtime import Runtime

T = TypeVar("T")

READ_STAGGER, READS_IN_FLIGHT = 0.15, 3
WRITE_STAGGER, WRITES_IN_FLIGHT = 1.0, 2
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 2.0
SUSPECT_FOR = 30.0
# Seconds. A read has no effect, so three may be open: two hung endpoints cost it 0.3 s, not a client timeout.
# Rounds of writes start at 0, 0.2, 0.6 and 1.4 s: no endpoint sees more than AWS's three a second.


class Endpoints:
    """The endpoints of a cluster, asked one after another until one answers.

    avoid: Regions that come last (the impaired one).
    """

    def __init__(
        self, clients: Mapping[str, BaseClient], *, runtime: Runtime, rng: random.Random, avoid: Sequence[str]
    ) -> None:
        self._clients, self._runtime, self._rng = dict(sorted(clients.items())), runtime, rng
        self._avoid = frozenset(avoid)
        self._suspect_until: dict[str, float] = {}

    def reads(self) -> Hedge[dict[str, bool], CallFailed]:
        return Hedge(
            self._runtime,
            stagger=READ_STAGGER,
            in_flight=READS_IN_FLIGHT,
            failure=CallFailed,
            ends=lambda failed: failed.next is not Next.HOP,
        )

    def writes(self) -> Hedge[None, CallFailed]:
        return Hedge(
            self._runtime,
            stagger=WRITE_STAGGER,
            in_flight=WRITES_IN_FLIGHT,
            failure=CallFailed,
            ends=lambda failed: failed.next is not Next.HOP,
        )

    def ask(
        self,
        hedge: Hedge[T, CallFailed],
        call: Callable[[BaseClient], T],
        *,
        deadline: float,
        before_send: Callable[[], None] | None = None,
        without: str | None = None,
        third: str | None = None,
    ) -> Outcome[T, CallFailed]:
        """Ask the endpoints in rounds until one succeeds or refuses.

        without: the endpoint that is left out. third: the endpoint that is asked only after two others,
        whatever else is known of it.

        What comes back is won, or ended by a conflict, a rule or a stop.
        Raises `SwitchUnavailable` at the deadline (monotonic), with what each endpoint said last.
        """
        said: dict[str, str] = {}
        for turn in count():
            attempts = [
                Attempt(name, partial(call, self._clients[name])) for name in self._order(without, third)
            ]
            outcome = hedge.run(attempts, deadline=deadline, before_send=before_send)
            self._remember(outcome, still_open=hedge.open_names())
            said |= {name: failed.text for name, failed in outcome.failures}
            ended = outcome.ended
            if outcome.won is not None or (ended is not None and ended.next is not Next.BACK_OFF):
                return outcome
            advice = None if ended is None else ended.retry_after
            pause = self.pause(turn) if advice is None else advice
            if self._runtime.monotonic() + pause >= deadline:
                answers = "; ".join(f"{name}: {text}" for name, text in said.items())
                raise SwitchUnavailable(
                    f"no ARC endpoint took the call in time: {answers or 'none answered'}"
                )
            self._runtime.sleep(pause)
        raise AssertionError  # count() does not end

    def pause(self, turn: int) -> float:
        """Return the seconds before round `turn + 1`, doubling, with jitter upwards only."""
        jitter: float = self._rng.uniform(1.0, 1.5)
        return min(FIRST_PAUSE * 2.0 ** min(turn, 10) * jitter, LONGEST_PAUSE)

    def alone(self, name: str) -> bool:
        """Return True where all endpoints but `name` failed lately.

        They failed, or kept silent, within the last `SUSPECT_FOR` seconds.
        """
        return all(self._suspect(other) for other in self._clients if other != name)

    def _suspect(self, name: str) -> bool:
        now = self._runtime.monotonic()
        return self._suspect_until.get(name, now) > now

    def _order(self, without: str | None, third: str | None) -> list[str]:
        """Return the endpoints in random order.

        The avoided ones come later, those that failed lately last of all.
        """
        names = [name for name in self._clients if name not in (without, third)]
        self._rng.shuffle(names)
        names.sort(key=lambda name: (self._suspect(name), name in self._avoid))
        return names if third is None else [*names[:2], third, *names[2:]]

    def _remember(self, outcome: Outcome[T, CallFailed], *, still_open: Sequence[str]) -> None:
        until = self._runtime.monotonic() + SUSPECT_FOR
        failed = {name for name, failed in outcome.failures if failed.next in (Next.HOP, Next.BACK_OFF)}
        self._suspect_until |= dict.fromkeys(failed | set(still_open), until)
        if outcome.won is not None:
            self._suspect_until.pop(outcome.won[0], None)
