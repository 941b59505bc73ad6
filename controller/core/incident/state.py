"""The state folded from the journal, and the table of legal next events.

```
 IncidentOpened -> open -> Confirmed -> confirmed -> ApprovalRequested -> asked
                     │        │  ^──(denied, expired, plan changed)──────────┤ ApprovalGiven
                     │        │  ^────────────(ShiftRefused)──────┐          v
                     │        └── ShiftIntended -> shifting ──────┘ <──── approved
                     └── StoodDown (any phase before shifting)
                                  shifting -> ShiftApplied -> shifted -> ShiftVerified -> Settled

 BrokeGlass -> unconfirmed, settled or stood_down: what a person did without us (`core.incident.break_glass`)
```
`as_data` gives an incident as plain data.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from controller.core.incident.approval import Request
from controller.core.incident.control_history import History
from controller.core.incident.step_durations import Pace
from controller.core.journal.event import Event, Written
from controller.core.journal.kind import Kind
from controller.core.journal.moves import ShiftIntended
from controller.core.journal.notes import DriftSeen, DrillSkipped
from controller.core.journal.restoration import Restoration


class Phase(StrEnum):
    OPEN = "open"
    CONFIRMED = "confirmed"
    ASKED = "asked"
    APPROVED = "approved"
    SHIFTING = "shifting"
    SHIFTED = "shifted"
    VERIFIED = "verified"
    SETTLED = "settled"
    STOOD_DOWN = "stood_down"
    UNCONFIRMED = "unconfirmed"


ENDED = frozenset({Phase.SETTLED, Phase.STOOD_DOWN, Phase.UNCONFIRMED})
"""Phases in which nothing is driven. What a person did by break-glass is never in another one."""
BEFORE_SHIFT = frozenset({Phase.OPEN, Phase.CONFIRMED, Phase.ASKED, Phase.APPROVED})
READYING = frozenset({Phase.CONFIRMED, Phase.ASKED, Phase.APPROVED, Phase.SHIFTING, Phase.VERIFIED})
MOVING = frozenset({Phase.SHIFTING, Phase.SHIFTED, Phase.VERIFIED})

_K = Kind
MOVES: Mapping[Kind, tuple[frozenset[Phase], Phase | None]] = {
    # kind: (phases in which it is legal, the phase after; None = unchanged)
    _K.CONFIRMED: (frozenset({Phase.OPEN, Phase.CONFIRMED, Phase.ASKED, Phase.APPROVED}), Phase.CONFIRMED),
    _K.READINESS_CONFIRMED: (READYING, None),
    _K.READINESS_DENIED: (READYING, None),
    # Between two waves people are asked where a policy loaded since asks for more; it stays verified.
    _K.APPROVAL_REQUESTED: (
        frozenset({Phase.CONFIRMED, Phase.ASKED, Phase.APPROVED, Phase.VERIFIED}),
        Phase.ASKED,
    ),
    _K.APPROVAL_GIVEN: (frozenset({Phase.ASKED, Phase.VERIFIED}), Phase.APPROVED),
    _K.APPROVAL_DENIED: (frozenset({Phase.ASKED, Phase.VERIFIED}), Phase.CONFIRMED),
    _K.APPROVAL_EXPIRED: (frozenset({Phase.ASKED, Phase.VERIFIED}), Phase.CONFIRMED),
    _K.SHIFT_INTENDED: (
        frozenset({Phase.CONFIRMED, Phase.APPROVED, Phase.SHIFTING, Phase.VERIFIED}),
        Phase.SHIFTING,
    ),
    _K.TURNED_BACK: (frozenset({Phase.SHIFTED, Phase.VERIFIED}), Phase.VERIFIED),
    _K.ROLLED_BACK: (frozenset({Phase.VERIFIED}), Phase.STOOD_DOWN),
    _K.SHIFT_APPLIED: (frozenset({Phase.SHIFTING}), Phase.SHIFTED),
    _K.SHIFT_REFUSED: (frozenset({Phase.SHIFTING}), Phase.CONFIRMED),
    _K.SHIFT_VERIFIED: (frozenset({Phase.SHIFTED}), Phase.VERIFIED),
    _K.SETTLED: (frozenset({Phase.SHIFTED, Phase.VERIFIED}), Phase.SETTLED),
    _K.STOOD_DOWN: (BEFORE_SHIFT, Phase.STOOD_DOWN),
    _K.HANDED_OVER: (BEFORE_SHIFT | MOVING, None),
    _K.TAKEN_OVER: (BEFORE_SHIFT | MOVING, None),
    _K.ESCALATED: (BEFORE_SHIFT | MOVING, None),
    _K.REMINDED: (frozenset({Phase.ASKED, Phase.VERIFIED}), None),
    _K.ACKNOWLEDGED: (ENDED, None),
    # The first record of a move opens an incident, whatever else is open. What follows is in the record.
    _K.BROKE_GLASS: (frozenset({Phase.UNCONFIRMED}), None),
}


DENIED = ("",)
"""The readiness of an incident whose target was last said not to be ready."""
GLASS = "break-glass"
"""The intent of an incident that a person made by break-glass: it had happened when it was written down."""
INTERRUPTED = "interrupted"
"""The outcome of a move that ended where it stood."""
BY_PERSON = frozenset({"by-person", "handed-to-people"})
"""Codes of an ending that a person brought about: what was stopped stays stopped."""

OPENINGS: Mapping[Kind, str] = {
    Kind.INCIDENT_OPENED: "evacuate",
    Kind.RESTORE_OPENED: "restore",
    Kind.DRILL_OPENED: "drill",
}
"""Kind -> the intent of the incident that it opens."""


class IllegalMove(ValueError):  # noqa: N818
    """The event may not follow what the journal holds; nothing is written."""


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice that could not be sent yet, or is held back.

    key: for the receiver, the same for what updates it. by: the controller that wrote it down.
    about: the alerts that it tells of. request: the question that it puts, if it puts one. due: when it may
    be sent; 0: it could not be sent.
    """

    id: str
    at: float
    by: str
    subject: str
    text: str
    key: str = ""
    path: str = ""
    about: tuple[str, ...] = ()
    incident: str | None = None
    request: str | None = None
    due: float = 0.0


