"""The events of a run as lines, and its end as a summary.

One line stands for each event, in order: for the screen's last lines, and for pipes, logs and people without
a terminal. The end of a rehearsal is a few lines, and the document `tidegate.demo/v1`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from rich.console import Console
from rich.text import Text

from controller.core.journal.event import Event
from controller.core.journal.moves import ApprovalRequested
from controller.core.text import sanitize
from controller.lab.environment.environment import Stage
from controller.lab.environment.observer import RunObserver
from controller.lab.scenarios.play import Run
from controller.readmodel.run import Story, sentence
from controller.steps.context.names import Names

T = TypeVar("T")
WIDTH = 240


@dataclass(frozen=True, slots=True)
class RunEvent:
    """One event of a run.

    at: seconds since 1970. kind: step, decision, journal, control, page.
    """

    at: float
    kind: str
    text: str


@dataclass
class RunEvents:
    """The events of a run that were not given before.

    Ask `new(run)` after each look of `watch`.
    """

    stage: Stage
    watch: RunObserver
    _given: dict[str, int] = field(default_factory=dict)
    _events: set[str] = field(default_factory=set)
    _code: str = ""
    _decided: float = float("-inf")

    def new(self, run: Run) -> list[RunEvent]:
        found = [
            *(RunEvent(at, "step", text) for at, text in self._rest("step", run.said)),
            *(
                RunEvent(event.at, "journal", f"{event.kind}: {sentence(event)}{_how(event)}")
                for event in self._written()
            ),
            *self._shifts(run),
            *(
                RunEvent(notice.at, "page", notice.subject)
                for notice in self._rest("page", self.stage.cloud.outbox.notices)
            ),
            *self._decisions(run),
        ]
        names = self.watch.names
        plain_ones = [RunEvent(each.at, each.kind, names.text(sanitize(each.text, WIDTH))) for each in found]
        return sorted(plain_ones, key=lambda each: each.at)

    def _rest(self, kind: str, everything: Sequence[T]) -> Sequence[T]:
        start = self._given.get(kind, 0)
        rest = everything[start:]
        self._given[kind] = start + len(rest)  # it may grow meanwhile
        return rest

    def _written(self) -> list[Event]:
        """Return the events that were not given before: a restored journal uses their numbers again."""
        fresh = [event for event in self.watch.journal if event.hash not in self._events]
        self._events |= {event.hash for event in fresh}
        return fresh

    def _shifts(self, run: Run) -> list[RunEvent]:
        """Return one line for all that one call changed."""
        calls: dict[tuple[float, bool], list[str]] = {}
        for at, name, on in self._rest("control", run.shifts):
            calls.setdefault((at, on), []).append(name)
        return [
            RunEvent(at, "control", f"{'On' if on else 'Off'}: {', '.join(names)}")
            for (at, on), names in calls.items()
        ]

    def _decisions(self, run: Run) -> list[RunEvent]:
        found = []
        for at, decision in self.watch.decisions(run.region):
            if at > self._decided and decision["code"] != self._code:
                self._code = str(decision["code"])
                found.append(RunEvent(at, "decision", f"{self._code}: {decision['reason']}"))
            self._decided = max(self._decided, at)
        return found


def _how(event: Event) -> str:
    """Return the command that a person types to answer; the id is no secret."""
    if not isinstance(event.body, ApprovalRequested):
        return ""
    return f" (tidegate approve {event.body.approval})"


def clock(seconds: float) -> str:
    """Format seconds: `384.2` -> `6:24`, `-5` -> `-0:05`, `3700` -> `1:01:40`."""
    whole = abs(round(seconds))
    hours, minutes, rest = whole // 3600, whole % 3600 // 60, whole % 60
    sign = "-" if seconds < 0 and whole else ""
    return sign + (f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}")


class LogPrinter:
    """A context that prints lines; `beat(run)` prints what is new."""

    def __init__(self, line: Callable[[str], None], stage: Stage, watch: RunObserver) -> None:
        self._watch, self._line = watch, line
        self._happenings = RunEvents(stage, watch)
        self._run: Run | None = None

    def __enter__(self) -> "LogPrinter":
        self._line("warming up: steady traffic")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None and self._run is not None:
            self._watch.look(now=True)
            self._print(self._run)

    def beat(self, run: Run) -> None:
        self._run = run
        if self._watch.look() and run.broke:
            self._print(run)

    def _print(self, run: Run) -> None:
        for each in self._happenings.new(run):
            self._line(f"{clock(each.at - run.broke):>8}  {each.kind:<8}  {each.text}")


def fields(story: Story, report: Path) -> dict[str, Any]:
    """Return the document `tidegate.demo/v1`.

    Times are seconds of scenario time since the break; null where the thing did not happen.
    """
    reached = story.milestones
    return {
        "scenario": story.scenario,
        "ok": story.ok,
        "speed": story.speed,
        "milestones": {
            "first_signal_s": _tenths(reached.first_signal),
            "decided_s": _tenths(reached.decided),
            "first_shift_s": _tenths(reached.first_shift),
            "last_failed_request_s": _tenths(reached.last_failed_request),
        },
        "requests": {"served": story.served, "failed": story.failed},
        "shifts": [
            {"at_s": _tenths(s.at), "control": s.control, "state": "On" if s.on else "Off"}
            for s in story.shifts
        ],
        "decisions": [
            {"at_s": _tenths(d.at), "code": d.code, "reason": sanitize(d.text, 1000)} for d in story.decisions
        ],
        "report": str(report),
        "region": story.region,
        "approve": story.approve,
        "findings": [{"ok": ok, "finding": sanitize(text, 300)} for ok, text in story.findings],
    }


def _tenths(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 1)


def summary(out: Console, story: Story, report: Path, names: Names) -> None:
    reached = story.milestones
    verdict = ("as it must be", "bold green") if story.ok else ("NOT as it must be", "bold red")
    out.print(Text.assemble(f"\n{story.scenario} in {story.region}: ", verdict))
    for name, at in (
        ("first signal", reached.first_signal),
        ("decision", reached.decided),
        ("first control moved", reached.first_shift),
        ("last failed request", reached.last_failed_request),
    ):
        out.print(f"  {name:<22}" + ("never" if at is None else f"{at:8.1f} s after the break"))
    out.print(f"  {'requests':<22}{story.failed:8d} failed, {story.served} served")
    for ok, text in story.findings:
        out.print(
            Text(
                f"  {'ok' if ok else 'WRONG':<22}{sanitize(names.text(text), 300)}",
                style="" if ok else "bold red",
            )
        )
    if story.why_not:
        out.print(Text(f"  Why it did not act at once: {sanitize(names.text(story.why_not), 1000)}"))
    out.print(Text(f"  Report: {sanitize(str(report), 300)}"))
