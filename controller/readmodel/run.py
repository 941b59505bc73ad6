"""A run as data: experience of customers, and what was known, decided and done.

Screens and reports show it.
All times are seconds since the moment when something broke (negative: before), unless they say otherwise.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from controller.core.explanation import format_time
from controller.core.journal.event import Event, broken_at
from controller.core.journal.kind import Kind
from controller.core.journal.moves import (
    Acknowledged,
    Answer,
    AnswerRefused,
    ApprovalDenied,
    ApprovalExpired,
    ApprovalGiven,
    ApprovalRequested,
    Confirmed,
    DrillOpened,
    HandedOver,
    IncidentOpened,
    Move,
    ReadinessConfirmed,
    ReadinessDenied,
    Reminded,
    RestoreOpened,
    RolledBack,
    Settled,
    ShiftApplied,
    ShiftIntended,
    ShiftRefused,
    ShiftVerified,
    StoodDown,
    TakenOver,
    TurnedBack,
)
from controller.core.journal.notes import (
    Armed,
    Blinded,
    BrokeGlass,
    Disarmed,
    DriftSeen,
    DrillSkipped,
    EchoSeen,
    Escalated,
    JournalRestored,
    Muted,
    Note,
    NoticeDeferred,
    PolicyLoaded,
    Recovered,
    Refused,
    RegionCounted,
    Told,
    Untold,
)
from controller.core.journal.restoration import story


@dataclass(frozen=True, slots=True)
class Milestones:
    """Milestones hold the time of each main event of a run.

    A time is None where the event did not happen.
    """

    first_signal: float | None = None
    decided: float | None = None
    first_shift: float | None = None
    last_failed_request: float | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """Said is a sentence and its moment.

    code: of a decision, or the subject of a page to people.
    """

    at: float
    text: str
    code: str = ""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch is a verdict, an answer or another value from `start` to `end`."""

    start: float
    end: float
    value: str


@dataclass(frozen=True, slots=True)
class Lane:
    """A lane is one signal over the run: about `subject`, seen from `observer`."""

    name: str
    family: str
    kind: str
    subject: str
    observer: str
    stretches: tuple[Stretch, ...]


