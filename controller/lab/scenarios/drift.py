"""The scenarios in which somebody moves routing controls by hand.

It is seen and told, never fought.
"""

from controller.lab.environment.environment import Stage
from controller.lab.scenarios.actions import dark
from controller.lab.scenarios.scenario import Scenario, Step
from controller.rehearsal.services.arc.data_plane import SERVICE


def _by_hand(stage: Stage, region: str) -> None:
    """Turn one of the Region's controls Off, as with the AWS command line."""
    name = stage.policy.regions[region].controls[0]
    entry = {"RoutingControlArn": stage.cloud.controls[name], "RoutingControlState": "Off"}
    stage.cloud.call(SERVICE, "UpdateRoutingControlState", "ap-southeast-2", entry)


DRIFTING = (
    Scenario(
        "drift",
        "a Region is dark, and somebody turns one of its controls Off by hand meanwhile",
        "move",
        (
            Step(0, "{region} goes dark", dark),
            Step(60, "somebody turns one control of {region} Off by hand", _by_hand),
        ),
        pages=True,
    ),
    Scenario(
        "drift-alone",
        "somebody turns a control Off by hand; customers are fine",
        "stay",
        (Step(0, "somebody turns one control of {region} Off by hand", _by_hand),),
        lasts=600,
        pages=True,
    ),
)
