"""Small worlds of the simulation: a policy of their own, faults by script, the usual invariants."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from controller.core.journal.kind import Kind
from controller.core.policy.schema import Policy
from controller.core.policy.validation import parse_policy
from controller.entry.simulation import plant
from controller.lab.policy_files.overlay import overlaid
from controller.lab.simulate.faults.people import People
from controller.lab.simulate.faults.scripted import ELSEWHERE, ScriptedFaults
from controller.lab.simulate.invariants.catalogue import Break
from controller.lab.simulate.storm import Run
from controller.lab.simulate.world.client_calls import Clients
from controller.lab.simulate.world.facts import Fact
from controller.lab.simulate.world.world import make_world
from controller.rehearsal.blueprint import Blueprint
from controller.settings import Deployment
from controller.steps.context.deps import Deps

WARM_UP = 270.0
"""Seconds until everything was heard of."""
HOME, EAST, WEST, THIRD = "us-east-2", "us-east-1", "us-west-2", ELSEWHERE
Script = Callable[["Directed"], None]


@dataclass
class Directed(ScriptedFaults):
    """What a script holds. Seconds count from the end of the warm-up, when all is well and heard of."""

    clients: Mapping[str, Clients] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)

    def answers(self, *words: bool | None, late: float = 10.0, home: str = "") -> None:
        """What ana says to the first request, to the second, ...; None: nothing.

        late: seconds until then. home: through which controller; any, if none is named.
        """
        said = list(words)

        def look(fact: Fact) -> None:
            if fact.kind == "append" and fact.data["event"].kind is Kind.APPROVAL_REQUESTED and said:
                yes = said.pop(0)
                asked = self.world.watch.record.requests[fact.data["event"].body.approval]
                if yes is not None:
                    People(self.world).answer_at(late, "ana", asked, yes=yes, home=home)

        self.world.trace.watchers.append(look)

    def at_once(self, at: float, *works: Callable[[], object]) -> None:
        """All at the same moment, each in a process of its own; what one of them raises is kept."""

        def run(work: Callable[[], object]) -> None:
            try:
                work()
            except Exception as error:  # noqa: BLE001 - the loser of a race may say so
                self.errors.append(f"{type(error).__name__}: {error}")

        def go() -> None:
            for number, work in enumerate(works):
                homes = self.world.homes
                self.world.machines[homes[number % len(homes)]].spawn(lambda work=work: run(work))  # type: ignore[misc]

        self.after(at, go)


@dataclass(frozen=True)
class Scene:
    """One directed world. lasts: seconds after the warm-up. begins: whether controllers are deployed."""

    script: Script
    policy: Mapping[str, Any] = field(default_factory=dict)
    lasts: float = 480.0
    thirds: bool = False
    homes: tuple[str, ...] = (HOME,)
    begins: bool = True
    redraw: Callable[[Blueprint], Blueprint] | None = None


@dataclass(frozen=True)
class Seen:
    """breaks: invariants that broke. cpu: seconds. errors: what the losers of a race were told."""

    breaks: tuple[Break, ...]
    cpu: float
    tail: tuple[str, ...]
    errors: tuple[str, ...]


def play(scene: Scene) -> Seen:
    started = time.process_time()
    policy = overlaid(base(scene), scene.policy)
    made, clients = plant(), {}

    def build(deployment: Deployment, **parts: Any) -> Deps:
        clients[deployment.region] = parts["clients"]
        return plant().build(deployment, **parts)

    made = replace(made, build=build)
    if scene.redraw is not None:
        made = replace(made, parts=replace(made.parts, redraw=scene.redraw))
    world = make_world(7, made, policy=policy)
    run = Run(world, ())
    run.watch()
    if scene.begins:
        world.begin()
        run.play(WARM_UP)
    else:
        world.cloud.start()
        for home in world.homes:
            world.deploy(home)
    directed = Directed(world, clients)
    scene.script(directed)
    run.play(scene.lasts)
    cpu = time.process_time() - started
    return Seen(tuple(run.breaks), cpu, world.trace.tail(), tuple(directed.errors))


def base(scene: Scene) -> Policy:
    """Leave at once, ask nobody, two Regions; what a scene does not say otherwise."""
    regions = (EAST, WEST, THIRD) if scene.thirds else (EAST, WEST)
    observers = ["us-east-2", "us-west-2", "eu-central-1", "ap-northeast-1"]
    leaf = {"in": "source", "family": "customer", "is": "breaching", "observers": 2, "for": "3m"}
    return parse_policy(
        {
            "tidegate": 1,
            "application": "storefront",
            "timezone": "UTC",
            "enforcement": "live",
            "regions": {r: {"controls": [f"{r}-0"]} for r in regions},
            "controllers": list(scene.homes),
            "signals": {
                "customer": [{"canary": "shop-{region}-buy", "runsIn": observers, "silentAfter": "3m"}],
                "service": [{"alarm": "shop-{region}-5xx", "silentAfter": "3m"}],
            },
            "evacuate": {
                "when": {"all": [leaf]},
                "unless": [{"in": "target", "family": "customer", "is": "breaching"}],
                "approval": "none",
            },
            "target": {
                "prefer": list(reversed(regions)),
                "ready": [{"family": "customer", "is": "healthy", "for": "2m", "ifUnknown": "block"}],
            },
            "limits": {"minRegionsOn": 1, "cooldown": "20m", "evacuationsPerDay": 3},
            "approvals": {"one": [{"ask": ["group:oncall"], "people": 1, "within": "8m"}]},
        }
    )
