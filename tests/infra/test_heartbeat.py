"""A deployment that beats outside: one secret, one function that may read it, one host."""

import json
from pathlib import Path
from typing import Any

import pytest

from controller.entry.lambdas import HANDLERS, Environment
from controller.settings import Heartbeat
from infra.contexts import deployment
from infra.project import Project, load
from tests.infra.conftest import synthesise
from tests.infra.synthesis import Synthesis
from tests.support.config_files import written

HERE = "us-west-2"
STACK = f"tidegate-controller-{HERE}"
SECRET = f"arn:aws:secretsmanager:{HERE}:111122223333:secret:tidegate-heartbeat-??????"
READS = "secretsmanager:GetSecretValue"
Resources = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("beats"), {"heartbeat": {"host": "hc-ping.com"}})


@pytest.fixture(scope="module")
def project(config: Path) -> Project:
    return load(config, deployed=1.0)


@pytest.fixture(scope="module")
def resources(config: Path, tmp_path_factory: pytest.TempPathFactory) -> Resources:
    out = tmp_path_factory.mktemp("beats-out")
    folder = synthesise(out, "--config", str(config), "--bare", f"--only={STACK}").folder
    found: Resources = json.loads((folder / f"{STACK}.json").read_text(encoding="utf-8"))["Resources"]
    return found


def readers(resources: Resources) -> dict[str, list[str]]:
    """Role -> what it may read."""
    return {
        name: statement["Resource"]
        for name, resource in resources.items()
        if resource["Type"] == "AWS::IAM::Role"
        for policy in resource["Properties"]["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]
        if READS in statement["Action"]
    }


def test_the_tick_alone_reads_the_one_secret_of_its_region(
    resources: Resources, synthesis: Synthesis
) -> None:
    assert readers(resources) == {"TickRole": [SECRET]}
    assert readers(synthesis.templates[STACK]["Resources"]) == {}, "where nobody watches"


def test_no_address_stands_in_a_template(resources: Resources, project: Project) -> None:
    """The secret's name and the host: whoever may read templates cannot beat for a dead controller."""
    variables = [
        r["Properties"]["Environment"]["Variables"]
        for name, r in resources.items()
        if r["Type"] == "AWS::Lambda::Function" and name in HANDLERS
    ]
    assert {each["TIDEGATE_HEARTBEAT"] for each in variables} == {"heartbeat.json"}
    told = {"kind": "https", "host": "hc-ping.com", "secret": "tidegate-heartbeat"}
    assert project.packaged()["heartbeat.json"] == told
    assert "AWS::SecretsManager::Secret" not in {each["Type"] for each in resources.values()}


def test_the_functions_and_the_doctor_know_the_same(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, data in project.packaged().items():
        (tmp_path / name).write_text(json.dumps(data), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    names = {field.alias: "a" for field in Environment.model_fields.values() if field.is_required()}
    own = {"TIDEGATE_ACCOUNT": "1" * 12, "TIDEGATE_DEPLOYED": "1.0", "TIDEGATE_STANDBY": "standby.json"}
    deployed = Environment.model_validate(names | own | {"TIDEGATE_HEARTBEAT": "heartbeat.json"}).deployment()
    assert deployed.heartbeat == deployment(project, HERE).heartbeat == project.heartbeat
    assert deployed.heartbeat == Heartbeat(host="hc-ping.com", secret="tidegate-heartbeat")


def test_beats_that_are_not_sent_ring_inside_too(resources: Resources, synthesis: Synthesis) -> None:
    alarm = resources["WatchHeartbeat"]["Properties"]
    told = {key: alarm[key] for key in ("MetricName", "ComparisonOperator", "Threshold", "TreatMissingData")}
    assert told == {
        "MetricName": "HeartbeatSent",
        "ComparisonOperator": "LessThanThreshold",
        "Threshold": 1,
        "TreatMissingData": "breaching",
    }
    assert alarm["Dimensions"] == [
        {"Name": "handler", "Value": "Tick"},
        {"Name": "service", "Value": "tidegate"},
    ]
    assert "WatchHeartbeat" not in synthesis.templates[STACK]["Resources"]
