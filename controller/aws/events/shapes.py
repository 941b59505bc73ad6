"""The EventBridge events that are evidence, and those known that never are.

Each of the latter has the reason that is recorded. The traps of both are handled here.

Sources: CloudWatch user guide, "Alarm events and EventBridge" and "Monitoring canary events"; Amazon ARC
developer guide, "Using EventBridge with readiness check | zonal autoshift | Region switch"; FIS user guide,
"Monitor using EventBridge".
"""

from typing import Any

from controller.aws.events.fields import (
    Unusable,
    account,
    iso,
    member,
    name,
    name_in_arn,
    region,
    seconds,
    text,
)
from controller.aws.events.health import HEALTH_EVENT, notice
from controller.aws.events.monitor import monitored
from controller.aws.events.rules import ALARM_STATE_CHANGE, CANARY_FAILED, CANARY_PASSED, CANARY_STATUS
from controller.core.contracts import SIGNAL_SOURCE
from controller.core.model import Observation, Sighting, Verdict, signal_id
from controller.core.text import sanitize

READINESS = "readiness is asked for when it is needed; AWS: never the primary trigger"

_KINDS = {
    "CloudWatch Alarm Configuration Change": "it tells of an alarm's settings, not of its state",
    "CloudWatch Alarm Contributor State Change": "one contributor is not its alarm",
    "AWS Health Abuse Event": "it tells of our own conduct, not of AWS's health",
    "Scheduled Event": "it is a clock",
    "AWS API Call via CloudTrail": "it tells of a call, not of health",
    "Step Functions Execution Status Change": "it tells of our own work",
}
_SOURCES = {
    "aws.fis": "an experiment is a fault that somebody wished for",
    "aws.arc-zonal-shift": "zonal shifts, autoshifts and practice runs are news of one zone",
    "aws.route53-recovery-readiness": READINESS,
    "route53-recovery-readiness.amazonaws.com": READINESS,
    "aws.arc-region-switch": "Region switch tells of plans, not of health",
    "tidegate": "it tells of our own decisions",
}
REASON_LENGTH = 200
_ALARM = {"OK": Verdict.HEALTHY, "ALARM": Verdict.BREACHING, "INSUFFICIENT_DATA": Verdict.UNKNOWN}
_RUN = {CANARY_PASSED: ("PASSED", Verdict.HEALTHY), CANARY_FAILED: ("FAILED", Verdict.BREACHING)}
_LOST = {"STOPPED", "ERROR"}
_NOT_JUDGED = {"EVALUATION_FAILURE", "EVALUATION_ERROR"}


def why_no_evidence(kind: str, source: str, event: dict[str, Any]) -> str | None:
    """Return the sentence for `Ignored`; None where the event may be evidence."""
    if source in _SOURCES:
        said = _said(event)
        return f"Not evidence: “{sanitize(kind, 100)}” from {source}{said}; {_reason(kind, source)}."
    if kind in _KINDS:
        return f"Not evidence: “{kind}”{_operation(event)}; {_KINDS[kind]}."
    return None


def _reason(kind: str, source: str) -> str:
    if source == "aws.arc-zonal-shift" and "Practice Run" in kind:
        return "a practice run is an exercise in one zone"
    return _SOURCES[source]


def _detail(event: dict[str, Any]) -> dict[str, Any]:
    detail = event.get("detail")
    return detail if isinstance(detail, dict) else {}


def _said(event: dict[str, Any]) -> str:
    """Return the new state of a readiness or an experiment: ` (NOT_READY)`.

    It is for whoever reads the record.
    """
    state = _detail(event).get("new-state")
    found = state if isinstance(state, dict) else {}
    word = found.get("readiness-status") or found.get("status")
    return f" ({sanitize(word, 30)})" if isinstance(word, str) and word else ""


def _operation(event: dict[str, Any]) -> str:
    """Return what was done to which alarm: ` (delete of “storefront-5xx”)`.

    Somebody may have deleted the alarm that would have called.
    """
    found = _detail(event)
    what, which = found.get("operation"), found.get("alarmName")
    resources = event.get("resources")
    if not isinstance(which, str) and isinstance(resources, list) and len(resources) == 1:
        which = resources[0]
    if isinstance(what, str) and what and isinstance(which, str):
        return f" ({sanitize(what, 20)} of “{sanitize(which[:2048].rpartition(':alarm:')[2], 60)}”)"
    return ""


