"""*routing*: the health checks and the record tree, and the ARC cluster with its controls and safety rules.

```
 NAME            weighted aliases, one a slice; once it may move     TTL 60
 ├── a.NAME      latency (or failover) aliases of the Regional endpoints
 │   ├── us-east-1   health check RECOVERY_CONTROL use1-a
 │   └── us-west-2   health check RECOVERY_CONTROL usw2-a
 ├── b.NAME      …
```
Where objects move traffic there is no cluster, and each check asks for an object: `infra/standby.py`.
"""

from string import ascii_lowercase
from typing import TypeAlias

import aws_cdk as cdk
from aws_cdk import aws_route53 as route53
from aws_cdk import aws_route53recoverycontrol as arc
from constructs import Construct

from infra import names
from infra.config import Endpoint, Routing
from infra.geography import ARC_CONFIGURATION
from infra.placing import Placing
from infra.project import Project
from infra.stack import KEPT, Regional
from infra.standby import object_check

HealthCheck: TypeAlias = route53.CfnHealthCheck.HealthCheckConfigProperty
WAIT_MS = 5000
OUTPUTS = ("PublicName", "PublicZone")
"""What a stack of the sample says of its endpoint."""


class Routes(Regional):
    """Deployed once, changed by people, never by the controller: nothing here is on the evacuation's path."""

    def __init__(self, scope: Construct, *, project: Project, routing: Routing, placing: Placing) -> None:
        super().__init__(
            scope, "routing", project=project, region=ARC_CONFIGURATION, placing=placing, single=True,
            description=f"tidegate: the switch of {project.policy.application}",
        )  # fmt: skip
        self.routing = routing
        self.regions = tuple(project.policy.regions)
        self.slices = list(zip(*(project.policy.regions[r].controls for r in self.regions), strict=True))
        self._last: cdk.CfnResource | None = None
        if project.objects_move:
            self._records(self._objects())
            return
        cluster = routing.cluster
        if cluster == "new":
            made = arc.CfnCluster(self, "Cluster", name=self.names.prefix, network_type="IPV4")
            made.apply_removal_policy(KEPT)
            cluster = made.attr_cluster_arn
        panel = arc.CfnControlPanel(self, "Panel", name=project.policy.application, cluster_arn=cluster)
        self.cluster, self.panel = cluster, panel.attr_control_panel_arn
        cdk.CfnOutput(self, "ClusterArn", value=cluster)
        cdk.CfnOutput(self, "PanelArn", value=self.panel)
        controls = self._controls()
        self._rules(controls)
        self._records(
            {name: self._arc_check(arn) for name, arn in controls.items() if name != self.names.master}
        )

    def _objects(self) -> dict[str, HealthCheck]:
        """Control -> the check that asks for its object."""
        standby, homes = self.project.standby, self.project.policy.regions.items()
        assert standby is not None
        return {
            control: object_check(standby.bucket_by_region[region], standby.objects[control])
            for region, entry in homes
            for control in entry.controls
        }

    def _arc_check(self, arn: str) -> HealthCheck:
        return HealthCheck(type="RECOVERY_CONTROL", routing_control_arn=arn)

    def _controls(self) -> dict[str, str]:
        """Control -> ARN; also an output each, from which `tidegate doctor --write-arc` reads them."""
        found = {}
        for name in [*(c for column in self.slices for c in column), self.names.master]:
            made = arc.CfnRoutingControl(
                self, "Control" + names.capital(name), name=name,
                cluster_arn=self.cluster, control_panel_arn=self.panel,
            )  # fmt: skip
            self._after_the_last(made)
            found[name] = made.attr_routing_control_arn
        return found

    def _after_the_last(self, made: cdk.CfnResource) -> None:
        """ARC refuses (409) what is changed beside another change of the same panel: one after another."""
        if self._last is not None:
            made.add_resource_dependency(self._last)
        self._last = made

    def _rules(self, controls: dict[str, str]) -> None:
        for letter, column in zip(ascii_lowercase, self.slices, strict=False):
            arns = [controls[control] for control in column]
            self._assertion(f"slice-{letter}-on-somewhere", arns, threshold=1, inverted=False)
            if self.routing.mode == "active-passive":
                self._assertion(f"slice-{letter}-on-once", arns, threshold=2, inverted=True)
        targets = [arn for name, arn in controls.items() if name != self.names.master]
        rule = arc.CfnSafetyRule(
            self,
            "RuleMaster",
            name=self.names.master,
            control_panel_arn=self.panel,
            gating_rule=arc.CfnSafetyRule.GatingRuleProperty(
                gating_controls=[controls[self.names.master]], target_controls=targets, wait_period_ms=WAIT_MS
            ),
            rule_config=arc.CfnSafetyRule.RuleConfigProperty(type="ATLEAST", threshold=1, inverted=False),
        )
        self._after_the_last(rule)
        cdk.CfnOutput(self, "MasterRuleArn", value=rule.attr_safety_rule_arn)

    def _assertion(self, name: str, arns: list[str], *, threshold: int, inverted: bool) -> None:
        rule = arc.CfnSafetyRule(
            self,
            "Rule" + names.capital(name),
            name=name,
            control_panel_arn=self.panel,
            assertion_rule=arc.CfnSafetyRule.AssertionRuleProperty(
                asserted_controls=arns, wait_period_ms=WAIT_MS
            ),
            rule_config=arc.CfnSafetyRule.RuleConfigProperty(
                type="ATLEAST", threshold=threshold, inverted=inverted
            ),
        )
        self._after_the_last(rule)

    def _records(self, checks: dict[str, HealthCheck]) -> None:
        """The tree below the name; the name itself only when it may move here. checks: by their control."""
        zone, top = self.routing.zone, self.routing.name
        for letter, column in zip(ascii_lowercase, self.slices, strict=False):
            name, scope_id = f"{letter}.{top}", f"Slice{letter.upper()}"
            if self.routing.top_records:
                below = Endpoint(name=name, zone=zone)
                made = alias(
                    self, scope_id, zone=zone, name=top, target=below,
                    identifier=f"slice-{letter}", weight=1,
                )  # fmt: skip
                made.apply_removal_policy(KEPT)  # no mistake in a file takes the public name away
            for rank, (region, control) in enumerate(zip(self.regions, column, strict=True)):
                check = route53.CfnHealthCheck(
                    self,
                    "Check" + names.capital(control),
                    health_check_config=checks[control],
                    health_check_tags=[
                        route53.CfnHealthCheck.HealthCheckTagProperty(key="Name", value=control)
                    ],
                )
                where = {"region": region} if self.routing.mode == "active-active" else _ranked(rank)
                alias(
                    self,
                    scope_id + names.capital(region),
                    zone=zone,
                    name=name,
                    target=self._endpoint(region),
                    identifier=region,
                    health_check_id=check.attr_health_check_id,
                    **where,
                )

    def _endpoint(self, region: str) -> Endpoint:
        """The Regional endpoint's alias target: as configured, else as the sample's stack there says."""
        named = self.routing.endpoints.get(region)
        if named is not None:
            return named
        there = self.names.stack("application", region)
        found = (cdk.Fn.get_stack_output(there, key, region) for key in OUTPUTS)
        return Endpoint.model_construct(**dict(zip(("name", "zone"), found, strict=True)))


