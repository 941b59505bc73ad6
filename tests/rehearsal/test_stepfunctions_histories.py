"""Our histories against those that AWS recorded (`corpus/sfn_histories`).

Each case replays the recorded definition. Two recordings carry none: for these the smallest
definition that their events allow is written here. What only a cloud can know (request ids,
dates, queue and function names) is masked in the recordings and not compared.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import json5
import pytest

from controller.rehearsal.services.stepfunctions import Done, Integration, Outcome
from tests.rehearsal.stepfunctions_world import World, states
from tests.support.corpus import corpus

LEFT_OUT = {
    "callback__start_execution_sync.json": "states:startExecution.sync (a nested execution)",
    "callback__sync_with_task_token.json": "states:startExecution.sync (a nested execution)",
    "timeouts__service_lambda_map_timeout.json": "state type Map",
    "base_scenarios__map_state_retry_multiple_retriers.json": "state type Map",
    "error_output__parallel_catch_error_PARALLEL_CATCH_ERROR_OUTPUT_WITH_RETRY.json": "JSONata; see "
    "test_parallel_retry_and_catch_leave_the_recorded_events for the same in JSONPath",
}
RAISED = Outcome(error="Exception", cause="Some exception was raised.")
FAIL = states(
    "FailState",
    FailState={
        "Type": "Fail",
        "Error": "SomeFailure",
        "Cause": "This state machines raises a 'SomeFailure' failure.",
    },
)
CHOICE = states(
    "ChoiceStateX",
    ChoiceStateX={
        "Type": "Choice",
        "Choices": [
            {"Not": {"Variable": "$.type", "StringEquals": "Private"}, "Next": "Other"},
            {
                "And": [
                    {"Variable": "$.value", "NumericGreaterThanEquals": 20},
                    {"Variable": "$.value", "NumericLessThan": 30},
                ],
                "Next": "ValueInTwenties",
            },
        ],
        "Default": "Other",
    },
    ValueInTwenties={"Type": "Pass", "End": True},
    Other={"Type": "Fail"},
)


@dataclass
class Case:
    """How the world answers. `answer` acts on the task token once the task is submitted."""

    definition: dict[str, Any] | None = None
    function: Callable[[Any], Any] | None = None
    calls: dict[str, Outcome] = field(default_factory=dict)
    answer: Callable[[World, str, Any], None] | None = None


def succeed_with(read: Callable[[Any], Any]) -> Callable[[World, str, Any], None]:
    def answer(world: World, token: str, message: Any) -> None:
        world.call("SendTaskSuccess", taskToken=token, output=json.dumps(read(message)))

    return answer


SENT = {"sqs:sendMessage": Outcome(payload={"MD5OfMessageBody": "m", "MessageId": "i"})}
NO_TABLE = Outcome(
    error="DynamoDB.ResourceNotFoundException",
    cause="Requested resource not found (Service: AmazonDynamoDBv2; Status Code: 400; Error Code: "
    "ResourceNotFoundException; Request ID: <request_id>; Proxy: null)",
)
ENTRIES = [{"EventId": "<uuid:1>"}, {"EventId": "<uuid:2>"}, {"EventId": "<uuid:3>"}]
MALFORMED = {
    "Entries": [
        {"EventId": "<uuid:1>"},
        {"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."},
    ],
    "FailedEntryCount": 1,
}
CASES = {
    "callback__sqs_wait_for_task_token.json": Case(
        calls=SENT, answer=succeed_with(lambda message: message["Message"])
    ),
    "callback__sqs_wait_for_task_token_no_token_parameter.json": Case(calls=SENT),
    "callback__multiple_executions_and_heartbeat_notifications.json": Case(
        calls=SENT, answer=succeed_with(lambda message: {**message, "TaskToken": "a_task_token"})
    ),
    "heartbeats__heartbeat_timeout.json": Case(calls=SENT),
    "base_scenarios__parallel_state_fail.json": Case(),
    "base_scenarios__parallel_state_retry.json": Case(),
    "base_scenarios__retry_interval_features_max_attempts_zero.json": Case(function=lambda _: RAISED),
    "base_scenarios__choice_aws_docs_scenario.json": Case(definition=CHOICE),
    "task_service_lambda__invoke_timeout.json": Case(function=lambda _: None),
    "states_errors__task_lambda_data_limit_exceeded_on_large_utf8_response.json": Case(
        function=lambda _: Outcome(payload="é" * 200_000)
    ),
    "task_service_dynamodb__put_item_no_such_table.json": Case(calls={"dynamodb:putItem": NO_TABLE}),
    "events_task_service__put_events_base.json": Case(
        calls={"events:putEvents": Outcome(payload={"Entries": ENTRIES, "FailedEntryCount": 0})}
    ),
    "events_task_service__put_events_mixed_malformed_detail.json": Case(
        calls={"events:putEvents": Outcome(error="EventBridge.FailedEntry", cause=json.dumps(MALFORMED))}
    ),
    "dynamodb_task_service__base_integrations_DYNAMODB_PUT_UPDATE_GET_ITEM.json": Case(
        calls={f"dynamodb:{verb}Item": Outcome(payload={}) for verb in ("put", "update", "get")}
    ),
    "logs__base_raise_failure.json5_ALL_True.json": Case(definition=FAIL),
    "sfn_api__get_execution_history_reversed.json": Case(),
}
API_ONLY = {
    "sfn_api__start_execution_idempotent.json",
    "sfn_api__get_execution_history_no_such_execution.json",
    "sfn_api__describe_execution.json",
}


def recording(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((corpus("sfn_histories") / name).read_text())
    return loaded


def integration(outcome: Outcome) -> Integration:
    def call(parameters: dict[str, Any], done: Done) -> None:
        done(outcome)

    return call


def definition_of(recorded: dict[str, Any], case: Case) -> dict[str, Any]:
    if case.definition is not None:
        return case.definition
    definition: dict[str, Any] = json5.loads(recorded["asl"][0]["definition_json5"])
    for state in definition["States"].values():
        if state["Type"] == "Task" and "LambdaFunctionScheduled" in json.dumps(recorded["recorded"]):
            # Recorded with the function's own ARN as resource; the published file says lambda:invoke.
            state["Resource"] = "arn:aws:lambda:us-west-2:111111111111:function:f"
            del state["Parameters"]
    return definition


def replay(name: str, expected: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Run the recorded definition on the recorded input; our events."""
    case, recorded = CASES[name], recording(name)
    world = World(integrations={key: integration(outcome) for key, outcome in case.calls.items()})
    data = expected[0]["executionStartedEventDetails"]["input"]
    if case.function is not None:
        function = case.function
        target = data["FunctionName"]
        world.functions = {target: function, "arn:aws:lambda:us-west-2:111111111111:function:f": function}
    arn = world.start(definition_of(recorded, case), data)
    world.run(1)
    if case.answer is not None:
        scheduled = world.events(arn)[2]["taskScheduledEventDetails"]
        body = json.loads(scheduled["parameters"])["MessageBody"]
        case.answer(world, body["TaskToken"], body)
    world.run()
    return world.events(arn)


