"""Executions and their tasks over the wire of Step Functions: started, answered, kept open."""

import json
import random
import traceback
from collections.abc import Callable
from typing import Any

import pytest

from controller.aws.workflow import PERMISSIONS, StepFunctionsWorkflow
from controller.ports.errors import OutsideUnreachable, TokenClosed
from controller.rehearsal.services.stepfunctions import Done, Outcome, StepFunctions
from controller.rehearsal.time.kernel import Kernel, VirtualClock
from tests.support import wire as w

TOKEN = "AQCEAAAAKgAAAAMAAAAA-secret"
NAME = "evacuate-storefront-us-east-1-17"
ROLE = "arn:aws:iam::123456789012:role/any"
APPROVAL = {
    "StartAt": "RequestApproval",
    "States": {
        "RequestApproval": {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
            "Parameters": {"FunctionName": "ask", "Payload": {"token.$": "$$.Task.Token"}},
            "TimeoutSeconds": 900,
            "HeartbeatSeconds": 60,
            "End": True,
        }
    },
}


class Desk:
    """The rehearsed Step Functions with a machine that asks and waits for the answer."""

    def __init__(self) -> None:
        self.kernel = Kernel(VirtualClock(1_700_000_000.0))
        self.tokens: list[str] = []
        engine = StepFunctions(self.kernel, w.REGION, self._ask, random.Random(1))
        self.client, self.wire = w.connect("stepfunctions", w.rehearsed(self.kernel, "states", engine))
        definition = json.dumps(APPROVAL)
        made = self.client.create_state_machine(name="tidegate", definition=definition, roleArn=ROLE)
        self.arn = made["stateMachineArn"]
        self.wire.calls.clear()
        self.workflow = StepFunctionsWorkflow(client=self.client, state_machine_arn=self.arn)

    def _ask(self, function: str, payload: Any, done: Done) -> None:
        self.tokens.append(payload["token"])
        done(Outcome(payload={}))

    def asked(self, name: str = NAME) -> str:
        """The token of an execution that waits."""
        self.workflow.start(name, {})
        self.run(1)
        return self.tokens[-1]

    def run(self, seconds: float) -> None:
        self.kernel.run(until=self.kernel.now() + seconds)

    def described(self, name: str = NAME) -> dict[str, Any]:
        arn = self.arn.replace("stateMachine", "execution") + f":{name}"
        return dict(self.client.describe_execution(executionArn=arn))


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_an_execution_is_started_once(desk: Desk) -> None:
    assert desk.workflow.running(NAME) is None
    assert desk.workflow.start(NAME, {"incident": "storefront-17", "zone": "ä"}) is True
    assert desk.workflow.running(NAME) is True
    assert desk.workflow.start(NAME, {"incident": "storefront-18"}) is False
    assert json.loads(desk.described()["input"]) == {"incident": "storefront-17", "zone": "ä"}


def test_a_start_whose_reply_was_lost_can_be_repeated(desk: Desk) -> None:
    desk.wire.next("StartExecution", w.lost)
    with pytest.raises(OutsideUnreachable, match=f"starting execution {NAME}: ReadTimeoutError"):
        desk.workflow.start(NAME, {"a": 1, "b": 2})
    assert desk.workflow.start(NAME, {"b": 2, "a": 1}) is True
    assert desk.workflow.running(NAME) is True


def test_an_answer_ends_the_task_and_only_the_first_counts(desk: Desk) -> None:
    token = desk.asked()
    desk.workflow.succeed(token, {"approved": True})
    desk.run(1)
    assert desk.workflow.running(NAME) is False
    assert json.loads(desk.described()["output"]) == {"approved": True}
    for late in (
        lambda: desk.workflow.succeed(token, {"approved": False}),
        lambda: desk.workflow.fail(token, "Denied", "too late"),
        lambda: desk.workflow.heartbeat(token),
    ):
        with pytest.raises(TokenClosed):
            late()
    assert json.loads(desk.described()["output"]) == {"approved": True}


def test_a_denial_ends_the_task_with_its_cause(desk: Desk) -> None:
    desk.workflow.fail(desk.asked(), "Denied", "a person said no")
    desk.run(1)
    assert (desk.described()["error"], desk.described()["cause"]) == ("Denied", "a person said no")


def test_heartbeats_keep_a_task_open_and_silence_closes_it(desk: Desk) -> None:
    token = desk.asked()
    for _ in range(5):
        desk.run(50)
        desk.workflow.heartbeat(token)
    assert desk.workflow.running(NAME) is True
    desk.run(61)
    assert desk.workflow.running(NAME) is False
    with pytest.raises(TokenClosed):
        desk.workflow.heartbeat(token)


