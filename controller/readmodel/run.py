"""A run as data: experience of customers, and what was known, decided and done.

Screens and reports show it.
All times are seconds since the moment when something broke (negative: before), unless they say otherwise.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from controller.core.explanation import format_time
from controller.core.journal.event import Event, broken_at
from controller.core.journal.kind import Kind


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

    @property
    def broken_at(self) -> int | None:
        """Return the number of the first journal event whose chain does not hold.

        Returns None if the chain of all of them holds.
        """
        return broken_at(self.journal)

    @property
    def target(self) -> str | None:
        """Return the Region that the traffic of `region` was moved to, if it was moved."""
        every = (event for event in self.journal if event.kind is Kind.SHIFT_INTENDED)
        intents = [event for event in every if event.data.get("source", self.region) == self.region]
        return str(intents[-1].data.get("target")) if intents else None

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
            if event.kind is Kind.APPROVAL_REQUESTED:
                asked = event.at - self.broke if asked is None or event.data.get("stage", 1) == 1 else asked
            elif event.kind in _ANSWERS and asked is not None and not event.data.get("needed"):
                found.append(Stretch(asked, event.at - self.broke, _ANSWERS[event.kind]))
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


_SENTENCES: Mapping[Kind, str] = {
    Kind.POLICY_LOADED: "policy {digest:.12} is in force ({enforcement})",
    Kind.INCIDENT_OPENED: "{source} is suspected: {reason}",
    Kind.RESTORE_OPENED: "{source} may come home: {reason}",
    Kind.DRILL_OPENED: "a drill of {source}: {reason}",
    Kind.DRILL_SKIPPED: "no drill of {source}, {outcome}: {reason}",
    Kind.TURNED_BACK: "turned back ({outcome}): {reason}",
    Kind.ROLLED_BACK: "rolled back: everything is as it was before",
    Kind.CONFIRMED: "leave for {target}: {reason}",
    Kind.REMINDED: "half of the time is over: people were reminded",
    Kind.ACKNOWLEDGED: "acknowledged by {by}, the cooldown is lifted: {reason}",
    Kind.REFUSED: "{by} was refused `{command}`: {reason}",
    Kind.APPROVAL_EXPIRED: "nobody answered in time; silence is a denial",
    Kind.TAKEN_OVER: "{driver} drives on: {reason}",
    Kind.REGION_COUNTED: "{application} sets out from {region}: counted for the fleet",
    Kind.SETTLED: "the traffic is in {target}",
    Kind.ESCALATED: "{code}: {reason}",
    Kind.STOOD_DOWN: "{code}: {reason}",
    Kind.UNTOLD: "not told yet, by {controller}: {subject}",
    Kind.NOTICE_DEFERRED: "held back for three minutes, for the Region recovered twice before: {subject}",
    Kind.TOLD: "{controller} told people what they were not told before: {subject}",
}
"""Kind -> the sentence that the event's data fill in, word for word; `by` is who wrote the event."""


class _Data(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return str(None)


def sentence(event: Event) -> str:
    """Return what one journal event says, as a sentence for a person."""
    data = event.data
    if event.kind is Kind.SETTLED and data.get("code"):
        return f"{data['code']}: {data.get('reason')}; what has moved stays as it is"
    if event.kind in _SENTENCES:
        words = _Data({key: str(value) for key, value in data.items()}, by=event.draft.by)
        return _SENTENCES[event.kind].format_map(words)
    match event.kind:
        case Kind.APPROVAL_REQUESTED:
            return _asked(data)
        case Kind.APPROVAL_GIVEN | Kind.APPROVAL_DENIED:
            return _answered(event)
        case Kind.MUTED:
            spoken = "speaks again" if not data.get("for") else f"says nothing for {data['for']:.0f} s"
            return f"{data.get('what')} {spoken}: {data.get('reason')}"
        case Kind.SHIFT_INTENDED:
            return f"about to move {data.get('source')} to {data.get('target')}: {_changes(data)}"
        case Kind.SHIFT_APPLIED:
            lone = data.get("confirmed_by")
            only = f"; read back from {lone} alone, which took it: no other endpoint answered" if lone else ""
            return f"ARC took the change: {_states(data.get('states', {}))}{only}"
        case Kind.BLINDED:
            since, until = (format_time(float(data.get(edge, event.at))) for edge in ("from", "to"))
            return f"{data.get('who')} assessed nothing from {since} to {until}"
    told = data.get("sentence") or data.get("reason") or ""
    return str(told)


def _answered(event: Event) -> str:
    data = event.data
    word = "approved" if event.kind is Kind.APPROVAL_GIVEN else "denied"
    more = f"; {data['needed']} more must agree" if data.get("needed") else ""
    why = f": {data['reason']}" if data.get("reason") else ""
    return f"{word} by {event.draft.by}{more}{why}"


def _asked(data: Mapping[str, Any]) -> str:
    who = ", ".join(str(who) for who in data.get("ask", ()))
    people = f"{data['people']} people of " if data.get("people", 1) > 1 else ""
    turn = f" (ask {data.get('stage')} of {data.get('of')})" if data.get("of", 1) > 1 else ""
    rules = "".join(f"; it would set aside {arn}" for arn in data.get("override", ()))
    return f"asked {people}{who}{turn}: {len(data.get('changes', ()))} routing controls would change{rules}"


def _changes(data: Mapping[str, Any]) -> str:
    return _states(dict(data.get("changes", ())))


def _states(states: Mapping[str, bool]) -> str:
    parts = [
        f"{word} {', '.join(str(name) for name, on in states.items() if bool(on) is wanted)}"
        for wanted, word in ((True, "On"), (False, "Off"))
        if any(bool(on) is wanted for on in states.values())
    ]
    return "; ".join(parts)
