"""What the storm breaks is whole again once it is healed, in whichever order faults end."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import pytest

from controller.entry.simulation import plant
from controller.lab.simulate.faults.controllers import BREAKAGE
from controller.lab.simulate.faults.deployments import DEPLOYMENTS
from controller.lab.simulate.faults.regions import OUTAGES, Stop, dark
from controller.lab.simulate.faults.surroundings import SURROUNDINGS
from controller.lab.simulate.world.application import LENGTHS, matrix_policy
from controller.lab.simulate.world.world import World, make_world

FAULTS = {**OUTAGES, **BREAKAGE, **DEPLOYMENTS, **SURROUNDINGS}
FOR_GOOD = {"notices-refused"}
"""Faults that nothing heals, on purpose."""
SETTLED = 450.0
"""Seconds after which nothing of a fault that ended is still to come."""


@pytest.fixture
def world() -> Iterator[World]:
    made = make_world(1, plant(), policy=matrix_policy(LENGTHS["brief"]))
    made.begin()
    later(made, 10.0)
    yield made
    made.close()


def later(world: World, seconds: float) -> None:
    world.kernel.run(until=world.now + seconds)


def begun(world: World, name: str, draw: int) -> Stop:
    """Let a fault begin; the same `draw` meets the same part of the world."""
    world.random.seed(draw)
    return FAULTS[name](world)


def alarms(world: World, region: str) -> set[str]:
    found = world.cloud.call(
        "monitoring", "DescribeAlarms", region, {"AlarmTypes": ["MetricAlarm", "CompositeAlarm"]}
    )
    return {alarm["AlarmName"] for kind in ("MetricAlarms", "CompositeAlarms") for alarm in found[kind]}


def parts(world: World) -> dict[str, Any]:
    """Return how each part is that a fault may break."""
    plans = world.cloud.plan
    return {
        "faults": asdict(world.cloud.faults),
        "lag": world.cloud.arc.lag,
        "rules": world.cloud.arc.rules,
        "clocks": {home: world.machines[home].skew for home in world.homes},
        "calls": [*world.weather.calls],
        "events": [*world.weather.events],
        "gone": {*world.gone},
        "canaries": {
            (each.canary.runs_in, each.canary.name): each.state
            for region in plans.regions
            for each in world.synthetics.canaries(region)
        },
        "alarms": {region: alarms(world, region) for region in world.regions},
        "ticks": [world.tick_delay(home) for home in world.homes],
        "ill": [key for key in world.truth.spans if world.truth.unbroken((key[0],), key[1])],
    }


@pytest.mark.parametrize("name", sorted({*FAULTS} - FOR_GOOD))
@pytest.mark.parametrize("draws", [(1, 1), (1, 2)], ids=("the same part", "another part"))
def test_a_fault_that_came_twice_and_ended_in_order_leaves_nothing_broken(
    world: World, name: str, draws: tuple[int, int]
) -> None:
    before = parts(world)
    first, second = (begun(world, name, draw) for draw in draws)
    later(world, 5.0)
    first()
    later(world, 5.0)
    second()
    later(world, SETTLED)
    assert parts(world) == before
    policies = [deployment.policy for deployment in world.deployments.values()]
    assert all(policy == policies[0] for policy in policies)


def test_a_region_that_came_and_went_takes_nothing_along_of_what_is_dark_afterwards(world: World) -> None:
    stop = begun(world, "region-flapping", 1)
    (region,) = world.cloud.faults.dark
    stop()
    dark(world, region)
    later(world, SETTLED)
    assert world.cloud.faults.arc == {region: "refused"}
