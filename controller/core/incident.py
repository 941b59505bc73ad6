"""Memory: the journal folded into what is so now, and the table of what may come next.

```
 IncidentOpened -> open -> Confirmed -> confirmed -> ApprovalRequested -> asked
                     │        │  ^──(denied, expired, plan changed)──────────┤ ApprovalGiven
                     │        │  ^────────────(ShiftRefused)──────┐          v
                     │        └── ShiftIntended -> shifting ──────┘ <──── approved
                     └── StoodDown (any phase before shifting)
                                  shifting -> ShiftApplied -> shifted -> ShiftVerified -> Settled
```
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from controller.core.journal import Draft, Event, Kind


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


ENDED = frozenset({Phase.SETTLED, Phase.STOOD_DOWN})
BEFORE_SHIFT = frozenset({Phase.OPEN, Phase.CONFIRMED, Phase.ASKED, Phase.APPROVED})
READYING = frozenset({Phase.CONFIRMED, Phase.ASKED, Phase.APPROVED, Phase.SHIFTING})
MOVING = frozenset({Phase.SHIFTING, Phase.SHIFTED, Phase.VERIFIED})

_K = Kind
MOVES: Mapping[Kind, tuple[frozenset[Phase], Phase | None]] = {
    # kind: (phases in which it is legal, the phase after; None = unchanged)
    _K.CONFIRMED: (frozenset({Phase.OPEN, Phase.CONFIRMED, Phase.ASKED, Phase.APPROVED}), Phase.CONFIRMED),
    _K.READINESS_CONFIRMED: (READYING, None),
    _K.READINESS_DENIED: (READYING, None),
    _K.APPROVAL_REQUESTED: (frozenset({Phase.CONFIRMED, Phase.ASKED, Phase.APPROVED}), Phase.ASKED),
    _K.APPROVAL_GIVEN: (frozenset({Phase.ASKED}), Phase.APPROVED),
    _K.APPROVAL_DENIED: (frozenset({Phase.ASKED}), Phase.CONFIRMED),
    _K.APPROVAL_EXPIRED: (frozenset({Phase.ASKED}), Phase.CONFIRMED),
    _K.SHIFT_INTENDED: (frozenset({Phase.CONFIRMED, Phase.APPROVED, Phase.SHIFTING}), Phase.SHIFTING),
    _K.SHIFT_APPLIED: (frozenset({Phase.SHIFTING}), Phase.SHIFTED),
    _K.SHIFT_REFUSED: (frozenset({Phase.SHIFTING}), Phase.CONFIRMED),
    _K.SHIFT_VERIFIED: (frozenset({Phase.SHIFTED}), Phase.VERIFIED),
    _K.SETTLED: (frozenset({Phase.SHIFTED, Phase.VERIFIED}), Phase.SETTLED),
    _K.STOOD_DOWN: (BEFORE_SHIFT, Phase.STOOD_DOWN),
    _K.HANDED_OVER: (BEFORE_SHIFT | MOVING, None),
    _K.ESCALATED: (BEFORE_SHIFT | MOVING, None),
}


class IllegalMove(ValueError):  # noqa: N818
    """The event may not follow what the journal holds. Nothing was written."""


@dataclass(frozen=True, slots=True)
class Request:
    """One question to people: bound to a plan, decided at most once."""

    id: str
    digest: str
    expires: float
    status: str = "waiting"  # waiting | given | denied | expired | superseded
    by: str | None = None
    at: float | None = None


@dataclass(frozen=True, slots=True)
class Incident:
    """One evacuation from its opening to its end.

    leaving: the controls that the intents of the present shift turn Off. changed: when it last moved on.
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
    leaving: frozenset[str] = frozenset()
    runs: int = 0
    changed: float = 0.0
    reason: str = ""

    @property
    def refused(self) -> bool:
        """Whether it ended because people said no, or said nothing."""
        answered = self.request is not None and self.request.status in ("denied", "expired")
        return answered and self.phase is Phase.STOOD_DOWN


@dataclass(frozen=True, slots=True)
class Memory:
    """All that the journal says, at its event `last`."""

    application: str
    last: Event | None = None
    armed: bool = True
    armed_reason: str = ""
    policy: str | None = None
    deployed: float = 0.0
    incidents: Mapping[str, Incident] = field(default_factory=dict)
    shifted: tuple[tuple[float, str], ...] = ()
    pages: Mapping[str, float] = field(default_factory=dict)

    @property
    def open(self) -> Incident | None:
        """The incident that has not ended, if any: there is at most one."""
        return next((i for i in self.incidents.values() if i.phase not in ENDED), None)

    def last_blocking(self) -> Incident | None:
        """The last incident that a cooldown follows: it moved traffic, or people refused it."""
        ended = [i for i in self.incidents.values() if i.phase is Phase.SETTLED or i.refused]
        return max(ended, key=lambda i: i.changed, default=None)


