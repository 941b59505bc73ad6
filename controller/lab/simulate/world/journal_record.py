"""The record of what was written to the journal, read independently.

It has its own small fold, and uses none of the controller's.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Any

from controller.core.journal.event import GENESIS, Event, seal
from controller.core.journal.kind import Kind

OPENINGS = {Kind.INCIDENT_OPENED: "evacuate", Kind.RESTORE_OPENED: "restore", Kind.DRILL_OPENED: "drill"}
ENDINGS = (Kind.SETTLED, Kind.STOOD_DOWN, Kind.ROLLED_BACK)


@dataclass
class Asked:
    """Holds one request to people.

    at: true time at which its present stage was put. by: who agreed in it.
    """

    id: str
    at: float
    within: float
    people: int
    rules: tuple[str, ...]
    epoch: int
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
        data, kind = event.data, event.kind
        if kind in OPENINGS:
            self._open(event, at)
        elif kind is Kind.DISARMED:
            self.disarmed = at
        elif kind is Kind.ARMED:
            self.disarmed = None
        elif kind is Kind.MUTED:
            self.muted[str(data["what"])] = at + float(data["for"]) if data["for"] else 0.0
        elif kind is Kind.POLICY_LOADED:
            self.digests.append(str(data["digest"]))
            self.loaded = at
        elif kind is Kind.ECHO_SEEN:
            self._intend(event, at, None)
        else:
            life = self.lives.get(event.draft.incident or "")
            if life is not None:
                if event.draft.epoch > life.epoch:
                    life.epoch, life.raised = event.draft.epoch, at
                self._moved(life, event, at)

    def _open(self, event: Event, at: float) -> None:
        data, name = event.data, str(event.draft.incident)
        asker = data.get("requested_by")
        self.lives[name] = Life(
            name, str(data["source"]), OPENINGS[event.kind], at, asker, event.draft.epoch,
            target=data.get("target"), despite=bool(data.get("despite")),
            policy=str(data.get("policy", "")),
        )  # fmt: skip

    def _moved(self, life: Life, event: Event, at: float) -> None:
        data, kind = event.data, event.kind
        if kind is Kind.CONFIRMED:
            life.target = str(data["target"])
        elif kind is Kind.APPROVAL_REQUESTED:
            life.asked = _asked(event, at)
            life.asks.append(at)
            self.requests[life.asked.id] = life.asked
        elif kind in (Kind.APPROVAL_GIVEN, Kind.APPROVAL_DENIED, Kind.APPROVAL_EXPIRED):
            said = _answered(life, event)
            self.odd += [said] if said else []
        elif kind is Kind.SHIFT_INTENDED:
            life.intents, life.moved = life.intents + 1, at
            self._intend(event, at, life)
        elif kind is Kind.SHIFT_APPLIED:
            if life.applied == 0 and life.intent == "evacuate":
                self.shifted.append((at, life))
            life.applied += 1
            next(i for i in reversed(self.intents) if i.life is life).applied = True
        elif kind is Kind.SHIFT_VERIFIED:
            life.waves += 1
        elif kind is Kind.TURNED_BACK:
            life.leg = "home"
        elif kind is Kind.ACKNOWLEDGED:
            life.acknowledged = True
        elif kind in ENDINGS:
            life.ended, life.end = at, str(data.get("code") or kind)
            life.closed_by, life.outcome = person(event), str(data.get("outcome") or "")
            life.refused_by_people = life.end in ("approval-denied", "approval-expired")

    def _intend(self, event: Event, at: float, life: Life | None) -> None:
        changes = {str(name): bool(on) for name, on in event.data["changes"]}
        home = event.draft.by.rpartition("@")[2]
        self.intents.append(Intent(event, at, home, life, changes))


def person(event: Event) -> str:
    """Return the person who wrote an event; "" for a controller."""
    return "" if event.draft.by.startswith("tidegate@") else event.draft.by


def _asked(event: Event, at: float) -> Asked:
    data: Mapping[str, Any] = event.data
    rules = tuple(map(str, data.get("override", ())))
    within = float(data["expires"]) - event.at
    return Asked(str(data["approval"]), at, within, int(data["people"]), rules, event.draft.epoch)


def _answered(life: Life, event: Event) -> str | None:
    asked, who = life.asked, event.draft.by
    if asked is None or asked.id != event.data["approval"]:
        return f"{who} answered a request that is not the one which waits"
    if asked.answer:
        return f"{who} answered a request that was {asked.answer} already"
    if event.kind is not Kind.APPROVAL_GIVEN:
        asked.answer = "denied" if event.kind is Kind.APPROVAL_DENIED else "expired"
        return None
    asked.by.append(who)
    if len(set(asked.by)) >= asked.people:
        asked.answer = "given"
    if who == life.requested_by:
        return f"{who} asked for {life.id} and approved it"
    return f"{who} approved twice" if len(set(asked.by)) < len(asked.by) else None
