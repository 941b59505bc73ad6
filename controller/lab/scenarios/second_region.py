"""The scenarios in which a second Region fails after the first evacuation.

The block that follows an evacuation is still on, so only a person leaves the second Region.
"""

from collections.abc import Mapping
from typing import Any

from controller.lab.environment.approvers import by_operator
from controller.lab.environment.environment import Stage
from controller.lab.scenarios.actions import dark, gray
from controller.lab.scenarios.scenario import Scenario, Step
from controller.steps.operator.commands import evacuate

THIRD = "eu-west-1"
SLICES = "abcd"
THREE: Mapping[str, Any] = {
    "regions": {THIRD: {"controls": [f"euw1-{letter}" for letter in SLICES]}},
    "target": {"prefer": ["us-west-2", "us-east-1", THIRD]},
}
BREAKS, ASKED = 480.0, 900.0
"""Seconds after the first break, at which the next two steps come.

BREAKS: the second Region breaks, after the first move. ASKED: a person asks, after people were told that the
cooldown alone stands in the way.
"""


def second_of(stage: Stage, region: str) -> str:
    """Return the Region that takes the traffic of `region`, and then breaks too."""
    return next(other for other in stage.policy.target.prefer if other != region)


def _second_dark(stage: Stage, region: str) -> None:
    dark(stage, second_of(stage, region))


def _by_hand(stage: Stage, region: str) -> None:
    second = second_of(stage, region)
    stage.later(lambda deps: evacuate(deps, second, who=by_operator(deps), reason="customers fail"))


FIRST = Step(0, "20 % of requests fail in {region}", gray)
BREAK = Step(BREAKS, "the Region that took its traffic goes dark", _second_dark)
ASK = Step(ASKED, "an operator asks to leave that one too", _by_hand)

SECOND = (
    Scenario(
        "second-region",
        "the Region that took a failing one's traffic goes dark within the cooldown; a person leaves it",
        "move",
        (FIRST, BREAK, ASK),
        policy=THREE,
        lasts=1140,
        pages=True,
        to_the_end=True,
        second="move",
    ),
    Scenario(
        "second-region-last",
        "the same, and there is no third Region: the person is refused",
        "move",
        (FIRST, BREAK, ASK),
        lasts=1080,
        pages=True,
        to_the_end=True,
        second="stay",
    ),
)
