"""The cloud that a replay runs in: no customers, no canaries, no alarms; only what the file tells.

```
 line ─> event bus of its Region ─> rules ─> queue ─> Observe ─┐
 levels ─> DescribeAlarms <─ tick, once a minute ──────────────┴─> workflow file ─> steps ─> ARC, as rehearsed
```
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from botocore.client import BaseClient
from botocore.config import Config

from controller.core.policy.schema import Policy
from controller.lab.environment.environment import Parts, deployed
from controller.lab.environment.estate import bare
from controller.lab.replay.levels import Levels, ReplayedAlarms
from controller.lab.replay.ready import Ready, SameAnswer
from controller.ports.runtime import Runtime
from controller.rehearsal.cloud import Cloud
from controller.rehearsal.faults import Faults
from controller.rehearsal.kernel import Kernel, VirtualClock
from controller.rehearsal.sdk import virtual_clients
from controller.rehearsal.station import Function
from controller.rehearsal.virtual import VirtualRuntime
from controller.settings import Deployment
from controller.steps.context.deps import Deps

SEED = 1


class Build(Protocol):
    """The composition root, handed in by the command line."""

    def __call__(
        self,
        deployment: Deployment,
        *,
        clients: Callable[[str, str, str | None, Config], BaseClient],
        runtime: Runtime,
        rng: random.Random,
    ) -> Deps: ...


@dataclass(frozen=True)
class Works:
    """What the command line hands in, so that this room needs neither boto3 nor the handlers.

    bound: one controller's handlers by name.
    """

    parts: Parts
    build: Build
    bound: Callable[[Deps], Mapping[str, Function]]


@dataclass
class Theatre:
    """Everything that runs. operator: a person's hold on the application."""

    policy: Policy
    kernel: Kernel
    cloud: Cloud
    operator: Deps
    shifts: list[tuple[float, str, bool]]

    def publish(self, event: dict[str, Any]) -> None:
        self.cloud.events[str(event["region"])].publish(event)


def build_theatre(
    policy: Policy, works: Works, levels: Levels, *, start: float, ready: Ready, alone: bool = False
) -> Theatre:
    """The cloud at `start` (seconds since 1970), every routing control On and the controllers deployed.

    alone: the policy's first controller, without those that would take over from it.
    """
    kernel = Kernel(VirtualClock(start))
    runtime = VirtualRuntime(kernel)
    rng = random.Random(SEED)  # noqa: S311 - a replay must repeat
    plan = bare(policy, works.parts.workflow, works.parts.functions, works.parts.intake)
    if alone:
        plan = replace(plan, controllers=plan.controllers[:1])
    cloud = Cloud(plan, kernel, runtime, Faults(), rng, None, VirtualRuntime)
    services = dict(cloud.wire.services)
    for region in cloud.plan.regions:
        services["monitoring", region] = ReplayedAlarms(region, levels, kernel.now)
    cloud.wire.services = services
    shifts: list[tuple[float, str, bool]] = []
    cloud.switch.observe(lambda at, name, on: shifts.append((at, name, on)))
    deployments = deployed(policy, cloud)
    for region, deployment in deployments.items():
        own = cloud.stations[region].runtime
        deps = _deps(works, cloud, deployment, own, home=region, ready=ready)
        cloud.stations[region].functions.update(works.bound(deps))
    cloud.start()
    first = deployments[cloud.plan.controller]
    return Theatre(policy, kernel, cloud, _deps(works, cloud, first, runtime, home="", ready=ready), shifts)


def _deps(
    works: Works, cloud: Cloud, deployment: Deployment, runtime: Runtime, *, home: str, ready: Ready
) -> Deps:
    clients = virtual_clients(cloud.wire, runtime, cloud.faults, home=home)
    rng = random.Random(f"{SEED}/{home}")  # noqa: S311 - a replay must repeat
    deps = works.build(deployment, clients=clients, runtime=runtime, rng=rng)
    return replace(deps, readiness=SameAnswer(ready, runtime.now))
