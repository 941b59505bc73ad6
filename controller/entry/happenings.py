"""What happened in a run, one line each, in order: for the screen's last lines and for plain output."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from controller.core.journal import Event, Kind
from controller.core.text import plain
from controller.lab.rehearse import Run
from controller.lab.stage import Stage
from controller.lab.watch import Watch
from controller.readmodel.run import sentence

T = TypeVar("T")
WIDTH = 240


@dataclass(frozen=True, slots=True)
class Happening:
    """at: seconds since 1970. kind: step, decision, journal, control, page."""

    at: float
    kind: str
    text: str


@dataclass
class Happenings:
    """`new(run)` gives what was not given before; ask after each look of `watch`."""

    stage: Stage
    watch: Watch
    _given: dict[str, int] = field(default_factory=dict)
    _code: str = ""
    _decided: float = float("-inf")

    def new(self, run: Run) -> list[Happening]:
        found = [
            *(Happening(at, "step", text) for at, text in self._rest("step", run.said)),
            *(
                Happening(event.at, "journal", f"{event.kind}: {sentence(event)}{_how(event)}")
                for event in self._rest("journal", self.watch.journal)
            ),
            *self._shifts(run),
            *(
                Happening(notice.at, "page", notice.subject)
                for notice in self._rest("page", self.stage.cloud.outbox.notices)
            ),
            *self._decisions(run),
        ]
        plain_ones = [Happening(each.at, each.kind, plain(each.text, WIDTH)) for each in found]
        return sorted(plain_ones, key=lambda each: each.at)

    def _rest(self, kind: str, everything: Sequence[T]) -> Sequence[T]:
        start = self._given.get(kind, 0)
        rest = everything[start:]
        self._given[kind] = start + len(rest)  # it may grow meanwhile
        return rest

    def _shifts(self, run: Run) -> list[Happening]:
        """One line for all that one call changed."""
        calls: dict[tuple[float, bool], list[str]] = {}
        for at, name, on in self._rest("control", run.shifts):
            calls.setdefault((at, on), []).append(name)
        return [
            Happening(at, "control", f"{'On' if on else 'Off'}: {', '.join(names)}")
            for (at, on), names in calls.items()
        ]

    def _decisions(self, run: Run) -> list[Happening]:
        found = []
        for at, decision in self.watch.decisions(run.region):
            if at > self._decided and decision["code"] != self._code:
                self._code = str(decision["code"])
                found.append(Happening(at, "decision", f"{self._code}: {decision['reason']}"))
            self._decided = max(self._decided, at)
        return found


def _how(event: Event) -> str:
    """What a person types to answer; the id is no secret."""
    if event.kind is not Kind.APPROVAL_REQUESTED:
        return ""
    return f" (tidegate approve {event.data.get('approval')})"


def clock(seconds: float) -> str:
    """`384.2` -> `6:24`, `-5` -> `-0:05`, `3700` -> `1:01:40`."""
    whole = abs(round(seconds))
    hours, minutes, rest = whole // 3600, whole % 3600 // 60, whole % 60
    sign = "-" if seconds < 0 and whole else ""
    return sign + (f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}")
