"""Circumstances in which something was found, beside those of a code: what was mended must be met."""

from collections.abc import Mapping

from controller.core.journal import Kind
from controller.lab.simulate.circumstances import EAST, WEST, Circumstance, stand_down
from controller.lab.simulate.hands import Hands
from controller.lab.simulate.weather import CallRule
from controller.lab.simulate.world import World
from controller.rehearsal.arc.controls import SERVICE
from controller.steps.operator import commands


def target_dies_and_source_is_well(d: Hands) -> None:
    """A person leaves a Region that is well, for one that dies."""
    d.person(100.0, "evacuates", lambda deps: commands.evacuate(deps, EAST, who="ben", reason="simulated"))
    d.upon(Kind.SHIFT_APPLIED, lambda: d.dark(WEST))


def rolled_back(world: World) -> bool:
    return any(event.kind is Kind.ROLLED_BACK for event in world.watch.record.events)


def lands_unseen(d: Hands) -> None:
    """It is applied, but no reply comes and nothing can be read; then the target dies, for good."""
    weather = d.world.weather
    rules = [
        CallRule("lost", service=SERVICE, part=b'"Off"'),
        CallRule("refused", service=SERVICE, operation="ListRoutingControls"),
    ]

    def again() -> None:
        for rule in rules:
            weather.end(rule)

    d.dark(EAST)
    d.upon(Kind.SHIFT_INTENDED, lambda: weather.calls.extend(rules))
    d.upon(Kind.SHIFT_INTENDED, lambda: d.dark(WEST), late=1.0)
    d.upon(Kind.SHIFT_INTENDED, again, late=150.0)


def written(world: World) -> bool:
    return any(event.kind is Kind.SHIFT_APPLIED for event in world.watch.record.events)


def falls_silent(d: Hands) -> None:
    """Once all has moved nobody hears of the target any more, so that nobody knows whether it is ready."""
    d.dark(EAST)
    d.upon(Kind.SHIFT_APPLIED, d.nothing_arrives)


def settled(world: World) -> bool:
    return any(event.kind is Kind.SETTLED for event in world.watch.record.events)


def given_up_between(d: Hands) -> None:
    """A person ends it between two states: what looks next finds it ended."""
    left = [1]

    def entered(_home: str, state: str) -> None:
        if state == "ConfirmReadiness" and left:
            left.pop()
            stand_down(d)

    d.dark(EAST)
    d.world.watch.entered.append(entered)


def ended_plainly(world: World) -> bool:
    ended = [life for life in world.watch.record.lives.values() if life.ended is not None]
    return (
        bool(ended) and world.now - (ended[0].ended or 0.0) > 30.0 and "illegal-move" not in world.watch.codes
    )


ROLLS_BACK = {"evacuate": {"waves": [4], "settle": "90s", "ifVerifyFails": "rollback"}}
MORE_SLOWLY = {"evacuate": {"waves": [4], "settle": "4m", "ifVerifyFails": "hold"}}
FOUND: Mapping[str, Circumstance] = {
    "rolled-back": Circumstance(target_dies_and_source_is_well, ROLLS_BACK, met=rolled_back, within=360.0),
    "given-up-between": Circumstance(given_up_between, met=ended_plainly),
    "lands-unseen": Circumstance(lands_unseen, met=written, within=420.0),
    "falls-silent": Circumstance(falls_silent, MORE_SLOWLY, met=settled, within=660.0),
}
