"""Our interpreter against moto's, on small definitions: the same events in the same order, the same output.

moto waits on the wall clock, so waits are of no seconds here. Events of branches that run side by
side have no fixed order there: these are compared branch by branch. Left out, because moto differs from
AWS's documentation: a path that goes on after an index (`$.list[1].a`, moto answers with a list), an
escaped asterisk in StringMatches, and an output that is a bare string (moto drops its quotes).
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.rehearsal.stepfunctions_oracle import by_strand, ended, history, moto_client, start
from tests.rehearsal.stepfunctions_world import World, states

PASS = {"Type": "Pass", "End": True}


def choice(*rules: dict[str, Any], default: str | None = "No") -> dict[str, Any]:
    state = {"Type": "Choice", "Choices": [{**rule, "Next": "Yes"} for rule in rules]}
    if default is not None:
        state["Default"] = default
    return states(
        "C", C=state, Yes={"Type": "Pass", "Result": {"chosen": "yes"}, "End": True}, No={"Type": "Succeed"}
    )


def var(path: str, **condition: Any) -> dict[str, Any]:
    return {"Variable": path, **condition}


DATA = {
    "n": 7,
    "f": 1.5,
    "s": "storm*x",
    "yes": True,
    "nothing": None,
    "at": "2026-01-01T00:00:00Z",
    "list": [{"a": 1}, {"a": 2}],
    "deep": {"er": {"x": 1}},
}
CASES: dict[str, dict[str, Any]] = {
    "pass_result": states("P", P={"Type": "Pass", "Result": {"a": [1, 2]}, "End": True}),
    "pass_paths": states(
        "P",
        P={
            "Type": "Pass",
            "InputPath": "$.deep",
            "Parameters": {"x.$": "$.er.x", "fixed": [1, {"y.$": "$.er"}], "name.$": "$$.State.Name"},
            "ResultPath": "$.deep.made",
            "OutputPath": "$.deep",
            "Next": "Q",
        },
        Q=PASS,
    ),
    "pass_result_path_null": states("P", P={**PASS, "Result": 1, "ResultPath": None}),
    "pass_new_path": states("P", P={**PASS, "Result": 1, "ResultPath": "$.new.deeper"}),
    "pass_index": states("P", P={**PASS, "InputPath": "$.list[1]"}),
    "pass_quoted": states("P", P={**PASS, "InputPath": "$['deep']['er']"}),
    "context_execution_name": states("P", P={**PASS, "Parameters": {"n.$": "$$.Execution.Name"}}),
    "context_execution_input": states("P", P={**PASS, "Parameters": {"n.$": "$$.Execution.Input.n"}}),
    "succeed": states("S", S={"Type": "Succeed", "InputPath": "$.deep"}),
    "wait": states("W", W={"Type": "Wait", "Seconds": 0, "Next": "P"}, P=PASS),
    "wait_until_past": states("W", W={"Type": "Wait", "TimestampPath": "$.at", "End": True}),
    "fail": states("F", F={"Type": "Fail", "Error": "E", "Cause": "because"}),
    "fail_bare": states("F", F={"Type": "Fail"}),
    "fail_after_pass": states("P", P={"Type": "Pass", "Next": "F"}, F={"Type": "Fail", "Error": "E"}),
    "choice_default": choice(var("$.n", NumericEquals=8)),
    "choice_numeric": choice(var("$.n", NumericGreaterThan=6)),
    "choice_float": choice(var("$.f", NumericLessThanEquals=1.5)),
    "choice_string": choice(var("$.s", StringLessThan="storn")),
    "choice_string_not_number": choice(var("$.s", NumericEquals=7)),
    "choice_boolean": choice(var("$.yes", BooleanEquals=True)),
    "choice_path": choice(var("$.n", NumericEqualsPath="$.n")),
    "choice_timestamp": choice(var("$.at", TimestampLessThan="2026-01-01T00:00:01Z")),
    "choice_present": choice(var("$.nowhere.deep", IsPresent=True)),
    "choice_absent": choice(var("$.nowhere.deep", IsPresent=False)),
    "choice_null": choice(var("$.nothing", IsNull=True)),
    "choice_types": choice(
        {"And": [var("$.n", IsNumeric=True), var("$.s", IsString=True), var("$.yes", IsBoolean=True)]}
    ),
    "choice_not": choice({"Not": var("$.n", NumericEquals=8)}),
    "choice_or": choice({"Or": [var("$.n", NumericEquals=8), var("$.s", StringEquals="storm*x")]}),
    "choice_and_false": choice({"And": [var("$.n", NumericEquals=7), var("$.s", StringEquals="y")]}),
    "choice_matches": choice(var("$.s", StringMatches="st*x")),
    "parallel": states(
        "B",
        B={
            "Type": "Parallel",
            "Branches": [states("L", L={**PASS, "Result": 1})],
            "ResultPath": "$.made",
            "Next": "P",
        },
        P=PASS,
    ),
    "parallel_two": states(
        "B",
        B={
            "Type": "Parallel",
            "Branches": [
                states("L", L={"Type": "Pass", "Next": "M"}, M={**PASS, "Result": 1}),
                states("R", R={"Type": "Wait", "Seconds": 0, "Next": "S"}, S={"Type": "Succeed"}),
            ],
            "ResultSelector": {"first.$": "$[0]", "second.$": "$[1]"},
            "End": True,
        },
    ),
    "parallel_fail": states(
        "B",
        B={
            "Type": "Parallel",
            "Branches": [states("L", L={"Type": "Fail", "Error": "E", "Cause": "c"})],
            "End": True,
        },
    ),
    "parallel_catch": states(
        "B",
        B={
            "Type": "Parallel",
            "Branches": [states("L", L={"Type": "Fail", "Error": "E", "Cause": "c"})],
            "Catch": [
                {"ErrorEquals": ["Other"], "Next": "P"},
                {"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Q"},
            ],
            "Next": "P",
        },
        P=PASS,
        Q=PASS,
    ),
    "parallel_nested": states(
        "B",
        B={
            "Type": "Parallel",
            "Branches": [
                states(
                    "I",
                    I={"Type": "Parallel", "Branches": [states("L", L={**PASS, "Result": 3})], "End": True},
                )
            ],
            "End": True,
        },
    ),
}


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    with moto_client() as made:
        yield made


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("name", CASES)
def test_moto_and_we_agree(client: Any, name: str) -> None:
    moto_arn = start(client, name, json.dumps(CASES[name]), DATA)
    described = ended(client, moto_arn)
    theirs = history(client, moto_arn)
    world = World()
    arn = world.start(CASES[name], DATA)
    world.run()
    ours = world.describe(arn)
    assert ours["status"] == described["status"]
    types = [event["type"] for event in theirs]
    if "parallel_two" in name:  # moto's branches are threads: which of the two ends last is chance
        assert sorted(world.types(arn)) == sorted(types)
    else:
        assert by_strand(world.events(arn)) == by_strand(theirs)
        assert world.types(arn) == types
    if ours["status"] == "SUCCEEDED":
        assert json.loads(ours["output"]) == json.loads(described["output"])
    else:
        assert (ours.get("error"), ours.get("cause")) == (described.get("error"), described.get("cause"))
