"""The faults of deployments and schedules: policies that change in mid-move, cold starts, ticks."""

import random
from collections.abc import Mapping
from functools import partial
from typing import Any

from controller.core.policy.schema import Policy
from controller.core.policy.validation import compiled
from controller.lab.policy_files.overlay import overlaid
from controller.lab.simulate.faults.regions import Fault, Stop
from controller.lab.simulate.world.world import World

STAGGER = 40.0
"""Seconds from the deployment of one controller to that of the next."""
LATEST = 59.0
"""Seconds by which a tick is late at most: two of them are up to 119 s apart."""
WINDOW = [{"cron": "0 * * * *", "for": "59m", "reason": "freeze"}]


def policy_rolls_out(world: World) -> Stop:
    """Deploy a new policy to one controller now.

    The others get it when the fault ends.
    """
    fresh = overlaid(world.policy, {"limits": {"cooldown": f"{world.random.randint(4, 30)}m"}})
    first = world.random.choice(world.homes)
    world.deploy(first, fresh)
    world.trace.note("deploy", first, fresh.digest[:12])

    def rest() -> None:
        for home in world.homes:
            if home != first or world.deployments[home].policy != compiled(fresh):
                world.deploy(home, fresh)  # another may have gone over the first since
        world.trace.note("deploy", "", f"{fresh.digest[:12]} everywhere")

    return rest


def policy_changes(world: World, changes: Mapping[str, Any] | None = None) -> Stop:
    """Deploy a policy with other controls, waves or limits, one controller after the other.

    When the fault ends, the old words are deployed anew.
    """
    fresh = overlaid(
        world.policy, world.random.choice(_other_words(world.policy)) if changes is None else changes
    )
    on = [True]

    def one(home: str) -> None:
        if on[0]:
            world.deploy(home, fresh)
            world.trace.note("deploy", home, f"{fresh.digest[:12]} {fresh.enforcement}")

    for number, home in enumerate(world.random.sample(world.homes, len(world.homes))):
        world.kernel.after(number * STAGGER, partial(one, home))

    def back() -> None:
        on[0] = False
        for home in world.homes:
            world.deploy(home, world.policy)
        world.trace.note("deploy", "", f"{world.policy.digest[:12]} everywhere")

    return back


def _other_words(policy: Policy) -> list[Mapping[str, Any]]:
    """Return changes of a policy, each of which a move may meet on its way."""
    fewer = {region: {"controls": list(entry.controls[1:])} for region, entry in policy.regions.items()}
    words: list[Mapping[str, Any]] = [
        {"evacuate": {"waves": [1], "settle": "20s"}},
        {"enforcement": "shadow"},
        {"timezone": "UTC", "limits": {"blackout": WINDOW}},
        {"evacuate": {"approval": "leads"}},
    ]
    return words + [{"regions": fewer}] * 2 if all(one["controls"] for one in fewer.values()) else words


def policy_rolled_back(world: World) -> Stop:
    """Deploy a new policy to one controller, and roll it back: nobody has what the journal names.

    When the fault ends, the new one is deployed everywhere.
    """
    fresh = overlaid(world.policy, {"limits": {"cooldown": f"{world.random.randint(31, 59)}m"}})
    first, ends, on = world.random.choice(world.homes), [lambda: None], [True]
    made = {home: world.deployments[home].deployed for home in world.homes}
    world.deploy(first, fresh)
    world.trace.note("deploy", first, fresh.digest[:12])

    def back() -> None:
        if not on[0]:
            return
        world.deploy(first, world.policy, made=made[first])
        named = world.watch.record.digests[-1:] == [fresh.digest]
        world.trace.note("deploy", first, f"{world.policy.digest[:12]}, rolled back")
        if named:
            ends[0] = world.truth.begin("superseded", "")

    world.kernel.after(100.0, back)

    def everywhere() -> None:
        on[0] = False
        ends[0]()
        for home in world.homes:
            world.deploy(home, fresh)
        world.trace.note("deploy", "", f"{fresh.digest[:12]} everywhere")

    return everywhere


def cold_starts(world: World) -> Stop:
    """Let every few seconds the processes of a home begin anew, without what they remembered."""
    on, rng = [True], world.random

    def again() -> None:
        if on[0]:
            world.deploy(rng.choice(world.homes))
            world.kernel.after(rng.uniform(5.0, 40.0), again)

    again()

    def stop() -> None:
        on[0] = False

    return stop


def ticks_late(world: World) -> Stop:
    """Let each tick begin up to `LATEST` seconds late."""
    rng = random.Random(world.random.random())  # noqa: S311 - a run must repeat
    return _ticks(world, lambda _home: rng.uniform(0.0, LATEST))


def ticks_lost(world: World) -> Stop:
    """Lose every third tick of each home; the one after comes early in its minute, as the others do."""
    counted = dict.fromkeys(world.homes, world.random.randrange(3))

    def delay(home: str) -> float | None:
        counted[home] += 1
        return 0.0 if counted[home] % 3 else None

    return _ticks(world, delay)


def _ticks(world: World, delay: Any) -> Stop:
    world.tick_delay = delay

    def stop() -> None:
        if world.tick_delay is delay:
            world.tick_delay = lambda _home: 0.0

    return stop


DEPLOYMENTS: dict[str, Fault] = {
    "policy-rolls-out": policy_rolls_out,
    "policy-changes": policy_changes,
    "policy-rolled-back": policy_rolled_back,
    "cold-starts": cold_starts,
    "ticks-late": ticks_late,
    "ticks-lost": ticks_lost,
}