class EndpointName(Regional):
    """*endpoint-REGION*: the record of one Region's own name, where no stack of the sample has it.

    Canaries go by it, also before there is a switch.
    """

    def __init__(
        self, scope: Construct, *, project: Project, routing: Routing, region: str, placing: Placing
    ) -> None:
        super().__init__(
            scope, "endpoint", project=project, region=region, placing=placing,
            description=f"tidegate: the name of {project.policy.application} in one Region",
        )  # fmt: skip
        regional_record(self, routing, routing.endpoints[region])


def regional_record(stack: Regional, routing: Routing, target: Endpoint) -> None:
    """`REGION.NAME`: what leads to one Region, whatever the switch says."""
    alias(stack, "RegionalRecord", zone=routing.zone, name=f"{stack.here}.{routing.name}", target=target)


def alias(
    stack: Regional, scope_id: str, *, zone: str, name: str, target: Endpoint, identifier: str | None = None,
    **more: object,
) -> route53.CfnRecordSet:  # fmt: skip
    """An alias takes its target's TTL, which for an API Gateway endpoint is 60 s."""
    return route53.CfnRecordSet(
        stack,
        scope_id,
        hosted_zone_id=zone,
        name=f"{name}.",
        type="A",
        set_identifier=identifier,
        alias_target=route53.CfnRecordSet.AliasTargetProperty(
            dns_name=target.name, hosted_zone_id=target.zone, evaluate_target_health=identifier is not None
        ),
        **more,  # type: ignore[arg-type]
    )


def _ranked(rank: int) -> dict[str, object]:
    return {"failover": "PRIMARY" if rank == 0 else "SECONDARY"}
