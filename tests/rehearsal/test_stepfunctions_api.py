"""The API around executions: names, refusals, paging, filters; shapes against botocore's model."""

import json
from typing import Any

import botocore.session
import pytest
from botocore.model import Shape

from controller.rehearsal.service import AwsError
from controller.rehearsal.services.stepfunctions import Outcome
from tests.rehearsal.stepfunctions_world import T0, World, ask, states, task

HOLD = states("W", W={"Type": "Wait", "Seconds": 60, "End": True})
QUICK = states("P", P={"Type": "Pass", "End": True})
MODEL = botocore.session.Session().get_service_model("stepfunctions")


def refusal(world: World, operation: str, **params: Any) -> AwsError:
    with pytest.raises(AwsError) as refused:
        world.call(operation, **params)
    assert refused.value.status == 400
    return refused.value


def check(shape: Shape, value: Any, where: str) -> None:
    """Every member of an answer is one that botocore knows, of its type; required ones are there."""
    if shape.type_name == "structure":
        assert set(value) <= set(shape.members), where
        assert set(shape.required_members) <= set(value), where
        for name, item in value.items():
            check(shape.members[name], item, f"{where}.{name}")
    elif shape.type_name == "list":
        for item in value:
            check(shape.member, item, where)
    else:
        types: dict[str, Any] = {"string": str, "boolean": bool, "timestamp": float}
        assert isinstance(value, types.get(shape.type_name, int)), where
        if getattr(shape, "enum", None):
            assert value in shape.enum, where


@pytest.mark.parametrize(
    "name",
    ["", "x" * 81, "a b", "a/b", "a*b", "a\nb", "a\u0007b", "a\u0085b", "a:b", "a\ud800", "a\uffff", 5],
)
def test_bad_names(name: Any) -> None:
    world = World()
    machine = world.create(QUICK)
    assert refusal(world, "StartExecution", stateMachineArn=machine, name=name).code == "InvalidName"
    text = json.dumps(QUICK)
    assert refusal(world, "CreateStateMachine", name=name, definition=text).code == "InvalidName"


def test_a_name_of_80_characters_and_a_name_left_out() -> None:
    world = World()
    machine = world.create(QUICK)
    assert world.start_machine(machine, {}, "n" * 80).endswith(":execution:machine:" + "n" * 80)
    first, second = (world.call("StartExecution", stateMachineArn=machine) for _ in range(2))
    assert first["executionArn"] != second["executionArn"]


def test_the_same_name_and_input_while_running_is_the_same_execution() -> None:
    world = World()
    world.functions["f"] = lambda _: (10.0, Outcome())
    machine = world.create(states("T", T=task()))
    first = world.call("StartExecution", stateMachineArn=machine, name="n", input='{"a":1}')
    world.run(5)
    assert world.call("StartExecution", stateMachineArn=machine, name="n", input='{"a":1}') == first
    world.run(6)
    assert len(world.invoked) == 1
    error = refusal(world, "StartExecution", stateMachineArn=machine, name="n", input='{"a":2}')
    assert error.code == "ExecutionAlreadyExists"
    world.run()
    error = refusal(world, "StartExecution", stateMachineArn=machine, name="n", input='{"a":1}')
    assert error.code == "ExecutionAlreadyExists"


@pytest.mark.parametrize(
    "data", ["", "{", "{'a': 1}", "NaN", "[" * 3000 + "]" * 3000, '"' + "é" * 140_000 + '"', 5]
)
def test_bad_inputs(data: Any) -> None:
    world = World()
    machine = world.create(QUICK)
    error = refusal(world, "StartExecution", stateMachineArn=machine, name="n", input=data)
    assert error.code == "InvalidExecutionInput"
    assert world.call("ListExecutions", stateMachineArn=machine)["executions"] == []


def test_unknown_and_malformed_arns() -> None:
    world = World()
    arn = world.start(QUICK)
    machine = arn.replace(":execution:", ":stateMachine:").rpartition(":")[0]
    assert refusal(world, "StartExecution", stateMachineArn=machine + "x").code == "StateMachineDoesNotExist"
    assert refusal(world, "DescribeStateMachine", stateMachineArn=arn).code == "InvalidArn"
    for operation in ("DescribeExecution", "StopExecution", "GetExecutionHistory"):
        assert refusal(world, operation, executionArn=arn + "x").code == "ExecutionDoesNotExist"
        assert refusal(world, operation, executionArn="x").code == "InvalidArn"
        assert refusal(world, operation).code == "InvalidArn"


