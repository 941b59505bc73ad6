"""The cloud of a replay: no customers, no canaries, no alarms, only the file.

```
 line ─> event bus of its Region ─> rules ─> queue ─> Observe ─┐
 levels ─> DescribeAlarms <─ tick, once a minute ──────────────┴─> workflow file ─> steps ─> ARC, as rehearsed
```
Every provider that is asked about a Region's readiness says the same in a replay: yes, no, or nothing.
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol

from botocore.client import BaseClient
from botocore.config import Config

from controller.core.decision.readiness import ReadinessQuery, ReadinessResult
from controller.core.policy.schema import Policy
from controller.lab.environment.environment import Parts, deployed
from controller.lab.environment.estate import bare
from controller.lab.replay.alarm_states import Levels, ReplayedAlarms
from controller.ports.errors import EvidenceUnavailable
from controller.ports.runtime import Runtime
from controller.rehearsal.cloud import Cloud
from controller.rehearsal.controller_region import Function
from controller.rehearsal.faults import Faults
from controller.rehearsal.time.kernel import Kernel, VirtualClock
from controller.rehearsal.time.virtual import VirtualRuntime
from controller.rehearsal.wire.botocore_client import virtual_clients
from controller.settings import Deployment
from controller.steps.context.deps import Deps

Ready = Literal["yes", "no", "unknown"]
SAMPLES = 40
"""Minutes of replication lag that an answer looks back on."""


@dataclass(frozen=True)
class SameAnswer:
    """Gives the same answer to every question of `ports.outside.Readiness`.

    Families of signals are not asked here: the events speak for them.
    """

    says: Ready
    now: Callable[[], float]

    def read(self, query: ReadinessQuery) -> ReadinessResult:
        kind, name, source, target = query
        # Quotas are compared between two Regions: there is no plain "no" for each by itself.
        if self.says == "unknown" or (kind == "quotas" and self.says == "no"):
            raise EvidenceUnavailable(f"nobody is asked in a replay with --ready {self.says}")
        return ReadinessResult(kind, name, source, target, self.now(), self._data(kind))

    def _data(self, kind: str) -> dict[str, Any]:
        now, well = self.now(), self.says == "yes"
        if kind == "replication":
            lag = 0.5 if well else 100_000.0
            return {"points": [[now - 60.0 * back, lag] for back in range(SAMPLES, 0, -1)]}
        if kind == "plan":
            return {"state": "passed" if well else "actionRequired", "evaluated": now, "warnings": 0}
        if kind == "arc":
            return {"state": "READY" if well else "NOT_READY", "checked": now}
        return {"lambda": 1000.0, "apigateway": 10_000.0}


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
class Composition:
    """Holds what the command line hands in.

    So this package needs neither boto3 nor the handlers. bound: one controller's handlers by name.
    """

    parts: Parts
    build: Build
    bound: Callable[[Deps], Mapping[str, Function]]


@dataclass
class ReplayCloud:
    """Holds everything that runs.

    operator: the `Deps` by which a person acts on the application.
    """

    policy: Policy
    kernel: Kernel
    cloud: Cloud
    operator: Deps
    shifts: list[tuple[float, str, bool]]

    def publish(self, event: dict[str, Any]) -> None:
        self.cloud.events[str(event["region"])].publish(event)


def build_replay_cloud(
    policy: Policy, works: Composition, levels: Levels, *, start: float, ready: Ready, alone: bool = False
) -> ReplayCloud:
    """Return the cloud at `start` (seconds since 1970), ready to be played.

    Every routing control is On and the controllers are deployed. alone: the policy's first controller,
    without those that would take over from it.
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
        own = cloud.controller_regions[region].runtime
        deps = _deps(works, cloud, deployment, own, home=region, ready=ready)
        cloud.controller_regions[region].functions.update(works.bound(deps))
    cloud.start()
    first = deployments[cloud.plan.controller]
    return ReplayCloud(
        policy, kernel, cloud, _deps(works, cloud, first, runtime, home="", ready=ready), shifts
    )


def _deps(
    works: Composition, cloud: Cloud, deployment: Deployment, runtime: Runtime, *, home: str, ready: Ready
) -> Deps:
    clients = virtual_clients(cloud.wire, runtime, cloud.faults, home=home)
    rng = random.Random(f"{SEED}/{home}")  # noqa: S311 - a replay must repeat
    deps = works.build(deployment, clients=clients, runtime=runtime, rng=rng)
    return replace(deps, readiness=SameAnswer(ready, runtime.now))
