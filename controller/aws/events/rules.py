"""The EventBridge rules that feed the queue, as plain data.

They are patterns and input transformers. What EventBridge does with a placeholder (user guide, "Input
transformation"): it does *not* escape text, so a quotation mark in an alarm's name or reason would break out
of a quoted placeholder and could forge a field; a path that is absent leaves nothing, which is JSON only
inside quotation marks; an object or array that stands alone as a value is written as JSON.

    free text (name, reason)   travels only inside a whole object or array:   "state":<state>
    may be absent              is quoted, and "" means absent:                "muteDetail":"<mute>"
    AWS's own word or number   is quoted:                                     "id":"<id>"

So the alarm's name is read from the ARN in `resources`. What is dropped is the bulk: the configuration and
the previous state of alarms. What is left of one is under 4 KB, unless its `reasonData` is very long.
"""

import json
from collections.abc import Iterable
from typing import Any

from controller.core.contracts import SIGNAL_SOURCE as SIGNAL_SOURCE
from controller.core.policy.schema import AlarmSignal, Policy

ALARM_STATE_CHANGE = "CloudWatch Alarm State Change"
CANARY_PASSED = "Synthetics Canary TestRun Successful"
CANARY_FAILED = "Synthetics Canary TestRun Failure"
CANARY_STATUS = "Synthetics Canary Status Change"

ALARM_PATTERN: dict[str, list[str]] = {
    "source": ["aws.cloudwatch"],
    "detail-type": [ALARM_STATE_CHANGE],
}
LONGEST_PATTERN = 2048
"""Characters of an event pattern (EventBridge quotas)."""


def alarms_named(names: Iterable[str]) -> dict[str, Any]:
    """Return `ALARM_PATTERN` for these alarms alone.

    Other alarms of the account reach no queue. All of them do, where the names are too many for a pattern;
    what is not the policy's is then refused by name.
    """
    narrow = {**ALARM_PATTERN, "detail": {"alarmName": sorted(set(names))}}
    return narrow if len(json.dumps(narrow)) <= LONGEST_PATTERN else dict(ALARM_PATTERN)


def composites_of(prefix: str, policy: Policy, account: str) -> dict[str, Any]:
    """Return the pattern of the composite alarms that ring a state machine.

    Those of one deployment alone: a rule that started an execution for each event would be throttled in a
    storm. Where the names are too many for a pattern, their beginnings.
    account: in which they are.
    """
    beginnings = [f"{prefix}-{policy.application}-{region}-" for region in policy.regions]
    names = [start + family for start in beginnings for family in judged_by_alarms(policy)]
    pattern = {
        "account": [account],
        "source": ALARM_PATTERN["source"],
        "detail-type": ALARM_PATTERN["detail-type"],
        "detail": {"alarmName": sorted(names)},
    }
    if not names or len(json.dumps(pattern)) > LONGEST_PATTERN:  # an empty list is no pattern
        pattern["detail"] = {"alarmName": [{"prefix": start} for start in beginnings]}
    return pattern


def judged_by_alarms(policy: Policy) -> tuple[str, ...]:
    """Return the families that have a composite over their alarms."""
    found = policy.signals.items()
    return tuple(f for f, sources in found if any(isinstance(s, AlarmSignal) for s in sources))


CANARY_PATTERN: dict[str, list[str]] = {
    "source": ["aws.synthetics"],
    "detail-type": [CANARY_PASSED, CANARY_FAILED, CANARY_STATUS],
}

EXECUTION_CHANGE = "Step Functions Execution Status Change"
FAILED_STATES = ("FAILED", "TIMED_OUT", "ABORTED")
EXECUTION_PATTERN: dict[str, object] = {
    "source": ["aws.states"],
    "detail-type": [EXECUTION_CHANGE],
    "detail": {"status": list(FAILED_STATES)},
}


def executions_of(machine: str) -> dict[str, Any]:
    """Return `EXECUTION_PATTERN` for the executions of one state machine, by its ARN."""
    detail = {"status": list(FAILED_STATES), "stateMachineArn": [machine]}
    return {**EXECUTION_PATTERN, "detail": detail}


PROBE_SOURCE = "tidegate.probe"
PROBE_TYPE = "Intake Probe"
PROBE_PATTERN: dict[str, list[str]] = {"source": [PROBE_SOURCE]}
"""The event that a schedule in each alarm's Region sends to its own bus once an hour (EventBridge Scheduler,
target `events:PutEvents`), to go the way that every alarm goes.
"""


def probes_of(application: str) -> dict[str, Any]:
    """Return `PROBE_PATTERN` for the probes of one application.

    Those of another deployment would hide that ours no longer come.
    """
    return {**PROBE_PATTERN, "detail": {"application": [application]}}


_ENVELOPE_PATHS = {
    "id": "$.id",
    "type": "$.detail-type",
    "source": "$.source",
    "account": "$.account",
    "time": "$.time",
    "region": "$.region",
}
_ENVELOPE = (
    '"id":"<id>","detail-type":"<type>","source":"<source>",'
    '"account":"<account>","time":"<time>","region":"<region>"'
)

