"""ARC routing controls over five endpoints: the `RoutingControls` of production.

```
update: fence, send ──ok──> read back from another endpoint until it shows the goal ──> states
                            (none answers: from the one that took it, and that is said)
              │  ^
       refused│  │ once more, after the wait period
              v  │
        read back: at the goal? ── yes ──> states          (an earlier leg applied, its reply was lost)
              └── no, and refused twice ──> SwitchRefused
```
"""

import random
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import count

from botocore.client import BaseClient

from controller.aws.arc.calls import (
    OVERRIDE_PERMISSION,
    PERMISSIONS,
    CallFailed,
    Next,
    client_config,
    read_states,
    write_states,
)
from controller.aws.arc.endpoints import Endpoints
from controller.aws.arc.hedging import Hedge
from controller.ports.errors import ControllerError, SwitchRefused, SwitchUnavailable
from controller.ports.outside import ReadBack
from controller.ports.runtime import Runtime

__all__ = ["OVERRIDE_PERMISSION", "PERMISSIONS", "ArcSwitch", "client_config"]

POLL = 1.0
JOIN_LIMIT = 10.0
ELSEWHERE = 3.0
"""Seconds that the other endpoints have to answer at all; then the one that took the change is asked too."""

Changes = Sequence[tuple[str, bool]]


