"""What `tidegate up` prints: commands for the application that it plays."""

from pathlib import Path

import pytest

from controller import wiring
from controller.entry import lambdas
from controller.entry.cli.up import _print_endpoints
from controller.entry.demo.rehearsal import live
from controller.lab.environment.environment import Parts
from controller.lab.environment.virtual import virtual_stage
from tests.support.drill_run import WORKFLOW

EU = Path(__file__).parents[2] / "policies" / "eu-orders.yaml"


def test_its_commands_name_regions_of_the_application(capsys: pytest.CaptureFixture[str]) -> None:
    parts = Parts(WORKFLOW.read_text(encoding="utf-8"), tuple(lambdas.HANDLERS), wiring.INTAKE)
    stage = virtual_stage(live(EU), parts, seed=1)
    linked = {"console_by_region": dict.fromkeys(stage.deployments, "http://127.0.0.1:1")}
    stage.deployments = {r: d.model_copy(update=linked) for r, d in stage.deployments.items()}
    _print_endpoints(stage, as_json=False)
    said = " ".join(capsys.readouterr().out.split())
    assert "--region eu-west-1 cloudwatch describe-alarms" in said
