"""Task tokens: one answer wins; stopping ends all; nothing shows a token."""

import json
import threading
from typing import Any

import pytest

from controller.rehearsal.service import AwsError
from controller.rehearsal.services.stepfunctions import Outcome
from tests.rehearsal.stepfunctions_world import T0, World, ask, states, task

DONE = Outcome(payload={})
END: dict[str, Any] = {"Type": "Pass", "End": True}


def asking(definition: dict[str, Any] | None = None, data: Any = None) -> tuple[World, str, list[str]]:
    """A world in which the execution waits for an answer; its ARN; the tokens given out."""
    world, tokens = World(), list[str]()
    world.functions["ask"] = lambda payload: tokens.append(payload["token"]) or DONE
    arn = world.start(definition or states("A", A=ask()), data)
    world.run(1)
    return world, arn, tokens


def refusal(world: World, operation: str, **params: Any) -> str:
    with pytest.raises(AwsError) as refused:
        world.call(operation, **params)
    return refused.value.code


def test_success_is_the_output_of_the_task() -> None:
    world, arn, [token] = asking(states("A", A=ask(ResultPath="$.answer")), {"incident": 17})
    world.call("SendTaskSuccess", taskToken=token, output='{"by": "ada"}')
    world.run()
    assert world.output(arn) == {"incident": 17, "answer": {"by": "ada"}}
    assert world.types(arn)[2:6] == ["TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskSucceeded"]


def test_failure_is_an_error_that_can_be_caught() -> None:
    catch = [{"ErrorEquals": ["Denied"], "Next": "Caught"}]
    world, arn, [token] = asking(states("A", A=ask(Catch=catch, Next="Caught"), Caught=END))
    world.call("SendTaskFailure", taskToken=token, error="Denied", cause="not tonight")
    world.run()
    assert world.output(arn) == {"Error": "Denied", "Cause": "not tonight"}


def test_failure_without_a_name_fails_the_execution() -> None:
    world, arn, [token] = asking()
    world.call("SendTaskFailure", taskToken=token)
    world.run()
    assert world.describe(arn)["status"] == "FAILED"
    assert "error" not in world.describe(arn)


@pytest.mark.parametrize("second", ["SendTaskSuccess", "SendTaskFailure", "SendTaskHeartbeat"])
@pytest.mark.parametrize(
    ("following", "code"),
    [({"Next": "W"}, "TaskTimedOut"), ({"Next": "E"}, "TaskDoesNotExist")],
    ids=["running", "ended"],
)
def test_a_second_answer_is_refused(second: str, following: dict[str, str], code: str) -> None:
    wait = {"Type": "Wait", "Seconds": 500, "Next": "E"}
    definition = states("C", C=END | {"Next": "A"}, A=ask(**following), W=wait, E=END)
    del definition["States"]["C"]["End"]
    if following["Next"] == "E":
        del definition["States"]["W"]
    world, arn, [token] = asking(definition)
    world.call("SendTaskSuccess", taskToken=token, output='"first"')
    world.run(10)
    params = {"output": '"second"'} if second == "SendTaskSuccess" else {}
    assert refusal(world, second, taskToken=token, **params) == code
    world.run()
    assert world.output(arn) == "first"


