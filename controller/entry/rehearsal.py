"""A rehearsal with a controller in it: the composition of lab and wiring for `demo` and `up`."""

import itertools
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any, TextIO, cast

from controller import wiring
from controller.core.policy.schema import Policy
from controller.entry import lambdas
from controller.entry.files import LogFile
from controller.entry.held import held
from controller.lab.loader import load_policy
from controller.lab.overlay import unscheduled
from controller.lab.stage import Parts, Stage
from controller.lab.templates import redrawn
from controller.lab.wall_stage import Ports, wall_stage
from controller.rehearsal.table.store import Store
from controller.steps.context.deps import Deps

_numbers = itertools.count()


def live(path: Path) -> Policy:
    """The policy of a file, as a rehearsal runs it: live, whatever it says of enforcement, at any hour."""
    return unscheduled(load_policy(path).policy).model_copy(update={"enforcement": "live"})


def parts(templates: Path | None = None) -> Parts:
    """templates: a folder of synthesised ones, from which rules, alarms, canaries and workflow are taken."""
    workflow = files("controller").joinpath("workflow.asl.json").read_text(encoding="utf-8")
    drafted = Parts(workflow, tuple(lambdas.HANDLERS), wiring.INTAKE)
    return drafted if templates is None else replace(drafted, redraw=partial(redrawn, folder=templates))


@contextmanager
def running(
    policy: Policy,
    *,
    speed: float,
    seed: int,
    ports: Ports = Ports(),  # noqa: B008 - frozen
    start: float,
    store: Callable[[str], Store] | None = None,
    kept: Mapping[str, Any] | None = None,
    log_name: str = "handlers.log",
    consoles: Mapping[str, str] | None = None,
    templates: Path | None = None,
) -> Iterator[tuple[Stage, Callable[[], dict[str, Deps]]]]:
    """The stage and, for whoever asks, an operator's hold on each controller, by its Region.

    Everything up, handlers logging to the state folder; everything down at the end, whatever happens.
    consoles: controller Region -> the address of its console, which notices carry.

    templates: see `parts`. Raises `PortInUse`, `NotDeployable`.
    """
    folder = wiring.state_home()
    folder.mkdir(parents=True, exist_ok=True)
    with LogFile(folder / log_name) as log:
        stage = wall_stage(
            policy, parts(templates), seed, speed=speed, ports=ports, start=start, store=store, kept=kept
        )
        with closing(stage):
            linked = {"console_by_region": dict(consoles or {})}
            stage.deployments = {r: d.model_copy(update=linked) for r, d in stage.deployments.items()}
            stage.begin({r: _handlers(stage, r, cast(TextIO, log)) for r in stage.deployments})
            yield stage, lambda: {region: wiring.build(d) for region, d in stage.deployments.items()}


def _handlers(stage: Stage, region: str, log: TextIO) -> dict[str, lambdas.Handler]:
    deps = wiring.build(stage.deployments[region], clients=held(stage.faults, region))
    return lambdas.bound(deps, log, f"tidegate-rehearsal-{next(_numbers)}")
