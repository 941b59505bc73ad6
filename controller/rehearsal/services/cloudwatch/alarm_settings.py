"""The settings that PutMetricAlarm and PutCompositeAlarm take or refuse.

CloudWatch API reference.
"""

from collections.abc import Callable, Mapping
from typing import Any, get_args

from controller.rehearsal.service import AwsError
from controller.rehearsal.services.cloudwatch.alarm_events import WORDS
from controller.rehearsal.services.cloudwatch.alarm_model import Alarm
from controller.rehearsal.services.cloudwatch.composite_rule import (
    InvalidRule,
    Rule,
    bare_name,
    check_limits,
    parse,
)
from controller.rehearsal.services.cloudwatch.m_of_n import StateValue, Treatment
from controller.rehearsal.services.cloudwatch.metrics import STATISTICS

STATES = get_args(StateValue)
COMMON = ("AlarmName", "AlarmDescription")
METRIC = (
    "MetricName",
    "Namespace",
    "Statistic",
    "Period",
    "Unit",
    "EvaluationPeriods",
    "DatapointsToAlarm",
    "Threshold",
    "ComparisonOperator",
    "TreatMissingData",
)
MOST_PARENTS = 150
COMPOSITE = (
    "AlarmRule",
    "ActionsSuppressor",
    "ActionsSuppressorWaitPeriod",
    "ActionsSuppressorExtensionPeriod",
)
NEEDED = set(METRIC) - {"Unit", "DatapointsToAlarm", "TreatMissingData"}


def refuse(reason: str) -> AwsError:
    return AwsError("ValidationError", reason)


def metric_config(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a metric alarm.

    Raises `AwsError`.
    """
    if params.get("Metrics") or params.get("ExtendedStatistic"):
        raise refuse("Only alarms on one metric and a plain statistic are rehearsed.")
    for name in sorted(NEEDED):
        if params.get(name) is None:
            raise refuse(f"The parameter {name} is required.")
    allowed = {
        "Statistic": STATISTICS,
        "ComparisonOperator": tuple(WORDS),
        "TreatMissingData": (None, *get_args(Treatment)),
    }
    for name, values in allowed.items():
        if params.get(name) not in values:
            listed = ", ".join(value for value in values if value)
            value = str(params.get(name))[:64]
            raise refuse(f"Value {value!r} at {name!r}: Member must satisfy enum value set: [{listed}]")
    period, n = int(params["Period"]), int(params["EvaluationPeriods"])
    m = int(params.get("DatapointsToAlarm") or n)
    if period not in (10, 20, 30) and (period < 60 or period % 60):
        raise refuse("Period must be 10, 20, 30 or any multiple of 60.")
    if not 1 <= m <= n:
        raise refuse("DatapointsToAlarm must be from 1 to EvaluationPeriods.")
    if n * period > (604_800 if period >= 3600 else 86_400):
        raise refuse("Metrics cannot be checked across more than a day (EvaluationPeriods * Period).")
    dimensions = [{"Name": item["Name"], "Value": item["Value"]} for item in params.get("Dimensions") or []]
    return {**_kept(params, METRIC), "Dimensions": dimensions}


def composite_config(
    params: Mapping[str, Any],
    region: str,
    find: Callable[[str], Alarm | None],
    parents: Callable[[str], list[str]],
) -> dict[str, Any]:
    """Return the settings of a composite alarm.

    parents: the composite alarms whose rule names an alarm.

    Raises `AwsError`, also where a child does not exist or is in another Region.
    """
    text = str(params.get("AlarmRule") or "")
    try:
        rule = parse(text)
        check_limits(text, rule)
    except InvalidRule as exc:
        raise refuse(f"AlarmRule is not valid: {exc}") from exc
    suppressor = params.get("ActionsSuppressor")
    periods = [params.get(name) for name in COMPOSITE[2:]]
    if (periods != [None, None]) is not bool(suppressor) or (suppressor and None in periods):
        raise refuse("ActionsSuppressor, its WaitPeriod and its ExtensionPeriod go together.")
    named = (*rule.children, *([suppressor] if suppressor else []))
    for child in named:
        if child.startswith("arn:") and child.split(":")[3] != region:
            raise refuse(f"AlarmRule names an alarm of another Region: {child[:200]}")
    if missing := [bare_name(child)[:200] for child in named if find(child) is None]:
        listed = ", ".join(missing[:10])
        raise refuse(
            f"Could not save the composite alarm as alarms [{listed}] in the alarm rule do not exist"
        )
    name = str(params.get("AlarmName"))
    for child in rule.names:
        if len(set(parents(child)) | {name}) > MOST_PARENTS:
            raise refuse(f"Alarm {child} is in the rules of {MOST_PARENTS} composite alarms already.")
    _refuse_cycle(name, rule, find)
    return _kept(params, COMPOSITE)


def _refuse_cycle(name: str, rule: Rule, find: Callable[[str], Alarm | None]) -> None:
    seen: set[str] = set()
    waiting = list(rule.children)
    while waiting:
        child = find(waiting.pop())
        if child is None or child.name in seen:
            continue
        if child.name == name:
            raise refuse("AlarmRule contains a cycle.")
        seen.add(child.name)
        waiting += child.rule.children if child.rule else ()


def _kept(params: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    enabled = params.get("ActionsEnabled")
    return {
        **{name: params[name] for name in (*COMMON, *names) if params.get(name) is not None},
        "ActionsEnabled": True if enabled is None else bool(enabled),
        **{
            name: list(params.get(name) or [])
            for name in ("OKActions", "AlarmActions", "InsufficientDataActions")
        },
    }