def test_creating_again_is_the_same_machine_unless_the_definition_differs() -> None:
    world = World()
    assert world.create(QUICK) == world.create(QUICK)
    error = refusal(world, "CreateStateMachine", name="machine", definition=json.dumps(HOLD))
    assert error.code == "StateMachineAlreadyExists"


def test_an_update_is_for_later_executions_only() -> None:
    world = World()
    machine = world.create(HOLD)
    early = world.start_machine(machine, {}, "early")
    world.run(10)
    world.call("UpdateStateMachine", stateMachineArn=machine, definition=json.dumps(QUICK))
    late = world.start_machine(machine, {}, "late")
    world.run()
    assert "WaitStateExited" in world.types(early)
    assert world.types(late)[1] == "PassStateEntered"
    described = world.call("DescribeStateMachine", stateMachineArn=machine)
    assert json.loads(described["definition"]) == QUICK
    bad = {"stateMachineArn": machine, "definition": "{"}
    assert refusal(world, "UpdateStateMachine", **bad).code == "InvalidDefinition"


def test_executions_are_listed_newest_first_by_status_in_pages_that_do_not_shift() -> None:
    world = World()
    machine = world.create(HOLD)
    for number in range(5):
        world.start_machine(machine, {}, f"n{number}")
    world.run(10)
    world.call("StopExecution", executionArn=machine.replace("stateMachine", "execution") + ":n2")
    first = world.call("ListExecutions", stateMachineArn=machine, statusFilter="RUNNING", maxResults=2)
    assert [item["name"] for item in first["executions"]] == ["n4", "n3"]
    world.start_machine(machine, {}, "newer")
    params = {"stateMachineArn": machine, "statusFilter": "RUNNING", "nextToken": first["nextToken"]}
    second = world.call("ListExecutions", **params)
    assert [item["name"] for item in second["executions"]] == ["n1", "n0"]
    assert "nextToken" not in second
    aborted = world.call("ListExecutions", stateMachineArn=machine, statusFilter="ABORTED")
    assert [item["name"] for item in aborted["executions"]] == ["n2"]
    other = {"stateMachineArn": machine, "nextToken": first["nextToken"]}
    assert refusal(world, "ListExecutions", **other).code == "InvalidToken"
    assert refusal(world, "ListExecutions", stateMachineArn=machine, nextToken="?").code == "InvalidToken"
    assert (
        refusal(world, "ListExecutions", stateMachineArn=machine, statusFilter="x").code
        == "ValidationException"
    )


def test_a_page_goes_on_where_the_last_ended_although_its_last_item_is_gone() -> None:
    world = World()
    machine = world.create(HOLD)
    arns = [world.start_machine(machine, {}, f"n{number}") for number in range(4)]
    params = {"stateMachineArn": machine, "statusFilter": "RUNNING"}
    first = world.call("ListExecutions", **params, maxResults=2)
    world.call("StopExecution", executionArn=arns[2])
    second = world.call("ListExecutions", **params, nextToken=first["nextToken"])
    assert [item["name"] for item in second["executions"]] == ["n1", "n0"]


def test_errors_about_hostile_names_can_be_written() -> None:
    world = World()
    arn = world.start(QUICK)
    for operation, params in (
        ("DescribeExecution", {"executionArn": arn + "\ud800"}),
        ("DescribeExecution", {"executionArn": "\ud800" * 999}),
        ("CreateStateMachine", {"name": "\ud800", "definition": "{}"}),
        ("CreateStateMachine", {"name": "n", "definition": '"\ud800"'}),
        ("GetExecutionHistory", {"executionArn": arn, "nextToken": "\ud800"}),
    ):
        assert refusal(world, operation, **params).message.encode()


def test_the_same_seed_gives_the_same_history_and_another_seed_other_tokens() -> None:
    def history(seed: int) -> list[dict[str, Any]]:
        world = World(seed=seed)
        world.functions["ask"] = lambda _: Outcome(error="E")
        retry = [{"ErrorEquals": ["E"], "JitterStrategy": "FULL"}]
        arn = world.start(states("A", A=ask(Retry=retry)))
        world.run()
        return world.events(arn)

    assert history(1) == history(1) != history(2)


