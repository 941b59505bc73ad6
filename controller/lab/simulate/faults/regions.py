"""The faults in the world itself: Regions, canaries and metrics.

Regions die and return; canaries and metrics mislead.
"""

from collections.abc import Callable

from controller.lab.simulate.world.world import World
from controller.rehearsal.services.arc.data_plane import ENDPOINTS

Stop = Callable[[], None]
Fault = Callable[[World], Stop]


def every(*stops: Stop) -> Stop:
    def stop() -> None:
        for one in stops:
            one()

    return stop


def within(world: World, members: set[str], name: str) -> Stop:
    """Put `name` into a set of the rehearsal's faults.

    The last of several that did so takes it out again.
    """
    key, on = (id(members), name), [True]
    world.held[key] += 1
    members.add(name)

    def stop() -> None:
        if on[0]:
            on[0] = False
            world.held[key] -= 1
            if not world.held[key]:
                members.discard(name)

    return stop


def dark(world: World, region: str) -> Stop:
    """Kill the application in a Region, and the ARC endpoint with it."""
    faults = world.cloud.faults
    ends = every(world.truth.begin("dark", region), within(world, faults.dark, region))
    if region not in ENDPOINTS or region in faults.arc:
        return ends
    faults.arc[region] = "refused"
    on = [True]

    def stop() -> None:
        ends()
        if on[0]:  # the endpoint may be another's by the second time
            on[0] = False
            faults.arc.pop(region, None)

    return stop


def region_dark(world: World) -> Stop:
    return dark(world, world.random.choice(world.regions))


def region_gone(world: World) -> Stop:
    """Make a Region dark, its AWS APIs too, its bus deaf.

    Its controller, if it has one, is dead.
    """
    region, faults = world.random.choice(world.regions), world.cloud.faults
    stops = [dark(world, region), within(world, faults.apis_dark, region), within(world, faults.deaf, region)]
    if region in world.homes:
        stops += [within(world, faults.controllers_dead, region), world.truth.begin("stopped", region)]
    return every(*stops)


def region_gray(world: World) -> Stop:
    region, faults = world.random.choice(world.regions), world.cloud.faults
    if region in faults.errors:
        return lambda: None
    faults.errors[region] = world.random.choice((0.2, 0.5, 1.0))
    ends = world.truth.begin("gray", region)

    def stop() -> None:
        ends()
        faults.errors.pop(region, None)

    return stop


def all_red(world: World) -> Stop:
    return every(*(dark(world, region) for region in world.regions))


def blip(world: World) -> Stop:
    """Make a Region dark for 43 seconds, as GitHub was on 2018-10-21."""
    stop = region_dark(world)
    world.kernel.after(43.0, stop)
    return stop


def flapping(world: World) -> Stop:
    """Let a Region come and go every few minutes."""
    region, on = world.random.choice(world.regions), [True]
    last: list[Stop] = [lambda: None]

    def turn(is_dark: bool) -> None:
        last[0]()
        last[0] = dark(world, region) if is_dark and on[0] else lambda: None
        if on[0]:
            world.kernel.after(world.random.uniform(40.0, 400.0), lambda: turn(not is_dark))

    def stop() -> None:
        on[0] = False
        last[0]()

    turn(True)
    return stop


def observer_misled(world: World) -> Stop:
    """Let all canaries that run in one Region fail, whatever they test.

    One Region at a time: two are evidence.
    """
    place = world.random.choice(sorted({plan.runs_in for plan in world.cloud.plan.canaries}))
    if world.cloud.faults.bad_network:
        return lambda: None
    return every(within(world, world.cloud.faults.bad_network, place), world.truth.begin("misled", place))


def canaries_stopped(world: World, region: str | None = None) -> Stop:
    """Let somebody stop all canaries that test one Region: nobody hears of its customers any more.

    The last of several that did so starts them again, whichever of them was the first.
    """
    region = region or world.random.choice(world.regions)
    what, mine = f"canaries of {region}", [plan for plan in world.cloud.plan.canaries if region in plan.name]
    ends = within(world, world.gone, what)
    for plan in mine:
        world.synthetics.stop(plan.runs_in, plan.name)

    def start() -> None:
        ends()
        for plan in mine if what not in world.gone else ():
            world.synthetics.start(plan.runs_in, plan.name)

    return start


def no_metrics(world: World) -> Stop:
    return within(world, world.cloud.faults.no_metrics, world.random.choice(world.regions))


def no_polls(world: World) -> Stop:
    return within(world, world.cloud.faults.mute, "monitoring")


def bus_deaf(world: World) -> Stop:
    return within(world, world.cloud.faults.deaf, world.random.choice(world.cloud.plan.regions))


def replication_paused(world: World) -> Stop:
    return within(world, world.cloud.faults.replication_paused, world.random.choice(world.regions))


OUTAGES: dict[str, Fault] = {
    "region-dark": region_dark,
    "region-gone": region_gone,
    "region-gray": region_gray,
    "region-flapping": flapping,
    "blip-43s": blip,
    "all-red": all_red,
    "observer-misled": observer_misled,
    "canaries-stopped": canaries_stopped,
    "no-metrics": no_metrics,
    "no-polls": no_polls,
    "bus-deaf": bus_deaf,
    "replication-paused": replication_paused,
}
