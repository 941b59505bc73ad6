"""The scenarios of what breaks by itself, each with its twin.

One of them delivers at once thirteen hours of alarm events that a deaf bus kept. In the last two somebody
moves routing controls by hand (`DRIFTING`): that is seen and told, never fought.
"""

from controller.core.policy.schema import AlarmSignal
from controller.lab.environment.environment import Stage
from controller.lab.scenarios import actions
from controller.lab.scenarios.actions import dark, turn
from controller.lab.scenarios.scenario import Scenario, Step
from controller.rehearsal.service import ACCOUNT, iso

HOURS, EVERY = 13, 300.0
"""One transition of each alarm in five minutes, as of a flapping alarm.

EVERY is in seconds.
"""


def flood(stage: Stage, region: str) -> None:
    """Publish old events in which every alarm of `region` is red, many times."""
    now = stage.kernel.now()
    names = [
        source.alarm.replace("{region}", region)
        for sources in stage.policy.signals.values()
        for source in sources
        if isinstance(source, AlarmSignal)
    ]
    for step in range(int(HOURS * 3600 / EVERY), 0, -1):
        for name in names:
            stage.cloud.publish(region, stale_alarm(name, region, now - 60 - step * EVERY, step))


def stale_alarm(name: str, region: str, at: float, number: int) -> dict[str, object]:
    state = {
        "value": "ALARM",
        "reason": "Threshold Crossed",
        "timestamp": iso(at).replace("Z", "+0000"),
    }
    return {
        "version": "0",
        "id": f"00000000-0000-4000-8000-{abs(hash_of(name)) % 16**4:04x}{number:08x}",
        "detail-type": "CloudWatch Alarm State Change",
        "source": "aws.cloudwatch",
        "account": ACCOUNT,
        "time": iso(at),
        "region": region,
        "resources": [f"arn:aws:cloudwatch:{region}:{ACCOUNT}:alarm:{name}"],
        "detail": {"alarmName": name, "state": state, "previousState": {"value": "OK"}},
    }


def hash_of(name: str) -> int:
    """Return a small number that is the same in every run."""
    return sum(ord(letter) * 31**index for index, letter in enumerate(name))


OUTAGES: tuple[Scenario, ...] = (
    Scenario(
        "region-dark",
        "the application, its canaries and its ARC endpoint in one Region are dead",
        "move",
        (Step(0, "{region} goes dark", actions.dark),),
    ),
    Scenario(
        "blip-43s",
        "the same, for 43 seconds",
        "stay",
        (Step(0, "{region} goes dark", actions.dark), Step(43, "{region} is back", actions.heal)),
        lasts=900,
    ),
    Scenario(
        "gray",
        "one request in five fails in one Region; nothing is down",
        "move",
        (Step(0, "20 % of requests fail in {region}", actions.gray),),
    ),
    Scenario(
        "one-observer",
        "one observer's own network is bad: its canaries see everything fail",
        "stay",
        (Step(0, "the third Region's canaries lose their network", actions.one_observer),),
        lasts=900,
    ),
    Scenario(
        "eventbridge-deaf",
        "a Region is dark, its APIs do not answer, its event bus delivers nothing",
        "move",
        (Step(0, "{region} goes dark and deaf", actions.deaf),),
    ),
    Scenario(
        "blind",
        "alarms have no data; customers are fine",
        "stay",
        (Step(0, "the metrics of {region} stop", actions.blind),),
        lasts=900,
    ),
    Scenario(
        "endpoints-down",
        "a Region is dark and two ARC endpoints hang, its own among them",
        "move",
        (Step(0, "{region} goes dark, two ARC endpoints hang", actions.endpoints_hung),),
    ),
    Scenario(
        "all-endpoints-down",
        "a Region is dark and no ARC endpoint answers for fifteen minutes",
        "move",
        (
            Step(0, "{region} goes dark, all ARC endpoints hang", actions.all_endpoints_hung),
            Step(900, "ARC endpoints answer again", actions.endpoints_back),
        ),
        lasts=2100,
        pages=True,
        still_until=900,
    ),
    Scenario(
        "all-red",
        "every Region looks dead",
        "stay",
        (Step(0, "all Regions go dark", actions.all_red),),
        lasts=1200,
        pages=True,
    ),
    Scenario(
        "all-red-heals",
        "every Region looks dead, then all but one heal",
        "move",
        (
            Step(0, "all Regions go dark", actions.all_red),
            Step(900, "all but {region} heal", actions.other_heals),
        ),
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


def _by_hand(stage: Stage, region: str) -> None:
    turn(stage, stage.policy.regions[region].controls[0], on=False)


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