ALARM_PATHS: dict[str, str] = {
    **_ENVELOPE_PATHS,
    "resources": "$.resources",
    "state": "$.detail.state",
    "mute": "$.detail.muteDetail",
}
ALARM_TEMPLATE = (
    "{" + _ENVELOPE + ',"resources":<resources>,"detail":{"state":<state>,"muteDetail":"<mute>"}}'
)

CANARY_PATHS: dict[str, str] = {**_ENVELOPE_PATHS, "detail": "$.detail"}
CANARY_TEMPLATE = "{" + _ENVELOPE + ',"detail":<detail>}'

PROBE_PATHS: dict[str, str] = dict(_ENVELOPE_PATHS)
PROBE_TEMPLATE = "{" + _ENVELOPE + "}"

EXECUTION_PATHS: dict[str, str] = {
    **_ENVELOPE_PATHS,
    "name": "$.detail.name",
    "status": "$.detail.status",
}
# An execution's name has no quotation mark (Step Functions API reference, StartExecution).
EXECUTION_TEMPLATE = "{" + _ENVELOPE + ',"detail":{"name":"<name>","status":"<status>"}}'

SIGNAL_PATTERN: dict[str, object] = {"source": [SIGNAL_SOURCE]}
"""Any detail-type: what is not `tidegate.signal/v1` is refused by name, and written down."""
SIGNAL_PATHS: dict[str, str] = {**_ENVELOPE_PATHS, "detail": "$.detail"}
SIGNAL_TEMPLATE = "{" + _ENVELOPE + ',"detail":<detail>}'

HEALTH_PATTERN: dict[str, object] = {"source": ["aws.health"]}
_HEALTH_WORDS = (
    *("eventArn", "service", "eventTypeCode", "eventTypeCategory", "eventScopeCode", "communicationId"),
    *("startTime", "endTime", "lastUpdatedTime", "statusCode", "eventRegion", "affectedAccount"),
    *("availabilityZone", "eventMetadata"),
)
HEALTH_PATHS: dict[str, str] = {
    **_ENVELOPE_PATHS,
    **{word.lower(): f"$.detail.{word}" for word in _HEALTH_WORDS},
    "description": "$.detail.eventDescription",
}
# A notice's text may be long, and says what nothing else does: whether one zone alone is ill.
HEALTH_TEMPLATE = (
    "{"
    + _ENVELOPE
    + ',"detail":{"eventDescription":<description>,'
    + ",".join(f'"{word}":"<{word.lower()}>"' for word in _HEALTH_WORDS)
    + "}}"
)

NEWS_PATTERN: dict[str, object] = {
    "$or": [
        {
            "source": [
                *("aws.fis", "aws.arc-zonal-shift", "aws.arc-region-switch"),
                *("aws.route53-recovery-readiness", "route53-recovery-readiness.amazonaws.com"),
            ]
        },
        {"source": ["aws.cloudwatch"], "detail-type": ["CloudWatch Alarm Configuration Change"]},
    ]
}
"""The news that is never evidence, but that explains things to somebody who asks why."""
NEWS_PATHS: dict[str, str] = {
    **_ENVELOPE_PATHS,
    "resources": "$.resources",
    "operation": "$.detail.operation",
    "readiness": "$.detail.new-state.readiness-status",
    "status": "$.detail.new-state.status",
}
NEWS_TEMPLATE = (
    "{" + _ENVELOPE + ',"resources":<resources>,"detail":{"operation":"<operation>",'
    '"new-state":{"readiness-status":"<readiness>","status":"<status>"}}}'
)

FORWARDED = (
    *("aws.cloudwatch", "aws.synthetics", "aws.health", SIGNAL_SOURCE, PROBE_SOURCE),
    *("aws.fis", "aws.arc-zonal-shift", "aws.arc-region-switch"),
    *("aws.route53-recovery-readiness", "route53-recovery-readiness.amazonaws.com"),
)
"""The sources whose events go from each watched Region to every controller's bus."""

INTAKE = (
    ("alarms", ALARM_PATTERN, ALARM_PATHS, ALARM_TEMPLATE),
    ("canaries", CANARY_PATTERN, CANARY_PATHS, CANARY_TEMPLATE),
    ("probes", PROBE_PATTERN, PROBE_PATHS, PROBE_TEMPLATE),
    ("executions", EXECUTION_PATTERN, EXECUTION_PATHS, EXECUTION_TEMPLATE),
    ("signals", SIGNAL_PATTERN, SIGNAL_PATHS, SIGNAL_TEMPLATE),
    ("health", HEALTH_PATTERN, HEALTH_PATHS, HEALTH_TEMPLATE),
    ("news", NEWS_PATTERN, NEWS_PATHS, NEWS_TEMPLATE),
)
"""Rules that feed the queue: name behind the deployment's prefix, event pattern, input paths and template."""
