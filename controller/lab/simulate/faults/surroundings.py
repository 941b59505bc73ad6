"""The faults around the application: readiness, alarms, and people who move controls.

Readiness is poor or silent, alarms are deleted, and somebody turns controls by hand.
"""

from collections.abc import Callable
from contextlib import suppress
from email.utils import formatdate
from functools import partial
from typing import Any

from controller.core.journal.kind import Kind
from controller.lab.simulate.faults.regions import Fault, Stop, every, within
from controller.lab.simulate.world.facts import Fact
from controller.lab.simulate.world.outputs import HOSTILE
from controller.lab.simulate.world.world import World
from controller.rehearsal.service import AwsError
from controller.rehearsal.services.arc.data_plane import SERVICE
from controller.rehearsal.services.arc.safety_rules import SafetyRule, rule_arn
from controller.rehearsal.services.readiness import PROVIDERS

BETWEEN = (Kind.SHIFT_APPLIED, Kind.SHIFT_VERIFIED)
"""Kinds of events at which a wave has moved."""


def unready(world: World, region: str | None = None) -> Stop:
    """Let quotas and readiness checks speak against a Region."""
    region = region or world.random.choice(world.regions)
    return every(within(world, world.cloud.faults.unready, region), world.truth.begin("unready", region))


def readiness_flaps(world: World) -> Stop:
    return now_and_then(world, partial(unready, world, world.random.choice(world.regions)), 15.0, 120.0)


def now_and_then(world: World, begin: Callable[[], Stop], least: float, most: float) -> Stop:
    """Turn a fault on, off, on again, each for a random time."""
    on, last = [True], [begin()]

    def turn(is_on: bool) -> None:
        last[0]()
        if on[0]:
            last[0] = begin() if is_on else lambda: None
            world.kernel.after(world.random.uniform(least, most), lambda: turn(not is_on))

    def stop() -> None:
        on[0] = False
        last[0]()

    world.kernel.after(world.random.uniform(least, most), lambda: turn(False))
    return stop


def readiness_silent(world: World) -> Stop:
    """Let the providers of readiness answer nobody."""
    return every(*(within(world, world.cloud.faults.mute, name) for name in PROVIDERS))


def alarms_deleted(world: World) -> Stop:
    """Delete the alarms of a Region, and make them anew later.

    CloudWatch keeps an alarm that a composite names, so the composites go first and come last.
    """
    region = world.random.choice(world.regions)
    ends = within(world, world.gone, region)
    if world.held[id(world.gone), region] > 1:
        return ends  # somebody else deleted them before, and will make them anew
    mine = [alarm.members for alarm in world.cloud.plan.alarms if alarm.region == region]
    composites = [members for members in mine if "AlarmRule" in members]
    simple = [members for members in mine if "AlarmRule" not in members]
    names = [members["AlarmName"] for members in simple]
    for gone in (*([each["AlarmName"]] for each in composites), names):
        world.cloud.call("monitoring", "DeleteAlarms", region, {"AlarmNames": gone})

    def make() -> None:
        ends()
        for members in simple:
            world.cloud.call("monitoring", "PutMetricAlarm", region, dict(members))
        for members in composites:
            world.cloud.call("monitoring", "PutCompositeAlarm", region, dict(members))

    return make


def turn(world: World, control: str, *, on: bool = True) -> None:
    """Turn a control On or Off, as somebody does with the AWS command line."""
    state = "On" if on else "Off"
    entry = {"RoutingControlArn": world.cloud.controls[control], "RoutingControlState": state}
    world.trace.note("by-hand", "", f"{control} {state}")
    with suppress(AwsError):  # ARC says no, in a rule's wait period; whoever it is tries again, or does not
        world.cloud.call(SERVICE, "UpdateRoutingControlState", "ap-southeast-2", entry)


def by_hand(world: World) -> Stop:
    """Let somebody with the AWS command line turn controls On that are Off."""
    on = [True]

    def something() -> None:
        off = [name for name in world.cloud.controls if not world.cloud.switch.is_on(name)]
        if off and on[0]:
            turn(world, world.random.choice(off))
        if on[0]:
            world.kernel.after(world.random.uniform(10.0, 90.0), something)

    def stop() -> None:
        on[0] = False

    something()
    return stop


def by_hand_between_waves(world: World) -> Stop:
    """Let somebody turn a control, On or Off, between two waves of a move."""
    on, rng = [True], world.random

    def something() -> None:
        name = rng.choice(list(world.cloud.controls))
        turn(world, name, on=not world.cloud.switch.is_on(name))

    def look(fact: Fact) -> None:
        if on[0] and fact.kind == "append" and fact.data["event"].kind in BETWEEN and rng.random() < 0.5:
            world.kernel.after(rng.uniform(1.0, 15.0), something)

    world.trace.watchers.append(look)

    def stop() -> None:
        on[0] = False

    return stop


def safety_rule(world: World) -> Stop:
    """Make a rule that a slice must be On everywhere.

    Then no Region can be left any more.
    """
    first = [entry.controls[0] for entry in world.policy.regions.values()]
    arn = rule_arn(world.cloud.arc.panel, 1000 + world.trace.step)
    world.cloud.arc.add_rule(SafetyRule("on-everywhere", arn, tuple(first), threshold=len(first)))
    return lambda: world.cloud.arc.drop_rule(arn)


def zone_notice(world: World) -> Stop:
    """Let AWS Health say of one zone of a Region that it is ill."""
    region = world.random.choice(world.regions)
    arn = f"arn:aws:health:{region}::event/EC2/AWS_EC2_OPERATIONAL_ISSUE/{region}"

    def tell(status: str) -> None:
        at = formatdate(world.now, usegmt=True)
        detail: dict[str, Any] = {
            "eventArn": arn, "service": "EC2", "eventTypeCode": "AWS_EC2_OPERATIONAL_ISSUE",
            "eventTypeCategory": "issue", "eventScopeCode": "PUBLIC", "eventRegion": region,
            "statusCode": status, "startTime": at, "communicationId": f"{region}-{world.trace.step}",
            "eventDescription": [{"language": "en_US", "latestDescription": f"use1-az4: {HOSTILE}"}],
        }  # fmt: skip
        event = {"source": "aws.health", "detail-type": "AWS Health Event", "detail": detail}
        world.cloud.events[region].publish(event)

    tell("open")
    return every(world.truth.begin("zone-notice", region), lambda: tell("closed"))


SURROUNDINGS: dict[str, Fault] = {
    "unready": unready,
    "readiness-flapping": readiness_flaps,
    "readiness-silent": readiness_silent,
    "alarms-deleted": alarms_deleted,
    "by-hand": by_hand,
    "by-hand-between-waves": by_hand_between_waves,
    "safety-rule": safety_rule,
    "zone-notice": zone_notice,
}
