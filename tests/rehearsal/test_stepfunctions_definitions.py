"""Definitions: anything that the interpreter would not act on is refused by name."""

import json
from typing import Any

import pytest

from controller.rehearsal.service import AwsError
from tests.rehearsal.stepfunctions_world import World, ask, states, task

END: dict[str, Any] = {"Type": "Pass", "End": True}


def choice(rule: dict[str, Any]) -> dict[str, Any]:
    return states("C", C={"Type": "Choice", "Choices": [rule]}, E=END)


def retry(**fields: Any) -> dict[str, Any]:
    return states("T", T=task(Retry=[{"ErrorEquals": ["E"], **fields}]))


BAD: dict[str, tuple[Any, str]] = {
    "no JSON": ("{", "INVALID_JSON_DESCRIPTION"),
    "no object": ("[]", "INVALID_JSON_DESCRIPTION"),
    "endless nesting": ("[" * 50_000, "INVALID_JSON_DESCRIPTION"),
    "deep": ('{"a":' * 400 + "1" + "}" * 400, "INVALID_JSON_DESCRIPTION"),
    "no states": ({"StartAt": "A"}, "States"),
    "start nowhere": (states("B", A=END), "'B'"),
    "next nowhere": (states("A", A={"Type": "Pass", "Next": "B"}), "'B'"),
    "default nowhere": (
        states(
            "A",
            A={"Type": "Choice", "Choices": [{"Variable": "$", "IsNull": True, "Next": "A"}], "Default": "B"},
        ),
        "'B'",
    ),
    "catch nowhere": (states("T", T=task(Catch=[{"ErrorEquals": ["E"], "Next": "B"}])), "'B'"),
    "unreachable": (states("A", A=END, B=END), "'B' is not reachable"),
    "duplicate in a branch": (
        states("A", A={"Type": "Parallel", "Branches": [states("A", A=END)], "End": True}),
        "DUPLICATE_STATE_NAME",
    ),
    "next and end": (states("A", A={**END, "Next": "A"}), "one of Next and End"),
    "neither next nor end": (states("A", A={"Type": "Pass"}), "one of Next and End"),
    "end false": (states("A", A={"Type": "Pass", "End": False}), "/States/A/End"),
    "long name": (states("x" * 81, **{"x" * 81: END}), "80 characters"),
    "Map": (states("A", A={"Type": "Map", "End": True}), "'Map'"),
    "no type": (states("A", A={"End": True}), "/States/A/Type"),
    "type no string": (states("A", A={"Type": [], "End": True}), "/States/A/Type"),
    "state no object": (states("A", A=[]), "/States/A"),
    "JSONata": ({**states("A", A=END), "QueryLanguage": "JSONata"}, "QueryLanguage"),
    "unknown field on top": ({**states("A", A=END), "Timeout": 5}, "'Timeout'"),
    "unknown field": (states("A", A={**END, "Asign": {}}), "'Asign'"),
    "Assign": (states("A", A={**END, "Assign": {"x": 1}}), "'Assign'"),
    "field of another type": (states("A", A={**END, "Seconds": 5}), "'Seconds'"),
    "Credentials": (states("T", T=task(Credentials={})), "'Credentials'"),
    "resource": (states("T", T={**task(), "Resource": "arn:aws:states:::ecs:runTask"}), "ecs:runTask"),
    "resource sync": (states("T", T={**task(), "Resource": "arn:aws:states:::lambda:invoke.sync"}), "sync"),
    "resource no string": (states("T", T={**task(), "Resource": 5}), "/Resource"),
    "no resource": (states("T", T={"Type": "Task", "End": True}), "'Resource'"),
    "no function": (states("T", T=task(Parameters={"Payload": 1})), "'FunctionName'"),
    "InvocationType": (
        states("T", T=task(Parameters={"FunctionName": "f", "InvocationType": "Event"})),
        "'InvocationType'",
    ),
    "wildcard path": (states("A", A={**END, "InputPath": "$.a[*]"}), "/InputPath"),
    "filter path": (states("A", A={**END, "OutputPath": "$.a[?(@.b>1)]"}), "/OutputPath"),
    "descent path": (states("A", A={**END, "OutputPath": "$..a"}), "/OutputPath"),
    "path without dollar": (states("A", A={**END, "InputPath": "a.b"}), "/InputPath"),
    "path no string": (states("A", A={**END, "ResultPath": 5}), "/ResultPath"),
    "result in context": (states("A", A={**END, "ResultPath": "$$.x"}), "/ResultPath"),
    "intrinsic": (states("A", A={**END, "Parameters": {"a": [{"b.$": "States.UUID()"}]}}), "b.$"),
    "timeout zero": (states("T", T=task(TimeoutSeconds=0)), "/TimeoutSeconds"),
    "timeout true": (states("T", T=task(TimeoutSeconds=True)), "/TimeoutSeconds"),
    "timeout twice": (states("T", T=task(TimeoutSeconds=5, TimeoutSecondsPath="$.t")), "TimeoutSecondsPath"),
    "heartbeat too long": (states("T", T=ask(TimeoutSeconds=5, HeartbeatSeconds=5)), "HeartbeatSeconds"),
    "wait without end": (states("W", W={"Type": "Wait", "End": True}), "exactly one"),
    "wait twice": (
        states("W", W={"Type": "Wait", "Seconds": 1, "SecondsPath": "$", "End": True}),
        "exactly one",
    ),
    "wait below zero": (states("W", W={"Type": "Wait", "Seconds": -1, "End": True}), "/Seconds"),
    "wait for a word": (states("W", W={"Type": "Wait", "Timestamp": "noon", "End": True}), "/Timestamp"),
    "no choices": (states("C", C={"Type": "Choice", "Choices": []}), "/Choices"),
    "choice without next": (choice({"Variable": "$", "IsNull": True}), "'Next'"),
    "choice operator": (
        choice({"Variable": "$", "StringStartsWith": "x", "Next": "E"}),
        "'StringStartsWith'",
    ),
    "choice without operator": (choice({"Variable": "$", "Next": "E"}), "one comparison"),
    "choice two operators": (
        choice({"Variable": "$", "IsNull": True, "IsString": True, "Next": "E"}),
        "one comparison",
    ),
    "choice without variable": (choice({"IsNull": True, "Next": "E"}), "one comparison"),
    "choice value": (choice({"Variable": "$", "NumericEquals": "5", "Next": "E"}), "numeric"),
    "choice flag": (choice({"Variable": "$", "IsPresent": "yes", "Next": "E"}), "/IsPresent"),
    "choice empty and": (choice({"And": [], "Next": "E"}), "/And"),
    "choice next inside": (
        choice({"Not": {"Variable": "$", "IsNull": True, "Next": "E"}, "Next": "E"}),
        "'Next'",
    ),
    "retry unknown": (retry(Interval=5), "'Interval'"),
    "retry rate": (retry(BackoffRate=0.5), "BackoffRate"),
    "retry attempts": (retry(MaxAttempts=-1), "MaxAttempts"),
    "retry jitter": (retry(JitterStrategy="SOME"), "JitterStrategy"),
    "retry without errors": (states("T", T=task(Retry=[{"ErrorEquals": []}])), "ErrorEquals"),
    "catch all first": (
        states(
            "T",
            T=task(Catch=[{"ErrorEquals": ["States.ALL"], "Next": "E"}, {"ErrorEquals": ["E"], "Next": "E"}]),
            E=END,
        ),
        "States.ALL",
    ),
    "catch all among others": (
        states("T", T=task(Catch=[{"ErrorEquals": ["States.ALL", "E"], "Next": "E"}]), E=END),
        "States.ALL",
    ),
    "fault in a branch": (
        states("B", B={"Type": "Parallel", "End": True, "Branches": [states("A", A={**END, "Seconds": 1})]}),
        "/States/B/Branches/0/States/A/Seconds",
    ),
    "branch without states": (
        states("B", B={"Type": "Parallel", "End": True, "Branches": [{}]}),
        "Branches/0/States",
    ),
    "branch with more": (
        states("B", B={"Type": "Parallel", "End": True, "Branches": [{**states("A", A=END), "Name": 1}]}),
        "'Name'",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_definition_is_refused_by_name(name: str) -> None:
    definition, named = BAD[name]
    world = World()
    with pytest.raises(AwsError) as refused:
        world.create(definition if isinstance(definition, str) else json.dumps(definition))
    assert refused.value.code == "InvalidDefinition"
    assert refused.value.message.startswith("Invalid State Machine Definition: '")
    assert named in refused.value.message
    assert world.call("ListStateMachines")["stateMachines"] == []


def test_comments_are_welcome_everywhere() -> None:
    rule = {"Variable": "$", "IsNull": True, "Next": "E", "Comment": "why"}
    definition = states(
        "T",
        T=task(
            Comment="why",
            Retry=[{"ErrorEquals": ["E"], "Comment": "why"}],
            Catch=[{"ErrorEquals": ["E"], "Next": "C", "Comment": "why"}],
            Next="C",
        ),
        C={"Type": "Choice", "Choices": [rule], "Default": "E"},
        E=END,
    )
    assert World().create({**definition, "Comment": "why", "Version": "1.0"}).endswith(":machine")
