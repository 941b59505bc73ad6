"""The circumstances of precedence and of silence: who waits behind whom, and who is told.

Each was once a Region that failed and was not left, or not told, for hours. A run meets its circumstance
where what is right has come about; an invariant breaks it where it has not.
```
 L8 untold   L9 behind a return   L10 stopped   L11 half at home   L12 on the way home   L13 unanswered
 S20 home    S21 own blindness    S23 another policy
```
"""

from collections.abc import Callable, Mapping
from functools import partial

from controller.core.journal.kind import Kind
from controller.lab.simulate.directed import (
    ASKS,
    BRIEFLY,
    EAST,
    RETURNS,
    SOON,
    WELL,
    WEST,
    Circumstance,
    dark,
    left_and_well,
    stand_down,
)
from controller.lab.simulate.faults.deployments import policy_changes
from controller.lab.simulate.faults.regions import canaries_stopped
from controller.lab.simulate.faults.scripted import ScriptedFaults
from controller.lab.simulate.faults.surroundings import turn
from controller.lab.simulate.world.weather import CallRule
from controller.lab.simulate.world.world import World

LONG = 1200.0
"""Seconds in which people are told of what does not move, with some to spare."""


def told_of(region: str) -> Callable[[World], bool]:
    """Return whether people have heard of a Region since it was ill."""

    def met(world: World) -> bool:
        standing = world.standings.of(region)
        return standing.ill is not None and standing.told >= standing.ill

    return met


def left(region: str) -> Callable[[World], bool]:
    """Return whether a Region carries nothing any more, and nothing is open."""

    def met(world: World) -> bool:
        return not world.standings.carries(region) and not world.watch.record.open

    return met


def after(kind: Kind, nth: int, met: Callable[[World], bool]) -> Callable[[World], bool]:
    """Return whether `met` is so once the `nth` event of a kind is a minute and a half old."""

    def later(world: World) -> bool:
        found = [event for event in world.watch.record.events if event.kind is kind]
        return len(found) >= nth and world.now - found[nth - 1].at > 90.0 and met(world)

    return later


def poisoned(d: ScriptedFaults) -> None:
    d.after(30.0, lambda: d.begin("fleet-poisoned"))
    d.after(60.0, lambda: dark(d))


def disarmed_and_dark(d: ScriptedFaults) -> None:
    d.arm(20.0, on=False)
    d.after(60.0, lambda: dark(d))


def superseded(d: ScriptedFaults) -> None:
    d.begin("policy-rolled-back")
    d.after(120.0, lambda: dark(d))


def switch_gone(d: ScriptedFaults) -> None:
    """Let no endpoint of ARC answer any more once a wave has moved."""
    d.dark(EAST)
    d.upon(Kind.SHIFT_APPLIED, lambda: d.no_arc(0.0), late=2.0)


def driver_mute(d: ScriptedFaults) -> None:
    """Let the notices of the controller that opens be refused, for good."""
    home = d.world.homes[0]
    d.world.used.add("notices-refused")
    d.world.weather.calls.append(CallRule("refused", service="sns", home=home))
    d.dark(EAST)


def all_mute(d: ScriptedFaults) -> None:
    """Let nobody's notices be taken."""
    d.world.used.add("notices-refused")
    d.world.weather.calls.append(CallRule("refused", service="sns"))
    d.arm(20.0, on=False)
    d.after(60.0, lambda: dark(d))


def untold_written(world: World) -> bool:
    return any(event.kind is Kind.UNTOLD for event in world.watch.record.events)


def not_confirmed(d: ScriptedFaults) -> None:
    """Fail the customers of a Region whose alarms somebody deleted."""
    d.dark(EAST)
    alarms = d.world.cloud.plan.alarms
    names = [alarm.members["AlarmName"] for alarm in alarms if alarm.region == EAST]
    d.world.used.add("alarms-deleted")
    d.world.cloud.call("monitoring", "DeleteAlarms", EAST, {"AlarmNames": names})


def unanswered_return(d: ScriptedFaults) -> None:
    """Let what carries all die while a return waits for an answer that nobody gives."""
    left_and_well(d)
    d.upon(Kind.APPROVAL_REQUESTED, lambda: d.dark(WEST), late=20.0)


def denied_return(d: ScriptedFaults) -> None:
    left_and_well(d)


def denied_once(world: World) -> bool:
    """Return True once a soak has passed since a return was denied."""
    ended = [one.ended for one in world.watch.record.lives.values() if one.end == "approval-denied"]
    return bool(ended) and world.now - (ended[0] or world.now) > 350.0


