"""The console over a run that is over: the same pages, read only.

Nobody signs in, for nothing can be done.

There is no form to post and no door. A page of another site can neither read it nor be shown in it: the host
must be this one, and the headers are those of every page.

A trace as one controller's outside: what was written down can be read, and everything else is refused.

No adapter to act through: the ports of a run that is over. Its clock stands at its end.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Generic, NoReturn, TypeVar, cast

from controller.console.app import NOT_ALLOWED, PAGES
from controller.console.auth.session import Session
from controller.console.http.messages import HEADERS, LONGEST, Request, Response
from controller.console.pages.visit import Visit
from controller.console.render import page, sheet, static
from controller.console.view_data import Controls, Instruments, Past
from controller.core.journal.event import Event
from controller.core.model import Ignored, Observation
from controller.core.text import sanitize
from controller.ports.errors import (
    ControllerError,
    EvidenceUnavailable,
    OutsideUnreachable,
    SwitchRefused,
    SwitchUnavailable,
)
from controller.ports.runtime import Task
from controller.ports.storage import Recovery
from controller.readmodel.trace import Traced
from controller.steps.context.deps import Deps
from controller.steps.context.names import Names

T = TypeVar("T")
OVER = "this is the record of a run that is over"


def outside_of(traced: Traced) -> Deps:
    """Return the run at its end, as `traced.here` saw it.

    Nothing can be written through it."""
    gone = _Gone()
    return Deps(
        policy=traced.policy,
        account=traced.account,
        here=traced.here,
        deployed=0.0,
        journal=_Journal(traced),
        checkpoints=gone,
        leases=gone,
        policies=gone,
        evidence=_Evidence(traced),
        assessments=_Assessments(traced),
        approvals=gone,
        people=gone,
        names=Names(_over, lambda: 0.0),
        switch=_Switch(traced),
        polls=gone,
        requests=_Requests(traced),
        readiness=gone,
        snapshots=gone,
        workflow=gone,
        notices=gone,
        recovery=Recovery(_over, _over),
        runtime=_Stopped(traced.until),
        new_id=_over,
        read_event=lambda _text, _at: Ignored(OVER),
    )


class RunIsOver(EvidenceUnavailable, OutsideUnreachable, SwitchRefused):
    """The absent parts of a run that is over: leases, tokens, workflow, people."""


def _over(*_: Any, **__: Any) -> NoReturn:
    raise RunIsOver(OVER)


class _Journal:
    def __init__(self, traced: Traced) -> None:
        self._traced = traced

    def read(self, application: str) -> tuple[Event, ...]:
        return self._traced.events if application == self._traced.policy.application else self._traced.fleet

    def follow(self, application: str, known: Event | None) -> tuple[Event, ...]:
        return self.read(application)[known.seq if known else 0 :]

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

    def newest_first(
        self, _application: str, start: float, end: float | None = None
    ) -> Iterator[tuple[float, dict[str, Any]]]:
        found = (pair for pair in self._records if start <= pair[0] and (end is None or pair[0] <= end))
        yield from sorted(found, key=lambda pair: -pair[0])

    def witness(self, _application: str) -> Mapping[str, Any]:
        """Return nothing: the journal was verified when it was read."""
        return {}

    add = staticmethod(_over)


class _Switch:
    def __init__(self, traced: Traced) -> None:
        self._states = traced.controls

    def read(self, controls: Sequence[str]) -> Mapping[str, bool]:
        missing = [name for name in controls if name not in self._states]
        if missing:
            raise SwitchUnavailable(f"the trace does not say how {missing[0]} stood")
        return {name: self._states[name] for name in controls}

    update = staticmethod(_over)


class _Requests:
    def __init__(self, traced: Traced) -> None:
        self._minutes = traced.requests

    def count(self, region: str, *, since: float, until: float) -> Sequence[tuple[float, float]]:
        if region not in self._minutes:
            raise EvidenceUnavailable(f"the trace holds no requests of {region}")
        return [(at, count) for at, count in self._minutes[region] if since <= at <= until]


class _Gone:
    """Leases, approvals, people, polls, readiness, snapshots, workflow and notices, all of them refused."""

    read = take = beat = put = get = poll = keep = kept = staticmethod(_over)
    id_of = known = name_of = forget = expire = staticmethod(_over)
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
        """Return at once: no time passes."""

    def spawn(self, work: Callable[[], T]) -> Task[T]:
        return _Done(work)

    def wait(self, tasks: Sequence[Task[T]], timeout: float) -> None:
        """All of them are done."""


NOBODY = Session("", (), 0.0, "")
LOOKS = ("GET", "HEAD")
BROKEN = "What this page would show does not fit together; the record holds what nobody would have written."


class Archive:
    """One trace, read only.

    origin: where it is served. log: takes one line a request."""

    def __init__(
        self,
        traced: Traced,
        *,
        origin: str,
        instruments: Instruments,
        log: Callable[[Mapping[str, Any]], None],
    ) -> None:
        self.name, self._until = sanitize(traced.name, 80), traced.until
        self._host, self._instruments, self._log = origin.partition("://")[2], instruments, log
        self._deps = outside_of(traced)
        self._controls, self._past = Controls(self._deps), Past(self._deps.application)

    def handle(self, request: Request) -> Response:
        """Answers everything, and raises nothing."""
        try:
            response = self._answer(request)
        except ControllerError as error:
            response = self._says(503, "This is not in the record", f"{error}.", why=str(error))
        except Exception as error:  # noqa: BLE001 - the border: whatever a file holds, a page and no stack
            response = self._says(500, "This cannot be shown", BROKEN, why=type(error).__name__)
        line = {
            "method": sanitize(request.method, 10),
            "path": sanitize(request.path, 120),
            "status": response.status,
        }
        self._log(line | ({"why": sanitize(response.why, 300)} if response.why else {}))
        body = b"" if request.method == "HEAD" else response.body
        return replace(response, headers={**HEADERS, **response.headers}, body=body)

    def _answer(self, request: Request) -> Response:
        if request.headers.get("host", "") != self._host:
            return self._says(421, "This is another console", "Open it by the address that was printed.")
        if request.method not in LOOKS:
            refused = self._says(405, *NOT_ALLOWED)
            return replace(refused, headers={**refused.headers, "allow": ", ".join(LOOKS)})
        if len(request.path) > LONGEST or len(request.query) > LONGEST:
            return self._says(414, "That is too long", "Nothing was read.")
        file = self._file(request.path)
        if file is not None:
            return file
        for pattern, _, look in PAGES:
            found = pattern.fullmatch(request.path)
            if found is not None:
                own = (self._deps, self._instruments, self._controls, self._past)
                return look(Visit(*own, request, NOBODY, found, self._until, self.name))
        return self._says(404, "There is no such page", "Look at the address again.")

    def _file(self, path: str) -> Response | None:
        if path == "/static/timeline.css":
            return sheet(self._instruments.sheet)
        return static(path.removeprefix("/static/")) if path.startswith("/static/") else None

    def _says(self, status: int, title: str, text: str, *, why: str = "") -> Response:
        told = {"title": title, "text": text, "again": "/", "why": why or title}
        return page("says", status, **told, session=NOBODY, csrf="", archive=self.name)
