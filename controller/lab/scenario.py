"""What can go wrong, by name: what breaks when, and what must come of it. A twin differs in one fact."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from controller.lab.flood import flood
from controller.lab.stage import Stage
from controller.rehearsal.arc.controls import ENDPOINTS

Act = Callable[[Stage, str], None]


@dataclass(frozen=True, slots=True)
class Step:
    """At `at` seconds after the break, `act(stage, region)`; `says` is shown to people."""

    at: float
    says: str
    act: Act


@dataclass(frozen=True, slots=True)
class Scenario:
    """`must`: traffic moves, or stays. pages: people must be told. lasts: seconds after the break, at most.

    still_until: nothing may move before this many seconds.
    """

    name: str
    says: str
    must: Literal["move", "stay"]
    steps: tuple[Step, ...]
    lasts: float = 1200.0
    pages: bool = False
    still_until: float = 0.0


def _dark(stage: Stage, region: str) -> None:
    stage.faults.dark.add(region)
    if region in ENDPOINTS:
        stage.faults.arc[region] = "refused"


def _heal(stage: Stage, region: str) -> None:
    stage.faults.dark.discard(region)
    stage.faults.apis_dark.discard(region)
    stage.faults.errors.pop(region, None)
    stage.faults.arc.pop(region, None)


def _deaf(stage: Stage, region: str) -> None:
    _dark(stage, region)
    stage.faults.apis_dark.add(region)
    stage.faults.deaf.add(region)


def _gray(stage: Stage, region: str) -> None:
    stage.faults.errors[region] = 0.2


def _one_observer(stage: Stage, _region: str) -> None:
    stage.faults.bad_network.add(stage.cloud.plan.controller)


def _blind(stage: Stage, region: str) -> None:
    stage.faults.no_metrics.add(region)


def _endpoints_hung(stage: Stage, region: str) -> None:
    _dark(stage, region)
    for endpoint in (region, "eu-west-1"):
        stage.faults.arc[endpoint] = "hung"


def _all_endpoints_hung(stage: Stage, region: str) -> None:
    _dark(stage, region)
    for endpoint in ENDPOINTS:
        stage.faults.arc[endpoint] = "hung"


def _endpoints_back(stage: Stage, region: str) -> None:
    for endpoint in ENDPOINTS:
        if endpoint != region:
            stage.faults.arc.pop(endpoint, None)


def _all_red(stage: Stage, _region: str) -> None:
    for region in stage.policy.regions:
        _dark(stage, region)


def _other_heals(stage: Stage, region: str) -> None:
    for other in stage.policy.regions:
        if other != region:
            _heal(stage, other)


SCENARIOS: dict[str, Scenario] = {
    scenario.name: scenario
    for scenario in (
        Scenario(
            "region-dark",
            "the application, its canaries and its ARC endpoint in one Region are dead",
            "move",
            (Step(0, "{region} goes dark", _dark),),
        ),
        Scenario(
            "blip-43s",
            "the same, for 43 seconds",
            "stay",
            (Step(0, "{region} goes dark", _dark), Step(43, "{region} is back", _heal)),
            lasts=900,
        ),
        Scenario(
            "gray",
            "one request in five fails in one Region; nothing is down",
            "move",
            (Step(0, "20 % of requests fail in {region}", _gray),),
        ),
        Scenario(
            "one-observer",
            "one observer's own network is bad: its canaries see everything fail",
            "stay",
            (Step(0, "the third Region's canaries lose their network", _one_observer),),
            lasts=900,
        ),
        Scenario(
            "eventbridge-deaf",
            "a Region is dark, its APIs do not answer, its event bus delivers nothing",
            "move",
            (Step(0, "{region} goes dark and deaf", _deaf),),
        ),
        Scenario(
            "blind",
            "alarms have no data; customers are fine",
            "stay",
            (Step(0, "the metrics of {region} stop", _blind),),
            lasts=900,
        ),
        Scenario(
            "endpoints-down",
            "a Region is dark and two ARC endpoints hang, its own among them",
            "move",
            (Step(0, "{region} goes dark, two ARC endpoints hang", _endpoints_hung),),
        ),
        Scenario(
            "all-endpoints-down",
            "a Region is dark and no ARC endpoint answers for fifteen minutes",
            "move",
            (
                Step(0, "{region} goes dark, all ARC endpoints hang", _all_endpoints_hung),
                Step(900, "ARC endpoints answer again", _endpoints_back),
            ),
            lasts=2100,
            pages=True,
            still_until=900,
        ),
        Scenario(
            "all-red",
            "every Region looks dead",
            "stay",
            (Step(0, "all Regions go dark", _all_red),),
            lasts=1200,
            pages=True,
        ),
        Scenario(
            "all-red-heals",
            "every Region looks dead, then all but one heal",
            "move",
            (Step(0, "all Regions go dark", _all_red), Step(900, "all but {region} heal", _other_heals)),
            lasts=2700,
            pages=True,
            still_until=900,
        ),
        Scenario(
            "flood",
            "thirteen hours of stale ALARM events arrive at once; customers are fine",
            "stay",
            (Step(0, "a backlog of stale events arrives from {region}", flood),),
            lasts=600,
        ),
    )
}