@dataclass(frozen=True, slots=True)
class Incident:
    """An incident is one evacuation, restore, drill or break-glass move.

    leg: "out", or "home" once a drill or a rollback turned back. waves: how many are verified in this leg.
    before: the controls as they were before its first shift. put: as it put them. intended: what the
    intents of the present shift change. of: the incident that a restore undoes. changed: when it last
    moved on; an escalation or an acknowledgement does not count. despite: codes that its requester wants set
    aside. rules: safety rules that refused its move. scheduled: the time of `drills.cron` for which it was
    opened; nobody asked for such a drill. stopped_by: the person who ended it, if a person did, or who moved
    traffic by break-glass. policy: the
    digest of the policy that it was opened by, which says how it goes on; "" where the journal named none.
    begun: when its first shift was intended. moved: when traffic last moved by it, and was seen to.
    mute: the controller that could not tell people of it. voice: another that told them since, and when.
    passed_on: it was handed over because its driver could not tell people. lost: how many of its executions
    ended before it did, or fell silent. ready: the target that was last said to be ready, and the gates that
    doubts ask; `DENIED`: it was not; (): nothing was said since it was confirmed, verified or handed over.
    approved: the digest of the plan that its last wave was approved by; "" where nobody was asked.
    """

    id: str
    source: str
    phase: Phase
    opened: float
    opened_by: str
    epoch: int
    requested_by: str | None = None
    target: str | None = None
    request: Request | None = None
    escalated: frozenset[str] = frozenset()
    intent: str = "evacuate"
    of: str | None = None
    leg: str = "out"
    waves: int = 0
    before: Mapping[str, bool] = field(default_factory=dict)
    put: Mapping[str, bool] = field(default_factory=dict)
    intended: Mapping[str, bool] = field(default_factory=dict)
    outcome: str = ""
    despite: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    acknowledged_by: str | None = None
    runs: int = 0
    driver: str = ""
    changed: float = 0.0
    reason: str = ""
    scheduled: float | None = None
    stopped_by: str | None = None
    policy: str = ""
    begun: float = 0.0
    moved: float = 0.0
    mute: str = ""
    voice: tuple[str, float] | None = None
    passed_on: bool = False
    lost: int = 0
    ready: tuple[str, ...] = ()
    approved: str = ""

    @property
    def asking(self) -> bool:
        """Return True while a question waits, before the first wave or between two."""
        waits = self.request is not None and self.request.status == "waiting"
        return self.phase is Phase.ASKED or (self.phase is Phase.VERIFIED and waits)

    @property
    def by_person(self) -> str | None:
        """Return the person who asked for it, or None where no person did."""
        return self.requested_by if self.scheduled is None else None

    @property
    def refused(self) -> bool:
        """Return True where it ended because people said no, or said nothing."""
        answered = self.request is not None and self.request.status in ("denied", "expired")
        return answered and self.phase is Phase.STOOD_DOWN

    @property
    def left_its_region(self) -> bool:
        """Return True for an evacuation, break-glass, and a drill that was cut short."""
        left = self.intent in ("evacuate", GLASS)
        return left or (self.intent == "drill" and self.outcome == INTERRUPTED)

    @property
    def may_have_moved(self) -> bool:
        """Return True where it moved traffic, or nobody knows whether it did."""
        return bool(self.put) or self.phase is Phase.UNCONFIRMED

    @property
    def taken(self) -> frozenset[str]:
        """Return the controls that it has put, or intends to put."""
        return frozenset((*self.put, *self.intended))


