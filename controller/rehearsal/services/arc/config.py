"""The configuration API of ARC's routing controls: one cluster, one panel.

It has the operations that are read. AWS: Recovery Control Configuration API Reference. It answers in
us-west-2 alone; nothing here can be changed.
"""

from collections.abc import Callable, Mapping
from typing import Any

from controller.rehearsal.service import ACCOUNT, Call
from controller.rehearsal.services.arc import data_plane
from controller.rehearsal.services.arc.data_plane import ENDPOINTS, RoutingControls
from controller.rehearsal.services.arc.safety_rules import SafetyRule

CONFIG = "route53-recovery-control-config"
CLUSTER = f"arn:aws:route53-recovery-control::{ACCOUNT}:cluster/{1:032x}"
Answer = dict[str, Any]


class PanelConfig:
    """The configuration that describes `arc`, the data plane.

    Each list is one page: a rehearsal has few controls.
    """

    def __init__(self, arc: RoutingControls) -> None:
        self._arc = arc
        self.endpoints = {region: f"https://{region}.arc.rehearsal.invalid" for region in ENDPOINTS}
        self.operations: Mapping[str, Callable[[Call], Answer]] = {
            "DescribeCluster": self._cluster,
            "ListClusters": self._clusters,
            "ListControlPanels": self._panels,
            "ListRoutingControls": self._controls,
            "ListSafetyRules": self._rules,
        }

    def _clusters(self, _call: Call) -> Answer:
        endpoints = [{"Endpoint": url, "Region": region} for region, url in self.endpoints.items()]
        name = {"Name": "rehearsal", "ClusterArn": CLUSTER, "Status": "DEPLOYED", "Owner": ACCOUNT}
        return {"Clusters": [name | {"ClusterEndpoints": endpoints}]}

    def _cluster(self, call: Call) -> Answer:
        if call.params.get("ClusterArn") != CLUSTER:
            raise data_plane.not_found("Cluster", str(call.params.get("ClusterArn")))
        return {"Cluster": self._clusters(call)["Clusters"][0]}

    def _panels(self, call: Call) -> Answer:
        if call.params.get("ClusterArn") not in (None, CLUSTER):
            raise data_plane.not_found("Cluster", str(call.params["ClusterArn"]))
        panel = {"Name": self._arc.panel_name, "ControlPanelArn": self._arc.panel, "ClusterArn": CLUSTER}
        return {"ControlPanels": [panel | {"Status": "DEPLOYED", "DefaultControlPanel": False}]}

    def _controls(self, call: Call) -> Answer:
        self._known(call)
        of = {"ControlPanelArn": self._arc.panel, "Status": "DEPLOYED"}
        found = [{"Name": n, "RoutingControlArn": self._arc.arn(n), **of} for n in self._arc.names]
        return {"RoutingControls": found}

    def _rules(self, call: Call) -> Answer:
        self._known(call)
        return {"SafetyRules": [self._rule(rule) for rule in self._arc.rules]}

    def _rule(self, rule: SafetyRule) -> Answer:
        arns = [self._arc.arn(name) for name in rule.controls]
        gating = [self._arc.arn(name) for name in rule.gating]
        config = {"Inverted": rule.inverted, "Threshold": rule.threshold, "Type": rule.type}
        common = {
            "ControlPanelArn": self._arc.panel,
            "Name": rule.name,
            "RuleConfig": config,
            "SafetyRuleArn": rule.arn,
            "Status": "DEPLOYED",
            "WaitPeriodMs": rule.wait_period_ms,
        }
        asserted, gated = {"AssertedControls": arns}, {"GatingControls": gating, "TargetControls": arns}
        told = asserted if rule.kind == "ASSERTION" else gated
        return {rule.kind: common | told}

    def _known(self, call: Call) -> None:
        if call.params.get("ControlPanelArn") != self._arc.panel:
            raise data_plane.not_found("ControlPanel", str(call.params.get("ControlPanelArn")))
