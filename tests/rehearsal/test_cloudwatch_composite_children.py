"""The children of composite alarms: how many, in which states, and that they stay while they are needed."""

import json
from typing import Any

import pytest

from controller.rehearsal.service import AwsError
from tests.rehearsal.cloudwatch_world import ARN, World, suppressed_world

KIDS = ["a", "b", "c"]


def with_children(names: list[str]) -> World:
    world = World()
    for name in names:
        world.alarm(name)
    return world


def refused(world: World, operation: str, **params: Any) -> str:
    """Return the message of a ValidationError."""
    with pytest.raises(AwsError) as error:
        world.call(operation, **params)
    assert error.value.code == "ValidationError"
    return error.value.message


def state(world: World, name: str = "top") -> str:
    return str(world.described(name)["StateValue"])


@pytest.mark.parametrize(
    ("rule", "steps"),
    [
        ("AT_LEAST(2, ALARM, (a, b, c))", ["OK", "OK", "OK", "ALARM", "OK"]),
        ("AT_LEAST(60%, NOT OK, (a, b, c))", ["ALARM", "OK", "ALARM", "ALARM", "ALARM"]),
        ("AT_LEAST(100%, INSUFFICIENT_DATA, (a, b, c))", ["ALARM", "OK", "OK", "OK", "OK"]),
    ],
)
def test_a_quorum_is_judged_again_at_each_change_of_a_child(rule: str, steps: list[str]) -> None:
    """The children begin without data; then a and b are well, a fails, b fails, b has no data."""
    world = with_children(KIDS)
    world.composite("top", rule)
    seen = [state(world)]
    for change in (("a", "OK", "b", "OK"), ("a", "ALARM"), ("b", "ALARM"), ("b", "INSUFFICIENT_DATA")):
        for name, value in zip(change[::2], change[1::2], strict=True):
            world.sets(name, value)
        seen.append(state(world))
    assert seen == steps


def test_a_quorum_survives_a_restart_and_takes_arns() -> None:
    before = with_children(KIDS)
    before.composite("top", f'AT_LEAST(2, ALARM, ({ARN}a, "{ARN}b", c))')
    after = World()
    after.alarms.restore(json.loads(json.dumps(before.alarms.dump())))
    after.sets("a", "ALARM")
    after.sets("b", "ALARM")
    assert state(after) == "ALARM"


def any_of(names: list[str]) -> str:
    return " OR ".join(f"ALARM({name})" for name in names)


def listed(names: list[str]) -> str:
    return f"AT_LEAST(1, ALARM, ({', '.join(names)}))"


@pytest.mark.parametrize("write", [any_of, listed])
def test_a_rule_names_a_hundred_alarms_and_no_more(write: Any) -> None:
    names = [f"kid{number}" for number in range(101)]
    world = with_children(names)
    world.composite("top", write(names[:100]))
    assert "101" in refused(world, "PutCompositeAlarm", AlarmName="more", AlarmRule=write(names))
    half = f"({write(names[:51])}) OR {write(names[50:])}"
    assert "101" in refused(world, "PutCompositeAlarm", AlarmName="more", AlarmRule=half)


def test_an_alarm_that_is_named_twice_is_one_child() -> None:
    names = [f"kid{number}" for number in range(100)]
    world = with_children(names)
    world.composite("top", f"{any_of(names)} OR OK(kid0) OR ALARM({ARN}kid1)")
    assert state(world) == "OK"


def test_a_rule_has_five_hundred_elements_and_ten_thousand_characters_at_most() -> None:
    world = World()
    world.composite("top", " OR ".join(["TRUE"] * 500))
    for rule in (" OR ".join(["TRUE"] * 501), "(" * 30 + "TRUE" + ")" * 30 + " OR TRUE" * 440):
        assert "500" in refused(world, "PutCompositeAlarm", AlarmName="more", AlarmRule=rule)
    world.composite("long", "TRUE OR" + " " * (10_240 - 11) + "TRUE")
    assert "10240" in refused(world, "PutCompositeAlarm", AlarmName="more", AlarmRule="TRUE" + " " * 10_240)


@pytest.mark.parametrize("rule", [" TRUE", "TRUE ", "TRUE\n"])
def test_space_around_a_rule_is_refused(rule: str) -> None:
    assert "whitespace" in refused(World(), "PutCompositeAlarm", AlarmName="top", AlarmRule=rule)


def test_a_missing_child_is_named_also_in_a_list() -> None:
    world = with_children(["a"])
    told = refused(world, "PutCompositeAlarm", AlarmName="top", AlarmRule="AT_LEAST(1, OK, (a, no, nor))")
    assert told == "Could not save the composite alarm as alarms [no, nor] in the alarm rule do not exist"


def test_an_alarm_is_in_the_rules_of_a_hundred_and_fifty_composites_at_most() -> None:
    world = with_children(["a"])
    for number in range(150):
        world.composite(f"top{number}", "ALARM(a)")
    assert "150" in refused(world, "PutCompositeAlarm", AlarmName="more", AlarmRule="ALARM(a)")
    world.composite("top7", "OK(a)")  # an update of one of them


