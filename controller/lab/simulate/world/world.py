"""The world of one seed: an application, Regions, three controllers and a switch.

It also has canaries and alarms.
"""

import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from controller.core.policy.schema import Policy
from controller.core.policy.validation import compiled
from controller.lab.environment.environment import JOURNEY, Parts, assemble, cloud_for, deployed
from controller.lab.environment.virtual import START
from controller.lab.policy_files.shipped import shipped
from controller.lab.simulate.world.application import LENGTHS, Length, drawn_policy, usual
from controller.lab.simulate.world.client_calls import Clients, stormy_clients
from controller.lab.simulate.world.facts import Trace
from controller.lab.simulate.world.ground_truth import Truth
from controller.lab.simulate.world.observer import WorldObserver
from controller.lab.simulate.world.outputs import Log, MakeGate
from controller.lab.simulate.world.processes import Machines
from controller.lab.simulate.world.standings import Standings
from controller.lab.simulate.world.weather import Sent, Weather
from controller.rehearsal.cloud import Cloud
from controller.rehearsal.controller_region import Function
from controller.rehearsal.services.synthetics.runner import Canary, Synthetics, load_check
from controller.rehearsal.shop.network import VirtualNetwork
from controller.rehearsal.time.kernel import Kernel, VirtualClock
from controller.rehearsal.time.virtual import VirtualRuntime
from controller.settings import Deployment
from controller.steps.context.deps import Deps

LOOK = 15.0
"""Seconds between two looks at what is so although nothing happens."""


class Build(Protocol):
    """The composition root, handed in by the command line."""

    def __call__(
        self, deployment: Deployment, *, clients: Clients, runtime: Machines, rng: random.Random
    ) -> Deps: ...


@dataclass(frozen=True)
class Plant:
    """Holds what the command line hands in.

    So this package needs neither boto3 nor the handlers. bound: one controller's handlers by name. gate: its
    console. log: where the handlers write.
    """

    parts: Parts
    build: Build
    bound: Callable[[Deps, str], Mapping[str, Function]]
    gate: MakeGate
    log: Log


@dataclass
class World:
    """Holds everything of a run.

    `random` is its only source of chance beside those it seeds.
    """

    seed: int
    plant: Plant
    random: random.Random
    policy: Policy
    kernel: Kernel
    cloud: Cloud
    trace: Trace
    truth: Truth
    weather: Weather
    watch: WorldObserver
    machines: Mapping[str, Machines]
    deployments: dict[str, Deployment]
    runtime: VirtualRuntime
    synthetics: Synthetics
    deps: dict[str, Deps] = field(default_factory=dict)
    canaries: Callable[[float], None] = lambda _every: None
    acts: str = ""
    """The controller that last wrote or sent something."""
    length: Length = LENGTHS["long"]
    held: Counter[tuple[int, str]] = field(default_factory=Counter)
    """Counts the faults that hold a name in one of the rehearsal's sets."""
    gone: set[str] = field(default_factory=set)
    """What somebody took away: a Region's alarms or canaries, ARC's haste."""
    used: set[str] = field(default_factory=set)
    """Names of the faults that this run has met."""
    cooldowns: list[float] = field(default_factory=list)
    """Cooldowns of all policies that were deployed, in seconds."""
    canary_every: float = 60.0
    """Seconds between two runs of a canary."""
    scattered: bool = False
    """True where each slice is at home in one Region only, one after the other in the next."""
    policies: dict[str, Policy] = field(default_factory=dict)
    """Digest -> each policy that was ever deployed."""
    tick_delay: Callable[[str], float | None] = lambda _home: 0.0
    """Asked at each tick of a home: by how many seconds it is late; None where it is lost."""

    def __post_init__(self) -> None:
        self.standings = Standings(self)
        self.trace.watchers.append(self.standings.take)
        self.watch.ended.append(self.begin_cold)

    @property
    def now(self) -> float:
        return self.kernel.now()

    @property
    def homes(self) -> tuple[str, ...]:
        return self.policy.controllers

    @property
    def regions(self) -> tuple[str, ...]:
        return tuple(self.policy.regions)

    def awake(self) -> list[str]:
        """Return the controllers through which a person gets something done."""
        faults = self.cloud.faults
        return [home for home in self.homes if not faults.stopped(home) and not faults.silent(home)]

    def deploy(self, home: str, policy: Policy | None = None, *, made: float | None = None) -> None:
        """Deploy a controller's handlers, or replace them.

        policy: another policy, deployed now. made: when it was first deployed, where it is an older one.
        """
        rng = random.Random(f"{self.seed}/{home}/{self.now}")  # noqa: S311 - a run must repeat
        now_deployed = policy or self.policy
        self.cooldowns.append(now_deployed.limits.cooldown)
        self.policies[now_deployed.digest] = now_deployed
        if policy is not None:
            changed = {"policy": compiled(policy), "deployed": self.now if made is None else made}
            self.deployments[home] = self.deployments[home].model_copy(update=changed)
        clients = stormy_clients(
            self.cloud.wire,
            self.cloud.faults,
            kernel=self.kernel,
            home=home,
            runtime=self.machines[home],
            weather=self.weather,
            landed=self.watch.landed,
            leaving=self.watch.leaving,
        )
        deps = self.plant.build(self.deployments[home], clients=clients, runtime=self.machines[home], rng=rng)
        self.deps[home] = deps
        handlers = self.plant.bound(deps, home)
        watched = {name: self.watch.invoked(home, name, handler) for name, handler in handlers.items()}
        watched["Tick"] = self._ticked(home, watched["Tick"])
        self.cloud.controller_regions[home].functions.update(watched)

    def _scatter(self) -> None:
        slices = enumerate(zip(*(entry.controls for entry in self.policy.regions.values()), strict=True))
        on = {c: at == number % len(each) for number, each in slices for at, c in enumerate(each)}
        self.cloud.arc.restore({"states": on, "changed": {}})
        self.cloud.health.poll()

    def _ticked(self, home: str, tick: Function) -> Function:
        """Return the tick, which the scheduler may start late, or not at all."""

        def invoke(event: Any, context: Any) -> Any:
            late = self.tick_delay(home)
            if late is None:
                return {}
            if late:
                self.machines[home].sleep(late)
            return tick(event, context)

        return invoke

    def begin_cold(self, home: str) -> None:
        """Let the next process of a home begin anew: what one that died remembered is gone."""
        self.kernel.after(0.0, lambda: self.deploy(home))

    def close(self) -> None:
        """End everything that runs; to be called once, when all has been looked at."""
        for runtime in (*self.machines.values(), self.runtime):
            runtime.close()

    def begin(self) -> None:
        if self.scattered:
            self._scatter()
        for home in self.homes:
            self.deploy(home)
        self.cloud.start()
        self.canaries(self.canary_every)
        self.kernel.every(LOOK, self.trace.look)


