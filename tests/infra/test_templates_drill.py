"""A drill in a cloud that is built from the templates, and one from which a rule was taken."""

import re
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from controller.core.policy.validation import parse_policy
from controller.entry.demo.rehearsal import parts
from controller.lab.environment.templates import NotDeployable, redrawn
from controller.rehearsal.blueprint import Blueprint
from tests.infra.synthesis import Synthesis
from tests.infra.template_drill import changed, drill, without
from tests.support.drill_run import ALONE, set_up
from tests.support.policy_scene import policy_data
from tests.support.sources import ROOT


def test_what_would_be_deployed_evacuates_a_region(synthesis: Synthesis) -> None:
    stage, judged = drill(synthesis.folder)
    assert judged.ok, judged.findings
    assert {rule.name for rule in stage.cloud.plan.rules} >= {
        "tidegate-alarms",
        "tidegate-direct",
        "tidegate-forward",
    }
    assert {alarm.members["AlarmName"] for alarm in stage.cloud.plan.alarms} >= {
        "storefront-us-east-1-5xx", "tidegate-storefront-us-east-1-service", "watch-storefront-dead-letters"
    }  # fmt: skip


def test_the_page_names_the_alarms_that_a_rehearsal_lacks(synthesis: Synthesis) -> None:
    """Those of its table, less those that are made: from the templates, and without."""
    page = (ROOT / "docs" / "watching.md").read_text(encoding="utf-8")
    (table,) = re.findall(r"^\| alarm \|.*?\n\n", page, re.MULTILINE | re.DOTALL)
    declared = set(re.findall(r"`watch-APPLICATION-([\w-]+)`", table))
    (told,) = re.findall(r"^The rehearsal lacks .*?\n\n", page, re.MULTILINE | re.DOTALL)
    always, _, drafted = told.partition("Without templates")
    lacks = [
        declared - _watching(plan) for plan in (drill(synthesis.folder)[0].cloud.plan, set_up()[0].cloud.plan)
    ]
    named = [set(re.findall(r"`([\w-]+)`", part)) for part in (always, always + drafted)]
    assert lacks == named
    assert len(declared) == 8


def _watching(plan: Blueprint) -> set[str]:
    names = {str(alarm.members["AlarmName"]).removeprefix("watch-storefront-") for alarm in plan.alarms}
    return {re.sub(r"[a-z]{2}-[a-z]+-\d$", "REGION", name) for name in names}


def test_every_canary_that_would_be_deployed_runs(moved: Synthesis) -> None:
    """Not the policy's alone: also those by which people see the name and the replication."""
    stage, _ = drill(moved.folder)
    runs = {
        (region, each.canary.name): each.last_run
        for region in ("us-east-1", "us-east-2", "us-west-2")
        for each in stage.synthetics.canaries(region)
    }
    declared = {p["Name"] for _, _, p in moved.of("AWS::Synthetics::Canary")}
    assert {name for _, name in runs} == declared
    for (region, name), run in runs.items():
        assert run is not None, (region, name)
        if region != "us-east-1":
            dark = name.startswith("storefront-us-east-1-") or name.endswith("-replication")
            assert (run.reason is not None) is dark, (region, name, run.reason)


def test_a_drill_fails_where_a_rule_is_missing(synthesis: Synthesis, tmp_path: Path) -> None:
    """Without the rule that forwards, nobody outside hears the canaries of the Region's neighbours."""
    drop = partial(without, type_="AWS::Events::Rule", key="Name", value="tidegate-canaries")
    _, judged = drill(changed(synthesis, tmp_path / "t", "tidegate-controller-us-east-2", drop))
    assert not judged.ok


@pytest.mark.parametrize(
    ("type_", "key", "value", "told"),
    [
        ("AWS::SQS::Queue", "QueueName", "tidegate-intake", "lack tidegate-intake"),
        ("AWS::Scheduler::Schedule", "Name", "tidegate-tick", "the schedule of the tick"),
        ("AWS::Lambda::Function", "FunctionName", "tidegate-ShiftTraffic", "what is not there: ShiftTraffic"),
        ("AWS::Lambda::Alias", "FunctionName", {"Ref": "ShiftTraffic"}, "what is not there: ShiftTraffic"),
        ("AWS::StepFunctions::StateMachine", "StateMachineName", "tidegate", "0 state machines"),
    ],
)
def test_templates_that_lack_what_a_controller_needs_are_refused(
    synthesis: Synthesis, tmp_path: Path, type_: str, key: str, value: Any, told: str
) -> None:
    drop = partial(without, type_=type_, key=key, value=value)
    folder = changed(synthesis, tmp_path / "t", "tidegate-controller-us-east-2", drop)
    plan = parts()
    policy = parse_policy(policy_data() | ALONE)
    from controller.lab.environment.estate import estate

    with pytest.raises(NotDeployable, match=told):
        redrawn(estate(policy, plan.workflow, plan.functions, plan.intake), folder)
