"""The doctor finds a rehearsal well, and each thing that was taken from it; and it writes ARC's names."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from controller.aws.arc.config import NotThere, read_arc
from controller.entry.doctor import Finding, examine
from controller.lab.environment.environment import Stage
from controller.settings import Arc
from tests.entry.examined_deployment import patients
from tests.support.drill_run import ALONE, set_up
from tests.support.wire import connect


@pytest.fixture(scope="module")
def well() -> Stage:
    stage, _ = set_up(**ALONE)
    stage.advance(420)
    return stage


def amiss(findings: list[Finding]) -> dict[str, str]:
    return {f"{f.check} {f.where}".strip(): f.says for f in findings if f.verdict in ("bad", "unknown")}


def test_a_rehearsal_that_runs_is_well(well: Stage) -> None:
    findings = examine(patients(well))
    told = "no drill has ever succeeded: nobody knows whether leaving works"
    assert amiss(findings) == {"last drill": told}
    checks = {finding.check for finding in findings}
    assert {"arc endpoint", "journal", "policy", "signals", "alarms", "workflow", "dead letters", "probe",
            "last drill", "table tidegate-journal"} <= checks  # fmt: skip
    assert len([f for f in findings if f.check == "arc endpoint"]) == 5


def test_every_check_has_its_row_in_the_docs(well: Stage) -> None:
    text = (Path(__file__).parents[2] / "docs" / "doctor.md").read_text(encoding="utf-8")
    rows = {line.split("`")[1] for line in text.splitlines() if line.startswith("| `")}
    checks = {finding.check for finding in examine(patients(well))}
    assert {"table NAME" if check.startswith("table ") else check for check in checks} == rows


def _hang(stage: Stage) -> None:
    stage.faults.arc["eu-west-1"] = "hung"


def _dark(stage: Stage) -> None:
    stage.faults.apis_dark.add("us-east-1")


def _stop(stage: Stage) -> None:
    stage.faults.apis_dark.add("us-east-2")


@pytest.mark.parametrize(
    ("fault", "found"),
    [(_hang, "arc endpoint eu-west-1"), (_dark, "alarms us-east-1"), (_stop, "journal us-east-2")],
)
def test_what_is_broken_is_found(fault: Callable[[Stage], None], found: str) -> None:
    stage, _ = set_up(**ALONE)
    stage.advance(420)
    fault(stage)
    assert found in amiss(examine(patients(stage)))


def test_a_deployment_that_just_began_is_not_fit_yet() -> None:
    stage, _ = set_up(**ALONE)
    told = amiss(examine(patients(stage)))
    assert "watching us-east-2" in told
    assert "10 of 10 are silent" in told["signals us-east-2"]
    assert told["policy us-east-2"].startswith("another policy is in force")


def test_arcs_names_are_read_from_a_rehearsal_too(well: Stage) -> None:
    client = patients(well)[0].client("route53-recovery-control-config", "us-west-2")
    read = read_arc(client, panel="storefront", controls=list(well.cloud.controls))
    assert Arc.model_validate(read) == well.deployment.arc


CLUSTER, PANEL = "arn:aws:route53-recovery-control::111122223333:cluster/c", "arn:aws:r:::controlpanel/p"
ANSWERS: dict[str, Any] = {
    "ListClusters": {"Clusters": [{"ClusterArn": CLUSTER}]},
    "DescribeCluster": {
        "Cluster": {
            "ClusterArn": CLUSTER,
            "ClusterEndpoints": [{"Region": "us-west-2", "Endpoint": "https://x.example.com/v1"}],
        }
    },
    "ListControlPanels": {"ControlPanels": [{"Name": "storefront", "ControlPanelArn": PANEL}]},
    "ListRoutingControls": {
        "RoutingControls": [{"Name": n, "RoutingControlArn": f"{PANEL}/{n}"} for n in ("a", "b", "other")]
    },
    "ListSafetyRules": {
        "SafetyRules": [
            {"ASSERTION": {"Name": "r", "SafetyRuleArn": "arn:r", "WaitPeriodMs": 7000}},
            {"GATING": {"Name": "tidegate-master", "SafetyRuleArn": "arn:g", "WaitPeriodMs": 5000,
                        "GatingControls": [f"{PANEL}/tidegate-master"], "TargetControls": []}},
        ]
    },
}  # fmt: skip


def arc_client(**changed: Any) -> Any:
    from botocore.awsrequest import AWSResponse
    from moto.core.botocore_stubber import MockRawResponse

    client, wire = connect("route53-recovery-control-config", region="us-west-2")

    def serve(request: Any) -> AWSResponse:
        body = json.dumps((ANSWERS | changed)[wire.calls[-1]]).encode()
        return AWSResponse(request.url, 200, {"content-type": "application/json"}, MockRawResponse(body))

    wire._serve = serve
    return client


def test_arcs_names_are_read_and_are_what_a_live_deployment_takes() -> None:
    read = read_arc(arc_client(), panel="storefront", controls=("a", "b"))
    arc = Arc.model_validate(read)
    assert arc.controls == {"a": f"{PANEL}/a", "b": f"{PANEL}/b"}
    assert arc.wait_period_s == 7.0
    assert arc.gates["tidegate-master"].rule == "arn:g"
    assert arc.endpoints == {"us-west-2": "https://x.example.com/v1"}


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"ListClusters": {"Clusters": []}}, "there are: none"),
        ({"ListClusters": {"Clusters": [{"ClusterArn": "a"}, {"ClusterArn": "b"}]}}, "there are: a, b"),
        ({"ListControlPanels": {"ControlPanels": []}}, "deploy `routing` first"),
        ({"ListRoutingControls": {"RoutingControls": []}}, "no control named a, b"),
    ],
)
def test_what_arc_has_not_is_said(changed: dict[str, Any], told: str) -> None:
    with pytest.raises(NotThere, match=told):
        read_arc(arc_client(**changed), panel="storefront", controls=("a", "b"))
