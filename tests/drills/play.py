"""Plays a scenario in virtual time with the whole controller: workflow file, handlers, adapters, wire."""

import io
import itertools
import random
from pathlib import Path
from typing import Any

from controller import wiring
from controller.core.admission import parse_policy
from controller.entry import lambdas
from controller.lab.people import Mode
from controller.lab.rehearse import Judged, Run, judge, rehearse
from controller.lab.scenario import SCENARIOS
from controller.lab.stage import Parts, Stage
from controller.lab.virtual_stage import virtual_stage
from controller.rehearsal.sdk import virtual_clients
from controller.steps.context import Deps
from tests.core.scene import policy_data

WORKFLOW = Path(__file__).parents[2] / "controller" / "workflow.asl.json"
_numbers = itertools.count()


def set_up(seed: int = 1, **changes: Any) -> tuple[Stage, Deps]:
    """A stage with the storefront policy, running, and an operator's hold on it."""
    policy = parse_policy(policy_data() | changes)
    parts = Parts(WORKFLOW.read_text(encoding="utf-8"), tuple(lambdas.HANDLERS), wiring.INTAKE)
    stage = virtual_stage(policy, parts, seed)
    clients = virtual_clients(stage.cloud.wire, stage.runtime, stage.faults)
    deps = wiring.build(stage.deployment, clients=clients, runtime=stage.runtime, rng=random.Random(seed))
    stage.begin(lambdas.bound(deps, io.StringIO(), f"drill-{next(_numbers)}"))
    return stage, deps


def play(
    name: str, *, region: str = "us-east-1", approve: Mode = "auto", seed: int = 1
) -> tuple[Stage, Deps, Run, Judged]:
    stage, deps = set_up(seed)
    run = rehearse(stage, deps, SCENARIOS[name], region=region, approve=approve, beat=lambda _run: None)
    return stage, deps, run, judge(stage, run, approve)
