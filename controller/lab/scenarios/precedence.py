"""The scenarios of who waits behind whom, of a no, and of what was turned on by hand."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from controller.lab.environment.approvers import by_operator
from controller.lab.environment.environment import Stage
from controller.lab.scenarios.actions import dark, heal, once_asked, turn
from controller.lab.scenarios.scenario import Act, Scenario, Step
from controller.lab.scenarios.second_region import second_of
from controller.steps.context.deps import Deps
from controller.steps.context.journalling import read_state
from controller.steps.operator import commands
from controller.steps.operator.commands import Done

WELL = {"in": "source", "family": "all", "is": "healthy", "for": "5m"}
ASKED_HOME: Mapping[str, Any] = {
    "evacuate": {"approval": "none"},
    "restore": {"when": WELL, "approval": "oncall"},
    "limits": {"cooldown": "15m"},
}
FREE: Mapping[str, Any] = {"evacuate": {"approval": "none"}, "limits": {"cooldown": "15m"}}
LONG: Mapping[str, Any] = {**ASKED_HOME, "limits": {"cooldown": "4h"}}


def _second_dark(stage: Stage, region: str) -> None:
    dark(stage, second_of(stage, region))


def _ask_home(stage: Stage, region: str) -> None:
    stage.later(lambda deps: commands.restore(deps, region, who=by_operator(deps), reason="it is well"))


def _stop(deps: Deps) -> Done | None:
    about = read_state(deps).open
    if about is None:
        return None
    return commands.stand_down(deps, about.id, who=by_operator(deps), reason="we know what it is")


def _stopped(stage: Stage, region: str) -> None:
    dark(stage, region)
    once_asked(lambda stage: stage.later(_stop))(stage, region)


def _acknowledged(stage: Stage, _region: str) -> None:
    stage.later(_acknowledge)


def _acknowledge(deps: Deps) -> Done | None:
    done = None
    for incident in read_state(deps).incidents:
        done = commands.acknowledge(deps, incident, who=by_operator(deps), reason="it is not what we thought")
    return done


def _by_hand(count: int) -> Act:
    """Return an act that turns on the first `count` controls of the Region, a second apart."""

    def act(stage: Stage, region: str) -> None:
        for place, name in enumerate(stage.policy.regions[region].controls[:count]):
            stage.kernel.after(1.0 + 6.0 * place, partial(turn, stage, name, on=True))

    return act


GOES_DARK = Step(0, "{region} goes dark", dark)
IS_BACK = Step(600, "{region} is back", heal)
PRECEDENCE = (
    Scenario(
        "return-unanswered",
        "nobody answers whether a Region may come home; the one that serves meanwhile goes dark, and is left",
        "return",
        (GOES_DARK, IS_BACK, Step(1800, "the Region that took its traffic goes dark", _second_dark)),
        policy=ASKED_HOME,
        lasts=2700,
        pages=True,
        to_the_end=True,
        people="silent",
        second="move",
    ),
    Scenario(
        "return-unanswered-cooldown",
        "twin: the same within the cooldown: leaving comes first, but no limit is set aside for it",
        "move",
        (
            GOES_DARK,
            IS_BACK,
            Step(960, "an operator asks to bring {region} home", _ask_home),
            Step(1200, "the Region that took its traffic goes dark", _second_dark),
        ),
        policy=LONG,
        lasts=2100,
        pages=True,
        to_the_end=True,
        people="silent",
        second="stay",
    ),
    Scenario(
        "stopped",
        "a Region is dark, and a person stands its evacuation down: it stays so, however long it is dark",
        "stay",
        (Step(0, "{region} goes dark; an operator will stop its evacuation", _stopped),),
        lasts=2400,
        pages=True,
    ),
    Scenario(
        "stopped-acknowledged",
        "twin: after twenty minutes the person acknowledges it: people are asked again, and it is left",
        "move",
        (
            Step(0, "{region} goes dark; an operator will stop its evacuation", _stopped),
            Step(1200, "the operator acknowledges it", _acknowledged),
        ),
        lasts=2400,
        pages=True,
    ),
    Scenario(
        "turned-on-by-hand",
        "three of four slices are brought home by hand, and the Region goes dark again: it is left again",
        "move",
        (
            GOES_DARK,
            IS_BACK,
            Step(700, "an operator turns three of its four controls on by hand", _by_hand(3)),
            Step(1500, "{region} goes dark again", dark),
        ),
        policy=FREE,
        lasts=2400,
        to_the_end=True,
    ),
    Scenario(
        "turned-on-by-hand-well",
        "twin: the same, and it stays well: customers are at home",
        "return",
        (
            GOES_DARK,
            IS_BACK,
            Step(700, "an operator turns three of its four controls on by hand", _by_hand(3)),
        ),
        policy=FREE,
        lasts=1200,
        to_the_end=True,
    ),
)
