"""The scenarios in which the controllers themselves fail, each with its twin."""

from controller.lab.environment.environment import Stage
from controller.lab.scenarios import actions
from controller.lab.scenarios.actions import once_asked
from controller.lab.scenarios.scenario import Scenario, Step
from controller.rehearsal.blueprint import machine_arn
from controller.rehearsal.service import ACCOUNT

FROZEN = 300.0
"""Seconds of a freeze; longer than a takeover takes."""


def _driver(stage: Stage) -> str:
    """Return the controller Region in which an execution runs.

    On a slow machine that is not always the first one.
    """
    for region in stage.cloud.plan.controllers:
        found = stage.cloud.call(
            "states", "ListExecutions", region, {"stateMachineArn": machine_arn(region, ACCOUNT)}
        )
        if any(execution["status"] == "RUNNING" for execution in found["executions"]):
            return region
    return stage.cloud.plan.controller


def _die(stage: Stage) -> None:
    stage.faults.controllers_dead.add(_driver(stage))


def _freeze(stage: Stage) -> None:
    driver = _driver(stage)
    stage.faults.controllers_frozen.add(driver)
    stage.kernel.after(FROZEN, lambda: stage.faults.controllers_frozen.discard(driver))


def _cut_off(stage: Stage, _region: str) -> None:
    stage.faults.cut_off.add(stage.cloud.plan.controller)


CONTROLLERS: tuple[Scenario, ...] = (
    Scenario(
        "controller-dies",
        "a Region is dark; the controller that drives its evacuation dies once people were asked",
        "move",
        (
            Step(0, "{region} goes dark; its driver will die once people are asked", actions.dark),
            Step(0, "the driver's end is set", once_asked(_die)),
        ),
        pages=True,
    ),
    Scenario(
        "controller-freezes",
        "the same, but the driver only stands still for five minutes, and then goes on where it was",
        "move",
        (
            Step(0, "{region} goes dark; its driver will freeze once people are asked", actions.dark),
            Step(0, "the driver's freeze is set", once_asked(_freeze)),
        ),
        lasts=1500,
        pages=True,
        to_the_end=True,
    ),
    Scenario(
        "cut-off",
        "the first controller hears nothing from outside; every Region is well",
        "stay",
        (Step(0, "nothing reaches the first controller any more", _cut_off),),
        lasts=900,
    ),
    Scenario(
        "cut-off-dark",
        "twin: the same, and a Region really is dark: the second controller acts",
        "move",
        (
            Step(0, "nothing reaches the first controller any more", _cut_off),
            Step(0, "{region} goes dark", actions.dark),
        ),
    ),
)
