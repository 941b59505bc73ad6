"""The example of an application of one's own in the EU: synthesised, linted, its cases played."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from controller.entry.demo.rehearsal import live_of
from controller.lab.policy_files.overlay import overlaid
from infra.geography import HEALTH_BACKUPS
from tests.infra import lint
from tests.infra.conftest import synthesise
from tests.infra.synthesis import Synthesis
from tests.infra.template_drill import evacuated
from tests.support.running_rehearsal import Rehearsal
from tests.support.sources import ROOT

CONFIG = ROOT / "infra" / "config" / "eu-orders.yaml"
EU = {"eu-west-1", "eu-west-3", "eu-central-1"}
ELSEWHERE = {"tidegate-routing", *(f"tidegate-probes-{region}" for region in HEALTH_BACKUPS)}
"""ARC is configured in us-west-2 alone; AWS Health repeats its notices there and in us-east-1."""


@pytest.fixture(scope="module")
def eu(tmp_path_factory: pytest.TempPathFactory) -> Synthesis:
    folder = tmp_path_factory.mktemp("eu")
    made = synthesise(folder, "--release", "--bare", "--check", "--config", str(CONFIG))
    assert made.exit_code == 0, made.printed
    return made


def test_cfn_lint_finds_nothing_in_any_stack(eu: Synthesis) -> None:
    from cfnlint.api import ManualArgs, lint_file

    order = json.loads((eu.folder.parent / "order.json").read_text(encoding="utf-8"))["stacks"]
    assert len(order) == 16
    found = [
        str(match)
        for stack in order
        for match in lint_file(
            eu.folder.parent / stack["template"], config=ManualArgs(regions=[stack["region"]])
        )
    ]
    assert found == []


@pytest.mark.parametrize(
    "check",
    [each for each in lint.CHECKS if each is not lint.composites_of_alarms_here],
    ids=lambda check: check.__name__,
)
def test_our_own_checks_find_nothing(eu: Synthesis, check: Callable[[Any], Any]) -> None:
    assert list(check(eu.templates)) == []


def test_a_composite_names_alarms_that_the_applications_team_has_made(eu: Synthesis) -> None:
    told = list(lint.composites_of_alarms_here(eu.templates))
    assert len(told) == 4
    assert all(re.search(r"orders-eu-(west|central)-1-(errors|slow) is no alarm", each) for each in told)


def test_data_stay_in_the_eu(eu: Synthesis) -> None:
    """What stands elsewhere holds no table, no key and no function."""
    order = json.loads((eu.folder.parent / "order.json").read_text(encoding="utf-8"))["stacks"]
    outside = {stack["name"] for stack in order if stack["region"] not in EU}
    assert outside == ELSEWHERE
    for name in outside:
        types = {resource["Type"] for resource in eu.templates[name]["Resources"].values()}
        assert not types & {"AWS::DynamoDB::GlobalTable", "AWS::DynamoDB::Table", "AWS::KMS::Key"}
        assert not types & {"AWS::Lambda::Function", "AWS::S3::Bucket", "AWS::Logs::LogGroup"}
    tables = list(eu.of("AWS::DynamoDB::GlobalTable"))
    assert {r["Region"] for _, _, table in tables for r in table["Replicas"]} == EU


def test_records_lead_to_the_balancers_of_the_application(eu: Synthesis) -> None:
    records = [p for stack, _, p in eu.of("AWS::Route53::RecordSet", "tidegate-endpoint-", least=2)]
    names = {record["Name"].rstrip("."): record["AliasTarget"]["DNSName"] for record in records}
    assert set(names) == {"eu-west-1.orders.example.eu", "eu-central-1.orders.example.eu"}
    assert all(name.split(".")[0] in target for name, target in names.items())


def test_its_worked_cases_pass() -> None:
    from controller.lab.cases.run import run

    found = run(Path(ROOT / "policies" / "eu-orders.cases.yaml"))
    assert found.passed


def test_up_takes_the_policy_of_the_templates_and_drives_alarms_of_any_name(
    eu: Synthesis, tmp_path: Path
) -> None:
    """Nobody says `--policy`, and the application's team has made the alarms: no template declares them."""
    running = Rehearsal(tmp_path, "--ephemeral", "--templates", str(eu.folder))
    try:
        assert running.told
        assert running.told["region"] == "eu-west-3"
        found = running.aws(running.told["aws"], "eu-west-1", "cloudwatch", "describe-alarms")
        driven = {a["AlarmName"]: a["MetricName"] for a in found["MetricAlarms"]}
        assert driven["orders-eu-west-1-errors"] == driven["orders-eu-west-1-slow"] == "5xxRate"
        assert running.resolve() in {"eu-west-1", "eu-central-1"}
        code, status = running.run("status")
        assert code == 0, status
    finally:
        assert running.stop() == 0


def test_up_names_what_is_missing_beside_the_templates(eu: Synthesis, tmp_path: Path) -> None:
    alone = shutil.copytree(eu.folder, tmp_path / "synth" / "templates")
    running = Rehearsal(tmp_path, "--ephemeral", "--templates", str(alone))
    _, said = running.process.communicate(timeout=60)
    assert "deployments names no policy: `make synth` writes it" in said
    assert running.process.returncode == 2


def test_a_drill_in_its_templates_leaves_the_region(eu: Synthesis) -> None:
    judged = evacuated(eu.folder, overlaid(live_of(eu.folder), {"controllers": ["eu-west-3"]}), "eu-west-1")
    assert judged.ok, judged.findings