def fold(application: str, events: Iterable[Event]) -> Memory:
    """The memory after all `events`. Raises `IllegalMove` on a journal that no version could have written."""
    memory = Memory(application)
    for event in events:
        memory = apply(memory, event)
    return memory


def apply(memory: Memory, event: Event) -> Memory:
    """The memory after one more event."""
    refuse_illegal(memory, event.draft)
    known = replace(memory, last=event)
    match event.kind:
        case Kind.POLICY_LOADED:
            return replace(known, policy=str(event.data["digest"]), deployed=float(event.data["deployed"]))
        case Kind.ARMED | Kind.DISARMED:
            reason = f"by {event.draft.by}: {event.data.get('reason', '')}"
            return replace(known, armed=event.kind is Kind.ARMED, armed_reason=reason)
        case Kind.ESCALATED if event.draft.incident is None:
            return replace(known, pages={**known.pages, str(event.data["key"]): event.at})
        case Kind.INCIDENT_OPENED:
            incident = _opened(event)
        case kind:
            incident = _moved(memory.incidents[event.draft.incident or ""], kind, event)
    if event.kind is Kind.SHIFT_APPLIED:
        known = replace(known, shifted=(*known.shifted, (event.at, incident.source)))
    return replace(known, incidents={**known.incidents, incident.id: incident})


def refuse_illegal(memory: Memory, draft: Draft) -> None:
    """Raise `IllegalMove` with a sentence if `draft` may not come next."""
    if draft.kind is Kind.INCIDENT_OPENED:
        if memory.open is not None:
            raise IllegalMove(f"{memory.open.id} is in progress; one evacuation at a time")
        return
    if draft.kind not in MOVES or (draft.kind is Kind.ESCALATED and draft.incident is None):
        return
    incident = memory.incidents.get(draft.incident or "")
    if incident is None:
        raise IllegalMove(f"{draft.kind} names no known incident: {draft.incident!r}")
    if incident.phase not in MOVES[draft.kind][0]:
        raise IllegalMove(f"{draft.kind} may not follow while {incident.id} is {incident.phase}")
    if draft.epoch < incident.epoch:
        raise IllegalMove(f"epoch {draft.epoch} is older than {incident.epoch}, which drives {incident.id}")


def _opened(event: Event) -> Incident:
    data, draft = event.data, event.draft
    return Incident(
        id=str(draft.incident),
        source=str(data["source"]),
        phase=Phase.OPEN,
        opened=event.at,
        opened_by=draft.by,
        epoch=draft.epoch,
        requested_by=data.get("requested_by"),
        changed=event.at,
        reason=str(data.get("reason", "")),
    )


def _moved(incident: Incident, kind: Kind, event: Event) -> Incident:
    data = event.data
    phase = MOVES[kind][1] or incident.phase
    moved = replace(incident, phase=phase, changed=event.at, epoch=max(incident.epoch, event.draft.epoch))
    match kind:
        case Kind.CONFIRMED:
            return replace(moved, target=str(data["target"]), reason=str(data.get("reason", "")))
        case Kind.APPROVAL_REQUESTED:
            request = Request(str(data["approval"]), str(data["digest"]), float(data["expires"]))
            return replace(moved, request=request)
        case Kind.APPROVAL_GIVEN | Kind.APPROVAL_DENIED | Kind.APPROVAL_EXPIRED:
            return replace(moved, request=_answered(incident, kind, event))
        case Kind.SHIFT_INTENDED:
            off = {str(name) for name, on in data.get("changes", ()) if not on}
            return replace(moved, leaving=moved.leaving | off)
        case Kind.SHIFT_REFUSED:
            return replace(moved, leaving=frozenset())
        case Kind.ESCALATED:
            return replace(moved, escalated=moved.escalated | {str(data["code"])}, changed=incident.changed)
        case Kind.HANDED_OVER:
            return replace(moved, runs=moved.runs + 1)
        case Kind.STOOD_DOWN:
            return replace(moved, reason=str(data.get("reason", "")))
        case _:
            return moved


def _answered(incident: Incident, kind: Kind, event: Event) -> Request:
    request = incident.request
    if request is None or request.id != event.data["approval"] or request.status != "waiting":
        raise IllegalMove(f"{kind} answers no waiting request of {incident.id}")
    status = {Kind.APPROVAL_GIVEN: "given", Kind.APPROVAL_DENIED: "denied"}.get(kind, "expired")
    return replace(request, status=status, by=event.draft.by, at=event.at)


def as_data(incident: Incident) -> dict[str, Any]:
    """Plain data for `--json`; holds no secret."""
    request = incident.request
    return {
        "id": incident.id,
        "source": incident.source,
        "target": incident.target,
        "phase": str(incident.phase),
        "opened": incident.opened,
        "opened_by": incident.opened_by,
        "requested_by": incident.requested_by,
        "epoch": incident.epoch,
        "approval": None
        if request is None
        else {"id": request.id, "status": request.status, "by": request.by},
        "escalated": sorted(incident.escalated),
        "reason": incident.reason,
    }
