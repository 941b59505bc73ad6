"""The scenarios of leaving in waves, coming home and drilling, each with its twin."""

from collections.abc import Mapping
from typing import Any

from controller.lab.environment.approvers import by_operator
from controller.lab.environment.environment import Stage
from controller.lab.scenarios.actions import dark, gray, heal, other_heals
from controller.lab.scenarios.scenario import Scenario, Step
from controller.steps.operator import commands
from controller.steps.operator.commands import evacuate

WELL = {"in": "source", "family": "all", "is": "healthy", "for": "5m"}
HOME: Mapping[str, Any] = {
    "restore": {"when": WELL, "approval": "oncall", "waves": [1, 1, 2], "settle": "30s"},
    "limits": {"cooldown": "10m"},
}
WAVES: Mapping[str, Any] = {"evacuate": {"waves": [1, 1, 2], "settle": "60s"}}
DRILLS: Mapping[str, Any] = {
    "drills": {"stay": "5m", "abortWhen": [{"in": "target", "family": "customer", "is": "breaching"}]},
}

COUNTED: Mapping[str, Any] = {"namespace": "Storefront", "metric": "Requests"}
PROOF: Mapping[str, Any] = {
    # Canaries go on asking a Region that was left; a rehearsal has so few customers that they are a quarter.
    "traffic": {**COUNTED, "atMost": "30%", "within": "5m", "ifUnknown": "hold"},
}
SCHEDULED: Mapping[str, Any] = {"timezone": "UTC", "drills": {"cron": "12 8 * * *", **DRILLS["drills"]}}
SHUT: Mapping[str, Any] = {
    "limits": {"blackout": [{"cron": "0 8 * * *", "for": "30m", "reason": "release"}]},
}
"""A blackout window.

A rehearsal begins at eight and breaks seven minutes later: the drill's schedule comes 320 s after the break.
"""


def _by_hand(stage: Stage, region: str) -> None:
    stage.later(lambda deps: evacuate(deps, region, who=by_operator(deps), reason="maintenance"))


def _drill(stage: Stage, region: str) -> None:
    stage.later(lambda deps: commands.drill(deps, region, who=by_operator(deps), reason="weekly drill"))


def _target_gray(stage: Stage, region: str) -> None:
    for other in stage.policy.regions:
        if other != region:
            gray(stage, other)


HOMECOMING = (
    Scenario(
        "waves",
        "a Region is dark; traffic leaves it slice by slice",
        "move",
        (Step(0, "{region} goes dark", dark),),
        policy=WAVES,
    ),
    Scenario(
        "waves-rollback",
        "a healthy Region is left by hand, slice by slice, and the target fails under way",
        "stay",
        (
            Step(0, "an operator leaves {region}", _by_hand),
            Step(30, "20 % of requests fail in the target", _target_gray),
            Step(600, "the target is well again", other_heals),
        ),
        policy={"evacuate": {"waves": [1, 1, 2], "settle": "120s", "ifVerifyFails": "rollback"}},
        lasts=900,
        pages=True,
    ),
    Scenario(
        "restore",
        "a Region is dark for ten minutes, and comes home once it has been well for long enough",
        "return",
        (Step(0, "{region} goes dark", dark), Step(600, "{region} is back", heal)),
        policy=HOME,
        lasts=2700,
    ),
    Scenario(
        "restore-too-early",
        "a Region is dark, and falls ill again whenever it has been well for three minutes",
        "move",
        (
            Step(0, "{region} goes dark", dark),
            *(
                step
                for at in (600, 960, 1320, 1680)
                for step in (Step(at, "{region} is back", heal), Step(at + 180, "{region} goes dark", dark))
            ),
        ),
        policy=HOME,
        lasts=2000,
        to_the_end=True,
    ),
    Scenario(
        "drill",
        "a drill while all is well: leave, stay five minutes, come home",
        "return",
        (Step(0, "an operator drills {region}", _drill),),
        policy={**DRILLS, **PROOF},
        lasts=1500,
    ),
    Scenario(
        "drill-aborted",
        "a drill in which the target falls ill: home at once",
        "return",
        (
            Step(0, "an operator drills {region}", _drill),
            Step(120, "20 % of requests fail in the target", _target_gray),
            Step(420, "the target is well again", other_heals),
        ),
        policy=DRILLS,
        lasts=1500,
        pages=True,
    ),
    Scenario(
        "drill-scheduled",
        "the hour of the policy's schedule comes while all is well: the same drill, and nobody began it",
        "return",
        (),
        policy=SCHEDULED,
        lasts=1500,
    ),
    Scenario(
        "drill-blacked-out",
        "the same hour, in a window of the policy in which nothing moves by itself: skipped, and said so",
        "stay",
        (),
        policy={**SCHEDULED, **SHUT},
        lasts=420,
        pages=True,
    ),
)
