"""The content of `arc.json`, read from ARC's configuration.

It serves a person who sets up the controller: a control plane, never on the way of an evacuation (Recovery
Control Configuration API, us-west-2 alone).
"""

from collections.abc import Iterator, Sequence
from typing import Any

from botocore.client import BaseClient

from controller.aws.errors import translated
from controller.ports.errors import OutsideUnreachable

PERMISSIONS: tuple[str, ...] = (
    "route53-recovery-control-config:DescribeCluster",
    "route53-recovery-control-config:ListClusters",
    "route53-recovery-control-config:ListControlPanels",
    "route53-recovery-control-config:ListRoutingControls",
    "route53-recovery-control-config:ListSafetyRules",
)


class NotThere(LookupError):  # noqa: N818
    """ARC lacks something that the policy names.

    The message says what it is.
    """


def read_arc(
    client: BaseClient, *, panel: str, controls: Sequence[str], cluster: str | None = None
) -> dict[str, Any]:
    """Return `settings.Arc` as plain data.

    Raises `NotThere`, `OutsideUnreachable`.
    """
    with translated(OutsideUnreachable, "reading ARC's configuration"):
        found = _cluster(client, cluster)
        where = _panel(client, found["ClusterArn"], panel)
        arns = {c["Name"]: c["RoutingControlArn"] for c in _pages(
            client, "list_routing_controls", "RoutingControls", ControlPanelArn=where)}  # fmt: skip
        rules = list(_pages(client, "list_safety_rules", "SafetyRules", ControlPanelArn=where))
    lost = sorted(set(controls) - set(arns))
    if lost:
        raise NotThere(f"the panel {panel} has no control named {', '.join(lost)}")
    waits = [rule["WaitPeriodMs"] for pair in rules for rule in pair.values()]
    gates = {
        rule["Name"]: {"control": rule["GatingControls"][0], "rule": rule["SafetyRuleArn"]}
        for rule in (pair["GATING"] for pair in rules if "GATING" in pair)
        if len(rule["GatingControls"]) == 1
    }
    return {
        "endpoints": {each["Region"]: each["Endpoint"] for each in found["ClusterEndpoints"]},
        "panel": where,
        "controls": {name: arns[name] for name in controls},
        "gates": gates,
        "wait_period_s": max(waits, default=5000) / 1000,
    }


def _cluster(client: Any, wanted: str | None) -> dict[str, Any]:
    clusters = list(_pages(client, "list_clusters", "Clusters"))
    found = [c for c in clusters if wanted in (None, c["ClusterArn"])]
    if len(found) != 1:
        names = ", ".join(c["ClusterArn"] for c in clusters) or "none"
        raise NotThere(f"expected one ARC cluster, say which by its ARN; there are: {names}")
    return dict(client.describe_cluster(ClusterArn=found[0]["ClusterArn"])["Cluster"])


def _panel(client: Any, cluster: str, name: str) -> str:
    panels = _pages(client, "list_control_panels", "ControlPanels", ClusterArn=cluster)
    found = [panel["ControlPanelArn"] for panel in panels if panel["Name"] == name]
    if not found:
        raise NotThere(f"the cluster has no control panel named {name}: deploy `routing` first")
    return str(found[0])


def _pages(client: Any, operation: str, member: str, **query: str) -> Iterator[dict[str, Any]]:
    for page in client.get_paginator(operation).paginate(**query):
        yield from page.get(member, [])
