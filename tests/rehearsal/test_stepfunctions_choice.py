"""Choice rules and paths where moto is no oracle: types that differ, escapes, indexes within paths."""

from typing import Any

import pytest

from tests.rehearsal.stepfunctions_world import World, states

DATA = {
    "flag": True,
    "one": 1,
    "text": "2026",
    "star": "a*b",
    "starless": "axb",
    "slash": "a\\b",
    "at": "2026-01-01T01:00:00+01:00",
    "list": [{"a": 1}, {"a": [5, 6]}],
}


@pytest.mark.parametrize(
    ("rule", "chosen"),
    [
        ({"Variable": "$.flag", "NumericEquals": 1}, False),
        ({"Variable": "$.flag", "IsNumeric": True}, False),
        ({"Variable": "$.one", "BooleanEquals": True}, False),
        ({"Variable": "$.one", "NumericEquals": 1.0}, True),
        ({"Variable": "$.one", "StringEquals": "1"}, False),
        ({"Variable": "$.text", "IsTimestamp": True}, False),
        ({"Variable": "$.at", "TimestampEquals": "2026-01-01T00:00:00Z"}, True),
        ({"Variable": "$.at", "TimestampEqualsPath": "$.text"}, False),
        ({"Variable": "$.star", "StringMatches": "a\\*b"}, True),
        ({"Variable": "$.starless", "StringMatches": "a\\*b"}, False),
        ({"Variable": "$.starless", "StringMatches": "a*"}, True),
        ({"Variable": "$.starless", "StringMatches": "*a"}, False),
        ({"Variable": "$.starless", "StringMatches": "a.b"}, False),
        ({"Variable": "$.slash", "StringMatches": "a\\\\b"}, True),
        ({"Variable": "$.list[1].a[0]", "NumericEquals": 5}, True),
        ({"Variable": "$.list[2]", "IsPresent": False}, True),
        ({"Variable": "$.text[0]", "IsPresent": False}, True),
        ({"Variable": "$.one.deep", "IsPresent": False}, True),
        ({"Variable": "$$.Execution.Name", "StringEquals": "run"}, True),
    ],
)
def test_a_rule_chooses(rule: dict[str, Any], chosen: bool) -> None:
    world = World()
    choice = {"Type": "Choice", "Choices": [{**rule, "Next": "Yes"}], "Default": "No"}
    succeed = {"Type": "Succeed"}
    arn = world.start(states("C", C=choice, Yes=succeed, No=succeed), DATA)
    world.run()
    assert world.events(arn)[3]["stateEnteredEventDetails"]["name"] == ("Yes" if chosen else "No")


def test_result_path_replaces_inside_a_list_and_leaves_the_input_alone() -> None:
    world = World()
    put = {"Type": "Pass", "Result": 9, "ResultPath": "$.list[1].a[0]", "End": True}
    arn = world.start(states("P", P=put), DATA)
    world.run()
    assert world.output(arn)["list"] == [{"a": 1}, {"a": [9, 6]}]
