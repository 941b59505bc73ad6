"""The record of what was written to the journal, read independently.

It has its own small fold, and uses none of the controller's.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf

from controller.core.canonical_json import canonical
from controller.core.journal.body import Changes, members
from controller.core.journal.event import GENESIS, Event, seal
from controller.core.journal.moves import (
    Acknowledged,
    Answer,
    ApprovalDenied,
    ApprovalExpired,
    ApprovalGiven,
    ApprovalRequested,
    Confirmed,
    DrillOpened,
    IncidentOpened,
    Opening,
    RestoreOpened,
    RolledBack,
    Settled,
    ShiftApplied,
    ShiftIntended,
    ShiftVerified,
    StoodDown,
    TurnedBack,
)
from controller.core.journal.notes import (
    Armed,
    Disarmed,
    EchoSeen,
    Muted,
    NoticeDeferred,
    PolicyLoaded,
    Untold,
)

OPENINGS: Mapping[type[Opening], str] = {
    IncidentOpened: "evacuate",
    RestoreOpened: "restore",
    DrillOpened: "drill",
}
Ending = Settled | StoodDown | RolledBack


@dataclass
class Asked:
    """Holds one request to people.

    at: true time at which its present stage was put. by: who agreed in it. plan: the digest of the whole plan
    that people are asked about, as it is worked out here. ends, named: its two Regions, and each of its
    controls -> its state. wave: the number of its first wave. late: people could not be told of it at once.
    """

    id: str
    at: float
    within: float
    people: int
    rules: tuple[str, ...]
    epoch: int
    plan: str = ""
    ends: tuple[str, str] = ("", "")
    named: Mapping[str, bool] = field(default_factory=dict)
    wave: int = 0
    stage: int = 1
    late: bool = False
    by: list[str] = field(default_factory=list)
    answer: str = ""


@dataclass
class Life:
    """Holds one incident. Times are true ones."""

    id: str
    source: str
    intent: str
    opened: float
    requested_by: str | None
    epoch: int
    target: str | None = None
    ended: float | None = None
    end: str = ""
    asked: Asked | None = None
    leg: str = "out"
    waves: int = 0
    intents: int = 0
    applied: int = 0
    acknowledged: bool = False
    despite: bool = False
    refused_by_people: bool = False
    policy: str = ""
    raised: float = 0.0
    """True time at which its epoch last rose."""
    outcome: str = ""
    closed_by: str = ""
    """The person who ended it, or nobody."""
    asks: list[float] = field(default_factory=list)
    """True times at which people were asked."""
    questions: list[Asked] = field(default_factory=list)
    """All its requests, each once for every stage."""
    bound: str = ""
    """The plan that an intent of it named."""
    moved: float = -inf
    """True time of its last intent."""


@dataclass
class Intent:
    """Holds a `ShiftIntended` or `EchoSeen`: what may be sent, by whom.

    The event carries the epoch. at: true time.
    """

    event: Event
    at: float
    home: str
    life: Life | None
    changes: Mapping[str, bool]
    applied: bool = False


@dataclass
class Record:
    """Holds everything appended so far, in order.

    `add` takes what landed in the table, with the true time.
    """

    events: list[Event] = field(default_factory=list)
    lives: dict[str, Life] = field(default_factory=dict)
    intents: list[Intent] = field(default_factory=list)
    disarmed: float | None = None
    fleet_disarmed: float | None = None
    muted: dict[str, float] = field(default_factory=dict)
    shifted: list[tuple[float, Life]] = field(default_factory=list)
    digests: list[str] = field(default_factory=list)
    loaded: float = -inf
    """True time at which the policy in force was named."""
    requests: dict[str, Asked] = field(default_factory=dict)
    odd: list[str] = field(default_factory=list)
    """Answers that no request waited for, since somebody last took them out."""

    @property
    def open(self) -> list[Life]:
        return [life for life in self.lives.values() if life.ended is None]

    def chained(self, event: Event) -> bool:
        """Return True where `event` is the sound successor of the last one."""
        after = self.events[-1] if self.events else None
        prev = after.hash if after else GENESIS
        return event.prev == prev and seal(event.application, event.draft, after) == event

    def add(self, event: Event, at: float) -> None:
        self.events.append(event)
        match event.body:
            case IncidentOpened() | RestoreOpened() | DrillOpened() as said:
                self._open(event, said, at)
            case Disarmed():
                self.disarmed = at
            case Armed():
                self.disarmed = None
            case Muted() as said:
                self.muted[said.what] = at + said.for_ if said.for_ else 0.0
            case PolicyLoaded() as said:
                self.digests.append(said.digest)
                self.loaded = at
            case EchoSeen() as said:
                self._intend(event, said.changes, at, None)
            case _:
                life = self.lives.get(event.draft.incident or "")
                if life is not None:
                    if event.draft.epoch > life.epoch:
                        life.epoch, life.raised = event.draft.epoch, at
                    self._moved(life, event, at)

    def _open(self, event: Event, said: Opening, at: float) -> None:
        name = str(event.draft.incident)
        self.lives[name] = Life(
            name, said.source, OPENINGS[type(said)], at, said.requested_by, event.draft.epoch,
            target=said.target if isinstance(said, RestoreOpened) else None,
            despite=bool(said.despite), policy=said.policy,
        )  # fmt: skip

    def _moved(self, life: Life, event: Event, at: float) -> None:
        match event.body:
            case Confirmed(target=target):
                life.target, life.bound = target, ""
            case ApprovalRequested() as said:
                life.asked = _asked(event, said, at, life.asked)
                life.asks.append(at)
                life.questions.append(life.asked)
                self.requests[life.asked.id] = life.asked
            case ApprovalGiven() | ApprovalDenied() | ApprovalExpired() as said:
                odd = _answered(life, event, said)
                self.odd += [odd] if odd else []
            case NoticeDeferred(request=about) | Untold(request=about) if about in self.requests:
                self.requests[str(about)].late = True
            case ShiftIntended() as said:
                life.intents, life.moved, life.bound = life.intents + 1, at, said.approved or life.bound
                self._intend(event, said.changes, at, life)
            case ShiftApplied():
                if life.applied == 0 and life.intent == "evacuate":
                    self.shifted.append((at, life))
                life.applied += 1
                next(i for i in reversed(self.intents) if i.life is life).applied = True
            case ShiftVerified():
                life.waves += 1
            case TurnedBack():
                life.leg = "home"
            case Acknowledged():
                life.acknowledged = True
            case Settled() | StoodDown() | RolledBack() as said:
                code = "" if isinstance(said, RolledBack) else said.code
                life.ended, life.end = at, code or str(event.kind)
                life.closed_by, life.outcome = person(event), said.outcome or ""
                life.refused_by_people = life.end in ("approval-denied", "approval-expired")

    def _intend(self, event: Event, changes: Changes, at: float, life: Life | None) -> None:
        home = event.draft.by.rpartition("@")[2]
        self.intents.append(Intent(event, at, home, life, dict(changes)))


def person(event: Event) -> str:
    """Return the person who wrote an event; "" for a controller."""
    return "" if event.draft.by.startswith("tidegate@") else event.draft.by


def left_by_itself(event: Event) -> IncidentOpened | None:
    """Return the opening of an evacuation that nobody asked for; None for any other event."""
    said = event.body
    return said if isinstance(said, IncidentOpened) and not said.requested_by else None


def _asked(event: Event, said: ApprovalRequested, at: float, before: Asked | None) -> Asked:
    within = said.expires - event.at
    asked = Asked(
        said.approval, at, within, said.people, said.override, event.draft.epoch, wave=said.wave,
        stage=said.stage,
    )  # fmt: skip
    if before is not None and (before.id, before.stage) == (asked.id, asked.stage):
        asked.by = before.by  # its time began anew
    told = members(said).get("whole")
    if told is not None:
        every = (*told["waves"], told["stays"])
        asked.plan = hashlib.sha256(canonical(told).encode()).hexdigest()
        asked.ends = told["source"], told["target"]
        asked.named = {name: key == "on" for wave in every for key in ("on", "off") for name in wave[key]}
    return asked


def _answered(life: Life, event: Event, said: Answer | ApprovalExpired) -> str | None:
    asked, who = life.asked, event.draft.by
    if asked is None or asked.id != said.approval:
        return f"{who} answered a request that is not the one which waits"
    if asked.answer:
        return f"{who} answered a request that was {asked.answer} already"
    if not isinstance(said, ApprovalGiven):
        asked.answer = "denied" if isinstance(said, ApprovalDenied) else "expired"
        return None
    asked.by.append(who)
    if len(set(asked.by)) >= asked.people:
        asked.answer = "given"
    if who == life.requested_by:
        return f"{who} asked for {life.id} and approved it"
    return f"{who} approved twice" if len(set(asked.by)) < len(asked.by) else None