def histories(recorded: Any) -> list[list[dict[str, Any]]]:
    """Every history in a recording, in order; those shown newest first are turned round."""
    found = []
    for value in recorded.values():
        if isinstance(value, dict) and "events" in value:
            found.append(sorted(value["events"], key=lambda event: event["id"]))
    return found


MASKED = {"parameters", "output", "input", "region", "roleArn", "cause", "resource"}


def plain(event: dict[str, Any]) -> dict[str, Any]:
    """The event without what the recording masks or only AWS knows; presence of each member stays."""
    shown = {key: value for key, value in event.items() if key != "timestamp"}
    for key, value in shown.items():
        if isinstance(value, dict):
            shown[key] = {
                name: "…" if name in MASKED and not (name == "resource" and "resourceType" in value) else item
                for name, item in value.items()
            }
    return shown


@pytest.mark.parametrize("name", sorted(CASES))
def test_our_history_is_the_recorded_one(name: str) -> None:
    for expected in histories(recording(name)["recorded"]):
        events = replay(name, expected)
        assert [plain(event) for event in events] == [plain(event) for event in expected]


@pytest.mark.parametrize(
    "name",
    [
        "base_scenarios__choice_aws_docs_scenario.json",
        "base_scenarios__parallel_state_retry.json",
        "logs__base_raise_failure.json5_ALL_True.json",
        "sfn_api__get_execution_history_reversed.json",
        "task_service_lambda__invoke_timeout.json",
        "events_task_service__put_events_base.json",
        "task_service_dynamodb__put_item_no_such_table.json",
    ],
)
def test_inputs_outputs_and_causes_too(name: str) -> None:
    for expected in histories(recording(name)["recorded"]):
        for ours, theirs in zip(replay(name, expected), expected, strict=True):
            for key in theirs:
                if isinstance(theirs[key], dict):
                    for member in {"input", "output", "cause"} & set(theirs[key]):
                        value = ours[key][member]
                        assert (value if member == "cause" else json.loads(value)) == theirs[key][member]


def test_a_lambda_error_has_the_recorded_name_and_cause() -> None:
    name = "base_scenarios__retry_interval_features_max_attempts_zero.json"
    [expected] = histories(recording(name)["recorded"])
    ours = replay(name, expected)[-1]["executionFailedEventDetails"]
    theirs = expected[-1]["executionFailedEventDetails"]
    cause = json.loads(ours["cause"])
    assert ours["error"] == theirs["error"]
    assert set(cause) == set(theirs["cause"])
    assert cause["errorMessage"] == theirs["cause"]["errorMessage"]
    assert cause["errorType"] == theirs["cause"]["errorType"]


