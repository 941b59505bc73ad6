"""The journal's events: past tense, numbered, each with the hash of the one before."""

import hashlib
import json
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import accumulate
from typing import Any

GENESIS = "0" * 64


class Kind(StrEnum):
    """A kind names what an event records; every kind is here.

    A reader that meets another kind stops and pages.
    """

    POLICY_LOADED = "PolicyLoaded"
    INCIDENT_OPENED = "IncidentOpened"
    RESTORE_OPENED = "RestoreOpened"
    DRILL_OPENED = "DrillOpened"
    DRILL_SKIPPED = "DrillSkipped"
    TURNED_BACK = "TurnedBack"
    ROLLED_BACK = "RolledBack"
    CONFIRMED = "Confirmed"
    READINESS_CONFIRMED = "ReadinessConfirmed"
    READINESS_DENIED = "ReadinessDenied"
    APPROVAL_REQUESTED = "ApprovalRequested"
    APPROVAL_GIVEN = "ApprovalGiven"
    APPROVAL_DENIED = "ApprovalDenied"
    APPROVAL_EXPIRED = "ApprovalExpired"
    SHIFT_INTENDED = "ShiftIntended"
    SHIFT_APPLIED = "ShiftApplied"
    SHIFT_VERIFIED = "ShiftVerified"
    SHIFT_REFUSED = "ShiftRefused"
    HANDED_OVER = "HandedOver"
    TAKEN_OVER = "TakenOver"
    ECHO_SEEN = "EchoSeen"
    BLINDED = "Blinded"
    ESCALATED = "Escalated"
    STOOD_DOWN = "StoodDown"
    SETTLED = "Settled"
    DISARMED = "Disarmed"
    ARMED = "Armed"
    MUTED = "Muted"
    ACKNOWLEDGED = "Acknowledged"
    REMINDED = "Reminded"
    REFUSED = "Refused"
    BROKE_GLASS = "BrokeGlass"
    RECOVERED = "Recovered"
    DRIFT_SEEN = "DriftSeen"
    REGION_COUNTED = "RegionCounted"
    UNTOLD = "Untold"
    TOLD = "Told"
    NOTICE_DEFERRED = "NoticeDeferred"


KINDS = frozenset(Kind)


class UnknownKind(ValueError):  # noqa: N818
    """The event has a kind that a later version writes."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A draft is an event before it has its number.

    id: random; after a lost reply it distinguishes our event from another writer's.
    """

    id: str
    kind: Kind
    at: float
    by: str
    epoch: int = 0
    incident: str | None = None
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Event:
    """An event is a draft with its number in the journal.

    seq: its number among the events of `application`. prev: the hash of the event before it.
    """

    application: str
    seq: int
    prev: str
    draft: Draft
    hash: str

    @property
    def kind(self) -> Kind:
        return self.draft.kind

    @property
    def at(self) -> float:
        return self.draft.at

    @property
    def data(self) -> dict[str, Any]:
        return self.draft.data


_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def canonical(value: Any) -> str:
    """Return JSON with one spelling: sorted keys, no spaces.

    This text is hashed and stored.
    """
    return _CANONICAL.encode(value)


def digest(value: Any) -> str:
    """Return the SHA-256 of the canonical JSON, in hex."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()


def seal(application: str, draft: Draft, after: Event | None) -> Event:
    """Give `draft` the next number after `after` and chain it."""
    seq, prev = (after.seq + 1, after.hash) if after else (1, GENESIS)
    return Event(application, seq, prev, draft, _hash(application, seq, prev, draft))


def to_json(event: Event) -> str:
    """Return one line that holds the whole event."""
    members = {"application": event.application, "seq": event.seq, "prev": event.prev, "hash": event.hash}
    return canonical(members | {"draft": _members(event.draft)})


def from_json(text: str) -> Event:
    """Return the event that one line holds.

    Raises `UnknownKind`, or `ValueError` for a missing member.
    """
    raw = json.loads(text)
    try:
        kind = raw["draft"]["kind"]
        if kind not in KINDS:
            raise UnknownKind(f"event {raw['seq']} is of a kind this version does not know: {kind!r}")
        draft = Draft(**{**raw["draft"], "kind": Kind(raw["draft"]["kind"])})
        return Event(raw["application"], int(raw["seq"]), raw["prev"], draft, raw["hash"])
    except (KeyError, TypeError) as error:
        raise ValueError(f"not a journal event: {error}") from error


def broken_at(events: Sequence[Event], after: Event | None = None) -> int | None:
    """Return the number of the first broken event; None if all are whole.

    An event is broken where its place, its predecessor or its content is wrong. `events` must begin with
    number 1, or with the one that follows `after`. The rest does not show that the last events are missing;
    a reader that keeps the last hash elsewhere compares it with `events[-1].hash`.
    """
    prev, first = (after.hash, after.seq + 1) if after else (GENESIS, 1)
    for number, event in enumerate(events, start=first):
        sealed = _hash(event.application, event.seq, event.prev, event.draft)
        if event.seq != number or event.prev != prev or event.hash != sealed:
            return number
        prev = event.hash
    return None


def written_until(events: Sequence[Event], at: float) -> Sequence[Event]:
    """Return the events that were written by `at`: always a beginning of the journal.

    Controllers' clocks differ, so times may step back a little: an event counts from the latest time that
    it or one before it bears.
    """
    return events[: bisect_right(list(accumulate((event.at for event in events), max)), at)]


def _hash(application: str, seq: int, prev: str, draft: Draft) -> str:
    return digest({"application": application, "seq": seq, "prev": prev, "draft": _members(draft)})


def _members(draft: Draft) -> dict[str, Any]:
    return {
        "id": draft.id,
        "kind": draft.kind,
        "at": draft.at,
        "by": draft.by,
        "epoch": draft.epoch,
        "incident": draft.incident,
        "data": draft.data,
    }
