"""The kinds of events: past tense, and every one of them is here."""

from enum import StrEnum


class Kind(StrEnum):
    """A kind names what an event records.

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
    ANSWER_REFUSED = "AnswerRefused"
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
    JOURNAL_RESTORED = "JournalRestored"


KINDS = frozenset(Kind)
AHEAD: frozenset[Kind] = frozenset()
"""The kinds that this version reads and does not write yet.

A new kind stands here for one release: then the release that writes it can go back to one that reads it.
"""