class ArcSwitch:
    """The routing controls of an ARC cluster, read and moved by name.

    All times in seconds.

    Parameters
    ----------
    clients: endpoint's Region -> botocore client with `client_config()` and that endpoint's URL.
    arns: control name -> ARN. panel: the panel that holds them all; without it the cluster is listed.
    avoid: Regions whose endpoints are asked last (the impaired one).
    wait_period: the longest `WaitPeriodMs` of the panel's safety rules.
    read_within: how long `read` tries. confirm_within: how long a change may take to show elsewhere.
    """

    def __init__(
        self,
        clients: Mapping[str, BaseClient],
        arns: Mapping[str, str],
        *,
        runtime: Runtime,
        rng: random.Random,
        panel: str | None = None,
        avoid: Sequence[str] = (),
        wait_period: float = 5.0,
        read_within: float = 5.0,
        confirm_within: float = 15.0,
    ) -> None:
        self._endpoints = Endpoints(clients, runtime=runtime, rng=rng, avoid=avoid)
        self._runtime, self._arns, self._panel = runtime, dict(arns), panel
        self._wait_period, self._read_within, self._confirm_within = wait_period, read_within, confirm_within

    def read(self, controls: Sequence[str]) -> Mapping[str, bool]:
        """Return the states of the controls: name -> on.

        Raises `SwitchUnavailable`; `SwitchRefused` where ARC denies or does not know them.
        """
        return self._read(controls, self._runtime.monotonic() + self._read_within)

    def update(
        self,
        calls: Sequence[Changes],
        *,
        deadline: float,
        fence: Callable[[], None],
        override: Sequence[str] = (),
    ) -> ReadBack:
        """Apply the changes as `ports.outside.RoutingControls.update` promises.

        Nothing is sent after `deadline`, reads included: allow 15 s for a change to show elsewhere. Several
        calls are spaced by the wait period and a second.
        """
        every = [change for batch in calls for change in batch]
        if len(dict(every)) != len(every):
            raise ValueError("a control is named twice")
        done: dict[str, bool] = {}
        states = ReadBack({})
        for number, batch in enumerate(calls, start=1):
            hedge = self._endpoints.writes()
            try:
                winner = self._apply(batch, hedge, deadline, fence, override)
                applied_at = self._runtime.monotonic()
                done |= dict(batch)
                states = self._confirm(done, deadline, without=winner)
            finally:
                hedge.join(JOIN_LIMIT)
            if number < len(calls):
                self._rest_until(applied_at + self._wait_period + 1.0, deadline, f"{number} of {len(calls)}")
        return states

    def _apply(
        self,
        batch: Changes,
        hedge: Hedge[None, CallFailed],
        deadline: float,
        fence: Callable[[], None],
        override: Sequence[str],
    ) -> str | None:
        """Send until the changes hold; return the endpoint that took them.

        Returns None where a read-back showed the goal.
        """
        goal = dict(batch)
        arns = self._known(goal)
        send = partial(
            write_states,
            changes=[(arns[name], on) for name, on in batch],
            may_send=lambda: self._runtime.monotonic() < deadline,
        )
        by_rule, aside = 0, tuple(override)
        for turn in count():
            whole = partial(send, override=aside)
            outcome = self._endpoints.ask(hedge, whole, deadline=deadline, before_send=fence)
            failed = outcome.ended
            if outcome.won is not None or failed is None:
                return None if outcome.won is None else outcome.won[0]
            if failed.next is Next.STOP and failed.rule in aside:
                # It was deleted since: there is nothing left to set aside.
                aside = tuple(arn for arn in aside if arn != failed.rule)
                continue
            by_rule += failed.next is Next.RULE
            refusal = f"ARC refused {phrase(goal)}: {failed}"
            # A wait period began no later than the refusal: counted from here, it is over when it is over.
            pause = self._wait_period + 0.1 if failed.next is Next.RULE else self._endpoints.pause(turn)
            if failed.next is Next.STOP or by_rule > 1:
                if self._shows_now(goal, deadline):
                    return None
                raise SwitchRefused(refusal, rule=failed.rule) from failed
            until = min(self._runtime.monotonic() + pause, deadline)
            if failed.next is Next.RULE and hedge.sent == 1:
                # Nothing of ours is under way: who shows the goal has not heard of an opposite change yet.
                self._runtime.sleep(max(until - self._runtime.monotonic(), 0.0))
            elif self._shown_meanwhile(goal, refusal, until=until, deadline=deadline):
                return None
            if self._runtime.monotonic() >= deadline:
                if failed.next is Next.RULE and hedge.sent == 1:
                    raise SwitchRefused(refusal, rule=failed.rule) from failed
                # After several sends the wait period may be that of our own change, its reply lost.
                raise SwitchUnavailable(refusal) from failed
        raise AssertionError  # count() does not end

    def _confirm(self, goal: Mapping[str, bool], deadline: float, *, without: str | None) -> ReadBack:
        """Read back from an endpoint other than `without` until it shows the goal.

        From `without` too, which sees its own change at once, while no other has answered: after
        `ELSEWHERE`, or as soon as all others are known to have failed.
        """
        begun = self._runtime.monotonic()
        until = min(begun + self._confirm_within, deadline)
        bound, heard = min(begun + ELSEWHERE, until), without is None
        differ = "nothing was read back in time"
        while (now := self._runtime.monotonic()) < until:
            elsewhere = not heard and now < bound and not self._lone(without)
            same = None if heard or elsewhere else without
            try:
                who, states = self._look(
                    tuple(goal), bound if elsewhere else until, without=None if same else without, third=same
                )
            except ControllerError as error:
                if elsewhere and bound < until and isinstance(error, SwitchUnavailable):
                    if not self._lone(without):
                        self._runtime.sleep(max(bound - self._runtime.monotonic(), 0.0))
                    continue
                raise SwitchUnavailable(f"applied but not confirmed: {error}") from error
            heard = heard or who != without
            if states == goal:
                return ReadBack(states, alone=who if who == without else None)
            differ = "read back " + phrase({name: on for name, on in states.items() if on != goal[name]})
            self._runtime.sleep(min(POLL, max(until - self._runtime.monotonic(), 0.0)))
        raise SwitchUnavailable(f"applied but not confirmed: {differ}")

    def _shown_meanwhile(
        self, goal: Mapping[str, bool], refusal: str, *, until: float, deadline: float
    ) -> bool:
        try:
            return self._shows(goal, until=until, deadline=deadline)
        except SwitchUnavailable as error:
            raise SwitchUnavailable(f"{refusal}; nothing could be read back: {error}") from error

    def _shows(self, goal: Mapping[str, bool], *, until: float, deadline: float) -> bool:
        """Return True where the controls reach the goal by `until`.

        Looks at once and then each second.
        """
        states = self._read(tuple(goal), deadline)
        while states != goal:
            left = until - self._runtime.monotonic()
            if left <= 0:
                return False
            self._runtime.sleep(min(POLL, left))
            try:
                states = self._read(tuple(goal), deadline)
            except SwitchUnavailable:
                continue  # an earlier look found the goal not reached
        return True

    def _shows_now(self, goal: Mapping[str, bool], deadline: float) -> bool:
        try:
            return self._read(tuple(goal), deadline) == goal
        except ControllerError:
            return False  # the refusal before it is what the caller should hear

    def _read(self, names: Sequence[str], deadline: float) -> Mapping[str, bool]:
        return self._look(names, deadline)[1] if names else {}

    def _look(
        self, names: Sequence[str], deadline: float, *, without: str | None = None, third: str | None = None
    ) -> tuple[str, Mapping[str, bool]]:
        """Return the endpoint that answered first, and the states that it shows."""
        look = partial(read_states, arns=self._known(names), panel=self._panel)
        outcome = self._endpoints.ask(
            self._endpoints.reads(), look, deadline=deadline, without=without, third=third
        )
        if outcome.won is None:
            raise SwitchRefused(f"ARC does not show {', '.join(names)}: {outcome.ended}") from outcome.ended
        return outcome.won

    def _lone(self, name: str | None) -> bool:
        return name is not None and self._endpoints.alone(name)

    def _known(self, names: Sequence[str] | Mapping[str, bool]) -> dict[str, str]:
        unknown = [name for name in names if name not in self._arns]
        if unknown:
            raise SwitchRefused(f"no ARN is configured for {', '.join(unknown)}")
        return {name: self._arns[name] for name in names}

    def _rest_until(self, when: float, deadline: float, progress: str) -> None:
        if when >= deadline:
            raise SwitchUnavailable(f"the deadline comes before the next call; {progress} calls are applied")
        self._runtime.sleep(max(when - self._runtime.monotonic(), 0.0))


def phrase(states: Mapping[str, bool]) -> str:
    return ", ".join(f"{name} {'On' if on else 'Off'}" for name, on in states.items())
