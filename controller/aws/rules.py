"""The EventBridge rules that feed the queue: patterns and input transformers, as plain data.

What EventBridge does with a placeholder (user guide, "Input transformation"): it does *not* escape text,
so a quotation mark in an alarm's name or reason would break out of a quoted placeholder and could forge a
field; a path that is absent leaves nothing, which is JSON only inside quotation marks; an object or array
that stands alone as a value is written as JSON.

    free text (name, reason)   travels only inside a whole object or array:   "state":<state>
    may be absent              is quoted, and "" means absent:                "muteDetail":"<mute>"
    AWS's own word or number   is quoted:                                     "id":"<id>"

So the alarm's name is read from the ARN in `resources`. What is dropped is the bulk: the configuration and
the previous state of alarms. What is left of one is under 4 KB, unless its `reasonData` is very long.
"""

ALARM_STATE_CHANGE = "CloudWatch Alarm State Change"
CANARY_PASSED = "Synthetics Canary TestRun Successful"
CANARY_FAILED = "Synthetics Canary TestRun Failure"
CANARY_STATUS = "Synthetics Canary Status Change"

ALARM_PATTERN: dict[str, list[str]] = {
    "source": ["aws.cloudwatch"],
    "detail-type": [ALARM_STATE_CHANGE],
}
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

PROBE_SOURCE = "tidegate.probe"
PROBE_TYPE = "Intake Probe"
PROBE_PATTERN: dict[str, list[str]] = {"source": [PROBE_SOURCE]}
"""What a schedule in each alarm's Region sends to its own bus once an hour (EventBridge Scheduler, target
`events:PutEvents`), to go the way that every alarm goes."""

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
