"""Scenarios of what breaks by itself, each with its twin."""

from controller.lab import acts
from controller.lab.flood import flood
from controller.lab.scenario import Scenario, Step

OUTAGES: tuple[Scenario, ...] = (
    Scenario(
        "region-dark",
        "the application, its canaries and its ARC endpoint in one Region are dead",
        "move",
        (Step(0, "{region} goes dark", acts.dark),),
    ),
    Scenario(
        "blip-43s",
        "the same, for 43 seconds",
        "stay",
        (Step(0, "{region} goes dark", acts.dark), Step(43, "{region} is back", acts.heal)),
        lasts=900,
    ),
    Scenario(
        "gray",
        "one request in five fails in one Region; nothing is down",
        "move",
        (Step(0, "20 % of requests fail in {region}", acts.gray),),
    ),
    Scenario(
        "one-observer",
        "one observer's own network is bad: its canaries see everything fail",
        "stay",
        (Step(0, "the third Region's canaries lose their network", acts.one_observer),),
        lasts=900,
    ),
    Scenario(
        "eventbridge-deaf",
        "a Region is dark, its APIs do not answer, its event bus delivers nothing",
        "move",
        (Step(0, "{region} goes dark and deaf", acts.deaf),),
    ),
    Scenario(
        "blind",
        "alarms have no data; customers are fine",
        "stay",
        (Step(0, "the metrics of {region} stop", acts.blind),),
        lasts=900,
    ),
    Scenario(
        "endpoints-down",
        "a Region is dark and two ARC endpoints hang, its own among them",
        "move",
        (Step(0, "{region} goes dark, two ARC endpoints hang", acts.endpoints_hung),),
    ),
    Scenario(
        "all-endpoints-down",
        "a Region is dark and no ARC endpoint answers for fifteen minutes",
        "move",
        (
            Step(0, "{region} goes dark, all ARC endpoints hang", acts.all_endpoints_hung),
            Step(900, "ARC endpoints answer again", acts.endpoints_back),
        ),
        lasts=2100,
        pages=True,
        still_until=900,
    ),
    Scenario(
        "all-red",
        "every Region looks dead",
        "stay",
        (Step(0, "all Regions go dark", acts.all_red),),
        lasts=1200,
        pages=True,
    ),
    Scenario(
        "all-red-heals",
        "every Region looks dead, then all but one heal",
        "move",
        (Step(0, "all Regions go dark", acts.all_red), Step(900, "all but {region} heal", acts.other_heals)),
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
