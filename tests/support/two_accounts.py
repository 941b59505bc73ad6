"""A rehearsal whose alarms, canaries and metrics, or whose ARC, live in another account."""

from dataclasses import replace

from controller.aws.events.rules import FORWARDED
from controller.lab.environment.environment import Stage
from controller.rehearsal.blueprint import AlarmPlan, Blueprint, Guest, RulePlan, bus_arn
from controller.rehearsal.service import ACCOUNT
from controller.rehearsal.services.arc.data_plane import SERVICE
from controller.rehearsal.services.sts import RolePlan
from controller.settings import Access

APPLICATION, ARC = "210987654321", "345678901234"
EXTERNAL_ID = "tidegate-storefront"
ALLOWED = frozenset(
    {"cloudwatch:DescribeAlarms", "cloudwatch:GetMetricData", "cloudwatch:GetMetricStatistics"}
)

LOOK = frozenset({f"{SERVICE}:ListRoutingControls", f"{SERVICE}:GetRoutingControlState"})
MOVE = LOOK | {f"{SERVICE}:UpdateRoutingControlStates"}


def role_arn(region: str) -> str:
    return f"arn:aws:iam::{APPLICATION}:role/tidegate-evidence-{region}"


def moved_out(plan: Blueprint) -> Blueprint:
    """The same estate, with what looks at the application in its own account."""
    roles = tuple(RolePlan(role_arn(here), EXTERNAL_ID, ALLOWED) for here in plan.controllers)
    return replace(
        plan,
        alarms=tuple(_alarm(alarm) for alarm in plan.alarms),
        rules=(*(rule for rule in plan.rules if not _forwards(rule)), *_forwarding(plan)),
        guest=Guest(
            APPLICATION,
            EXTERNAL_ID,
            {here: role_arn(here) for here in plan.controllers},
            roles,
            {here: frozenset(FORWARDED) for here in plan.controllers},
        ),
    )


def _alarm(alarm: AlarmPlan) -> AlarmPlan:
    return replace(alarm, guest=not str(alarm.members["AlarmName"]).startswith("watch-"))


def _forwards(rule: RulePlan) -> bool:
    return rule.name == "tidegate-forward"


def _forwarding(plan: Blueprint) -> list[RulePlan]:
    targets = tuple({"Id": f"bus-{there}", "Arn": bus_arn(there, ACCOUNT)} for there in plan.controllers)
    pattern = {"source": list(FORWARDED)}
    return [RulePlan(region, "tidegate-forward", pattern, targets, True) for region in plan.regions]


def elsewhere(stage: Stage, allowed: frozenset[str]) -> None:
    """Put ARC into an account of its own, and a role there for each controller."""
    wire, tokens = stage.cloud.wire, stage.cloud.tokens
    for key in [key for key in wire.services if key[0] == SERVICE]:
        wire.foreign.setdefault(ARC, {})[key] = wire.services.pop(key)
    found = {}
    for region, deployment in stage.deployments.items():
        role = RolePlan(f"arn:aws:iam::{ARC}:role/tidegate-arc-move-{region}", EXTERNAL_ID, allowed)
        tokens.roles[role.arn] = role
        access = Access(role=role.arn, external_id=EXTERNAL_ID)
        found[region] = deployment.model_copy(update={"arc_access": access})
    stage.deployments = found