def make_world(seed: int, plant: Plant, trace_to: Any = None, policy: Policy | None = None) -> World:
    """Return the world of `seed`, ready to begin; the same every time.

    policy: drawn where none is given.
    """
    rng = random.Random(seed)  # noqa: S311 - a run must repeat
    policy = policy or drawn_policy(random.Random(f"{seed}/policy"), usual(seed))  # noqa: S311
    kernel = Kernel(VirtualClock(START))
    machines: dict[str, Machines] = {}

    def local(gate: Kernel) -> Machines:
        return machines.setdefault(policy.controllers[len(machines)], Machines(gate))

    runtime = VirtualRuntime(kernel)
    cloud = cloud_for(policy, plant.parts, kernel, runtime, random.Random(rng.random()), local=local)  # noqa: S311
    network = VirtualNetwork(runtime=runtime, names=cloud.names, shop=cloud.shop)
    trace = Trace(START, kernel.now, trace_to)
    truth = Truth(kernel.now)
    weather = Weather(random.Random(rng.random()))  # noqa: S311
    weather.told = lambda call, rule: _note_fate(trace, call, rule.fate)
    for region, bus in cloud.events.items():
        bus.late = lambda region=region: weather.under_way(region)  # type: ignore[misc]
    stage = assemble(
        policy, cloud, network, random.Random(rng.random()), deployments={}, advance=lambda _s: None  # noqa: S311
    )  # fmt: skip
    check = load_check(shipped(JOURNEY))

    def canaries(every: float) -> None:
        for plan in cloud.plan.canaries:
            environment = {"BASE_URL": f"http://{plan.subject}.{cloud.plan.name.rstrip('.')}"}
            stage.synthetics.add(Canary(plan.name, plan.runs_in, check, environment, every))

    watch = WorldObserver(policy, trace, cloud)
    plant.log.listener = watch.out.logged
    deployments = dict(deployed(policy, cloud))
    return World(
        seed, plant, rng, policy, kernel, cloud, trace, truth, weather, watch, machines, deployments,
        runtime, stage.synthetics,
        canaries=canaries,
    )  # fmt: skip


def _note_fate(trace: Trace, call: Sent, fate: str) -> None:
    trace.note("weather", call.home, f"{call.service} {call.region} {call.operation}: {fate}")