@dataclass(frozen=True, slots=True)
class Shift:
    """A shift is a routing control that really changed."""

    at: float
    control: str
    on: bool


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket counts the requests that ended in one span of time.

    They are counted by the Region that was asked.
    """

    at: float
    served: int
    failed: int


@dataclass(frozen=True, slots=True)
class Share:
    """A share is each Region's part of all requests from `start` to `end`.

    parts: Region -> its part; None: it counted nothing.
    """

    start: float
    end: float
    parts: Mapping[str, float | None]


@dataclass(frozen=True, slots=True)
class Judgement:
    """A judgement is a stored decision and the reason that it is shown.

    title: the reason. record: made by `core.explanation.decision_data`.
    """

    title: str
    at: float
    record: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Story:
    """A story is everything that a report says of one run.

    broke: seconds since 1970. traffic: Region -> buckets of `bucket` seconds. regions: Region -> its
    routing controls, by slice. findings: what an independent client saw, and whether that is as it must be.
    people: id -> name, of those in the journal whose name is kept. began: when the scenario
    did, 0 or negative. amiss: how the journal is not what assessments saw of it; "" where nothing is.
    """

    scenario: str
    says: str
    must: str
    region: str
    application: str
    approve: str
    speed: float
    ok: bool
    findings: tuple[tuple[bool, str], ...]
    broke: float
    lasted: float
    milestones: Milestones
    served: int
    failed: int
    bucket: float
    traffic: Mapping[str, tuple[Bucket, ...]]
    lanes: tuple[Lane, ...]
    decisions: tuple[Said, ...]
    judgements: tuple[Judgement, ...]
    why_not: str
    shifts: tuple[Shift, ...]
    regions: Mapping[str, tuple[str, ...]]
    before: Mapping[str, bool]
    after: Mapping[str, bool]
    steps: tuple[Said, ...]
    pages: tuple[Said, ...]
    journal: tuple[Event, ...]
    shares: tuple[Share, ...] = ()
    people: Mapping[str, str] = field(default_factory=dict)
    began: float = 0.0
    amiss: str = ""

    @property
    def broken_at(self) -> int | None:
        """Return the number of the first journal event whose chain does not hold.

        Returns None if the chain of all of them holds.
        """
        return broken_at(self.journal)

    @property
    def journal_amiss(self) -> str:
        """Return why the journal is not whole, as a sentence; "" where it is."""
        if self.broken_at is not None:
            return f"The chain of hashes does not hold: event {self.broken_at} is not as it was written."
        return f"The journal is not whole: {self.amiss}." if self.amiss else ""

    @property
    def target(self) -> str | None:
        """Return the Region that the traffic of `region` was moved to, if it was moved."""
        own: list[str | None] = []
        for event in self.journal:
            match event.body:
                case ShiftIntended(source=source, target=target) if source in ("", self.region):
                    own.append(target)
                case BrokeGlass(region=region, to=target) if region == self.region:
                    own.append(target)
        return own[-1] if own else None

    def slices_off_at(self) -> float | None:
        """Return the first moment when a slice was On in no Region, or None.

        All changes of one moment are applied before it looks.
        """
        states = dict(self.before)
        slices = tuple(zip(*self.regions.values(), strict=False))
        for at in sorted({shift.at for shift in self.shifts}):
            states |= {shift.control: shift.on for shift in self.shifts if shift.at == at}
            if not all(any(states.get(name, False) for name in names) for names in slices):
                return at
        return None

    def approvals(self) -> tuple[Stretch, ...]:
        """Return each question to people, from its asking to its end."""
        found: list[Stretch] = []
        asked: float | None = None
        for event in self.journal:
            at = event.at - self.broke
            if isinstance(event.body, ApprovalRequested):
                asked = at if asked is None or event.body.stage == 1 else asked
            elif asked is not None and (answer := _answer(event)):
                found.append(Stretch(asked, at, answer))
                asked = None
        if asked is not None:
            found.append(Stretch(asked, self.lasted, "waiting"))
        return tuple(found)


_ANSWERS = {
    Kind.APPROVAL_GIVEN: "approved",
    Kind.APPROVAL_DENIED: "denied",
    Kind.APPROVAL_EXPIRED: "expired",
    Kind.STOOD_DOWN: "withdrawn",
}


def _answer(event: Event) -> str | None:
    """Return the answer that ends a question; None for other events, and where more people must agree."""
    if isinstance(event.body, Answer) and event.body.needed:
        return None
    return _ANSWERS.get(event.kind)


PLAN = 12
"""Characters of a plan's digest that a sentence has."""
DOORS = {"console": " at the console", "terminal": " at a terminal", "rehearsal": " in a rehearsal"}


def sentence(event: Event) -> str:
    """Return what one journal event says, as a sentence for a person."""
    said, by = event.body, event.draft.by
    return _of_move(said, by) if isinstance(said, Move) else _of_note(said, by)


def _of_move(said: Move, by: str) -> str:
    match said:
        case IncidentOpened(source=source, reason=reason):
            return f"{source} is suspected: {reason}"
        case RestoreOpened(source=source, reason=reason):
            return f"{source} may come home: {reason}"
        case DrillOpened(source=source, reason=reason):
            return f"a drill of {source}: {reason}"
        case Confirmed(target=target, reason=reason):
            return f"leave for {target}: {reason}"
        case ApprovalRequested():
            return _asked(said)
        case ApprovalGiven():
            return _answered("approved", said, by)
        case ApprovalDenied():
            return _answered("denied", said, by)
        case ApprovalExpired():
            return "nobody answered in time; silence is a denial"
        case Reminded():
            return "half of the time is over: people were reminded"
        case ShiftIntended(source=source, target=target, changes=changes, approved=plan):
            approved = f", as approved in plan {plan[:PLAN]}" if plan else ""
            return f"about to move {source} to {target}{approved}: {_states(dict(changes))}"
        case ShiftApplied(states=states, confirmed_by=lone):
            only = f"; read back from {lone} alone, which took it: no other endpoint answered" if lone else ""
            return f"ARC took the change: {_states(states)}{only}"
        case TurnedBack(outcome=outcome, reason=reason):
            return f"turned back ({outcome}): {reason}"
        case RolledBack():
            return "rolled back: everything is as it was before"
        case Settled(code="", target=target):
            return f"the traffic is in {target}"
        case Settled(code=code, reason=reason):
            return f"{code}: {reason}; what has moved stays as it is"
        case StoodDown(code=code, reason=reason):
            return f"{code}: {reason}"
        case TakenOver(driver=driver, reason=reason):
            return f"{driver} drives on: {reason}"
        case Acknowledged(reason=reason):
            return f"acknowledged by {by}, the cooldown is lifted: {reason}"
        case ReadinessConfirmed(sentence=told) | ShiftVerified(sentence=told):
            return told
        case AnswerRefused(approve=approve, reason=reason):
            return f"the {'yes' if approve else 'no'} of {by}{at_door(said)} did not count: {reason}"
        case ReadinessDenied() | ShiftRefused() | HandedOver():
            return said.reason


