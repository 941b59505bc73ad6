"""A controller in virtual time on evidence fed by hand: no shop and no canaries, so a run takes a moment.

```
 feed every 30 s ─> evidence ─> tick, once a minute ─> workflow ─> steps ─┬─> journal, approvals, ARC
                                                                         └ every call passes `trouble`
```
"""

import io
import itertools
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from math import inf
from typing import Any

from botocore import UNSIGNED
from botocore.client import BaseClient
from botocore.config import Config
from botocore.exceptions import EndpointConnectionError
from botocore.session import Session
from greenlet import getcurrent

from controller import wiring
from controller.core.admission import compiled, expected_signals, parse_policy
from controller.core.incident import Memory
from controller.core.journal import Event, Kind, broken_at
from controller.core.model import Observation, Sighting, Verdict
from controller.core.plan import below_floor
from controller.entry import lambdas
from controller.lab.stage import Parts, Stage
from controller.lab.virtual_stage import virtual_stage
from controller.ports.runtime import Runtime
from controller.rehearsal.arc.controls import SERVICE
from controller.rehearsal.protocol.message import Request, Response, Scope
from controller.rehearsal.transport import Fault, attach
from controller.settings import Deployment
from controller.steps.context import Deps, remember
from tests.core.scene import ACCOUNT, EAST, OTHER, WEST, policy_data
from tests.drills.play import WORKFLOW
from tests.steps.trouble import Died, Sent, Trouble, calm

SESSION = Session()
FEED = 60.0
FREE = policy_data()["evacuate"] | {"approval": "none"}
_numbers = itertools.count()


