"""A rehearsal with a controller in it: the composition of lab and wiring for `demo` and `up`."""

import itertools
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any, TextIO, cast

from controller import wiring
from controller.core.policy import Policy
from controller.entry import lambdas
from controller.entry.files import LogFile
from controller.entry.held import held
from controller.lab.loader import load_policy
from controller.lab.overlay import unscheduled
from controller.lab.stage import Parts, Stage
from controller.lab.templates import redrawn
from controller.lab.wall_stage import Ports, wall_stage
from controller.rehearsal.table.store import Store
from controller.steps.context import Deps

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
    stage = wall_stage(
        policy, parts(templates), seed, speed=speed, ports=ports, start=start, store=store, kept=kept
    )
    linked = {"console_by_region": dict(consoles or {})}
    stage.deployments = {r: d.model_copy(update=linked) for r, d in stage.deployments.items()}
    try:
        with LogFile(folder / log_name) as log:
            stage.begin(
                {
                    region: lambdas.bound(
                        wiring.build(d, clients=held(stage.faults, region)),
                        cast(TextIO, log),
                        f"tidegate-rehearsal-{next(_numbers)}",
                    )
                    for region, d in stage.deployments.items()
                }
            )
            try:
                yield stage, lambda: {region: wiring.build(d) for region, d in stage.deployments.items()}
            finally:
                stage.close()
    except BaseException:
        stage.close()
        raise
