"""The estate that a policy guards, drafted from the policy for a rehearsal.

It has canaries, alarms and rules. It also has, as data, the alarms that watch tidegate itself: a deployment
creates them in each controller's Region. They page people directly (their action is the topic of notices),
because they tell of tidegate itself. Their names do not begin with `tidegate-`: alarms so named ring the
state machine.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from controller.aws.events.rules import FORWARDED, composites_of, executions_of, probes_of
from controller.core.policy.schema import AlarmSignal, CanarySignal, Policy
from controller.core.policy.validation import expected_signals
from controller.ports.account import OWN_ALARM
from controller.rehearsal.blueprint import (
    PREFIX,
    AlarmPlan,
    Blueprint,
    CanaryPlan,
    MonitorPlan,
    RulePlan,
    bus_arn,
    machine_arn,
    queue_arn,
)
from controller.rehearsal.resources import DEAD_LETTERS, FORWARD_LETTERS, QUEUE
from controller.rehearsal.service import ACCOUNT

OLDEST = 120.0
"""Seconds that an event may wait in the queue.

An evacuation takes a few minutes in all.
"""

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
"""The alarm on a missing probe, one for each alarm Region.

Its dimensions are `handler` = Observe and `region`. The rehearsal has no log group from which CloudWatch
would take embedded metrics, so this alarm is not made there.
"""


def watchdogs(application: str, region: str, prefix: str = PREFIX) -> Iterator[AlarmPlan]:
    """Yield the alarms that watch tidegate in one controller Region."""
    machine = machine_arn(region, ACCOUNT, prefix)
    yield _alarm(
        application, region, "dead-letters", "AWS/SQS", "ApproximateNumberOfMessagesVisible", 0.0,
        {"QueueName": f"{prefix}-{DEAD_LETTERS}"},
    )  # fmt: skip
    yield _alarm(
        application, region, "oldest-event", "AWS/SQS", "ApproximateAgeOfOldestMessage", OLDEST,
        {"QueueName": f"{prefix}-{QUEUE}"},
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


METRICS: Mapping[str, Mapping[str, Any]] = {
    # Canaries alone send requests each minute, so a minute without any is itself a failure.
    "5xx": {"MetricName": "5xxRate", "Threshold": 5.0, "TreatMissingData": "breaching"},
    "latency": {"MetricName": "Latency", "Threshold": 1000.0, "TreatMissingData": "missing"},
}
"""The metric of an alarm, by the last part of its name."""
OTHERWISE = "5xx"
"""Drives an alarm whose name has another ending: what it measures, only its own team knows."""

Intake = Sequence[tuple[str, Mapping[str, Any], Mapping[str, str], str]]
"""The rules that feed the queue.