def sighting(event: dict[str, Any], *, received: float) -> Sighting:
    """Return the sighting in an EventBridge event.

    Raises `Unusable` with a sentence where there is none.
    """
    kind, source = text(event, "detail-type", "The event"), text(event, "source", "The event")
    if source == SIGNAL_SOURCE:
        return monitored(event, received=received)
    unused = why_no_evidence(kind, source, event)
    if unused is not None:
        raise Unusable(unused)
    if kind == HEALTH_EVENT:
        _from(source, "aws.health", kind)
        return notice(event, account=account(event), received=received)
    if kind == ALARM_STATE_CHANGE:
        _from(source, "aws.cloudwatch", kind)
        return _alarm(event, received)
    if kind in _RUN or kind == CANARY_STATUS:
        _from(source, "aws.synthetics", kind)
        return _canary(event, kind, received)
    raise Unusable(f"Unknown event type “{sanitize(kind, 80)}” from source “{sanitize(source, 60)}”.")


def _alarm(event: dict[str, Any], received: float) -> Sighting:
    detail = member(event, "detail", "The event")
    state = member(detail, "state", "The event's detail")
    value = text(state, "value", "The alarm's state")
    if value not in _ALARM:
        raise Unusable(f"The alarm's state value “{sanitize(value, 40)}” is not one that CloudWatch has.")
    verdict, reason = _ALARM[value], state.get("reason")
    said = sanitize(reason, REASON_LENGTH) if isinstance(reason, str) else ""
    # Red while muted or suppressed is red on purpose: never evidence, however it is spelt.
    suppressed, judged = state.get("actionsSuppressedBy"), state.get("evaluationState")
    if detail.get("muteDetail") not in (None, ""):
        verdict, said = Verdict.UNKNOWN, "muted"
    elif suppressed not in (None, ""):
        by = suppressed if isinstance(suppressed, str) else "something unnamed"
        verdict, said = Verdict.UNKNOWN, sanitize(f"suppressed by {by}", REASON_LENGTH)
    elif isinstance(judged, str) and judged in _NOT_JUDGED:
        verdict, said = Verdict.UNKNOWN, f"not judged: CloudWatch reports {judged}"
    return _seen(
        event,
        kind="alarm",
        called=name(detail["alarmName"] if "alarmName" in detail else name_in_arn(event), "alarm's name"),
        verdict=verdict,
        at=iso(event, "time") if state.get("timestamp") is None else iso(state, "timestamp"),
        sent=text(event, "id", "The event"),
        reason=said or f"CloudWatch says {value}",
        received=received,
    )


def _canary(event: dict[str, Any], kind: str, received: float) -> Sighting:
    detail = member(event, "detail", "The event")
    at: float | None = None
    sent = text(event, "id", "The event")
    if kind in _RUN:
        expected, verdict = _RUN[kind]
        status = detail.get("test-run-status", expected)
        if status != expected:
            raise Unusable(f"The canary event contradicts itself: “{kind}” with another test-run-status.")
        if detail.get("canary-run-id") is not None:
            sent = text(detail, "canary-run-id", "The event's detail")
        timeline = detail.get("canary-run-timeline")
        if isinstance(timeline, dict) and timeline.get("completed") is not None:
            at = seconds(timeline["completed"])
        why = detail.get("state-reason")  # a quoted text, or the word null
        cause = why[:2000].strip('" ') if isinstance(why, str) else ""
        said = f"canary run {expected.lower()}"
        if cause not in ("", "null"):
            said = sanitize(f"{said}: {cause}", REASON_LENGTH)
    else:
        now = text(detail, "current-state", "The event's detail")
        if now not in _LOST:
            raise Unusable(f"Not evidence: a canary that is {sanitize(now, 40)} says nothing yet.")
        verdict, said = Verdict.UNKNOWN, f"lost observer: the canary is {now}"
    return _seen(
        event,
        kind="canary",
        called=name(detail.get("canary-name"), "canary's name"),
        verdict=verdict,
        at=iso(event, "time") if at is None else at,
        sent=sent,
        reason=said,
        received=received,
    )


def _seen(
    event: dict[str, Any],
    *,
    kind: str,
    called: str,
    verdict: Verdict,
    at: float,
    sent: str,
    reason: str,
    received: float,
) -> Sighting:
    identity = signal_id(kind=kind, account=account(event), observer=region(event), name=called)
    if not 1 <= len(sent) <= 128 or sanitize(sent, 128) != sent:
        raise Unusable("The event's id is empty, too long or unprintable, so a duplicate would not be known.")
    return Sighting(
        signal=identity,
        observation=Observation(
            at=at, received=received, verdict=verdict, via="event", id=sent, reason=reason
        ),
    )


def _from(source: str, expected: str, kind: str) -> None:
    """Refuse an event type from a source other than the expected one.

    Only AWS may send under `aws.`; anybody may put any detail-type on the bus.
    """
    if source != expected:
        raise Unusable(f"“{kind}” comes from {expected} alone; this one is from “{sanitize(source, 60)}”.")