@pytest.mark.parametrize("backwards", [False, True])
def test_history_in_pages_and_in_reverse(backwards: bool) -> None:
    world = World()
    arn = world.start(states("P", P={"Type": "Pass", "Next": "Q"}, Q={"Type": "Pass", "End": True}))
    world.run()
    ids, token = list[int](), None
    while True:
        params: dict[str, Any] = {} if token is None else {"nextToken": token}
        page = world.call(
            "GetExecutionHistory", executionArn=arn, maxResults=4, reverseOrder=backwards, **params
        )
        assert len(page["events"]) <= 4
        ids += [event["id"] for event in page["events"]]
        token = page.get("nextToken")
        if token is None:
            break
    assert ids == ([6, 5, 4, 3, 2, 1] if backwards else [1, 2, 3, 4, 5, 6])


def test_history_without_execution_data() -> None:
    world = World()
    arn = world.start(QUICK, {"secret": 1})
    world.run()
    page = world.call("GetExecutionHistory", executionArn=arn, includeExecutionData=False)
    assert "secret" not in json.dumps(page)
    assert page["events"][1]["stateEnteredEventDetails"] == {"name": "P"}


def test_answers_have_the_shapes_that_botocore_knows() -> None:
    world = World()
    world.functions |= {"f": lambda _: Outcome(error="E", cause="c"), "ask": lambda _: Outcome(payload=1)}
    catch = [{"ErrorEquals": ["States.ALL"], "Next": "A"}]
    role = "arn:aws:iam::123456789012:role/r"
    definition = json.dumps(states("T", T=task(Catch=catch, Next="A"), A=ask(TimeoutSeconds=9)))

    def call(operation: str, **params: Any) -> dict[str, Any]:
        answer = world.call(operation, **params)
        check(MODEL.operation_model(operation).output_shape, answer, operation)
        return answer

    machine = call("CreateStateMachine", name="m", definition=definition, roleArn=role)["stateMachineArn"]
    arn = call("StartExecution", stateMachineArn=machine, name="n", input="{}")["executionArn"]
    call("DescribeExecution", executionArn=arn)
    world.run()
    assert {"TaskFailed", "TaskSubmitted", "TaskTimedOut"} <= set(world.types(arn))
    call("GetExecutionHistory", executionArn=arn)
    call("DescribeExecution", executionArn=arn)
    call("ListExecutions", stateMachineArn=machine)
    call("ListStateMachines")
    call("DescribeStateMachine", stateMachineArn=machine)
    call("UpdateStateMachine", stateMachineArn=machine, definition=definition)
    call("StopExecution", executionArn=arn)


def test_status_changes_are_told_in_order() -> None:
    world = World()
    world.start(HOLD)
    world.run()
    assert [(change["status"], change["stopDate"]) for change in world.changes] == [
        ("RUNNING", None),
        ("SUCCEEDED", round((T0 + 60) * 1000)),
    ]


def test_the_context_object_and_lambda_envelope() -> None:
    world = World()
    world.functions["f:live"] = lambda payload: Outcome(payload=payload)
    payload = {
        "id.$": "$$.Execution.Id",
        "input.$": "$$.Execution.Input",
        "name.$": "$$.Execution.Name",
        "start.$": "$$.Execution.StartTime",
        "state.$": "$$.State.Name",
        "entered.$": "$$.State.EnteredTime",
        "retries.$": "$$.State.RetryCount",
        "machine.$": "$$.StateMachine.Name",
    }
    call = task("f", payload, OutputPath="$.Payload")
    call["Parameters"]["Qualifier"] = "live"
    wait = {"Type": "Wait", "Seconds": 30, "Next": "T"}
    arn = world.start(states("W", W=wait, T=call), {"a": 1})
    world.run()
    assert world.output(arn) == {
        "id": arn,
        "input": {"a": 1},
        "name": "run",
        "start": "2026-01-01T00:00:00.000Z",
        "state": "T",
        "entered": "2026-01-01T00:00:30.000Z",
        "retries": 0,
        "machine": "machine",
    }
    result = json.loads(world.events(arn)[6]["taskSucceededEventDetails"]["output"])
    assert (result["StatusCode"], result["ExecutedVersion"]) == (200, "$LATEST")


def test_a_function_that_changes_its_payload_changes_nothing_else() -> None:
    world = World()

    def function(payload: dict[str, Any]) -> Outcome:
        payload["list"].append("changed")
        return Outcome(payload=payload)

    world.functions["f"] = function
    arn = world.start(states("T", T=task(ResultPath=None)), {"list": [1]})
    world.run()
    assert world.output(arn) == {"list": [1]}
