"""The reader of an account: alarms, canaries, routing controls, health checks, plans, replicated tables.

Control planes throughout (ARC's configuration and readiness in us-west-2 alone, Route 53's in us-east-1): for
a draft that a person makes, never on the path of a move. Sources: the API references of CloudWatch,
Synthetics, Recovery Control Configuration, Recovery Readiness, Region switch and Route 53.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

from controller.aws.errors import translated
from controller.core.text import sanitize
from controller.ports.account import (
    OWN_ALARM,
    AccountFacts,
    AlarmFact,
    CanaryFact,
    CheckFact,
    Cluster,
    Panel,
    PlanFact,
    ReplicaFact,
)
from controller.ports.errors import OutsideUnreachable

PERMISSIONS: tuple[str, ...] = (
    "arc-region-switch:ListPlansInRegion",
    "cloudwatch:DescribeAlarms",
    "cloudwatch:ListMetrics",
    "route53-recovery-control-config:ListClusters",
    "route53-recovery-control-config:ListControlPanels",
    "route53-recovery-control-config:ListRoutingControls",
    "route53-recovery-control-config:ListSafetyRules",
    "route53-recovery-readiness:ListReadinessChecks",
    "route53:ListHealthChecks",
    "synthetics:DescribeCanaries",
)
CONTROLS, NAMES = "us-west-2", "us-east-1"
"""The Regions in which ARC's configuration and readiness, and Route 53, answer."""
CONFIG, READINESS = "route53-recovery-control-config", "route53-recovery-readiness"
MOST_PAGES = 200
T = TypeVar("T")

Client = Any
"""A boto3 client: its methods are made at run time."""


class AwsAccount:
    """`ports.account.Account` by boto3 clients.

    client: of a service in a Region.
    """

    def __init__(self, *, client: Callable[[str, str], Client], regions: Sequence[str]) -> None:
        self._client, self._regions = client, tuple(regions)

    def facts(self) -> AccountFacts:
        """Return the facts of whatever answers.

        What does not answer is named in `unread`. Raises `OutsideUnreachable` where nothing answers.
        """
        unread: list[str] = []
        alarms = self._each("cloudwatch", "the alarms", _alarms, unread)
        canaries = self._each("synthetics", "the canaries", _canaries, unread)
        clusters = _tried(partial(_clusters, self._client(CONFIG, CONTROLS)), "the routing controls", unread)
        checks = _tried(partial(_checks, self._client("route53", NAMES)), "the health checks", unread)
        plans = self._each("arc-region-switch", "the plans of Region switch", _plans, unread)
        replicas = self._each("cloudwatch", "the replicated tables", _replicas, unread)
        ready = _tried(partial(_ready, self._client(READINESS, CONTROLS)), "the readiness checks", unread)
        if len(unread) == 4 * len(self._regions) + 3:
            raise OutsideUnreachable(f"nothing could be read: {unread[0]}")
        return AccountFacts(
            self._regions, tuple(alarms), tuple(canaries), tuple(clusters), tuple(checks), tuple(unread),
            plans=tuple(dict.fromkeys(plans)), replicas=tuple(replicas), readiness=tuple(ready),
        )  # fmt: skip

    def _each(
        self, service: str, what: str, read: Callable[[Client, str], Iterator[T]], unread: list[str]
    ) -> list[T]:
        found: list[T] = []
        for region in self._regions:
            reading = partial(read, self._client(service, region), region)
            found += _tried(reading, f"{what} of {region}", unread)
        return found


def _tried(read: Callable[[], Iterator[T]], what: str, unread: list[str]) -> list[T]:
    try:
        with translated(OutsideUnreachable, f"reading {what}"):
            return list(read())
    except OutsideUnreachable as error:
        unread.append(sanitize(str(error), 300))
        return []


def _pages(
    ask: Callable[..., dict[str, Any]], following: str = "NextToken", **params: Any
) -> Iterator[dict[str, Any]]:
    for _ in range(MOST_PAGES):
        answer = ask(**params)
        yield answer
        if not answer.get(following):
            return
        params[following] = answer[following]


