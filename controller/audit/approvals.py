"""The questions to people, as the journal records them.

Each has the people who were asked, their answers with times, and the outcome.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from controller.core.journal.event import Event
from controller.core.journal.kind import Kind
from controller.core.journal.moves import Answer, AnswerRefused, ApprovalRequested

ENDS = {Kind.APPROVAL_GIVEN: "given", Kind.APPROVAL_DENIED: "denied", Kind.APPROVAL_EXPIRED: "expired"}


@dataclass(frozen=True, slots=True)
class Given:
    """One answer: when, by whom, in which word, why, and where it came in.

    reason: the person's own; of an answer that was refused: why it did not count.
    """

    at: float
    by: str
    said: str
    reason: str
    door: str
    groups: tuple[str, ...]
    issuer: str
    subject: str
    signed_in: float | None


@dataclass(slots=True)
class Question:
    """One question to people.

    stages: (time, groups asked, number of people, time limit). answers: those that counted. refused: those
    that did not. plan: the digest of the whole plan, which intents name; "" of an older version's request.
    outcome: given, denied, expired, superseded (another was asked in its place), withdrawn, or waiting.
    """

    id: str
    incident: str
    gate: str
    digest: str
    asked: float
    stages: list[tuple[float, tuple[str, ...], int, float]] = field(default_factory=list)
    answers: list[Given] = field(default_factory=list)
    refused: list[Given] = field(default_factory=list)
    plan: str = ""
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
        self._known: dict[str, Question] = {}
        self._ended: list[Question] = []

    def take(self, event: Event) -> None:
        said, about = event.body, event.draft.incident or ""
        present = self._waiting.get(about)
        if isinstance(said, ApprovalRequested):
            stage = (event.at, said.ask, said.people, said.expires)
            if present is not None and present.id == said.approval:
                present.stages.append(stage)
                return
            if present is not None:
                self._end(present, "superseded", event)
            asked = Question(said.approval, about, said.gate, said.digest, event.at, [stage], plan=said.plan)
            self._waiting[about] = self._known[said.approval] = asked
        elif isinstance(said, AnswerRefused):
            if said.approval in self._known:
                given = _given(event, said, "given" if said.approve else "denied")
                self._known[said.approval].refused.append(given)
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
    if isinstance(event.body, Answer):
        question.answers.append(_given(event, event.body, said))
        if event.body.needed:
            return
    question._end(said, event.at)


def _given(event: Event, said: Answer | AnswerRefused, word: str) -> Given:
    return Given(
        event.at, event.draft.by, word, said.reason, said.door, said.groups, said.issuer, said.subject,
        said.signed_in,
    )  # fmt: skip
