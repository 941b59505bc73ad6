"""The dashboards, declared: one of the application over all Regions, and one of each Region."""

import json
from typing import Any

from aws_cdk import aws_cloudwatch as cloudwatch

from infra.boards import overall, regional
from infra.stack import Regional


def global_dashboard(stack: Regional) -> None:
    """Names are the account's, not a Region's: there is one of this."""
    _dashboard(stack, "", overall(stack.project))


def region_dashboard(stack: Regional) -> None:
    _dashboard(stack, f"-{stack.here}", regional(stack.project, stack.here))


def _dashboard(stack: Regional, ending: str, body: dict[str, Any]) -> None:
    name = stack.names.of(f"{stack.project.policy.application}{ending}")
    cloudwatch.CfnDashboard(stack, "Dashboard", dashboard_name=name, dashboard_body=json.dumps(body))
