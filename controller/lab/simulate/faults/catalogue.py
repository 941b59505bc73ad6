"""The catalogue of faults, by name.

A fault begins when it is called with the world; a call of its result ends it.
"""

from collections.abc import Mapping
from functools import partial

from controller.lab.simulate.faults.console_clicks import CLICKS
from controller.lab.simulate.faults.controllers import BREAKAGE
from controller.lab.simulate.faults.deployments import DEPLOYMENTS
from controller.lab.simulate.faults.people import PEOPLE
from controller.lab.simulate.faults.regions import OUTAGES, Fault, Stop
from controller.lab.simulate.faults.surroundings import SURROUNDINGS
from controller.lab.simulate.world.world import World

PARTS = ("controller-frozen", "arc-hung", "table-down", "journal-unreachable", "bus-deaf", "calls-hung")
"""Parts that a swizzle stops."""


def swizzle(world: World) -> Stop:
    """Stop a random subset of parts one by one.

    They go on in another order.
    """
    rng = world.random
    stops: list[Stop] = []
    going_on = [False]

    def one(part: str) -> None:
        if not going_on[0]:
            stops.append(FAULTS[part](world))

    for part in rng.sample(PARTS, rng.randint(2, len(PARTS))):
        world.kernel.after(rng.uniform(0.0, 60.0), partial(one, part))

    def go_on() -> None:
        going_on[0] = True
        rng.shuffle(stops)
        for number, stop in enumerate(stops):
            world.kernel.after(number * rng.uniform(0.0, 15.0), stop)

    return go_on


FAULTS: Mapping[str, Fault] = {
    **OUTAGES,
    **BREAKAGE,
    **PEOPLE,
    **DEPLOYMENTS,
    **SURROUNDINGS,
    **CLICKS,
    "swizzle": swizzle,
}


def begin(world: World, name: str) -> Stop:
    """Let a fault begin; its name is kept for coverage."""
    world.trace.note("fault", "", name)
    world.used.add(name)
    stop = FAULTS[name](world)
    world.watch.begins(name)
    return stop