def heading(incident: Incident) -> tuple[str, str]:
    """Return the Regions that the present leg takes traffic from and to."""
    ends = incident.source, str(incident.target)
    back = (incident.intent == "restore") is not (incident.leg == "home")
    return (ends[1], ends[0]) if back else ends


@dataclass(frozen=True, slots=True)
class Moved:
    """The event that last said how controls stand: its number, time, writer and kind."""

    seq: int
    at: float
    by: str
    kind: Kind


def moved_by(event: Event) -> Moved:
    return Moved(event.seq, event.at, event.draft.by, event.kind)


@dataclass(frozen=True, slots=True)
class State:
    """The state is all that the journal says, at its event `last`.

    intents: the last few `ShiftIntended`. echoes: the numbers of those whose late call was put back.
    struck: the last time of `drills.cron` that was handled. drilled: Region -> when it last had its turn.
    skipped: the last scheduled drill that did not open. fleet_left: Region -> when the fleet last counted it.
    home: the controls as they stood when no Region was away. stand: as they were put, or seen, last.
    stood: when that was. mover: the event that says so. history: control -> each state, and since when.
    recovered: Region -> since when it was well, unbroken, at its last `Recovered`.
    pages: alert -> when people were last told of it. untold: notices that could not be sent, by their id.
    policy_by: the controller that loaded the policy in force.
    fleet_unread: the fleet's journal cannot be read, so that `fleet` is only for safety's sake.
    restored: each time that the journal was put back from a backup. review: the last of them, until a person
    has armed since. fleet_review: the same of the fleet's journal.
    """

    application: str
    last: Event | None = None
    armed: bool = True
    armed_reason: str = ""
    policy: str | None = None
    policy_by: str = ""
    deployed: float = 0.0
    incidents: Mapping[str, Incident] = field(default_factory=dict)
    shifted: tuple[tuple[float, str], ...] = ()
    pages: Mapping[str, float] = field(default_factory=dict)
    muted: Mapping[str, float] = field(default_factory=dict)
    fleet: str | None = None
    fleet_left: Mapping[str, float] = field(default_factory=dict)
    home: Mapping[str, bool] = field(default_factory=dict)
    stand: Mapping[str, bool] = field(default_factory=dict)
    history: History = field(default_factory=dict)
    stood: float = 0.0
    mover: Moved | None = None
    drift: Written[DriftSeen] | None = None
    intents: tuple[Written[ShiftIntended], ...] = ()
    echoes: frozenset[int] = frozenset()
    struck: float = 0.0
    drilled: Mapping[str, float] = field(default_factory=dict)
    skipped: Written[DrillSkipped] | None = None
    recovered: Mapping[str, float] = field(default_factory=dict)
    pace: Pace = field(default_factory=Pace)
    untold: Mapping[str, Notice] = field(default_factory=dict)
    fleet_unread: bool = False
    restored: tuple[Restoration, ...] = ()
    review: Restoration | None = None
    fleet_review: Restoration | None = None

    @property
    def stopped(self) -> str | None:
        """Return the reason that nothing may move, or None.

        The reason of the fleet's kill switch is in `fleet`.
        """
        return self.fleet if self.armed else f"disarmed {self.armed_reason}"

    @property
    def open(self) -> Incident | None:
        """Return the incident that has not ended, if any: there is at most one."""
        return next((i for i in self.incidents.values() if i.phase not in ENDED), None)

    def last_moved(self) -> Incident | None:
        """Return the last incident that moved traffic, if any; a drill does not count.

        One that is in progress counts too: should it end now, its cooldown would follow.
        """
        counted = (i for i in self.incidents.values() if i.intent != "drill")
        moved = [i for i in counted if i.may_have_moved or i.phase is Phase.SETTLED]
        return max(moved, key=lambda i: i.changed, default=None)

    def last_of(self, region: str, intent: str) -> Incident | None:
        """Return the last ended incident of this intent about `region`, if any.

        A person's move by break-glass is about the return of the Region too.
        """
        by_hand = intent == "restore"
        every = (i for i in self.incidents.values() if i.source == region and i.phase in ENDED)
        about = (
            i for i in every if i.intent == intent or (by_hand and i.intent == GLASS and i.may_have_moved)
        )
        return max(about, key=lambda i: i.changed, default=None)

    def away(self, region: str) -> Incident | None:
        """Return the move by which `region` is away, or None.

        That is an evacuation, a person's move by break-glass, or a drill that ended where it stood. The
        Region is at home once all is On again that was On before it was first left, whoever turned it on: a
        restore that ended half-way brought only a part home. While a restore is under way it is away until
        that has ended.
        """
        about = [i for i in self.incidents.values() if i.source == region]
        ended = sorted((i for i in about if i.phase in ENDED), key=lambda i: i.changed)
        left = [i for i in ended if i.left_its_region and (i.phase is Phase.SETTLED or self._put_by(i))]
        if not left:
            return None
        now, last = self.open, left[-1]
        puts = [self._put_by(i) for i in left]
        own = {name for p in puts for name, on in p.items() if not on and self.home.get(name, False)}
        put: dict[str, bool] = {}
        for incident in ended:
            put |= {name: on for name, on in self._put_by(incident).items() if name in own}
        still = any(not self.stand.get(name, False) and not put[name] for name in own)
        returning = now is not None and now.intent == "restore" and now.source == region
        return last if still or returning else None

    @property
    def any_away(self) -> bool:
        """Return True where a Region is away by any move."""
        return any(self.away(region) for region in {i.source for i in self.incidents.values()})

    def _put_by(self, incident: Incident) -> Mapping[str, bool]:
        """Return the controls as the incident put them.

        Of a move that nobody confirmed, what was intended and stands so.
        """
        if incident.phase is not Phase.UNCONFIRMED:
            return incident.put
        stands = {name: on for name, on in incident.intended.items() if self.stand.get(name) is on}
        return {**stands, **incident.put}


def as_data(incident: Incident) -> dict[str, Any]:
    """Return an incident as plain data for `--json`; it holds no secret."""
    request = incident.request
    return {
        "id": incident.id,
        "intent": incident.intent,
        "source": incident.source,
        "target": incident.target,
        "phase": str(incident.phase),
        "opened": incident.opened,
        "opened_by": incident.opened_by,
        "requested_by": incident.requested_by,
        "epoch": incident.epoch,
        "driver": incident.driver or None,
        "approval": None
        if request is None
        else {
            "id": request.id,
            "status": request.status,
            "by": request.by,
            "stage": request.stage,
            "needed": request.needed(),
            "override": list(request.rules),
            "plan": request.plan or None,
        },
        "escalated": sorted(incident.escalated),
        "reason": incident.reason,
        "outcome": incident.outcome or None,
        "moved": {name: "On" if on else "Off" for name, on in sorted(incident.put.items())},
        "acknowledged_by": incident.acknowledged_by,
        "policy": incident.policy or None,
    }