def test_a_payload_that_is_too_large_fails_by_the_recorded_name() -> None:
    name = "states_errors__task_lambda_data_limit_exceeded_on_large_utf8_response.json"
    [expected] = histories(recording(name)["recorded"])
    ours = replay(name, expected)[4]["lambdaFunctionFailedEventDetails"]
    theirs = expected[4]["lambdaFunctionFailedEventDetails"]["cause"]
    wanted = theirs.replace("<partition>:lambda:<region>", "aws:lambda:us-west-2").replace(
        "<lambda_function_name>", "f"
    )
    assert ours == {"error": "States.DataLimitExceeded", "cause": wanted}


def test_parallel_retry_and_catch_leave_the_recorded_events() -> None:
    """The recorded definition is JSONata; this is the same in JSONPath.

    The recording lists a branch's events sorted by type, and leaves out id 15, to which id 16
    points back: ParallelStateFailed.
    """
    name = "error_output__parallel_catch_error_PARALLEL_CATCH_ERROR_OUTPUT_WITH_RETRY.json"
    expected = recording(name)["recorded"]["get_execution_history"]["events"]
    definition: dict[str, Any] = json5.loads(recording(name)["asl"][0]["definition_json5"])
    del definition["QueryLanguage"]
    parallel = definition["States"]["ParallelState"]
    execute = parallel["Branches"][0]["States"]["ExecuteLambdaTask"]
    execute["Parameters"] = {**execute.pop("Arguments"), "FunctionName": "f"}
    del execute["Output"], parallel["Catch"][0]["Output"]
    for ending in ("Fallback", "Finish"):
        del definition["States"][ending]["Output"]
    world = World()
    world.functions["f"] = lambda _: RAISED
    arn = world.start(definition, {"inputData": "dummy"})
    world.run()
    ours = world.events(arn)
    assert [event["type"] for event in ours if event["id"] != 15] == [
        *[event["type"] for event in expected[:9]],
        "TaskStateEntered",
        "TaskScheduled",
        "TaskStarted",
        "TaskFailed",
        "TaskStateAborted",
        *[event["type"] for event in expected[14:]],
    ]
    assert ours[14]["type"] == "ParallelStateFailed"
    for event in expected:
        if isinstance(event["id"], int):
            mine = ours[event["id"] - 1]
            assert (mine["type"], mine["previousEventId"]) == (event["type"], event["previousEventId"])


def test_start_execution_answers_as_recorded() -> None:
    recorded = recording("sfn_api__start_execution_idempotent.json")["recorded"]
    error = recorded["start_exec_already_exists"]["Error"]
    world = World(integrations={"sqs:sendMessage": integration(SENT["sqs:sendMessage"])})
    text = recording("sfn_api__start_execution_idempotent.json")["asl"][0]["definition_json5"]
    machine = world.create(json5.loads(text))
    first = world.start_machine(machine, {"QueueUrl": "q", "Message": "m"}, "n")
    world.run(1)
    assert world.start_machine(machine, {"QueueUrl": "q", "Message": "m"}, "n") == first
    with pytest.raises(Exception, match="Already Exists") as refused:
        world.start_machine(machine, {"QueueUrl": "q", "Message": "other"}, "n")
    assert str(refused.value).startswith(error["Code"])
    assert str(refused.value).endswith(f"'{first}'")


def test_describe_execution_answers_as_recorded() -> None:
    recorded = recording("sfn_api__describe_execution.json")
    world = World()
    arn = world.start(json5.loads(recorded["asl"][0]["definition_json5"]))
    world.run()
    expected = recorded["recorded"]["describe_execution"]
    ours = world.describe(arn)
    assert set(ours) == set(expected) - {"ResponseMetadata"}
    for member in ("redriveCount", "redriveStatus", "redriveStatusReason", "status", "outputDetails"):
        assert ours[member] == expected[member]


def test_an_unknown_execution_has_the_recorded_error() -> None:
    recorded = recording("sfn_api__get_execution_history_no_such_execution.json")["recorded"]["exception"]
    world = World()
    arn = world.start(states("S", S={"Type": "Succeed"}))
    with pytest.raises(Exception, match="Does Not Exist") as refused:
        world.events(f"{arn}invalid")
    assert str(refused.value).startswith(recorded["exception_typename"])


def test_every_recording_is_run_or_left_out_for_a_reason(capsys: pytest.CaptureFixture[str]) -> None:
    index = json.loads(Path(corpus("sfn_histories") / "INDEX.json").read_text())
    names = {entry["file"] for entry in index}
    assert names == {*CASES, *API_ONLY, *LEFT_OUT}
    with capsys.disabled():
        print(f"\n{len(CASES)} recorded histories replayed, {len(API_ONLY)} recorded answers compared;")  # noqa: T201
        for name, reason in LEFT_OUT.items():
            print(f"  left out {name}: {reason}")  # noqa: T201