def test_of_ten_threads_that_answer_at_once_one_wins() -> None:
    wait = {"Type": "Wait", "Seconds": 500, "End": True}
    world, arn, [token] = asking(states("A", A=ask(Next="W"), W=wait))
    gate, codes = threading.Barrier(10), list[str]()

    def answer(number: int) -> None:
        gate.wait()
        with world.kernel.lock:
            try:
                world.call("SendTaskSuccess", taskToken=token, output=json.dumps(number))
                codes.append("accepted")
            except AwsError as error:
                codes.append(error.code)

    threads = [threading.Thread(target=answer, args=(number,)) for number in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(codes) == ["TaskTimedOut"] * 9 + ["accepted"]
    assert world.types(arn).count("TaskSucceeded") == 1


def test_an_answer_from_within_the_function_wins_over_its_return() -> None:
    world = World()

    def function(payload: Any) -> tuple[float, Outcome]:
        world.kernel.after(
            1.0, lambda: world.call("SendTaskSuccess", taskToken=payload["token"], output='"early"')
        )
        return 2.0, Outcome(error="Late")

    world.functions["ask"] = function
    arn = world.start(states("A", A=ask()))
    world.run()
    assert world.output(arn) == "early"
    assert "TaskFailed" not in world.types(arn)


def test_a_function_that_fails_before_it_could_ask_closes_its_token() -> None:
    world, tokens = World(), list[str]()
    world.functions["ask"] = lambda payload: tokens.append(payload["token"]) or Outcome(error="Broken")
    wait = {"Type": "Wait", "Seconds": 500, "End": True}
    catch = [{"ErrorEquals": ["Broken"], "Next": "W"}]
    world.start(states("A", A=ask(Catch=catch, Next="W"), W=wait))
    world.run(10)
    assert refusal(world, "SendTaskSuccess", taskToken=tokens[0], output="{}") == "TaskTimedOut"


def test_a_retry_has_a_new_token() -> None:
    rule = [{"ErrorEquals": ["States.Timeout"], "MaxAttempts": 1}]
    world, arn, tokens = asking(states("A", A=ask(TimeoutSeconds=60, Retry=rule)))
    world.run(70)
    assert len(set(tokens)) == 2
    assert refusal(world, "SendTaskSuccess", taskToken=tokens[0], output="{}") == "TaskTimedOut"
    world.call("SendTaskSuccess", taskToken=tokens[1], output='"second"')
    world.run()
    assert world.output(arn) == "second"


@pytest.mark.parametrize("token", ["", "x", "A" * 88, "A" * 86 + "==", None, 5, "é" * 50])
def test_what_is_no_token_is_invalid(token: Any) -> None:
    world, _, _ = asking()
    for operation in ("SendTaskSuccess", "SendTaskFailure", "SendTaskHeartbeat"):
        assert refusal(world, operation, taskToken=token, output="{}") == "InvalidToken"


@pytest.mark.parametrize(
    "output", ["", "{", "NaN", r'"\ud800"', '"\ud800"', "[" * 5000, None, '"' + "x" * 262_143 + '"']
)
def test_an_output_that_is_not_json_is_refused_and_the_task_stays_open(output: Any) -> None:
    world, arn, [token] = asking()
    assert refusal(world, "SendTaskSuccess", taskToken=token, output=output) == "InvalidOutput"
    world.call("SendTaskSuccess", taskToken=token, output="1")
    world.run()
    assert world.output(arn) == 1


@pytest.mark.parametrize("params", [{"error": "x" * 257}, {"cause": "x" * 32_769}, {"error": 5}])
def test_an_error_that_is_too_long_is_refused(params: dict[str, Any]) -> None:
    world, arn, [token] = asking()
    assert refusal(world, "SendTaskFailure", taskToken=token, **params) == "ValidationException"
    assert refusal(world, "StopExecution", executionArn=arn, **params) == "ValidationException"
    assert world.describe(arn)["status"] == "RUNNING"


def test_hostile_errors_can_still_be_written() -> None:
    world, arn, [token] = asking()
    world.call("SendTaskFailure", taskToken=token, error="E\ud800", cause="c\udfff\x00\u202e")
    world.run()
    json.dumps(world.events(arn), ensure_ascii=False).encode()
    assert world.describe(arn)["error"] == "E?"


def test_a_stopped_execution_has_no_later_side_effect() -> None:
    world, tokens = World(), list[str]()
    world.functions["ask"] = lambda payload: tokens.append(payload["token"]) or (5.0, DONE)
    world.functions["f"] = lambda _: (30.0, DONE)
    branches = [
        states("A", A=ask(Next="AfterAsk"), AfterAsk=task("never")),
        states("T", T=task("f", Next="AfterTask"), AfterTask=task("never")),
        states("W", W={"Type": "Wait", "Seconds": 20, "Next": "AfterWait"}, AfterWait=task("never")),
    ]
    both = {"Type": "Parallel", "Branches": branches, "Next": "End"}
    arn = world.start(states("B", B=both, End=task("never")))
    world.run(10)
    before = list(world.invoked)
    stopped = world.call("StopExecution", executionArn=arn, error="Stopped", cause="by hand")
    assert refusal(world, "SendTaskSuccess", taskToken=tokens[0], output="{}") == "TaskDoesNotExist"
    world.run()
    assert world.invoked == before
    described = world.describe(arn)
    assert (described["status"], described["error"], described["cause"]) == ("ABORTED", "Stopped", "by hand")
    assert described["stopDate"] == stopped["stopDate"]
    assert world.events(arn)[-1]["type"] == "ExecutionAborted"
    assert world.events(arn)[-1]["previousEventId"] == 0
    assert world.call("StopExecution", executionArn=arn)["stopDate"] == stopped["stopDate"]


def test_stopping_between_scheduled_and_started_starts_nothing() -> None:
    world = World()
    arn = world.start(states("T", T=task("never")))
    world.call("StopExecution", executionArn=arn)
    world.run()
    assert world.types(arn) == ["ExecutionStarted", "ExecutionAborted"]
    assert world.invoked == []


def test_an_answered_task_leaves_no_timer_that_moves_the_clock() -> None:
    world, arn, [token] = asking(states("A", A=ask(TimeoutSeconds=31_536_000, HeartbeatSeconds=86_400)))
    world.call("SendTaskSuccess", taskToken=token, output="1")
    world.kernel.run()
    assert world.describe(arn)["status"] == "SUCCEEDED"
    assert world.kernel.now() == T0 + 1


def test_no_repr_and_no_message_shows_a_token() -> None:
    world, arn, [token] = asking(states("A", A=ask(HeartbeatSeconds=5)))
    seen = [repr(world.engine), repr(vars(world.engine))]
    executions = world.engine._executions
    seen += [repr(executions.by_arn[arn]), repr(executions.by_arn[arn].strands)]
    for output in ("{", "x" * 300_000):
        with pytest.raises(AwsError) as refused:
            world.call("SendTaskSuccess", taskToken=token, output=output)
        seen += [repr(refused.value), str(refused.value)]
    world.run()
    for operation in ("SendTaskSuccess", "SendTaskFailure", "SendTaskHeartbeat"):
        with pytest.raises(AwsError) as refused:
            world.call(operation, taskToken=token, output="{}")
        seen += [repr(refused.value), str(refused.value)]
    assert [text for text in seen if token in text] == []


def test_a_path_that_leads_nowhere_does_not_quote_the_context() -> None:
    world = World()
    arn = world.start(states("A", A=ask(Parameters={"FunctionName": "f", "Payload": {"x.$": "$$.Task.No"}})))
    world.run()
    cause = world.describe(arn)["cause"]
    assert "the context object" in cause
    assert "Token" not in cause