@pytest.mark.parametrize("status", ["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"])
def test_an_execution_that_ended_does_not_run(desk: Desk, status: str) -> None:
    desk.wire.next("DescribeExecution", w.answered({"status": status}))
    assert desk.workflow.running(NAME) is False


def test_the_execution_is_found_by_a_machine_an_alias_or_another_partition() -> None:
    client, wire = w.connect("stepfunctions", region="us-gov-west-1")
    for arn in (
        "arn:aws-us-gov:states:us-gov-west-1:1:stateMachine:m",
        "arn:aws-us-gov:states:us-gov-west-1:1:stateMachine:m:live",
    ):
        wire.next("DescribeExecution", w.answered({"status": "RUNNING"}))
        StepFunctionsWorkflow(client=client, state_machine_arn=arn).running("n")
        asked = json.loads(wire.bodies[-1])["executionArn"]
        assert asked == "arn:aws-us-gov:states:us-gov-west-1:1:execution:m:n"


@pytest.mark.parametrize(
    "fault", [w.dropped, w.refused("ThrottlingException"), w.refused("StateMachineDeleting")]
)
def test_what_fails_otherwise_is_unreachable(desk: Desk, fault: w.Fault) -> None:
    desk.wire.next("StartExecution", fault)
    with pytest.raises(OutsideUnreachable, match=f"starting execution {NAME}"):
        desk.workflow.start(NAME, {})
    desk.wire.next("DescribeExecution", fault)
    with pytest.raises(OutsideUnreachable, match=f"describing execution {NAME}"):
        desk.workflow.running(NAME)


Answer = Callable[[StepFunctionsWorkflow], None]
ANSWERS: dict[str, Answer] = {
    "SendTaskSuccess": lambda workflow: workflow.succeed(TOKEN, {"approved": True}),
    "SendTaskFailure": lambda workflow: workflow.fail(TOKEN, "Denied", "a person said no"),
    "SendTaskHeartbeat": lambda workflow: workflow.heartbeat(TOKEN),
}


@pytest.mark.parametrize("operation", ANSWERS)
@pytest.mark.parametrize("code", ["InvalidToken", "TaskDoesNotExist", "TaskTimedOut"])
def test_a_decided_task_is_closed_and_its_token_stays_secret(desk: Desk, operation: str, code: str) -> None:
    desk.wire.next(operation, w.refused(code, f"Invalid Token: '{TOKEN}'"))
    with pytest.raises(TokenClosed, match=code) as raised:
        ANSWERS[operation](desk.workflow)
    assert TOKEN not in "".join(traceback.format_exception(raised.value))
    assert raised.value.__context__ is None


@pytest.mark.parametrize("operation", ANSWERS)
@pytest.mark.parametrize("fault", [w.dropped, w.lost_for(TOKEN), w.refused("ThrottlingException", TOKEN)])
def test_an_answer_that_did_not_get_through_keeps_the_token_secret(
    desk: Desk, operation: str, fault: w.Fault
) -> None:
    desk.wire.next(operation, fault)
    with pytest.raises(OutsideUnreachable, match="answering a task") as raised:
        ANSWERS[operation](desk.workflow)
    assert TOKEN not in "".join(traceback.format_exception(raised.value))
    assert raised.value.__context__ is None


def test_answers_say_what_was_decided(desk: Desk) -> None:
    for operation, answer in ANSWERS.items():
        desk.wire.next(operation, w.answered({}))
        answer(desk.workflow)
    assert [json.loads(body) for body in desk.wire.bodies[-3:]] == [
        {"taskToken": TOKEN, "output": '{"approved":true}'},
        {"taskToken": TOKEN, "error": "Denied", "cause": "a person said no"},
        {"taskToken": TOKEN},
    ]


def test_a_long_cause_is_cut_to_what_step_functions_takes(desk: Desk) -> None:
    desk.wire.next("SendTaskFailure", w.answered({}))
    desk.workflow.fail(TOKEN, "E" * 999, "c" * 99_999)
    sent = json.loads(desk.wire.bodies[-1])
    assert (len(sent["error"]), len(sent["cause"])) == (256, 32_768)


def test_permissions_are_the_calls(desk: Desk) -> None:
    desk.workflow.start(NAME, {})
    desk.workflow.running(NAME)
    test_answers_say_what_was_decided(desk)
    assert w.actions("states", desk.wire) == set(PERMISSIONS)
