"""A scenario in a cloud that is built from templates, and templates in which one thing is other."""

import io
import json
import random
import shutil
from functools import cache
from pathlib import Path
from typing import Any

from controller import wiring
from controller.core.policy.schema import Policy
from controller.core.policy.validation import parse_policy
from controller.entry import lambdas
from controller.entry.demo.rehearsal import parts
from controller.lab.environment.environment import Stage
from controller.lab.environment.virtual import virtual_stage
from controller.lab.scenarios import SCENARIOS
from controller.lab.scenarios.play import Judged, Run, judge, rehearse
from controller.rehearsal.wire.botocore_client import virtual_clients
from tests.infra.synthesis import Synthesis
from tests.support.drill_run import ALONE, operators
from tests.support.policy_scene import policy_data


@cache
def drill(folder: Path, scenario: str = "region-dark") -> tuple[Stage, Judged]:
    """One controller sees it through. One run a folder and scenario: look, and change nothing."""
    stage, _, judged = played(folder, parse_policy(policy_data() | ALONE), scenario, "us-east-1")
    return stage, judged


def evacuated(folder: Path, policy: Policy, region: str) -> Judged:
    """`region` goes dark, in a cloud of `policy`, which has one controller."""
    return played(folder, policy, "region-dark", region)[2]


def played(folder: Path, policy: Policy, scenario: str, region: str) -> tuple[Stage, Run, Judged]:
    """Play a scenario against `region`, in a cloud of `policy`, which has one controller."""
    stage = virtual_stage(policy, parts(folder), 1)
    (here,) = stage.deployments
    runtime = stage.cloud.controller_regions[here].runtime
    clients = virtual_clients(stage.cloud.wire, runtime, stage.faults, home=here)
    deps = wiring.build(stage.deployments[here], clients=clients, runtime=runtime, rng=random.Random(1))
    stage.begin({here: lambdas.bound(deps, io.StringIO(), f"templates-{folder.name}-{id(stage)}")})
    everyone = operators(stage)
    run = rehearse(
        stage, everyone[here], SCENARIOS[scenario], region=region, approve="auto",
        beat=lambda _run: None, others=everyone,
    )  # fmt: skip
    return stage, run, judge(stage, run, "auto")


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
