"""A drill in a cloud that is built from the templates, and one from which a rule was taken."""

import io
import json
import random
import shutil
from functools import cache, partial
from pathlib import Path
from typing import Any

import pytest

from controller import wiring
from controller.core.policy.validation import parse_policy
from controller.entry import lambdas
from controller.entry.demo.rehearsal import parts
from controller.lab.environment.environment import Stage
from controller.lab.environment.templates import NotDeployable, redrawn
from controller.lab.environment.virtual import virtual_stage
from controller.lab.scenarios import SCENARIOS
from controller.lab.scenarios.play import Judged, judge, rehearse
from controller.rehearsal.wire.botocore_client import virtual_clients
from tests.infra.synthesis import Synthesis
from tests.support.drill_run import ALONE, operators
from tests.support.policy_scene import policy_data


@cache
def drill(folder: Path) -> tuple[Stage, Judged]:
    """A Region goes dark; one controller sees it through. One run a folder: look, and change nothing."""
    policy = parse_policy(policy_data() | ALONE)
    stage = virtual_stage(policy, parts(folder), 1)
    (here,) = stage.deployments
    runtime = stage.cloud.controller_regions[here].runtime
    clients = virtual_clients(stage.cloud.wire, runtime, stage.faults, home=here)
    deps = wiring.build(stage.deployments[here], clients=clients, runtime=runtime, rng=random.Random(1))
    stage.begin({here: lambdas.bound(deps, io.StringIO(), f"templates-{folder.name}-{id(stage)}")})
    everyone = operators(stage)
    run = rehearse(
        stage, everyone[here], SCENARIOS["region-dark"], region="us-east-1", approve="auto",
        beat=lambda _run: None, others=everyone,
    )  # fmt: skip
    return stage, judge(stage, run, "auto")


def changed(synthesis: Synthesis, folder: Path, stack: str, change: Any) -> Path:
    """A copy of the templates in which `change` was done to one."""
    shutil.copytree(synthesis.folder, folder)
    file = folder / f"{stack}.json"
    template = json.loads(file.read_text(encoding="utf-8"))
    change(template["Resources"])
    file.write_text(json.dumps(template), encoding="utf-8")
    return folder


def without(resources: dict[str, Any], type_: str, key: str, value: Any) -> None:
    (name,) = [n for n, r in resources.items() if r["Type"] == type_ and r["Properties"].get(key) == value]
    del resources[name]


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