def stopped(d: ScriptedFaults) -> None:
    d.dark(EAST)
    d.upon(Kind.APPROVAL_REQUESTED, lambda: stand_down(d), late=15.0)


def stays_stopped(world: World) -> bool:
    ended = [one.ended for one in world.watch.record.lives.values() if one.closed_by]
    return bool(ended) and world.now - (ended[0] or world.now) > 300.0


def half_at_home(d: ScriptedFaults) -> None:
    """Turn on by hand all but one control of a Region that was left; then it fails again."""
    stop = d.dark_until(EAST)
    d.upon(Kind.SHIFT_APPLIED, stop)

    def by_hand() -> None:
        for number, control in enumerate(d.world.policy.regions[EAST].controls[:-1]):
            d.after(7.0 * number, partial(turn, d.world, control))

    d.upon(Kind.SETTLED, by_hand, late=30.0)
    d.upon(Kind.SETTLED, lambda: d.dark(EAST), late=60.0)


def turned_between(d: ScriptedFaults) -> None:
    """Turn one control back by hand between two waves of an evacuation."""
    d.dark(EAST)
    first = d.world.policy.regions[EAST].controls[0]
    d.upon(Kind.SHIFT_APPLIED, lambda: turn(d.world, first), late=8.0)


def joined_between(d: ScriptedFaults) -> None:
    """Let a slice join the Region between two waves, which people were not asked about."""
    second = d.world.policy.regions[EAST].controls[1]
    turn(d.world, second, on=False)
    d.after(20.0, lambda: d.dark(EAST))
    d.upon(Kind.SHIFT_APPLIED, lambda: turn(d.world, second), late=8.0)


def fails_on_the_way(d: ScriptedFaults) -> None:
    """Let a Region fail again once the first wave has brought some of it home."""
    left_and_well(d)
    d.upon(Kind.SHIFT_APPLIED, lambda: d.dark(EAST), nth=2)


def silent_on_the_way(d: ScriptedFaults) -> None:
    """Let nothing be heard of a Region any more once the first wave has come home."""
    left_and_well(d)

    def unheard() -> None:
        d.world.used.add("canaries-stopped")
        canaries_stopped(d.world, EAST)

    d.upon(Kind.SHIFT_APPLIED, unheard, nth=2)


def waits_unheard(world: World) -> bool:
    """Return True where a return has stood still for long while nothing was heard."""
    back = [life for life in world.watch.record.open if life.intent == "restore" and life.applied]
    return bool(back) and world.now - back[0].moved > 700.0


def there_and_back(d: ScriptedFaults) -> None:
    left_and_well(d)


def came_home(world: World) -> bool:
    ends = [one.intent for one in world.watch.record.lives.values() if one.end == str(Kind.SETTLED)]
    return "restore" in ends


def own_blindness(d: ScriptedFaults) -> None:
    """Deny all polls; then customers fail, and no alarm has fired yet."""
    world = d.world
    world.used.add("polls-denied")
    world.weather.calls.append(CallRule("denied", service="monitoring", operation="DescribeAlarms"))
    world.truth.begin("no-look", "")
    d.dark(EAST, 330.0)


def fewer_slices(d: ScriptedFaults) -> None:
    """Deploy a policy without the first slice once the first wave is verified."""
    d.dark(EAST)

    def changes() -> None:
        d.world.used.add("policy-changes")
        fewer = {r: {"controls": list(e.controls[1:])} for r, e in d.world.policy.regions.items()}
        policy_changes(d.world, {"regions": fewer})

    d.upon(Kind.SHIFT_VERIFIED, changes)


def last_slice_removed(d: ScriptedFaults) -> None:
    """Deploy a policy without a slice that is still to move."""
    d.dark(EAST)

    def changes() -> None:
        d.world.used.add("policy-changes")
        fewer = {r: {"controls": list(e.controls[:-1])} for r, e in d.world.policy.regions.items()}
        policy_changes(d.world, {"regions": fewer})

    d.upon(Kind.SHIFT_APPLIED, changes)


def other_waves(d: ScriptedFaults) -> None:
    """Deploy a policy that moves all at once, while a move goes by ones."""
    d.dark(EAST)

    def changes() -> None:
        d.world.used.add("policy-changes")
        policy_changes(d.world, {"evacuate": {"waves": [50], "settle": "20s"}})

    d.upon(Kind.SHIFT_INTENDED, changes)


def opened_or_told(world: World) -> bool:
    lives = world.watch.record.lives.values()
    return told_of(EAST)(world) or any(life.intent == "evacuate" for life in lives)


