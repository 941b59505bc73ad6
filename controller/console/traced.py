"""A trace as one controller's outside: what was written down can be read, and everything else is refused.

No adapter to act through: the ports of a run that is over. Its clock stands at its end.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, NoReturn, TypeVar, cast

from controller.core.journal import Event
from controller.core.model import Ignored, Observation
from controller.ports.errors import (
    ControllerError,
    EvidenceUnavailable,
    OutsideUnreachable,
    SwitchRefused,
    SwitchUnavailable,
)
from controller.ports.runtime import Task
from controller.readmodel.trace import Traced
from controller.steps.context.deps import Deps

T = TypeVar("T")
OVER = "this is the record of a run that is over"


def outside_of(traced: Traced) -> Deps:
    """The run at its end, as `traced.here` saw it. Nothing can be written through it."""
    gone = _Gone()
    return Deps(
        policy=traced.policy,
        account=traced.account,
        here=traced.here,
        deployed=0.0,
        journal=_Journal(traced),
        leases=gone,
        evidence=_Evidence(traced),
        assessments=_Assessments(traced),
        approvals=gone,
        switch=_Switch(traced),
        polls=gone,
        requests=_Requests(traced),
        readiness=gone,
        snapshots=gone,
        workflow=gone,
        notices=gone,
        runtime=_Stopped(traced.until),
        new_id=_over,
        read_event=lambda _text, _at: Ignored(OVER),
    )


class RunIsOver(EvidenceUnavailable, OutsideUnreachable, SwitchRefused):
    """What a run that is over no longer has: leases, tokens, a workflow, anybody to ask or to tell."""


def _over(*_: Any, **__: Any) -> NoReturn:
    raise RunIsOver(OVER)


class _Journal:
    def __init__(self, traced: Traced) -> None:
        self._traced = traced

    def read(self, application: str) -> tuple[Event, ...]:
        return self._traced.events if application == self._traced.policy.application else self._traced.fleet

    append = staticmethod(_over)


class _Evidence:
    def __init__(self, traced: Traced) -> None:
        self._traced = traced

    def read(self, _application: str) -> Mapping[str, tuple[Observation, ...]]:
        return self._traced.evidence

    record = staticmethod(_over)


class _Assessments:
    def __init__(self, traced: Traced) -> None:
        self._records = traced.assessments

    def between(
        self, _application: str, start: float, end: float
    ) -> tuple[tuple[float, dict[str, Any]], ...]:
        return tuple((at, record) for at, record in self._records if start <= at <= end)

    def nearest(self, _application: str, at: float, *, later: bool) -> float | None:
        if later:
            return min((moment for moment, _ in self._records if moment >= at), default=None)
        return max((moment for moment, _ in self._records if moment <= at), default=None)

    def newest(self, application: str) -> None:
        """Nothing to hold the journal against: it was verified when it was read."""

    add = staticmethod(_over)


class _Switch:
    def __init__(self, traced: Traced) -> None:
        self._states = traced.controls

    def read(self, controls: Sequence[str]) -> Mapping[str, bool]:
        missing = [name for name in controls if name not in self._states]
        if missing:
            raise SwitchUnavailable(f"the trace does not say how {missing[0]} stood")
        return {name: self._states[name] for name in controls}

    flip = staticmethod(_over)


class _Requests:
    def __init__(self, traced: Traced) -> None:
        self._minutes = traced.requests

    def count(self, region: str, *, since: float, until: float) -> Sequence[tuple[float, float]]:
        if region not in self._minutes:
            raise EvidenceUnavailable(f"the trace holds no requests of {region}")
        return [(at, count) for at, count in self._minutes[region] if since <= at <= until]


class _Gone:
    """Leases, approvals, polls, readiness, snapshots, workflow and notices, all of them refused."""

    read = take = beat = put = get = poll = keep = kept = staticmethod(_over)
    start = running = succeed = fail = heartbeat = send = publish = staticmethod(_over)


class _Done(Generic[T]):
    """A task that has ended."""

    def __init__(self, work: Callable[[], T]) -> None:
        self._value: T | None = None
        self._error: ControllerError | None = None
        try:
            self._value = work()
        except ControllerError as error:
            self._error = error

    def done(self) -> bool:
        return True

    def result(self) -> T:
        if self._error is not None:
            raise self._error
        return cast(T, self._value)


class _Stopped:
    """Time stands still, and what is spawned is done at once."""

    def __init__(self, at: float) -> None:
        self._at = at

    def now(self) -> float:
        return self._at

    def monotonic(self) -> float:
        return 0.0

    def sleep(self, seconds: float) -> None:
        """No time passes."""

    def spawn(self, work: Callable[[], T]) -> Task[T]:
        return _Done(work)

    def wait(self, tasks: Sequence[Task[T]], timeout: float) -> None:
        """All of them are done."""
