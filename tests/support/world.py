"""A controller in virtual time on evidence fed by hand: no shop and no canaries, so a run takes a moment.

```
 feed every 30 s ─> evidence ─> tick, once a minute ─> workflow ─> steps ─┬─> journal, approvals, ARC
                                                                         └ every call passes `trouble`
```
"""

import io
import itertools
import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from greenlet import getcurrent

from controller import wiring
from controller.core.decision.plan import below_floor
from controller.core.incident.fold import Folding
from controller.core.incident.state import State
from controller.core.journal.event import Event, broken_at
from controller.core.journal.kind import Kind
from controller.core.model import Verdict
from controller.core.policy.validation import compiled, parse_policy
from controller.entry import lambdas
from controller.lab.environment.environment import Parts, Stage
from controller.lab.environment.virtual import virtual_stage
from controller.rehearsal.services.arc.data_plane import SERVICE
from controller.rehearsal.time.virtual import VirtualRuntime
from controller.settings import Deployment
from controller.steps.context.deps import Deps
from controller.steps.context.journalling import load_state
from tests.support.drill_run import WORKFLOW
from tests.support.policy_scene import EAST, OTHER, WEST, policy_data
from tests.support.world_clients import clients
from tests.support.world_faults import Died, Send, Sent, Trouble, Written, calm
from tests.support.world_feed import FEED, feed, seen, show

FREE = policy_data()["evacuate"] | {"approval": "none"}
_numbers = itertools.count()


@dataclass
class World:
    """`deps` is the first controller's hold on its outside, `hand` an operator's, who meets no trouble.

    every: each controller's hold. hands: an operator's by the controller that it goes through.
    ledger: each event of the journal, and the true time at which it was written. overwritten: the number of
    one that was written twice. sends: every change sent to ARC by a controller. verdicts: what is seen of a
    Region, or of one signal by its id; None: nothing. down: tables that do not answer ("us-east-2
    tidegate-evidence": the controller there). asleep: handlers that do nothing. lowest: how a slice was Off
    everywhere, if so.
    """

    stage: Stage
    deps: Deps = field(init=False)
    hand: Deps = field(init=False)
    every: dict[str, Deps] = field(default_factory=dict)
    hands: dict[str, Deps] = field(default_factory=dict)
    trouble: Trouble = calm
    calls: list[Sent] = field(default_factory=list)
    moves: list[tuple[float, str, bool]] = field(default_factory=list)
    verdicts: dict[str, Verdict | None] = field(default_factory=dict)
    log: io.StringIO = field(default_factory=io.StringIO)
    running: list[str] = field(default_factory=list)
    handlers: set[Any] = field(default_factory=set)
    dying: bool = False
    asleep: set[str] = field(default_factory=set)
    down: set[str] = field(default_factory=set)
    lowest: str | None = None
    ledger: list[Written] = field(default_factory=list)
    sends: list[Send] = field(default_factory=list)
    overwritten: int | None = None
    folding: Folding = field(default_factory=Folding)

    def advance(self, seconds: float) -> None:
        self.stage.advance(seconds)

    def until(self, what: Callable[[], bool], within: float = 900.0, step: float = 2.0) -> bool:
        """Let time pass until `what` is so; False if it never was."""
        end = self.stage.kernel.now() + within
        while not what():
            if self.stage.kernel.now() >= end:
                return False
            self.advance(step)
        return True

    @property
    def events(self) -> tuple[Event, ...]:
        return self.hand.journal.read("storefront")

    @property
    def state(self) -> State:
        return load_state(self.hand)

    @property
    def truth(self) -> State:
        """As `state`, from the table itself: no call, whoever lives."""
        return self.folding("storefront", [written.event for written in self.ledger])

    @property
    def kinds(self) -> list[str]:
        return [str(written.event.kind) for written in self.ledger]

    def count(self, kind: Kind) -> int:
        return self.kinds.count(str(kind))

    def has(self, kind: Kind) -> Callable[[], bool]:
        return lambda: self.count(kind) > 0

    @property
    def controls(self) -> dict[str, bool]:
        return dict(
            self.hand.switch.read([c for r in self.stage.policy.regions.values() for c in r.controls])
        )

    @property
    def pages(self) -> list[str]:
        return [notice.subject for notice in self.stage.cloud.outbox.notices]

    @property
    def whole(self) -> bool:
        """The chain verifies, and no slice was ever Off everywhere."""
        return broken_at(self.events) is None and self.lowest is None

    def invoke(self, name: str, payload: Any = None) -> dict[str, Any]:
        """Invoke a handler by hand and wait for it; raises what it raises."""
        task = self.stage.runtime.spawn(lambda: self.stage.cloud.functions[name](payload or {}, None))
        while not task.done():
            self.stage.runtime.wait([task], 60.0)
        return dict(task.result())

    def later(self, name: str, payload: Any = None) -> Any:
        """Begin to invoke a handler; `result()` of what this returns once time has passed."""
        return self.stage.runtime.spawn(lambda: self.stage.cloud.functions[name](payload or {}, None))

    def payload(self, **more: Any) -> dict[str, Any]:
        incident = self.state.open or next(iter(self.state.incidents.values()))
        return {"schema": "tidegate.incident/v1", "application": "storefront", "incident": incident.id,
                "epoch": incident.epoch, **more}  # fmt: skip

    def say(self, **verdicts: Verdict | None) -> None:
        """What is seen of `east` and `west` from now on; None: nothing is heard."""
        names = {"east": EAST, "west": WEST}
        self.verdicts |= {names[key]: verdict for key, verdict in verdicts.items()}

    def set_clock(self, region: str, skew: float) -> None:
        """The clock of the controller in `region`, and of whoever goes through it, is wrong from now on."""
        for deps in (self.every[region], self.hands[region]):
            assert isinstance(deps.runtime, VirtualRuntime)
            deps.runtime.skew = skew

    def skew(self, region: str) -> float:
        return self.every[region].runtime.now() - self.stage.kernel.now()

    @contextmanager
    def troubled(self, trouble: Trouble) -> Iterator[None]:
        before, self.trouble = self.trouble, trouble
        try:
            yield
        finally:
            self.trouble = before


