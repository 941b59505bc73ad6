"""The tools find nothing; our own checks find nothing, and each finds what it is for."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from infra.nag import GENERATED, generated
from tests.infra import asl, lint
from tests.infra.synthesis import Synthesis

KINDS = {
    "tidegate-application-us-east-1": ["us-east-1"],
    "tidegate-audit-copy": ["us-east-2"],
    "tidegate-controller-us-east-2": ["us-east-1", "us-east-2", "us-west-2"],
    "tidegate-keys-us-east-1": ["us-east-1", "us-east-2"],
    "tidegate-keys-us-west-2": ["us-west-2"],
    "tidegate-pipeline": ["us-east-2"],
    "tidegate-probes-us-east-1": ["us-east-1", "us-west-2"],
    "tidegate-routing": ["us-west-2"],
    "tidegate-state": ["us-west-2"],
}
"""One stack of each kind -> the Regions where its like is deployed."""
CDK_WRITES = {"tidegate-pipeline": ["W3005", "E3703"]}
"""CDK Pipelines names dependencies twice, and joins strings where cfn-lint would have `Fn::Sub`."""


def test_cdk_nag_finds_nothing_that_is_not_named(synthesis: Synthesis) -> None:
    assert synthesis.exit_code == 0, [
        line for line in synthesis.printed.splitlines() if line.startswith("cdk-nag")
    ]


def test_a_finding_of_our_own_is_not_waved_through() -> None:
    assert (
        generated("controller-us-east-1/tidegate-controller-us-east-1/TickRole", "IAM5[Resource::*]") is None
    )
    assert all(reason.strip() for reason in GENERATED.values())


@pytest.mark.parametrize("stack", KINDS)
def test_cfn_lint_finds_nothing(synthesis: Synthesis, stack: str) -> None:
    from cfnlint.api import ManualArgs, lint_file

    config = ManualArgs(regions=KINDS[stack], ignore_checks=CDK_WRITES.get(stack, []))
    found = lint_file(synthesis.folder / f"{stack}.json", config=config)
    assert [str(match) for match in found] == []


def test_every_kind_of_stack_is_linted(synthesis: Synthesis) -> None:
    def kind(stack: str) -> str:
        return re.sub(r"-[a-z]{2}-[a-z]+-\d$", "", stack)

    ours = {kind(stack) for stack in synthesis.templates if not stack.startswith("tidegate-pipeline-support")}
    assert ours == {kind(stack) for stack in KINDS}


@pytest.mark.parametrize("check", lint.CHECKS, ids=lambda check: check.__name__)
def test_our_own_checks_find_nothing(
    synthesis: Synthesis, moved: Synthesis, check: Callable[[Any], Any]
) -> None:
    assert list(check(synthesis.templates)) == []
    assert list(check(moved.templates)) == []


def _break(type_: str, **members: Any) -> Callable[[dict[str, Any]], None]:
    """Give the first resource of a type other members."""

    def change(templates: dict[str, Any]) -> None:
        _, _, properties = next(lint.of(templates, type_))
        properties.update(members)

    return change


def _forget_token(templates: dict[str, Any]) -> None:
    _, _, machine = next(lint.of(templates, "AWS::StepFunctions::StateMachine"))
    machine["DefinitionString"] = machine["DefinitionString"].replace("$$.Task.Token", "$.token")


def _lose_letters(templates: dict[str, Any]) -> None:
    rules = [r for _, _, r in lint.of(templates, "AWS::Events::Rule") if ":sqs:" in r["Targets"][0]["Arn"]]
    del rules[0]["Targets"][0]["DeadLetterConfig"]


def _lose_forwarded(templates: dict[str, Any]) -> None:
    rules = [r for _, _, r in lint.of(templates, "AWS::Events::Rule") if r["Name"] == "tidegate-forward"]
    del rules[0]["Targets"][0]["DeadLetterConfig"]


def _no_delivery(templates: dict[str, Any]) -> None:
    policy = templates["tidegate-keys-us-east-1"]["Resources"]["Key"]["Properties"]["KeyPolicy"]
    policy["Statement"] = [s for s in policy["Statement"] if s["Sid"] != "Deliveries"]


def _fill_a_role(templates: dict[str, Any]) -> None:
    _, _, role = next(lint.of(templates, "AWS::IAM::Role"))
    (policy,) = role["Policies"]
    policy["PolicyDocument"]["Statement"] += 2 * [{"Resource": ["arn:aws:s3:::" + "x" * 5000]}]


def _retain(templates: dict[str, Any]) -> None:
    templates["tidegate-state"]["Resources"]["Journal"]["DeletionPolicy"] = "Retain"


def _no_control(templates: dict[str, Any]) -> None:
    _, _, check = next(lint.of(templates, "AWS::Route53::HealthCheck"))
    del check["HealthCheckConfig"]["RoutingControlArn"]


def _disorder(type_: str) -> Callable[[dict[str, Any]], None]:
    """Take the order from the first resource of a type that has one."""

    def change(templates: dict[str, Any]) -> None:
        every = [r for t in templates.values() for r in t["Resources"].values() if r["Type"] == type_]
        del next(r for r in every if "DependsOn" in r)["DependsOn"]

    return change


def _circle(templates: dict[str, Any]) -> None:
    resources = templates["tidegate-controller-us-east-2"]["Resources"]
    resources["Evidence"]["DependsOn"] = ["Observe"]


def _behind_the_arn(written: Any) -> Callable[[dict[str, Any]], None]:
    def change(templates: dict[str, Any]) -> None:
        _, _, machine = next(lint.of(templates, "AWS::StepFunctions::StateMachine"))
        (destination,) = machine["LoggingConfiguration"]["Destinations"]
        destination["CloudWatchLogsLogGroup"]["LogGroupArn"] = written

    return change


def _side_by_side(type_: str) -> Callable[[dict[str, Any]], None]:
    def change(templates: dict[str, Any]) -> None:
        resources = templates["tidegate-routing"]["Resources"]
        ours = [r for r in resources.values() if r["Type"] == f"AWS::Route53RecoveryControl::{type_}"]
        del ours[len(ours) // 2]["DependsOn"]

    return change


STRONG = {"MultiRegionConsistency": "STRONG"}


@pytest.mark.parametrize(
    ("check", "change"),
    [
        (
            lint.strong_tables_without_ttl,
            _break("AWS::DynamoDB::GlobalTable", **STRONG, TimeToLiveSpecification={}),
        ),
        (lint.strong_tables_without_ttl, _break("AWS::DynamoDB::GlobalTable", **STRONG, Replicas=[{}])),
        (lint.recovery_checks_with_a_control, _no_control),
        (
            lint.composites_of_alarms_here,
            _break("AWS::CloudWatch::CompositeAlarm", AlarmRule='ALARM("elsewhere")'),
        ),
        (
            lint.composites_of_alarms_here,
            _break("AWS::CloudWatch::CompositeAlarm", AlarmRule="ALARM(a) or b"),
        ),
        (lint.datapoints_within_periods, _break("AWS::CloudWatch::Alarm", DatapointsToAlarm=9)),
        (
            lint.datapoints_within_periods,
            _break("AWS::CloudWatch::Alarm", Period=86_400, EvaluationPeriods=2),
        ),
        (
            lint.runtimes_that_are_there,
            _break("AWS::Synthetics::Canary", RuntimeVersion="syn-python-selenium-1.0"),
        ),
        (lint.callbacks_with_their_token, _forget_token),
        (
            lint.callbacks_with_their_token,
            _break("AWS::StepFunctions::StateMachine", DefinitionSubstitutions={}),
        ),
        (lint.targets_that_are_there, _lose_letters),
        (lint.targets_that_are_there, _lose_forwarded),
        (lint.invoked_by_one_source, _break("AWS::Lambda::Permission", SourceArn="arn:aws:execute-api:*")),
        (lint.keys_that_log_delivery_may_use, _no_delivery),
        (lint.roles_within_their_size, _fill_a_role),
        (lint.kept_but_for_a_failed_try, _retain),
        (lint.code_under_its_digest, _break("AWS::Lambda::Function", Code={"S3Key": "functions.zip"})),
        (lint.code_under_its_digest, _break("AWS::Synthetics::Canary", Code={"S3Key": "canaries-v2.zip"})),
        (lint.no_other_regions_alarms_start_it, _break("AWS::CloudWatch::Alarm", AlarmName="tidegate-x")),
        *(
            (lint.names_in_order, _disorder(f"AWS::{type_}"))
            for type_ in (
                *("Route53::RecordSet", "Events::Rule", "CloudWatch::Dashboard", "IAM::Role"),
                *("CloudWatch::Alarm", "CloudWatch::CompositeAlarm", "S3::Bucket"),
            )
        ),
        (lint.names_in_order, _circle),
        (
            lint.a_log_groups_arn_once,
            _behind_the_arn({"Fn::Join": ["", [{"Fn::GetAtt": ["WorkflowLog", "Arn"]}, ":*"]]}),
        ),
        (lint.a_log_groups_arn_once, _behind_the_arn({"Fn::Sub": "${WorkflowLog.Arn}:*"})),
        (lint.one_after_another, _side_by_side("RoutingControl")),
        (lint.one_after_another, _side_by_side("SafetyRule")),
    ],
)
def test_each_of_our_checks_finds_what_it_is_for(
    moved: Synthesis, check: Callable[[Any], Any], change: Callable[[Any], None]
) -> None:
    broken = deepcopy(moved.templates)
    change(broken)
    assert list(check(broken))


def statelint(definition: str) -> int:
    """Its exit code. FLOAT: it wants 2.0 for a rate of 2; Step Functions takes both."""
    command = [sys.executable, "-m", "statelint", "--ignore=FLOAT", definition]
    return subprocess.run(command, capture_output=True, timeout=60, check=False).returncode


def test_statelint_finds_nothing_in_the_workflow(synthesis: Synthesis) -> None:
    definitions = {m["DefinitionString"] for _, _, m in synthesis.of("AWS::StepFunctions::StateMachine")}
    assert [statelint(definition) for definition in definitions] == [0]


@pytest.fixture
def validated(tmp_path: Path) -> Callable[[str], str]:
    """What asl-validator says against a definition."""
    if not asl.READY.is_file():
        pytest.skip("asl-validator is not installed: `make test` does it, where there is a network")

    def validate(definition: str) -> str:
        file = tmp_path / "definition.json"
        file.write_text(definition, encoding="utf-8")
        return asl.complaints(file)

    return validate


def test_asl_validator_finds_nothing_in_the_workflow(
    synthesis: Synthesis, validated: Callable[[str], str]
) -> None:
    definitions = {m["DefinitionString"] for _, _, m in synthesis.of("AWS::StepFunctions::StateMachine")}
    assert [validated(definition) for definition in definitions] == [""]


def test_asl_validator_finds_a_state_that_nothing_leads_to(
    synthesis: Synthesis, validated: Callable[[str], str]
) -> None:
    _, _, machine = next(synthesis.of("AWS::StepFunctions::StateMachine"))
    lost = machine["DefinitionString"].replace('"Next": "Watch"', '"Next": "Hold"')
    assert "Watch is not reachable" in validated(lost)


def test_the_lock_of_npm_names_hashes_and_no_address() -> None:
    lock = json.loads((asl.LOCKED / "package-lock.json").read_text(encoding="utf-8"))
    packages = [entry for path, entry in lock["packages"].items() if path]
    assert len(packages) > 10
    assert all(entry["integrity"].startswith("sha512-") for entry in packages)
    assert not [entry for entry in packages if "resolved" in entry]


def test_statelint_finds_a_state_that_leads_nowhere(synthesis: Synthesis) -> None:
    _, _, machine = next(synthesis.of("AWS::StepFunctions::StateMachine"))
    assert statelint(machine["DefinitionString"].replace('"Next": "Hold"', '"Next": "Nowhere"')) == 1