def _of_note(said: Note, by: str) -> str:
    match said:
        case PolicyLoaded(digest=digest, enforcement=enforcement):
            return f"policy {digest:.12} is in force ({enforcement})"
        case DrillSkipped(source=source, outcome=outcome, reason=reason):
            return f"no drill of {source}, {outcome}: {reason}"
        case Muted(what=what, for_=seconds, reason=reason):
            spoken = f"says nothing for {seconds:.0f} s" if seconds else "speaks again"
            return f"{what} {spoken}: {reason}"
        case Refused(command=command, reason=reason):
            return f"{by} was refused `{command}`: {reason}"
        case RegionCounted(application=application, region=region):
            return f"{application} sets out from {region}: counted for the fleet"
        case Blinded(who=who, from_=since, to=until):
            return f"{who} assessed nothing from {format_time(since)} to {format_time(until)}"
        case Escalated(code=code, reason=reason):
            return f"{code}: {reason}"
        case Untold(controller=controller, subject=subject):
            return f"not told yet, by {controller}: {subject}"
        case NoticeDeferred(subject=subject):
            return f"held back for three minutes, for the Region recovered twice before: {subject}"
        case Told(controller=controller, subject=subject):
            return f"{controller} told people what they were not told before: {subject}"
        case BrokeGlass(sentence=told, reason=reason, amiss=amiss):
            return (told or reason) + (f" (the machine's record is amiss: {amiss})" if amiss else "")
        case JournalRestored():
            return story(said)
        case Armed() | Disarmed() | Recovered() | DriftSeen() | EchoSeen():
            return said.reason


def _answered(word: str, said: Answer, by: str) -> str:
    more = f"; {said.needed} more must agree" if said.needed else ""
    why = f": {said.reason}" if said.reason else ""
    return f"{word} by {by}{at_door(said)}{more}{why}"


def at_door(said: Answer | AnswerRefused) -> str:
    """Return where an answer came in and the groups that were asserted; "" where nobody knows."""
    groups = f" ({', '.join(said.groups)})" if said.groups else ""
    return f"{DOORS.get(said.door, '')}{groups}"


def _asked(said: ApprovalRequested) -> str:
    people = f"{said.people} people of " if said.people > 1 else ""
    turn = f" (ask {said.stage} of {said.of})" if said.of > 1 else ""
    rules = "".join(f"; it would set aside {arn}" for arn in said.override)
    who = ", ".join(said.ask)
    if said.whole is None:
        return f"asked {people}{who}{turn}: {len(said.changes)} routing controls would change{rules}"
    waves = f" in {len(said.whole.waves)} waves" if len(said.whole.waves) > 1 else ""
    alone = f" in wave {said.wave} alone" if rules else ""
    plan = f"{said.whole.turned} routing controls would change{waves}, by plan {said.plan[:PLAN]}"
    return f"asked {people}{who}{turn}: {plan}{rules}{alone}"


def _states(states: Mapping[str, bool]) -> str:
    parts = [
        f"{word} {', '.join(name for name, on in states.items() if on is wanted)}"
        for wanted, word in ((True, "On"), (False, "Off"))
        if wanted in states.values()
    ]
    return "; ".join(parts)