Each is (rule name, event pattern, input paths, input template).
"""


def estate(
    policy: Policy, workflow: str, functions: Sequence[str], intake: Intake, prefix: str = PREFIX
) -> Blueprint:
    """Return everything that the rehearsal builds."""
    guards = (alarm for c in policy.controllers for alarm in watchdogs(policy.application, c, prefix))
    return replace(
        bare(policy, workflow, functions, intake, prefix), alarms=(*_alarms(policy, prefix), *guards)
    )


def bare(
    policy: Policy, workflow: str, functions: Sequence[str], intake: Intake, prefix: str = PREFIX
) -> Blueprint:
    """Return the same without a single alarm.

    So nothing has to drive an alarm, whatever the policy names.
    """
    controllers = policy.controllers
    canaries = tuple(_canaries(policy))
    monitors = tuple(_monitors(policy))
    watchers = (*(canary.runs_in for canary in canaries), *(monitor.observer for monitor in monitors))
    watched = dict.fromkeys([*policy.regions, *watchers])
    return Blueprint(
        application=policy.application,
        controllers=controllers,
        controls={region: entry.controls for region, entry in policy.regions.items()},
        canaries=canaries,
        alarms=(),
        rules=(
            *_forwarding(list(watched), controllers, prefix),
            *(rule for here in controllers for rule in _feeding(here, policy, intake, prefix)),
        ),
        workflow=workflow,
        functions=tuple(functions),
        monitors=monitors,
        prefix=prefix,
    )


def _canaries(policy: Policy) -> Iterator[CanaryPlan]:
    for sources in policy.signals.values():
        for source in sources:
            if isinstance(source, CanarySignal):
                for subject in policy.regions:
                    name = source.canary.replace("{region}", subject)
                    yield from (CanaryPlan(name, runs_in, subject) for runs_in in source.runs_in)


def _monitors(policy: Policy) -> Iterator[MonitorPlan]:
    for signal in expected_signals(policy, ACCOUNT):
        if signal.kind == "event":
            yield MonitorPlan(policy.application, signal.family, signal.name, signal.subject, signal.observer)


def driven_otherwise(policy: Policy) -> str | None:
    """Return a sentence on the alarms that follow errors though their names do not say so."""
    alarms = (s.alarm for sources in policy.signals.values() for s in sources if isinstance(s, AlarmSignal))
    found = dict.fromkeys(name for name in alarms if name.rpartition("-")[2] not in METRICS)
    if not found:
        return None
    known = ", ".join(f"…-{suffix}" for suffix in METRICS)
    return (
        f"The rehearsal drives {', '.join(found)} by the share of failed requests (5xx): "
        f"it knows what is measured by names that end in {known}"
    )


def _alarms(policy: Policy, prefix: str) -> Iterator[AlarmPlan]:
    """Yield each alarm of the policy, and composites over them.

    A composite rings the state machine directly.
    """
    for family, sources in policy.signals.items():
        for region in policy.regions:
            names = [s.alarm.replace("{region}", region) for s in sources if isinstance(s, AlarmSignal)]
            yield from (AlarmPlan(region, _metric_alarm(policy, region, name)) for name in names)
            if names:
                composite = {
                    "AlarmName": f"{prefix}-{policy.application}-{region}-{family}",
                    "AlarmDescription": f"{OWN_ALARM} rings the state machine",
                    "AlarmRule": " OR ".join(f'ALARM("{name}")' for name in names),
                }
                yield AlarmPlan(region, composite)


def _metric_alarm(policy: Policy, region: str, name: str) -> dict[str, Any]:
    metric = METRICS.get(name.rpartition("-")[2], METRICS[OTHERWISE])
    return {
        "AlarmName": name,
        "AlarmDescription": f"{policy.application} in {region}",
        "Namespace": policy.application.capitalize(),
        "Statistic": "Average",
        "Period": 60,
        "EvaluationPeriods": 3,
        "DatapointsToAlarm": 2,
        "ComparisonOperator": "GreaterThanThreshold",
        **metric,
    }


def _forwarding(regions: Sequence[str], controllers: Sequence[str], prefix: str) -> Iterator[RulePlan]:
    """Yield the rules that forward from each watched Region to every controller's bus.

    They forward directly: a bus forwards an event only once, so it cannot go by a third bus.
    """
    pattern = {"source": list(FORWARDED)}
    for region in regions:
        others = [there for there in controllers if there != region]
        letters = {"Arn": queue_arn(region, ACCOUNT, f"{prefix}-{FORWARD_LETTERS}")}
        targets = tuple(
            {"Id": f"bus-{there}", "Arn": bus_arn(there, ACCOUNT), "DeadLetterConfig": letters}
            for there in others
        )
        if targets:
            yield RulePlan(region, f"{prefix}-forward", pattern, targets)


def _feeding(here: str, policy: Policy, intake: Intake, prefix: str) -> Iterator[RulePlan]:
    machine = machine_arn(here, ACCOUNT, prefix)
    own = {"executions": executions_of(machine), "probes": probes_of(policy.application)}
    for name, pattern, paths, template in intake:
        target = {
            "Id": "queue",
            "Arn": queue_arn(here, ACCOUNT, f"{prefix}-{QUEUE}"),
            "DeadLetterConfig": {"Arn": queue_arn(here, ACCOUNT, f"{prefix}-{DEAD_LETTERS}")},
            "InputTransformer": {"InputPathsMap": dict(paths), "InputTemplate": template},
        }
        yield RulePlan(here, f"{prefix}-{name}", own.get(name, pattern), (target,))
    composites = composites_of(prefix, policy, ACCOUNT)
    target = {"Id": "machine", "Arn": machine}
    yield RulePlan(here, f"{prefix}-direct", composites, (target,))
