"""Plays a scenario in virtual time with the whole controller: workflow file, handlers, adapters, wire."""

import io
import itertools
import random
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from controller import wiring
from controller.core.policy.validation import parse_policy
from controller.entry import lambdas
from controller.lab.environment.approvers import Mode
from controller.lab.environment.environment import Parts, Stage
from controller.lab.environment.virtual import virtual_stage
from controller.lab.policy_files.overlay import overlaid
from controller.lab.scenarios import SCENARIOS
from controller.lab.scenarios.controllers import CONTROLLERS
from controller.lab.scenarios.play import Judged, Run, judge, rehearse
from controller.rehearsal.blueprint import Blueprint
from controller.rehearsal.wire.botocore_client import virtual_clients
from controller.settings import Standby
from controller.steps.context.deps import Deps
from tests.support.policy_scene import shipped_data

WORKFLOW = Path(__file__).parents[2] / "controller" / "workflow.asl.json"
_numbers = itertools.count()
ALONE = {"controllers": ["us-east-2"]}
NEED_OTHERS = {scenario.name for scenario in CONTROLLERS}


def set_up(
    seed: int = 1,
    *,
    standby: Standby | None = None,
    overlay: Mapping[str, Any] | None = None,
    redraw: Callable[[Blueprint], Blueprint] = lambda plan: plan,
    before: Callable[[Stage], None] = lambda stage: None,
    **changes: Any,
) -> tuple[Stage, Deps]:
    """A stage with the storefront policy, running, and an operator's hold on it.

    redraw: changes the estate; before: the stage, before a controller is built.
    """
    policy = overlaid(parse_policy(shipped_data() | changes), overlay or {})
    parts = Parts(WORKFLOW.read_text(encoding="utf-8"), tuple(lambdas.HANDLERS), wiring.INTAKE, redraw)
    stage = virtual_stage(policy, parts, seed, standby=standby)
    before(stage)
    stage.begin({region: _handlers(stage, region, seed) for region in stage.deployments})
    return stage, operators(stage, seed)[stage.deployment.region]


def _handlers(stage: Stage, region: str, seed: int) -> dict[str, lambdas.Handler]:
    runtime, number = stage.cloud.controller_regions[region].runtime, next(_numbers)
    clients = virtual_clients(stage.cloud.wire, runtime, stage.faults, home=region)
    rng = random.Random(f"{seed}/{region}")
    deps = wiring.build(stage.deployments[region], clients=clients, runtime=runtime, rng=rng)
    return lambdas.bound(deps, io.StringIO(), f"drill-{number}")


def operators(stage: Stage, seed: int = 1) -> dict[str, Deps]:
    """A person's hold on the application, by the controller that it goes through."""
    clients = virtual_clients(stage.cloud.wire, stage.runtime, stage.faults)
    return {
        region: wiring.build(d, clients=clients, runtime=stage.runtime, rng=random.Random(seed + 99))
        for region, d in stage.deployments.items()
    }


Played = tuple[Stage, Deps, Run, Judged]


def play(name: str, *, region: str = "us-east-1", approve: Mode = "auto", seed: int = 1) -> Played:
    """A run that tests share, in this file and in others: look at it, and change nothing of it."""
    return _once(name, region, approve, seed)


@cache
def _once(name: str, region: str, approve: Mode, seed: int) -> Played:
    return play_anew(name, region=region, approve=approve, seed=seed)


def play_anew(name: str, *, region: str = "us-east-1", approve: Mode = "auto", seed: int = 1) -> Played:
    """A run of one's own, that may go on."""
    scenario = SCENARIOS[name]
    # Three controllers cost three times the work: where none has to take over, the first runs alone.
    alone = {} if name in NEED_OTHERS else ALONE
    stage, deps = set_up(seed, overlay=scenario.policy, **alone)
    run = rehearse(
        stage, deps, scenario, region=region, approve=approve, beat=lambda _run: None,
        others=operators(stage, seed),
    )  # fmt: skip
    return stage, deps, run, judge(stage, run, approve)
