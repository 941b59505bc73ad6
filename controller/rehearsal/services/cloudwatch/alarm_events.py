"""The events of an alarm for EventBridge, and the reasons in them.

CloudWatch user guide, "Alarm events and EventBridge". `StateReason` and `StateReasonData` say in
CloudWatch's words why an alarm is in its state.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from controller.rehearsal.service import iso, millis
from controller.rehearsal.services.cloudwatch.alarm_model import Alarm, State
from controller.rehearsal.services.cloudwatch.m_of_n import StateValue
from controller.rehearsal.services.cloudwatch.metrics import Stats

Event = dict[str, Any]


def state_change(alarm: Alarm, before: State, now: float, mute: dict[str, str] | None) -> Event:
    """Return the event `CloudWatch Alarm State Change`.

    mute: the rule that mutes the alarm's actions, if one does.
    """
    muted = {"muteDetail": mute} if mute else {}
    return _event(
        "CloudWatch Alarm State Change",
        alarm,
        now,
        {
            "alarmName": alarm.name,
            "state": _state(alarm.state),
            "previousState": _state(before),
            "configuration": _watched(alarm),
            **muted,
        },
    )


def configuration_change(alarm: Alarm, operation: str, now: float, before: Event | None = None) -> Event:
    """Return the event `CloudWatch Alarm Configuration Change`.

    before: an earlier `configuration()`.
    """
    previous = {"previousConfiguration": before} if before else {}
    state = {key: _state(alarm.state)[key] for key in ("value", "timestamp")}
    if alarm.state.suppressed_by:
        state["actionsSuppressedBy"] = alarm.state.suppressed_by
    detail = {"alarmName": alarm.name, "operation": operation, "state": state}
    whole = {**detail, "configuration": configuration(alarm), **previous}
    return _event("CloudWatch Alarm Configuration Change", alarm, now, whole)


def configuration(alarm: Alarm) -> Event:
    """Return all settings of an alarm, as configuration events spell them."""
    config = alarm.config
    kept = {
        "EvaluationPeriods": "evaluationPeriods",
        "DatapointsToAlarm": "datapointsToAlarm",
        "Threshold": "threshold",
        "ComparisonOperator": "comparisonOperator",
        "TreatMissingData": "treatMissingData",
    }
    return {
        **{ours: config[theirs] for theirs, ours in kept.items() if config.get(theirs) is not None},
        **_watched(alarm),
        "alarmName": alarm.name,
        "actionsEnabled": config["ActionsEnabled"],
        "timestamp": millis(alarm.configured),
        "okActions": config["OKActions"],
        "alarmActions": config["AlarmActions"],
        "insufficientDataActions": config["InsufficientDataActions"],
    }


def _event(kind: str, alarm: Alarm, now: float, detail: Event) -> Event:
    return {
        "detail-type": kind,
        "source": "aws.cloudwatch",
        "time": iso(now),
        "resources": [alarm.arn],
        "detail": detail,
    }


def _state(state: State) -> Event:
    suppressed = {}
    if state.suppressed_by:
        suppressed = {
            "actionsSuppressedBy": state.suppressed_by,
            "actionsSuppressedReason": state.suppressed_reason,
        }
    data = {} if state.reason_data is None else {"reasonData": state.reason_data}
    return {
        **suppressed,
        "value": state.value,
        "reason": state.reason,
        **data,
        "timestamp": millis(state.updated),
    }


def _watched(alarm: Alarm) -> Event:
    """Return the subject of the alarm: a metric, or a rule over other alarms."""
    config = alarm.config
    described = {"description": config["AlarmDescription"]} if config.get("AlarmDescription") else {}
    if alarm.composite:
        kept = {
            "ActionsSuppressor": "actionsSuppressor",
            "ActionsSuppressorWaitPeriod": "actionsSuppressorWaitPeriod",
            "ActionsSuppressorExtensionPeriod": "actionsSuppressorExtensionPeriod",
        }
        suppressor = {ours: config[theirs] for theirs, ours in kept.items() if config.get(theirs) is not None}
        return {"alarmRule": config["AlarmRule"], **suppressor, **described}
    namespace, name, dimensions = alarm.metric
    metric = {"namespace": namespace, "name": name, "dimensions": dict(dimensions)}
    stat = {"metric": metric, "period": alarm.period, "stat": config["Statistic"]}
    return {"metrics": [{"id": alarm.metric_id, "metricStat": stat, "returnData": True}], **described}


WORDS = {
    "GreaterThanThreshold": "greater than",
    "GreaterThanOrEqualToThreshold": "greater than or equal to",
    "LessThanThreshold": "less than",
    "LessThanOrEqualToThreshold": "less than or equal to",
}


@dataclass(frozen=True, slots=True)
class Datapoint:
    """One period of the evaluation range.

    start: in seconds. value: the measured value. breaching: None where nothing was measured.
    """

    start: float
    stats: Stats | None
    value: float | None
    breaching: bool | None


def reason(alarm: Alarm, points: Sequence[Datapoint], new: StateValue) -> str:
    """Return the sentence of `StateReason`.

    points: oldest first.
    """
    n, real = alarm.n, [point for point in points if point.value is not None][-alarm.n :]
    if not real:
        plural = "datapoint was" if n == 1 else "datapoints were"
        if new == "INSUFFICIENT_DATA":
            return f"Insufficient Data: {n} {plural} unknown."
        treated = {"breaching": "Breaching", "notBreaching": "NonBreaching"}.get(alarm.treatment, "Missing")
        missing = f"{n} missing {plural} treated as [{treated}]"
        return f"Threshold Crossed: no datapoints were received for {_periods(n)} and {missing}."
    crossed = [point for point in real if point.breaching is (new == "ALARM")] or real
    shown = ", ".join(f"{point.value} ({_clock(point.start)})" for point in reversed(crossed))
    verb = "was" if len(crossed) == 1 else "were"
    negated = "" if new == "ALARM" or crossed[0].breaching else "not "
    judged = f"{verb} {negated}{WORDS[alarm.config['ComparisonOperator']]} the threshold"
    threshold = float(alarm.config["Threshold"])
    if alarm.config.get("DatapointsToAlarm") is None:
        what = "datapoint" if len(crossed) == 1 else "datapoints"
        return f"Threshold Crossed: {len(crossed)} {what} [{shown}] {judged} ({threshold})."
    least = alarm.m if new == "ALARM" else n - alarm.m + 1
    arrow = "OK -> ALARM" if new == "ALARM" else "ALARM -> OK"
    what = "datapoint" if least == 1 else "datapoints"
    return (
        f"Threshold Crossed: {len(crossed)} out of the last {n} datapoints [{shown}] {judged} ({threshold}) "
        f"(minimum {least} {what} for {arrow} transition)."
    )


def reason_data(alarm: Alarm, points: Sequence[Datapoint], now: float) -> str:
    """Return the JSON text of `StateReasonData`."""
    recent = points[-alarm.n :]
    values = [point.value for point in recent if point.value is not None]
    start = {"startDate": millis(recent[0].start)} if values else {}
    unit = {"unit": alarm.config["Unit"]} if alarm.config.get("Unit") else {}
    return json.dumps(
        {
            "version": "1.0",
            "queryDate": millis(now),
            **start,
            **unit,
            "statistic": alarm.config["Statistic"],
            "period": alarm.period,
            "recentDatapoints": values,
            "threshold": float(alarm.config["Threshold"]),
            "evaluatedDatapoints": [_evaluated(point) for point in reversed(recent)],
        },
        separators=(",", ":"),
    )


def _evaluated(point: Datapoint) -> dict[str, Any]:
    measured = {} if point.stats is None else {"sampleCount": point.stats.count, "value": point.value}
    return {"timestamp": millis(point.start), **measured}


def triggering(child_arn: str, value: StateValue, at: float) -> str:
    """Return the reason data of a composite alarm."""
    state = {"value": value, "timestamp": millis(at)}
    return json.dumps({"triggeringAlarms": [{"arn": child_arn, "state": state}]}, separators=(",", ":"))


def composite_reason(child_arn: str, value: StateValue, at: float) -> str:
    when = datetime.fromtimestamp(at, UTC).strftime("%A %d %B, %Y %H:%M:%S UTC")
    return f"{child_arn} transitioned to {value} at {when}"


def created_reason(alarm_arn: str, value: StateValue) -> str:
    return f"{alarm_arn} was created and its alarm rule evaluates to {value}"


def _periods(n: int) -> str:
    return f"{n} period" if n == 1 else f"{n} periods"


def _clock(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%d/%m/%y %H:%M:%S")