def _alarms(client: Client, region: str) -> Iterator[AlarmFact]:
    for page in _pages(client.describe_alarms, AlarmTypes=["MetricAlarm", "CompositeAlarm"]):
        for alarm in page.get("MetricAlarms", ()):
            stats = [metric.get("MetricStat", {}) for metric in alarm.get("Metrics", ())]
            metric = next((stat["Metric"] for stat in stats if "Metric" in stat), alarm)
            periods = [alarm.get("Period"), *(stat.get("Period") for stat in stats)]
            period = max((float(p) for p in periods if p), default=60.0)
            named = metric.get("Namespace", "")
            yield AlarmFact(alarm["AlarmName"], region, named, period, own=_own(alarm))
        for alarm in page.get("CompositeAlarms", ()):
            yield AlarmFact(alarm["AlarmName"], region, "", None, composite=True, own=_own(alarm))


def _own(alarm: Mapping[str, Any]) -> bool:
    """Return whether a deployment of tidegate made an alarm, under whatever prefix."""
    return str(alarm.get("AlarmDescription", "")).startswith(OWN_ALARM)


def _canaries(client: Client, region: str) -> Iterator[CanaryFact]:
    for page in _pages(client.describe_canaries):
        for canary in page.get("Canaries", ()):
            running = canary.get("Status", {}).get("State") == "RUNNING"
            yield CanaryFact(canary["Name"], region, running)


def _clusters(client: Client) -> Iterator[Cluster]:
    for page in _pages(client.list_clusters):
        for cluster in page.get("Clusters", ()):
            endpoints = {e["Region"]: e["Endpoint"] for e in cluster.get("ClusterEndpoints", ())}
            yield Cluster(cluster["Name"], endpoints, tuple(_panels(client, cluster["ClusterArn"])))


def _panels(client: Client, cluster: str) -> Iterator[Panel]:
    for page in _pages(client.list_control_panels, ClusterArn=cluster):
        for panel in page.get("ControlPanels", ()):
            arn = panel["ControlPanelArn"]
            controls = {
                control["Name"]: control["RoutingControlArn"]
                for listed in _pages(client.list_routing_controls, ControlPanelArn=arn)
                for control in listed.get("RoutingControls", ())
            }
            rules = [
                rule
                for listed in _pages(client.list_safety_rules, ControlPanelArn=arn)
                for rule in listed.get("SafetyRules", ())
            ]
            names = {control: name for name, control in controls.items()}
            gating = [rule["GATING"] for rule in rules if "GATING" in rule]
            gates = {
                names[control]: (control, rule["SafetyRuleArn"])
                for rule in gating
                for control in rule["GatingControls"]
                if control in names
            }
            waits = [each["WaitPeriodMs"] / 1000 for rule in rules for each in rule.values()]
            free = {name: control for name, control in controls.items() if name not in gates}
            yield Panel(panel["Name"], arn, free, gates, max(waits, default=5.0))


def _checks(client: Client) -> Iterator[CheckFact]:
    for page in client.get_paginator("list_health_checks").paginate():
        for check in page.get("HealthChecks", ()):
            config = check["HealthCheckConfig"]
            about = config.get("RoutingControlArn") or config.get("FullyQualifiedDomainName") or ""
            yield CheckFact(check["Id"], config["Type"], about)


def _plans(client: Client, _region: str) -> Iterator[PlanFact]:
    """Yield the plans of a Region.

    A plan is listed in each of its own.
    """
    for page in _pages(client.list_plans_in_region, "nextToken"):
        for plan in page.get("plans", ()):
            yield PlanFact(plan["name"], plan["arn"], tuple(plan["regions"]))


def _replicas(client: Client, region: str) -> Iterator[ReplicaFact]:
    """Yield the ways on which a table's lag is measured.

    By this metric, not by a table's description, readiness is asked.
    """
    wanted = {"Namespace": "AWS/DynamoDB", "MetricName": "ReplicationLatency"}
    for page in _pages(client.list_metrics, **wanted):
        for metric in page.get("Metrics", ()):
            known = {each["Name"]: each["Value"] for each in metric.get("Dimensions", ())}
            if {"TableName", "ReceivingRegion"} <= known.keys():
                yield ReplicaFact(known["TableName"], region, known["ReceivingRegion"])


def _ready(client: Client) -> Iterator[str]:
    for page in _pages(client.list_readiness_checks):
        yield from (check["ReadinessCheckName"] for check in page.get("ReadinessChecks", ()))
