"""The composition of lab and wiring for `demo` and `up`.

It makes a rehearsal with a controller in it. The controller's clients on loopback stop with their Region and
meet its faults.
"""

import itertools
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any, TextIO, cast

from botocore.client import BaseClient
from botocore.config import Config
from botocore.exceptions import ConnectTimeoutError

from controller import wiring
from controller.core.policy.schema import Policy
from controller.entry import lambdas
from controller.entry.demo.files import LogFile
from controller.lab.environment.environment import Parts, Stage
from controller.lab.environment.loopback import Ports, wall_stage
from controller.lab.environment.object_switch import packaged_switch
from controller.lab.environment.templates import packaged_policy, prefix_of, redrawn
from controller.lab.policy_files.loader import load_policy
from controller.lab.policy_files.overlay import unscheduled
from controller.rehearsal.faults import Faults
from controller.rehearsal.services.dynamodb.store import Store
from controller.steps.context.deps import Deps

LOOK = 0.05
"""Real seconds between two checks of a frozen Region."""


def held(faults: Faults, home: str) -> wiring.Clients:
    """Return clients of the controller in `home`, which meet its faults.

    The calls of a frozen controller wait until the fault ends; the calls of a dead one fail.
    """
    make = wiring.boto3_clients()

    def client(service: str, region: str, endpoint_url: str | None, config: Config, *keys: Any) -> BaseClient:
        made = make(service, region, endpoint_url, config, *keys)
        made.meta.events.register("before-send", _before_send(faults, home, service, region))
        return made

    return client


def _before_send(faults: Faults, home: str, service: str, region: str) -> Callable[..., None]:
    name = "monitoring" if service == "cloudwatch" else service

    def before_send(request: Any, **_: Any) -> None:
        while home in faults.controllers_frozen:
            time.sleep(LOOK)
        body = request.body if isinstance(request.body, bytes) else str(request.body or "").encode()
        unheard = name != "route53-recovery-cluster" and faults.call(home, name, region) is not None
        if home in faults.controllers_dead or unheard or (name == "dynamodb" and faults.loses(home, body)):
            raise ConnectTimeoutError(endpoint_url=request.url)

    return before_send


_numbers = itertools.count()


def live(path: Path) -> Policy:
    """Load a policy file as a rehearsal runs it: live, at any hour.

    The file's own enforcement and schedule do not count.
    """
    return _live(load_policy(path).policy)


def live_of(templates: Path) -> Policy:
    """Return the policy that was packaged with templates, as a rehearsal runs it. Raises `NotDeployable`."""
    return _live(packaged_policy(templates))


def _live(policy: Policy) -> Policy:
    return unscheduled(policy).model_copy(update={"enforcement": "live"})


def parts(templates: Path | None = None) -> Parts:
    """Return the workflow, the handlers' names and the intake rules.

    templates: a folder of synthesised ones, from which rules, alarms, canaries, workflow and a switch of
    objects are taken. Raises `NotDeployable`.
    """
    workflow = files("controller").joinpath("workflow.asl.json").read_text(encoding="utf-8")
    drafted = Parts(workflow, tuple(lambdas.HANDLERS), wiring.INTAKE)
    if templates is None:
        return drafted
    return replace(
        drafted,
        redraw=partial(redrawn, folder=templates),
        prefix=prefix_of(templates),
        standby=packaged_switch(templates),
    )


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
    """Run a rehearsal; yield the stage and a function that gives its `Deps`.

    The function returns, by controller Region, the ports through which an operator acts.
    Everything starts here, with handlers logging to the state folder; everything stops at the end, whatever
    happens. consoles: controller Region -> the address of its console, which notices carry.
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
