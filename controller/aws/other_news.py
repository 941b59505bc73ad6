"""Events known by name that are never evidence, each with the reason that is recorded.

Sources: Amazon ARC developer guide, "Using EventBridge with readiness check | zonal autoshift | Region
switch"; FIS user guide, "Monitor using EventBridge"; CloudWatch user guide, "Alarm events and EventBridge".
"""

from typing import Any

from controller.core.text import plain

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


def why_no_evidence(kind: str, source: str, event: dict[str, Any]) -> str | None:
    """The sentence for `Ignored`; None where the event may be evidence."""
    if source in _SOURCES:
        said = _said(event)
        return f"Not evidence: “{plain(kind, 100)}” from {source}{said}; {_reason(kind, source)}."
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
    """A readiness's or an experiment's new state, for whoever reads the record: ` (NOT_READY)`."""
    state = _detail(event).get("new-state")
    found = state if isinstance(state, dict) else {}
    word = found.get("readiness-status") or found.get("status")
    return f" ({plain(word, 30)})" if isinstance(word, str) and word else ""


def _operation(event: dict[str, Any]) -> str:
    """Somebody may have deleted the alarm that would have called: ` (delete of “storefront-5xx”)`."""
    found = _detail(event)
    what, which = found.get("operation"), found.get("alarmName")
    resources = event.get("resources")
    if not isinstance(which, str) and isinstance(resources, list) and len(resources) == 1:
        which = resources[0]
    if isinstance(what, str) and what and isinstance(which, str):
        return f" ({plain(what, 20)} of “{plain(which[:2048].rpartition(':alarm:')[2], 60)}”)"
    return ""
