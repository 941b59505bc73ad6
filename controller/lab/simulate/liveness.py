"""The liveness phase: a core is healed for good, the rest stays broken.

Within a bound everything must come to rest.
```
 core healed ─> one Region dark for good (or none) ─> people approve, acknowledge, arm ─> at rest?
                                     10 min of nothing: a person evacuates (L7)            └ else: L5
```
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf

from controller.lab.simulate.faults.controllers import call
from controller.lab.simulate.faults.people import People
from controller.lab.simulate.faults.regions import dark, within
from controller.lab.simulate.faults.surroundings import turn
from controller.lab.simulate.invariants.catalogue import Break
from controller.lab.simulate.world.journal_record import Life
from controller.lab.simulate.world.weather import CallRule, Fate
from controller.lab.simulate.world.world import World
from controller.rehearsal.blueprint import machine_arn
from controller.rehearsal.service import ACCOUNT
from controller.rehearsal.services.arc.data_plane import ENDPOINTS
from controller.steps.operator import commands

BOUND = 2700.0
LOOK = 30.0
HOLDS = 900.0
"""Seconds after which a person gives up an evacuation that only holds.

It is an evacuation that a person asked for.
"""
HAND = 900.0
"""Seconds after which a person evacuates what no controller may."""


@dataclass
class Rest:
    """Describes the rest that must come.

    gone: the Region that stays dark. must_move: its traffic has to leave.
    """

    gone: str | None
    must_move: bool
    promise: str = "L5"
    """The invariant that is broken if it does not come to rest.

    L1 the driver died, L2 ARC, L3 deaf, L4 no evidence, L7 by hand, L5 else.
    """


def converge(world: World, play: Callable[[float], bool]) -> list[Break]:
    """Break what stays broken, let people answer kindly, and wait.

    Returns the breaks; empty where everything came to rest.
    """
    rest = _last_truth(world)
    _keep_broken(world, rest)
    hand = People(world, kind=True)
    ends, since = world.now + BOUND, world.now
    while world.now < ends:
        if not play(LOOK):
            return []
        if not unrest(world, rest):
            return []
        _tend(world, hand, rest, world.now - since)
    what = unrest(world, rest)
    return [
        Break(
            rest.promise,
            world.trace.step,
            f"{BOUND:.0f} s after a core was healed: {what}",
            world.trace.tail(),
        )
    ]


def unrest(world: World, rest: Rest) -> str | None:
    """Return the reason why it is not at rest; None if it is."""
    is_open = world.watch.record.open
    if is_open:
        life = is_open[0]
        return f"{life.id} is open (epoch {life.epoch}, {life.intents} intents, {life.applied} applied)"
    if rest.must_move and rest.gone and _serves(world, rest.gone):
        return f"{rest.gone} is dark and still serves"
    running = [f"{home}: {name}" for home in _alive(world) for name in _running(world, home)]
    return f"an execution runs on: {running[0]}" if running else None


def _last_truth(world: World) -> Rest:
    rng = world.random
    serving = [region for region in world.regions if _serves(world, region)]
    gone = rng.choice(serving) if serving and rng.random() < 0.8 else None
    if gone is None:
        return Rest(None, must_move=False)
    dark(world, gone)
    others = [region for region in world.regions if region != gone]
    return Rest(gone, must_move=_serves(world, gone) and any(_all_on(world, region) for region in others))


def _keep_broken(world: World, rest: Rest) -> None:
    """Break what the rest must live with.

    It is at most two ARC endpoints, one controller, and one observer's way to the controllers.
    """
    rng, faults = world.random, world.cloud.faults
    told = []
    for endpoint in rng.sample(ENDPOINTS, rng.randint(0, 1 if rest.gone in ENDPOINTS else 2)):
        faults.arc.setdefault(endpoint, rng.choice(("refused", "hung")))
        told.append(f"arc {endpoint}")
        rest.promise = "L2"
    ill = rng.choice(world.homes)
    match rng.randrange(10):
        case 0:
            within(world, faults.controllers_dead, ill)
            world.truth.begin("stopped", ill)
            told.append(f"{ill} dead")
            rest.promise = "L1"
        case 1:
            within(world, faults.controllers_frozen, ill)
            world.truth.begin("stopped", ill)
            told.append(f"{ill} frozen")
        case 2:
            within(world, faults.cut_off, ill)
            world.truth.begin("cut-off", ill)
            told.append(f"{ill} cut off")
        case 3:
            within(world, faults.journal_unreachable, ill)
            told.append(f"{ill} without journal")
        case 4:
            call(world, CallRule("hung", service="dynamodb", regions=(ill,), part=b"tidegate-evidence"))
            told.append(f"{ill} without evidence")
            rest.promise = "L4"
        case 5 if rest.gone:
            within(world, faults.deaf, rest.gone)
            within(world, faults.apis_dark, rest.gone)
            told.append(f"{rest.gone} deaf")
            rest.promise = "L3"
        case 6 | 7 | 8:
            fate: Fate = rng.choice(("hung", "lost", "slow", "dies"))
            call(world, CallRule(fate, rate=0.3, delay=1.5, home=ill))
            told.append(f"{ill} limps: {fate}")
        case 9:
            call(world, CallRule("refused", service="sns", home=ill))
            told.append(f"{ill} cannot page")
    world.trace.note("liveness", rest.gone or "", f"stays broken: {', '.join(told) or 'nothing'}")


def _tend(world: World, hand: People, rest: Rest, passed: float) -> None:
    """Do what a person does who watches over it.

    They acknowledge what has ended, arm, and evacuate at last: only what a page told them of.
    """
    record, names = world.watch.record, world.standings.names
    if record.disarmed is not None:
        hand.act("arms", lambda d: commands.arm(d, on=True, who="dora", reason="over"))
    if record.fleet_disarmed is not None:
        hand.act("arms all", lambda d: commands.arm_fleet(d, on=True, who="dora", reason="over"))
    for life in record.lives.values():
        if life.ended is not None and not life.acknowledged and _known(world, life):
            name = life.id
            hand.act(
                f"acknowledges {name}",
                lambda d, name=name: commands.acknowledge(d, name, who="dora", reason="over"),  # type: ignore[misc]
            )
    for life in record.open:
        ill = life.source if life.intent == "drill" else life.target
        long = world.now - life.opened > 2 * HAND
        stays = life.applied and passed > HAND and (ill == rest.gone or long)
        if stays and ill == rest.gone and life.intent != "drill" and world.seed % 4 == 1:
            _move_back(world, life.source)
        # Who asked for it was told by the command itself that it holds; of any other a page must have told.
        elif _only_holds(world, life) or (stays and names.get(life.id, -inf) > life.opened):
            name = life.id
            hand.act(
                f"stands down {name}",
                lambda d, name=name: commands.stand_down(d, name, who="dora", reason="it holds"),  # type: ignore[misc]
            )
    for region, until in record.muted.items():
        if until > world.now:
            hand.act(
                f"unmutes {region}",
                lambda d, r=region: commands.mute(d, r, seconds=0.0, who="dora", reason="over"),  # type: ignore[misc]
            )
    gone = rest.gone
    standing = world.standings.of(gone) if gone else None
    told = standing is not None and standing.heard(standing.told) is not None
    if passed > HAND and rest.must_move and gone and told and not record.open and _serves(world, gone):
        rest.promise = "L7"
        hand.act(f"evacuates {gone}", lambda d: commands.evacuate(d, gone, who="dora", reason="it is dark"))


def _known(world: World, life: Life) -> bool:
    """Return True where an incident ended a minute ago or more, and a page named it."""
    return life.ended is not None and world.now - life.ended > 60.0 and life.id in world.standings.names


def _only_holds(world: World, life: Life) -> bool:
    return bool(life.requested_by) and not life.intents and world.now - life.opened > HOLDS


def _move_back(world: World, source: str) -> None:
    """Turn on by hand what was left, as *target-failing* says."""
    for control in world.policy.regions[source].controls:
        if not world.cloud.switch.is_on(control):
            turn(world, control)


def _serves(world: World, region: str) -> bool:
    return any(world.cloud.switch.is_on(control) for control in world.policy.regions[region].controls)


def _all_on(world: World, region: str) -> bool:
    return all(world.cloud.switch.is_on(control) for control in world.policy.regions[region].controls)


def _alive(world: World) -> list[str]:
    return [home for home in world.homes if not world.cloud.faults.stopped(home)]


def _running(world: World, home: str) -> list[str]:
    params = {"stateMachineArn": machine_arn(home, ACCOUNT), "statusFilter": "RUNNING"}
    return [
        str(run["name"]) for run in world.cloud.call("states", "ListExecutions", home, params)["executions"]
    ]
