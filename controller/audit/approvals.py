"""The questions to people, as the journal records them.

Each has the people who were asked, their answers with times, and the outcome.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from controller.core.journal import Event, Kind

ENDS = {Kind.APPROVAL_GIVEN: "given", Kind.APPROVAL_DENIED: "denied", Kind.APPROVAL_EXPIRED: "expired"}


@dataclass(slots=True)
class Question:
    """One question to people.

    stages: (time, groups asked, number of people, time limit). answers: (time, person, answer, reason).
    outcome: given, denied, expired, superseded (another was asked in its place), withdrawn, or waiting.
    """

    id: str
    incident: str
    gate: str
    digest: str
    asked: float
    stages: list[tuple[float, tuple[str, ...], int, float]] = field(default_factory=list)
    answers: list[tuple[float, str, str, str]] = field(default_factory=list)
    outcome: str = "waiting"
    ended: float | None = None

    @property
    def took(self) -> float | None:
        """Return the seconds from the question to the person's answer that decided it.

        None where no person decided it.
        """
        if self.ended is None or self.outcome not in ("given", "denied"):
            return None
        return self.ended - self.asked

    def _end(self, outcome: str, at: float) -> None:
        self.outcome, self.ended = outcome, max(at, self.asked)


class Questions:
    """The questions of a journal, whose events come one by one."""

    def __init__(self) -> None:
        self._waiting: dict[str, Question] = {}
        self._ended: list[Question] = []

    def take(self, event: Event) -> None:
        data, about = event.data, event.draft.incident or ""
        present = self._waiting.get(about)
        if event.kind is Kind.APPROVAL_REQUESTED:
            stage = (event.at, tuple(map(str, data.get("ask", ()))), int(data.get("people", 1)),
                     float(data["expires"]))  # fmt: skip
            if present is not None and present.id == data["approval"]:
                present.stages.append(stage)
                return
            if present is not None:
                self._end(present, "superseded", event)
            gate, digest = str(data.get("gate", "")), str(data["digest"])
            self._waiting[about] = Question(str(data["approval"]), about, gate, digest, event.at, [stage])
        elif present is not None and event.kind in ENDS:
            _answer(present, event)
            if present.ended is not None:
                self._ended.append(self._waiting.pop(about))
        elif present is not None and event.kind in (Kind.STOOD_DOWN, Kind.SETTLED, Kind.SHIFT_INTENDED):
            self._end(self._waiting.pop(about), "withdrawn", event)

    def _end(self, question: Question, outcome: str, event: Event) -> None:
        question._end(outcome, event.at)
        self._ended.append(question)

    def all(self) -> list[Question]:
        """Return all questions in the order in which they were asked."""
        return sorted([*self._ended, *self._waiting.values()], key=lambda question: question.asked)


def questions(events: Iterable[Event]) -> list[Question]:
    """Return all questions in the order in which they were asked."""
    found = Questions()
    for event in events:
        found.take(event)
    return found.all()


def _answer(question: Question, event: Event) -> None:
    said = ENDS[event.kind]
    if said != "expired":
        reason = str(event.data.get("reason") or "")
        question.answers.append((event.at, event.draft.by, said, reason))
    if not event.data.get("needed"):
        question._end(said, event.at)