def world(
    seed: int = 1, *, dark_for: float = 0.0, skews: Mapping[str, float] | None = None, **changes: Any
) -> World:
    """All was well for ten minutes; then us-east-1 was seen to fail for the last `dark_for` seconds.

    skews: a controller's Region -> seconds by which its clock is wrong.
    """
    policy = parse_policy(policy_data() | {"evacuate": FREE, "controllers": [OTHER]} | changes)
    parts = Parts(WORKFLOW.read_text(encoding="utf-8"), tuple(lambdas.HANDLERS), wiring.INTAKE)
    w = World(virtual_stage(policy, parts, seed))
    cloud = w.stage.cloud
    cloud.plan = replace(cloud.plan, alarms=())
    for number, (region, deployment) in enumerate(w.stage.deployments.items()):
        w.every[region] = _build(w, deployment, seed + 1000 * number)
        w.hands[region] = _build(w, deployment, seed + 99 + number, troubled=False)
        deploy(w, w.every[region])
    w.deps, w.hand = next(iter(w.every.values())), next(iter(w.hands.values()))
    cloud.start()
    cloud.switch.observe(lambda at, name, on: _moved(w, at, name, on))
    now = w.stage.kernel.now()
    w.verdicts = dict.fromkeys(policy.regions, Verdict.HEALTHY)
    past = [s for k in range(12, 0, -1) for s in seen(w, now - k * FEED, dark_from=now - dark_for)]
    for region, skew in (skews or {}).items():
        w.set_clock(region, skew)
    for region in w.every:
        show(w, region, past)
    if dark_for:
        w.verdicts[EAST] = Verdict.BREACHING
    w.stage.kernel.every(FEED, lambda: feed(w), first_after=1.0)
    return w


def failing(seed: int = 1, **changes: Any) -> World:
    """A world in which us-east-1 has failed for long enough: the next tick opens an incident."""
    return world(seed, dark_for=270.0, **changes)


def deploy(w: World, deps: Deps) -> None:
    """Make `deps` what the handlers use from now on."""
    handlers = lambdas.bound(deps, w.log, f"world-{next(_numbers)}")
    functions = w.stage.cloud.controller_regions[deps.here].functions
    functions.update({name: _watched(w, name, handler) for name, handler in handlers.items()})


def redeployed(w: World, **changes: Any) -> Deps:
    """The controller with another policy, deployed now; the old one stays where it is."""
    policy = parse_policy(policy_data() | {"evacuate": FREE, "controllers": [OTHER]} | changes)
    return rebuilt(w, policy=compiled(policy), deployed=w.stage.kernel.now())


def rebuilt(w: World, **news: Any) -> Deps:
    """The first controller, with other settings; nothing uses it yet."""
    return _build(w, w.stage.deployment.model_copy(update=news), 7)


def build_controller(w: World, home: str, **news: Any) -> Deps:
    """The controller of a Region, with other settings; nothing uses it yet."""
    return _build(w, w.stage.deployments[home].model_copy(update=news), 7 + list(w.every).index(home))


def _build(w: World, deployment: Deployment, seed: int, *, troubled: bool = True) -> Deps:
    home = deployment.region if troubled else ""
    runtime = w.stage.cloud.controller_regions[home].runtime if home else VirtualRuntime(w.stage.kernel)
    return wiring.build(
        deployment, clients=clients(w, home, runtime), runtime=runtime, rng=random.Random(seed)
    )


def _watched(w: World, name: str, handler: lambdas.Handler) -> lambdas.Handler:
    def invoke(event: dict[str, Any], context: Any = None) -> dict[str, Any]:
        if name in w.asleep:
            return {}
        w.running.append(name)
        w.handlers.add(getcurrent())
        try:
            return handler(event, context)
        except Died as death:
            raise RuntimeError("the process ended") from death
        finally:
            w.running.remove(name)
            w.handlers.discard(getcurrent())
            w.dying = False

    return invoke


def _moved(w: World, at: float, name: str, on: bool) -> None:
    w.moves.append((at, name, on))
    states = dict.fromkeys((c for r in w.stage.policy.regions.values() for c in r.controls), True)
    states |= {moved: state for _, moved, state in w.moves}
    w.lowest = w.lowest or below_floor(w.stage.policy, states)


def stop(w: World) -> None:
    """Stop the incident's execution as an operator might."""
    region = w.stage.cloud.plan.controller
    for run in executions(w, "RUNNING"):
        w.stage.cloud.call("states", "StopExecution", region, {"executionArn": run["executionArn"]})


def executions(w: World, status: str | None = None) -> list[dict[str, object]]:
    """Of all controllers, each one's newest first."""
    found: list[dict[str, object]] = []
    for region, deployment in w.stage.deployments.items():
        params = {"stateMachineArn": deployment.state_machine} | ({"statusFilter": status} if status else {})
        found += w.stage.cloud.call("states", "ListExecutions", region, params)["executions"]
    return found


def turn_by_hand(w: World, region: str, place: int, *, on: bool) -> str:
    """Turn a control from outside of tidegate; return its name."""
    name = w.stage.policy.regions[region].controls[place]
    entry = {"RoutingControlArn": w.stage.cloud.controls[name], "RoutingControlState": "On" if on else "Off"}
    w.stage.cloud.call(SERVICE, "UpdateRoutingControlState", "eu-west-1", entry)
    return name