FOUR = {region: {"controls": [f"{region}-{n}" for n in range(4)]} for region in (EAST, WEST)}
TWELVE = {region: {"controls": [f"{region}-{n}" for n in range(12)]} for region in (EAST, WEST)}
THREE = {r: {"controls": [f"{r}-{n}" for n in range(3)]} for r in (EAST, WEST, "eu-west-1")}
BY_ONES = {"evacuate": {"waves": [1], "settle": "20s"}, "regions": FOUR}
ASKED_BY_ONES = {"evacuate": {"waves": [1], "settle": "20s", "approval": "one"}, "regions": FOUR}
GATED: dict[str, object] = {"when": WELL, "approval": "one"}
STEPS: dict[str, object] = {"when": WELL, "approval": "none", "waves": [1], "settle": "20s"}
SLOW_STEPS = STEPS | {"settle": "6m"}
FAILING = {"in": "source", "family": "customer", "is": "breaching", "observers": 2, "for": "1m"}
FIRING = {"in": "source", "family": "service", "is": "breaching", "signals": 1, "for": "1m"}
SILENT = {"in": "source", "family": "service", "is": "silent", "signals": "all", "for": "2m"}
BLINDLY = {"regions": {EAST: {"evacuate": {"when": {"all": [FAILING, {"any": [FIRING, SILENT]}]}}}}}
ALARMS_TOO = {"regions": {EAST: {"evacuate": {"when": {"all": [FAILING, FIRING]}}}}}
PRECEDENCE: Mapping[str, Circumstance] = {
    "untold-poisoned": Circumstance(poisoned, met=told_of(EAST), within=LONG),
    "untold-disarmed": Circumstance(disarmed_and_dark, met=told_of(EAST), within=LONG),
    "untold-superseded": Circumstance(superseded, met=told_of(EAST), within=LONG),
    "untold-switch": Circumstance(
        switch_gone, BY_ONES, met=after(Kind.SHIFT_APPLIED, 1, told_of(EAST)), within=LONG
    ),
    "untold-unsure": Circumstance(not_confirmed, ALARMS_TOO, met=told_of(EAST), within=LONG),
    "untold": Circumstance(driver_mute, ASKS, words=(None,) * 9, within=600.0),
    "all-mute": Circumstance(all_mute, met=untold_written, within=LONG),
    "return-unanswered": Circumstance(
        unanswered_return,
        {"restore": GATED, "limits": SOON},
        words=(None,) * 9,
        met=left(WEST),
        within=1500.0,
    ),
    "return-denied": Circumstance(
        denied_return, {"restore": GATED, "limits": SOON}, words=(False,) * 60, met=denied_once, within=1200.0
    ),
    "stopped": Circumstance(stopped, ASKS, words=(None,) * 9, met=stays_stopped, within=600.0),
    "half-at-home": Circumstance(
        half_at_home, RETURNS | {"regions": FOUR}, met=after(Kind.SETTLED, 1, left(EAST)), within=1200.0
    ),
    "turned-between": Circumstance(
        turned_between,
        BY_ONES | {"limits": SOON},
        met=after(Kind.SHIFT_APPLIED, 2, left(EAST)),
        within=1200.0,
    ),
    "return-fails": Circumstance(
        fails_on_the_way,
        {"restore": STEPS, "limits": SOON, "regions": FOUR},
        met=after(Kind.SHIFT_APPLIED, 3, left(EAST)),
        within=1500.0,
    ),
    "return-unheard": Circumstance(
        silent_on_the_way,
        {"restore": SLOW_STEPS, "limits": SOON, "regions": FOUR},
        met=waits_unheard,
        within=1800.0,
    ),
    "nobody-answers": Circumstance(
        dark,
        ASKS | BRIEFLY | {"limits": {"cooldown": "20m"}},
        words=(None, True),
        met=left(EAST),
        within=1500.0,
    ),
    "there-and-back": Circumstance(
        there_and_back,
        RETURNS | {"regions": THREE},
        thirds=True,
        scattered=True,
        met=came_home,
        within=900.0,
    ),
    "own-blindness": Circumstance(own_blindness, BLINDLY, met=opened_or_told, within=1300.0),
    "policy-removed": Circumstance(last_slice_removed, BY_ONES, within=600.0),
    "other-plan": Circumstance(joined_between, ASKED_BY_ONES, words=(True, True), within=600.0),
    "fewer-slices": Circumstance(fewer_slices, BY_ONES, met=left(EAST), within=LONG),
    "other-waves": Circumstance(other_waves, BY_ONES, met=left(EAST), within=600.0),
    "many-controls": Circumstance(dark, {"regions": TWELVE}, met=left(EAST), within=300.0),
}
