"""The questions to people, as the journal records them.

Each has the people who were asked, their answers with times, and the outcome.
"""

from collections.abc import Iterable, Iterator
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


def questions(events: Iterable[Event]) -> list[Question]:
    """Return all questions in the order in which they were asked."""
    return sorted(_asked(events), key=lambda question: question.asked)


def _asked(events: Iterable[Event]) -> Iterator[Question]:
    waiting: dict[str, Question] = {}
    known: dict[str, Question] = {}
    for event in events:
        said, about = event.body, event.draft.incident or ""
        present = waiting.get(about)
        if isinstance(said, ApprovalRequested):
            stage = (event.at, said.ask, said.people, said.expires)
            if present is not None and present.id == said.approval:
                present.stages.append(stage)
                continue
            if present is not None:
                present._end("superseded", event.at)
                yield present
            asked = Question(said.approval, about, said.gate, said.digest, event.at, [stage], plan=said.plan)
            waiting[about] = known[said.approval] = asked
        elif isinstance(said, AnswerRefused):
            if said.approval in known:
                known[said.approval].refused.append(
                    _given(event, said, "given" if said.approve else "denied")
                )
        elif present is not None and event.kind in ENDS:
            _answer(present, event)
            if present.ended is not None:
                yield waiting.pop(about)
        elif present is not None and event.kind in (Kind.STOOD_DOWN, Kind.SETTLED, Kind.SHIFT_INTENDED):
            present._end("withdrawn", event.at)
            yield waiting.pop(about)
    yield from waiting.values()


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