@pytest.mark.parametrize(
    "rule",
    [
        "ALARM(a)",
        f'ALARM("{ARN}a")',
        "NOT (OK(a) OR TRUE)",
        "AT_LEAST(1, NOT OK, (b, a))",
        "INSUFFICIENT_DATA(a)",
    ],
)
def test_a_child_that_is_needed_is_not_deleted(rule: str) -> None:
    world = with_children(["a", "b"])
    world.composite("top", rule)
    before = state(world)
    told = refused(world, "DeleteAlarms", AlarmNames=["a"])
    assert told == "Cannot delete a as there are composite alarm(s) depending on it."
    assert (state(world), world.described("a")["AlarmName"]) == (before, "a")


def test_one_that_is_needed_keeps_the_others_of_the_call() -> None:
    world = with_children(KIDS)
    world.composite("top", "ALARM(a) OR ALARM(b)")
    told = refused(world, "DeleteAlarms", AlarmNames=["c", "b", "a"])
    assert told == "Cannot delete b,a as there are composite alarm(s) depending on them."
    assert world.described("c")["AlarmName"] == "c"


def test_a_composite_that_another_one_names_is_not_deleted() -> None:
    world = with_children(["a"])
    world.composite("middle", "ALARM(a)")
    world.composite("top", "ALARM(middle)")
    assert "depending on it" in refused(world, "DeleteAlarms", AlarmNames=["middle", "a"])
    world.call("DeleteAlarms", AlarmNames=["top"])
    world.call("DeleteAlarms", AlarmNames=["middle", "a"])


@pytest.mark.parametrize("names", [["top", "a", "b"], ["a", "top", "b"], ["a", "a", "b", "top"]])
def test_a_composite_goes_together_with_its_children(names: list[str]) -> None:
    world = with_children(KIDS)
    world.composite("top", "ALARM(a) OR ALARM(b)")
    world.call("DeleteAlarms", AlarmNames=names)
    left = world.call("DescribeAlarms", AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    assert [alarm["AlarmName"] for alarm in left["MetricAlarms"]] == ["c"]
    assert left["CompositeAlarms"] == []


def test_a_child_that_no_rule_names_any_more_is_deleted() -> None:
    world = with_children(["a", "b"])
    world.composite("top", "ALARM(a) OR ALARM(b)")
    world.composite("top", "ALARM(b)")
    world.call("DeleteAlarms", AlarmNames=["a"])


def test_a_call_deletes_one_composite_and_a_hundred_alarms_at_most() -> None:
    world = with_children([f"a{number}" for number in range(101)])
    world.composite("one", "TRUE")
    world.composite("two", "TRUE")
    assert "one composite" in refused(world, "DeleteAlarms", AlarmNames=["one", "two"])
    every = [f"a{number}" for number in range(101)]
    assert "100" in refused(world, "DeleteAlarms", AlarmNames=every)
    world.call("DeleteAlarms", AlarmNames=[*every[:99], "one"])


def test_a_suppressor_is_needed_too() -> None:
    world = suppressed_world()
    assert "depending on it" in refused(world, "DeleteAlarms", AlarmNames=["maintenance"])
    world.call("DeleteAlarms", AlarmNames=["top", "maintenance"])


def test_children_and_parents_are_described() -> None:
    world = with_children(KIDS)
    world.composite("middle", "AT_LEAST(1, ALARM, (b, a))")
    world.composite("top", "ALARM(middle) OR OK(c)")

    def named(**params: Any) -> list[str]:
        answer = world.call("DescribeAlarms", **params)
        return [alarm["AlarmName"] for alarm in (*answer["MetricAlarms"], *answer["CompositeAlarms"])]

    assert named(ChildrenOfAlarmName="top") == ["c", "middle"]
    assert named(ChildrenOfAlarmName="middle") == ["a", "b"]
    assert named(ParentsOfAlarmName="a") == ["middle"]
    assert named(ParentsOfAlarmName="top") == []
    assert named(ChildrenOfAlarmName="middle", MaxRecords=1) == ["a"]
    refused(world, "DescribeAlarms", ChildrenOfAlarmName="top", ParentsOfAlarmName="a")
    refused(world, "DescribeAlarms", ChildrenOfAlarmName="top", StateValue="OK")
    with pytest.raises(AwsError, match="ResourceNotFound"):
        named(ChildrenOfAlarmName="none")


def test_alarms_are_described_by_their_actions() -> None:
    world = World()
    world.alarm("a", AlarmActions=["arn:aws:sns:us-east-1:123456789012:mine"])
    world.alarm("b", OKActions=["arn:aws:lambda:us-east-1:123456789012:function:f"])
    found = world.call("DescribeAlarms", ActionPrefix="arn:aws:sns")["MetricAlarms"]
    assert [alarm["AlarmName"] for alarm in found] == ["a"]
