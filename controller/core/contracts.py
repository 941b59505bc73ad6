"""The contracts with other tools: the events that are published and accepted.

Published: `tidegate.decision/v1`, made from the journal's event alone. One journal event makes at most one
announcement; its `id` is the journal event's, so that a receiver recognizes a duplicate.

Accepted: an EventBridge event with this `detail`, which any monitor may send as evidence (docs/events.md).

source        tidegate.signal
detail-type   tidegate.signal/v1
detail        SignalEvent; published as schemas/tidegate.signal.v1.json
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from controller.core.explanation import format_time
from controller.core.incident.state import State
from controller.core.journal.event import Body, Coded, Event
from controller.core.journal.moves import (
    ApprovalDenied,
    ApprovalExpired,
    ApprovalGiven,
    ApprovalRequested,
    ReadinessConfirmed,
    Reminded,
    RolledBack,
    ShiftApplied,
    ShiftIntended,
    ShiftVerified,
)
from controller.core.journal.notes import (
    Blinded,
    BrokeGlass,
    Escalated,
    JournalRestored,
    NoticeDeferred,
    PolicyLoaded,
    RegionCounted,
    Told,
    Untold,
)
from controller.core.journal.restoration import story
from controller.core.policy.terms import EVENT, NAME
from controller.core.text import sanitize

DECISION_SCHEMA = "tidegate.decision/v1"
Change = Literal[
    "opened", "confirmed", "asked", "answered", "intended", "applied", "verified", "refused", "settled",
    "turned_back", "rolled_back", "stood_down", "escalated", "handed_over", "taken_over", "drift", "muted",
    "acknowledged", "armed", "disarmed", "broke_glass", "echo", "blinded", "recovered",
    "skipped", "untold", "told", "restored",
]  # fmt: skip
CHANGES: Mapping[str, Change] = {
    "IncidentOpened": "opened",
    "RestoreOpened": "opened",
    "DrillOpened": "opened",
    "DrillSkipped": "skipped",
    "Confirmed": "confirmed",
    "ApprovalRequested": "asked",
    "ApprovalGiven": "answered",
    "ApprovalDenied": "answered",
    "ApprovalExpired": "answered",
    "ShiftIntended": "intended",
    "ShiftApplied": "applied",
    "ShiftVerified": "verified",
    "ShiftRefused": "refused",
    "Settled": "settled",
    "TurnedBack": "turned_back",
    "RolledBack": "rolled_back",
    "StoodDown": "stood_down",
    "Escalated": "escalated",
    "HandedOver": "handed_over",
    "TakenOver": "taken_over",
    "DriftSeen": "drift",
    "Muted": "muted",
    "Acknowledged": "acknowledged",
    "Armed": "armed",
    "Disarmed": "disarmed",
    "BrokeGlass": "broke_glass",
    "EchoSeen": "echo",
    "Blinded": "blinded",
    "Recovered": "recovered",
    "Untold": "untold",
    "Told": "told",
    "JournalRestored": "restored",
}
"""Journal kind -> the published change. A kind that is not here changes nothing that other tools act on."""


class DecisionEvent(BaseModel):
    """The `detail` of a `tidegate.decision/v1` event. Members may be added within v1, never taken away."""

    model_config = ConfigDict(frozen=True, populate_by_name=True, title=DECISION_SCHEMA)

    schema_: Literal["tidegate.decision/v1"] = Field(default="tidegate.decision/v1", alias="schema")
    id: str = Field(max_length=128, description="the journal event's id: the same for a duplicate")
    application: str = Field(max_length=64)
    sequence: int = Field(ge=1, description="the journal event's number")
    at: str = Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d)?Z$", description="UTC")
    change: Change
    kind: str = Field(max_length=64, description="the journal event's kind")
    by: str = Field(max_length=256, description="who, or which controller, did it")
    incident: str | None = Field(default=None, max_length=128)
    intent: str | None = Field(
        default=None, max_length=16, description="evacuate, restore, drill or break-glass"
    )
    source: str | None = Field(default=None, max_length=32, description="the Region that is left")
    target: str | None = Field(default=None, max_length=32, description="the Region that takes the traffic")
    phase: str | None = Field(default=None, max_length=16, description="of the incident, after the change")
    code: str | None = Field(default=None, max_length=64)
    reason: str = Field(default="", max_length=500)
    key: str | None = Field(
        default=None, max_length=200, description="of a page: the same for what updates it"
    )


def decision_event(event: Event, after: State) -> dict[str, Any] | None:
    """Return the detail to publish for a journal event, or None.

    Returns None for a kind that is not in `CHANGES`. after: the state that includes the event.
    """
    change = CHANGES.get(str(event.kind))
    if change is None:
        return None
    incident = after.incidents.get(event.draft.incident or "")
    key = event.body.key if isinstance(event.body, Escalated | Untold) else ""
    detail = DecisionEvent(
        id=event.draft.id,
        application=event.application,
        sequence=event.seq,
        at=format_time(event.at),
        change=change,
        kind=str(event.kind),
        by=sanitize(event.draft.by, 256),
        incident=event.draft.incident,
        intent=incident.intent if incident else None,
        source=incident.source if incident else None,
        target=incident.target if incident else None,
        phase=str(incident.phase) if incident else None,
        code=sanitize(_answer_or_code(event.body), 64) or None,
        reason=sanitize(_why(event.body), 500),
        key=sanitize(key, 200) or None,
    )
    return detail.model_dump(by_alias=True)


def _answer_or_code(said: Body) -> str:
    match said:
        case ApprovalGiven():
            return "given"
        case ApprovalDenied():
            return "denied"
        case ApprovalExpired():
            return "expired"
        case _:
            return said.code if isinstance(said, Coded) else ""


def _why(said: Body) -> str:
    match said:
        case ShiftVerified(sentence=told) | Untold(subject=told) | Told(subject=told):
            return told
        case BrokeGlass(reason=reason, sentence=told):
            return reason or told
        case JournalRestored():
            return story(said)
        case ApprovalRequested() | ApprovalExpired() | Reminded() | ReadinessConfirmed():
            return ""
        case ShiftIntended() | ShiftApplied() | RolledBack():
            return ""
        case PolicyLoaded() | Blinded() | RegionCounted() | NoticeDeferred():
            return ""
        case _:
            return said.reason


SIGNAL_SOURCE = "tidegate.signal"
SIGNAL_SCHEMA = "tidegate.signal/v1"
PREFIX = "event"
"""The kind part of the identity of such a signal."""

ANY_REGION = r"^[a-z]{2,4}(-[a-z]{1,12}){1,3}-[0-9]{1,2}$"
MOMENT = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:?[0-9]{2})$"

Region = Annotated[str, StringConstraints(pattern=ANY_REGION, max_length=32)]
Name = Annotated[str, StringConstraints(pattern=NAME)]


class SignalEvent(BaseModel):
    """The `detail` of a `tidegate.signal/v1` event. Members may be added within v1, so others are let be."""

    model_config = ConfigDict(frozen=True, strict=True, title=SIGNAL_SCHEMA)

    application: Name = Field(description="the policy's `application`")
    family: Name = Field(description="the family under the policy's `signals`")
    name: Annotated[str, StringConstraints(pattern=EVENT)] = Field(description="the policy's `event`")
    region: Region = Field(description="the Region that it is about")
    observer: Region = Field(description="the Region that it was seen from")
    state: Literal["breaching", "healthy", "unknown"] = Field(
        description="as it is now: sent again while it stays so, at least twice in `silentAfter`"
    )
    since: str = Field(pattern=MOMENT, max_length=40, description="when that state began, ISO 8601")
    reason: str = Field(default="", max_length=1000, description="for people; the first 150 characters count")

    @property
    def identity(self) -> str:
        """Return the name part of the id of the event's signal.

        No component of it can hold a `/`.
        """
        return f"{self.application}/{self.family}/{self.region}/{self.name}"


def json_schema() -> dict[str, Any]:
    """Return the published JSON schema of `SignalEvent`.

    In Python, the `$` of a pattern also matches before a last newline; the model's does not.
    """
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SIGNAL_SCHEMA,
        **SignalEvent.model_json_schema(),
    }
