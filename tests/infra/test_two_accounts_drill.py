"""Two accounts from templates: what is seen by the role moves traffic, and without it nothing is known."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from controller.lab.environment.environment import Stage
from controller.rehearsal.service import ACCOUNT, AwsError, Call
from tests.infra.split_accounts import APPLICATION, ARC
from tests.infra.synthesis import Synthesis
from tests.infra.template_drill import changed, drill
from tests.support.drill_run import operators

HERE, EAST = "us-east-2", "us-east-1"
ALARM = "storefront-us-east-1-5xx"


def records(stage: Stage) -> Iterator[dict[str, Any]]:
    """What the controller wrote down, the newest first."""
    for _, record in operators(stage)[HERE].assessments.newest_first("storefront", 0.0):
        yield dict(record)


def stays(stage: Stage) -> bool:
    return all(stage.cloud.arc.is_on(name) for name in stage.cloud.controls)


def test_a_region_is_left_by_what_another_account_tells(split_synthesis: Synthesis) -> None:
    stage, judged = drill(split_synthesis.folder, "region-dark")
    assert judged.ok, judged.findings
    assert stage.deployment.evidence_account == APPLICATION != stage.deployment.account
    asked = Call("monitoring", "DescribeAlarms", EAST, {"AlarmNames": [ALARM]})
    assert not stage.cloud.alarms[EAST].operations["DescribeAlarms"](asked)["MetricAlarms"]


def test_the_silence_of_a_region_is_heard_by_the_role(split_synthesis: Synthesis) -> None:
    stage, judged = drill(split_synthesis.folder, "eventbridge-deaf")
    assert judged.ok, judged.findings
    assert any(record.get("silent_regions") == [EAST] for record in records(stage))


def test_without_the_role_it_is_not_silence_but_unknown(split_synthesis: Synthesis, tmp_path: Path) -> None:
    """Twin: the stack of the other account was forgotten, and the same outage moves nothing."""
    folder = shutil.copytree(split_synthesis.folder, tmp_path / "t")
    (folder / "tidegate-evidence-access.json").unlink()
    stage, judged = drill(folder, "eventbridge-deaf")
    assert not judged.ok
    assert stays(stage)
    ticks = [record for record in records(stage) if record.get("by") == "tick"]
    assert len(ticks) > 10
    for record in ticks:
        assert record["silent_regions"] == []
        assert set(record["refused_regions"]) == {EAST, "us-west-2"}
        told = record["refused_regions"][EAST]
        assert f"nobody lets us be arn:aws:iam::{APPLICATION}:role/tidegate-evidence-{HERE}" in told
        assert f"STS in {HERE}: AccessDenied" in told


def test_a_role_with_another_external_id_lets_nobody_in(split_synthesis: Synthesis, tmp_path: Path) -> None:
    def change(resources: dict[str, Any]) -> None:
        for role in resources.values():
            (trust,) = role["Properties"]["AssumeRolePolicyDocument"]["Statement"]
            trust["Condition"]["StringEquals"]["sts:ExternalId"] = "another"

    folder = changed(split_synthesis, tmp_path / "t", "tidegate-evidence-access", change)
    stage, judged = drill(folder, "eventbridge-deaf")
    assert not judged.ok
    assert stays(stage)


def test_a_bus_that_does_not_name_a_source_takes_nothing_of_it(
    split_synthesis: Synthesis, tmp_path: Path
) -> None:
    """Without canaries nobody confirms from outside; what was not taken lies with the dead letters there."""

    def change(resources: dict[str, Any]) -> None:
        (bus,) = [r for r in resources.values() if r["Type"] == "AWS::Events::EventBusPolicy"]
        condition = bus["Properties"]["Statement"]["Condition"]["ForAllValues:StringEquals"]
        condition["events:source"].remove("aws.synthetics")

    folder = changed(split_synthesis, tmp_path / "t", f"tidegate-controller-{HERE}", change)
    stage, judged = drill(folder, "region-dark")
    assert not judged.ok
    assert stays(stage)
    kept = operators(stage)[HERE].evidence.read("storefront")
    assert not [signal for signal in kept if signal.startswith("canary:")]
    assert [signal for signal in kept if signal.startswith(f"alarm:{APPLICATION}:")]


def test_an_alarm_of_the_same_name_in_a_third_account_is_told_and_not_believed(
    split_synthesis: Synthesis, tmp_path: Path
) -> None:
    folder = shutil.copytree(split_synthesis.folder, tmp_path / "t")
    stage, _ = drill(folder, "blip-43s")
    before = set(operators(stage)[HERE].evidence.read("storefront"))
    for account in (ARC, ACCOUNT):
        stage.cloud.events[HERE].publish(red(account))
        stage.advance(30)
        told = {each["reason"] for record in records(stage) for each in record.get("ignored", ())}
        assert f"it comes from account {account}; only {APPLICATION} counts" in told
    assert set(operators(stage)[HERE].evidence.read("storefront")) == before
    assert f"alarm:{APPLICATION}:{EAST}:{ALARM}" in before


def test_the_policy_of_a_bus_refuses_a_third_account(split_synthesis: Synthesis) -> None:
    stage, _ = drill(split_synthesis.folder, "region-dark")
    guest = stage.cloud.guest
    assert guest is not None
    guest.check_admission(HERE, red(APPLICATION))
    for event in (red(ARC), red(APPLICATION) | {"source": "aws.states"}):
        with pytest.raises(AwsError, match="AccessDenied"):
            guest.check_admission(HERE, event)


def red(account: str) -> dict[str, Any]:
    return {
        "source": "aws.cloudwatch",
        "detail-type": "CloudWatch Alarm State Change",
        "account": account,
        "region": EAST,
        "resources": [f"arn:aws:cloudwatch:{EAST}:{account}:alarm:{ALARM}"],
        "detail": {"alarmName": ALARM, "state": {"value": "ALARM", "reason": "of another account"}},
    }
