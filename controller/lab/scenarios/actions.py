"""The actions of scenarios: each breaks one thing in the rehearsal, or heals it."""

from collections.abc import Callable

from controller.lab.environment.environment import Stage
from controller.lab.scenarios.scenario import Act
from controller.rehearsal.services.arc.data_plane import ENDPOINTS, SERVICE

LOOK = 0.2


def dark(stage: Stage, region: str) -> None:
    stage.faults.dark.add(region)
    if region in ENDPOINTS:
        stage.faults.arc[region] = "refused"


def heal(stage: Stage, region: str) -> None:
    stage.faults.dark.discard(region)
    stage.faults.apis_dark.discard(region)
    stage.faults.errors.pop(region, None)
    stage.faults.arc.pop(region, None)


def deaf(stage: Stage, region: str) -> None:
    dark(stage, region)
    stage.faults.apis_dark.add(region)
    stage.faults.deaf.add(region)


def gray(stage: Stage, region: str) -> None:
    stage.faults.errors[region] = 0.2


def one_observer(stage: Stage, _region: str) -> None:
    stage.faults.bad_network.add(stage.cloud.plan.controller)


def blind(stage: Stage, region: str) -> None:
    stage.faults.no_metrics.add(region)


def endpoints_hung(stage: Stage, region: str) -> None:
    dark(stage, region)
    for endpoint in (region, "eu-west-1"):
        stage.faults.arc[endpoint] = "hung"


def all_endpoints_hung(stage: Stage, region: str) -> None:
    dark(stage, region)
    for endpoint in ENDPOINTS:
        stage.faults.arc[endpoint] = "hung"


def endpoints_back(stage: Stage, region: str) -> None:
    for endpoint in ENDPOINTS:
        if endpoint != region:
            stage.faults.arc.pop(endpoint, None)


def all_red(stage: Stage, _region: str) -> None:
    for region in stage.policy.regions:
        dark(stage, region)


def other_heals(stage: Stage, region: str) -> None:
    for other in stage.policy.regions:
        if other != region:
            heal(stage, other)


def once_asked(then: Callable[[Stage], None]) -> Act:
    """Return an act that does something after people were first asked."""

    def act(stage: Stage, region: str) -> None:
        before = len(stage.cloud.outbox.notices)

        def look() -> None:
            asked = (f"leave {region}" in notice.subject for notice in stage.cloud.outbox.notices[before:])
            if any(asked):
                then(stage)
            else:
                stage.kernel.after(LOOK, look)

        look()

    return act


def turn(stage: Stage, name: str, *, on: bool) -> None:
    """Turn one control as with the AWS command line, from outside of tidegate."""
    entry = {"RoutingControlArn": stage.cloud.controls[name], "RoutingControlState": "On" if on else "Off"}
    stage.cloud.call(SERVICE, "UpdateRoutingControlState", "ap-southeast-2", entry)
