"""The alarms that watch the watcher, as data: what a deployment creates in each controller's Region.

They page people directly (their action is the topic of notices), for what they tell of is tidegate itself.
Their names do not begin with `tidegate-`: those ring the state machine.
"""

from collections.abc import Iterator
from typing import Any

from controller.rehearsal.api import ACCOUNT
from controller.rehearsal.blueprint import AlarmPlan, machine_arn
from controller.rehearsal.cloud import DEAD_LETTERS, QUEUE

OLDEST = 120.0
"""Seconds that an event may lie in the queue: an evacuation takes a few minutes in all."""

PROBE_MISSING: dict[str, Any] = {
    "Namespace": "tidegate",
    "MetricName": "IntakeProbe",
    "Statistic": "Maximum",
    "Period": 3600,
    "EvaluationPeriods": 2,
    "DatapointsToAlarm": 2,
    "Threshold": 300.0,
    "ComparisonOperator": "GreaterThanThreshold",
    "TreatMissingData": "breaching",
}
"""One for each alarm Region (dimensions `handler` = Observe, `region`). The rehearsal has no log group from
which CloudWatch would take embedded metrics, so there this alarm is not made."""


def watchdogs(application: str, region: str) -> Iterator[AlarmPlan]:
    """The alarms of one controller Region."""
    machine = machine_arn(region, ACCOUNT)
    yield _alarm(
        application, region, "dead-letters", "AWS/SQS", "ApproximateNumberOfMessagesVisible", 0.0,
        {"QueueName": DEAD_LETTERS},
    )  # fmt: skip
    yield _alarm(
        application, region, "oldest-event", "AWS/SQS", "ApproximateAgeOfOldestMessage", OLDEST,
        {"QueueName": QUEUE},
    )  # fmt: skip
    for metric in ("ExecutionsFailed", "ExecutionsTimedOut", "ExecutionsAborted"):
        name = f"executions-{metric.removeprefix('Executions').lower()}"
        yield _alarm(application, region, name, "AWS/States", metric, 0.0, {"StateMachineArn": machine})


def _alarm(
    application: str, region: str, what: str, namespace: str, metric: str, threshold: float,
    dimensions: dict[str, str],
) -> AlarmPlan:  # fmt: skip
    members = {
        "AlarmName": f"watch-{application}-{what}",
        "AlarmDescription": f"tidegate itself: {what.replace('-', ' ')}",
        "Namespace": namespace,
        "MetricName": metric,
        "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions.items()],
        "Statistic": "Maximum" if namespace == "AWS/SQS" else "Sum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": threshold,
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "notBreaching",
    }
    return AlarmPlan(region, members)
