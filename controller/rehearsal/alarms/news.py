"""The events that CloudWatch sends to EventBridge about an alarm ("Alarm events and EventBridge")."""

from typing import Any

from controller.rehearsal.alarms.model import Alarm, State
from controller.rehearsal.service import iso, millis

Event = dict[str, Any]


def state_change(alarm: Alarm, before: State, now: float, mute: dict[str, str] | None) -> Event:
    """`CloudWatch Alarm State Change`; `mute` says which rule mutes the alarm's actions, if one does."""
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
    """`CloudWatch Alarm Configuration Change`; `before` is an earlier `configuration()`."""
    previous = {"previousConfiguration": before} if before else {}
    state = {key: _state(alarm.state)[key] for key in ("value", "timestamp")}
    if alarm.state.suppressed_by:
        state["actionsSuppressedBy"] = alarm.state.suppressed_by
    detail = {"alarmName": alarm.name, "operation": operation, "state": state}
    whole = {**detail, "configuration": configuration(alarm), **previous}
    return _event("CloudWatch Alarm Configuration Change", alarm, now, whole)


def configuration(alarm: Alarm) -> Event:
    """All settings of an alarm, as configuration events spell them."""
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
    """What the alarm looks at: a metric, or a rule over other alarms."""
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
