"""Composite alarms: their children, the suppression of their actions, and cycles."""

import json

import pytest

from controller.rehearsal.service import AwsError
from tests.rehearsal.cloudwatch_world import ARN, World, suppressed_world


def test_a_composite_follows_its_children_at_once() -> None:
    world = World()
    world.alarm("a b")
    world.alarm("c")
    world.composite("both", f'ALARM("a b") AND ALARM("{ARN}c")')
    world.composite("top", "ALARM(both)")
    world.sets("a b", "ALARM")
    assert world.described("both")["StateValue"] == "OK"
    world.sets("c", "ALARM")
    assert world.described("top")["StateValue"] == "ALARM"
    world.sets("c", "INSUFFICIENT_DATA")
    assert [(name, value) for _, name, value in world.changes()] == [
        ("both", "OK"),
        ("top", "OK"),
        ("a b", "ALARM"),
        ("c", "ALARM"),
        ("both", "ALARM"),
        ("top", "ALARM"),
        ("c", "INSUFFICIENT_DATA"),
        ("both", "OK"),
        ("top", "OK"),
    ]


def suppression(world: World, seconds: float = 0) -> str | None:
    world.kernel.run(until=world.kernel.now() + seconds)
    by = world.described("top").get("ActionsSuppressedBy")
    assert by is None or isinstance(by, str)
    return by


def test_suppression_by_the_wait_period_alone() -> None:
    world = suppressed_world()
    world.call("SetAlarmState", AlarmName="child", StateValue="ALARM", StateReason="x")
    assert suppression(world) == "WaitPeriod"
    _, event = world.events[-1]
    assert event["detail"]["state"]["actionsSuppressedBy"] == "WaitPeriod"
    assert event["detail"]["state"]["actionsSuppressedReason"] == "Actions suppressed by WaitPeriod"
    assert suppression(world, 119) == "WaitPeriod"


def test_suppression_by_the_alarm_then_by_the_extension_period() -> None:
    world = suppressed_world()
    world.alarm("child", TreatMissingData="ignore")
    world.alarm("maintenance", TreatMissingData="ignore")
    world.sets("child", "ALARM")
    world.run(60)
    world.sets("maintenance", "ALARM")
    assert suppression(world) == "Alarm"
    assert suppression(world, 1000) == "Alarm"
    world.sets("maintenance", "OK")
    assert suppression(world) == "ExtensionPeriod"
    assert suppression(world, 179) == "ExtensionPeriod"
    assert suppression(world, 1) is None
    world.sets("maintenance", "ALARM")
    assert suppression(world) is None, "actions that ran already cannot be suppressed"


def test_the_wait_period_ends_and_actions_run() -> None:
    world = suppressed_world()
    world.alarm("child", TreatMissingData="ignore")
    world.sets("child", "ALARM")
    assert suppression(world, 119) == "WaitPeriod"
    assert suppression(world, 1) is None


def test_a_cycle_of_composites_is_refused() -> None:
    world = World()
    world.composite("a", "TRUE")
    world.composite("b", "ALARM(a)")
    with pytest.raises(AwsError, match="cycle"):
        world.composite("a", "ALARM(b)")


def test_a_suppression_that_is_under_way_ends_after_a_restart() -> None:
    before = suppressed_world()
    before.alarm("child", TreatMissingData="ignore")
    before.sets("child", "ALARM")
    after = World()
    after.kernel.clock = before.kernel.clock
    after.alarms.restore(json.loads(json.dumps(before.alarms.dump())))
    assert suppression(after, 119) == "WaitPeriod"
    assert suppression(after, 1) is None