@dataclass
class World:
    """`deps` is the first controller's hold on its outside, `hand` an operator's, who meets no trouble.

    every: each controller's hold. hands: an operator's by the controller that it goes through.

    verdicts: what is seen of a Region, or of one signal by its id; None: nothing. down: tables that do not
    answer the controller. asleep: handlers that do nothing. lowest: how a slice was Off everywhere, if so.
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
    def memory(self) -> Memory:
        return remember(self.hand)

    @property
    def kinds(self) -> list[str]:
        return [str(event.kind) for event in self.events]

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

    def carry(self, **more: Any) -> dict[str, Any]:
        incident = self.memory.open or next(iter(self.memory.incidents.values()))
        return {"schema": "tidegate.incident/v1", "application": "storefront", "incident": incident.id,
                "epoch": incident.epoch, **more}  # fmt: skip

    def say(self, **verdicts: Verdict | None) -> None:
        """What is seen of `east` and `west` from now on; None: nothing is heard."""
        names = {"east": EAST, "west": WEST}
        self.verdicts |= {names[key]: verdict for key, verdict in verdicts.items()}

    @contextmanager
    def troubled(self, trouble: Trouble) -> Iterator[None]:
        before, self.trouble = self.trouble, trouble
        try:
            yield
        finally:
            self.trouble = before


def world(seed: int = 1, *, dark_for: float = 0.0, **changes: Any) -> World:
    """All was well for ten minutes; then us-east-1 was seen to fail for the last `dark_for` seconds."""
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
    past = [s for k in range(12, 0, -1) for s in _seen(w, now - k * FEED, dark_from=now - dark_for)]
    for hand in w.hands.values():
        hand.evidence.record("storefront", past)
    if dark_for:
        w.verdicts[EAST] = Verdict.BREACHING
    w.stage.kernel.every(FEED, lambda: _feed(w), first_after=1.0)
    return w


def failing(seed: int = 1, **changes: Any) -> World:
    """A world in which us-east-1 has failed for long enough: the next tick opens an incident."""
    return world(seed, dark_for=270.0, **changes)


def deploy(w: World, deps: Deps) -> None:
    """Make `deps` what the handlers use from now on."""
    handlers = lambdas.bound(deps, w.log, f"world-{next(_numbers)}")
    functions = w.stage.cloud.stations[deps.here].functions
    functions.update({name: _watched(w, name, handler) for name, handler in handlers.items()})


def redeployed(w: World, **changes: Any) -> Deps:
    """The controller with another policy, deployed now; the old one stays where it is."""
    policy = parse_policy(policy_data() | {"evacuate": FREE, "controllers": [OTHER]} | changes)
    news = {"policy": compiled(policy), "deployed": w.stage.kernel.now()}
    return _build(w, w.stage.deployment.model_copy(update=news), 7)


def _build(w: World, deployment: Deployment, seed: int, *, troubled: bool = True) -> Deps:
    home = deployment.region if troubled else ""
    runtime = w.stage.cloud.stations[home].runtime if home else w.stage.runtime
    return wiring.build(
        deployment, clients=_clients(w, home, runtime), runtime=runtime, rng=random.Random(seed)
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


@cache
def _client(service: str, region: str, timeout: float, attempts: int, _home: str) -> BaseClient:
    """Kept from world to world, since making one takes longer than a run; each world attaches it anew."""
    retries = {"total_max_attempts": attempts, "mode": "standard"}
    config = Config(
        signature_version=UNSIGNED, parameter_validation=False, read_timeout=timeout, retries=retries
    )
    url = f"https://{service}.{region}.rehearsal.invalid"
    return SESSION.create_client(service, region_name=region, endpoint_url=url, config=config)


def _clients(w: World, home: str, runtime: Runtime) -> wiring.Clients:
    cloud, troubled = w.stage.cloud, bool(home)

    def make(service: str, region: str, _url: str | None, config: Config) -> BaseClient:
        attempts = int(config.retries["total_max_attempts"])
        client = _client(service, region, config.read_timeout, attempts, home)
        now: dict[int, str | None] = {}

        def fault(service: str, region: str, endpoint: str, operation: str) -> Fault | None:
            faults = cloud.faults
            hung = faults.arc.get(endpoint) if service == SERVICE else faults.call(home, service, region)
            if not troubled or hung:
                return hung
            sent = Sent(len(w.calls), frozenset(w.running), service, endpoint, operation)
            w.calls.append(sent)
            what = w.trouble(sent)
            if getcurrent() in w.handlers:
                if what == "died" or w.dying:
                    w.dying = False
                    raise Died
            elif what in ("died", "dies"):  # a leg beside the handler: the handler ends at its own next call
                w.dying, what = True, "refused" if what == "died" else "lost"
            now[id(getcurrent())] = what
            return what if what in ("refused", "hung", "lost") else None  # type: ignore[return-value]

        def handle(request: Request, endpoint: str = "", scope: Scope | None = None) -> Response:
            if troubled and any(table.encode() in request.body for table in w.down):
                raise EndpointConnectionError(endpoint_url=endpoint)
            if cloud.faults.loses(home, request.body):
                raise EndpointConnectionError(endpoint_url=endpoint)
            answer = cloud.wire.handle(request, endpoint, scope)
            if now.pop(id(getcurrent()), None) == "dies":
                raise Died
            return answer

        attach(client, handle, runtime, latency=0.02, endpoint=region, fault=fault)
        return client

    return make


def _feed(w: World) -> None:
    """What is seen now; a Region of which nothing is heard sends nothing."""
    sightings = _seen(w, w.stage.kernel.now())
    for region, hand in w.hands.items():
        heard = [s for s in sightings if region not in w.stage.faults.cut_off or _by(w, s) == region]
        if heard and region not in w.stage.faults.controllers_dead:
            w.stage.runtime.spawn(lambda h=hand, s=heard: h.evidence.record("storefront", s))  # type: ignore[misc]


def _by(w: World, sighting: Sighting) -> str:
    """The Region that a sighting was made from."""
    return next(s.observer for s in expected_signals(w.stage.policy, ACCOUNT) if s.id == sighting.signal)


def _seen(w: World, at: float, dark_from: float = inf) -> list[Sighting]:
    """One observation of each signal of the policy, at `at`."""
    verdicts = w.verdicts | ({EAST: Verdict.BREACHING} if at >= dark_from else {})
    return [
        Sighting(signal.id, Observation(at - 1, at, said, "event", f"{at:.0f}"))
        for signal in expected_signals(w.stage.policy, ACCOUNT)
        if (said := verdicts.get(signal.id, verdicts[signal.subject])) is not None
    ]


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
