"""Retry, Catch and timeouts of tasks, in virtual time."""

import json
from itertools import pairwise
from typing import Any

import pytest

from controller.rehearsal.services.stepfunctions import Done, Outcome
from tests.rehearsal.stepfunctions_world import DONE, END, World, ask, failing, states, task

NESTED: Any = json.loads("[" * 300 + "]" * 300)


def retrier(*names: str, **fields: Any) -> dict[str, Any]:
    return {"ErrorEquals": list(names), **fields}


@pytest.mark.parametrize(
    ("fields", "failures", "calls_at"),
    [
        ({}, 3, [0, 1, 3, 7]),
        ({"IntervalSeconds": 2, "BackoffRate": 1}, 2, [0, 2, 4]),
        ({"IntervalSeconds": 10, "BackoffRate": 3, "MaxDelaySeconds": 15}, 3, [0, 10, 25, 40]),
        ({"IntervalSeconds": 30, "MaxDelaySeconds": 10}, 1, [0, 10]),
        ({"MaxAttempts": 0}, 0, [0]),
    ],
)
def test_retries_are_spaced_by_backoff(fields: dict[str, Any], failures: int, calls_at: list[float]) -> None:
    world = World()
    world.functions["f"] = failing(failures)
    arn = world.start(states("T", T=task(Retry=[retrier("SwitchUnavailable", **fields)])))
    world.run()
    assert world.describe(arn)["status"] == "SUCCEEDED"
    assert [round(at, 6) for at, _, _ in world.invoked] == calls_at


@pytest.mark.parametrize(("fields", "calls"), [({}, 4), ({"MaxAttempts": 0}, 1), ({"MaxAttempts": 1}, 2)])
def test_attempts_run_out(fields: dict[str, Any], calls: int) -> None:
    world = World()
    world.functions["f"] = failing(99)
    arn = world.start(states("T", T=task(Retry=[retrier("States.ALL", **fields)])))
    world.run()
    assert world.describe(arn)["status"] == "FAILED"
    assert world.describe(arn)["error"] == "SwitchUnavailable"
    assert len(world.invoked) == calls


def test_full_jitter_stays_below_the_delay_and_repeats_with_the_seed() -> None:
    rule = retrier("States.ALL", IntervalSeconds=8, BackoffRate=2, MaxAttempts=5, JitterStrategy="FULL")

    def gaps(seed: int) -> list[float]:
        world = World(seed=seed)
        world.functions["f"] = failing(5)
        world.start(states("T", T=task(Retry=[rule])))
        world.run()
        at = [at for at, _, _ in world.invoked]
        return [later - earlier for earlier, later in pairwise(at)]

    assert all(0 <= gap <= 8 * 2**index for index, gap in enumerate(gaps(1)))
    assert gaps(1) == gaps(1) != gaps(2)


def test_each_retrier_counts_for_itself_and_the_context_counts_all() -> None:
    answers = iter(["A", "B", "A", "B", "A"])
    world = World()
    world.functions["f"] = lambda _: Outcome(error=next(answers))
    rules = [retrier("A", MaxAttempts=2, BackoffRate=1), retrier("B", MaxAttempts=9, BackoffRate=1)]
    arn = world.start(states("T", T=task(payload={"n.$": "$$.State.RetryCount"}, Retry=rules)))
    world.run()
    assert [payload["n"] for _, _, payload in world.invoked] == [0, 1, 2, 3, 4]
    assert world.describe(arn)["error"] == "A"


def test_a_retried_task_is_scheduled_again_after_its_failure() -> None:
    world = World()
    world.functions["f"] = failing(1)
    arn = world.start(states("T", T=task(Retry=[retrier("States.TaskFailed")])))
    world.run()
    events = world.events(arn)
    assert [event["type"] for event in events[1:8]] == [
        "TaskStateEntered",
        "TaskScheduled",
        "TaskStarted",
        "TaskFailed",
        "TaskScheduled",
        "TaskStarted",
        "TaskSucceeded",
    ]
    assert [event["previousEventId"] for event in events[:8]] == [0, 0, 2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize(
    ("error", "names", "caught"),
    [
        ("SwitchRefused", ["SwitchRefused"], True),
        ("SwitchRefused", ["JournalConflict", "SwitchRefused"], True),
        ("SwitchRefused", ["Switch"], False),
        ("SwitchRefused", ["States.ALL"], True),
        ("SwitchRefused", ["States.TaskFailed"], True),
        ("Lambda.TooManyRequestsException", ["States.TaskFailed"], True),
        ("States.Timeout", ["States.TaskFailed"], False),
        ("States.Timeout", ["States.Timeout"], True),
        ("States.Timeout", ["States.HeartbeatTimeout"], False),
        ("States.Runtime", ["States.ALL"], False),
        ("States.Runtime", ["States.Runtime"], False),
        ("States.DataLimitExceeded", ["States.ALL"], True),
        ("States.DataLimitExceeded", ["States.TaskFailed"], True),
        ("States.DataLimitExceeded", ["States.DataLimitExceeded"], True),
    ],
)
def test_who_catches_what(error: str, names: list[str], caught: bool) -> None:
    world = World()
    world.functions["f"] = lambda _: Outcome(error=error)
    catch = [{"ErrorEquals": names, "Next": "Caught"}]
    arn = world.start(states("T", T=task(Catch=catch, Next="Fine"), Caught=END, Fine=END))
    world.run()
    assert world.describe(arn)["status"] == ("SUCCEEDED" if caught else "FAILED")
    assert ("PassStateEntered" in world.types(arn)) is caught


def test_the_first_catcher_that_matches_puts_error_and_cause_where_it_says() -> None:
    world = World()
    world.functions["f"] = failing(1, "SwitchRefused")
    catch = [
        {"ErrorEquals": ["Other"], "Next": "Fine"},
        {"ErrorEquals": ["SwitchRefused"], "ResultPath": "$.error", "Next": "Caught"},
        {"ErrorEquals": ["States.ALL"], "Next": "Fine"},
    ]
    definition = states("T", T=task(Catch=catch, Next="Fine", OutputPath="$.none"), Caught=END, Fine=END)
    arn = world.start(definition, {"incident": 17})
    world.run()
    output = world.output(arn)
    assert (output["incident"], output["error"]["Error"]) == (17, "SwitchRefused")
    cause = json.loads(output["error"]["Cause"])
    assert (cause["errorMessage"], cause["errorType"]) == ("no endpoint answered", "SwitchRefused")


def test_retry_comes_before_catch() -> None:
    world = World()
    world.functions["f"] = failing(99)
    rules = {"Retry": [retrier("States.ALL", MaxAttempts=2)], "Catch": [retrier("States.ALL", Next="Caught")]}
    arn = world.start(states("T", T=task(Next="Caught", **rules), Caught=END))
    world.run()
    assert len(world.invoked) == 3
    assert world.describe(arn)["status"] == "SUCCEEDED"


@pytest.mark.parametrize(
    "limit", [{"TimeoutSeconds": 20}, {"TimeoutSecondsPath": "$.limit"}], ids=["seconds", "path"]
)
@pytest.mark.parametrize(("takes", "status"), [(19.0, "SUCCEEDED"), (21.0, "FAILED")])
def test_a_task_times_out(limit: dict[str, Any], takes: float, status: str) -> None:
    world = World()
    world.functions["f"] = lambda _: (takes, DONE)
    arn = world.start(states("T", T=task(**limit)), {"limit": 20})
    world.run()
    assert world.describe(arn)["status"] == status
    assert world.times(arn, "TaskTimedOut") == ([20.0] if status == "FAILED" else [])


def test_an_answer_after_the_timeout_changes_nothing() -> None:
    world = World()
    world.functions["f"] = lambda _: (30.0, DONE)
    rule = retrier("States.Timeout", MaxAttempts=1, IntervalSeconds=5)
    arn = world.start(states("T", T=task(TimeoutSeconds=20, Retry=[rule])))
    world.run(31)  # the first call has answered, the second attempt runs from 25 on
    assert len(world.invoked) == 2
    assert "TaskSucceeded" not in world.types(arn)
    world.run()
    assert world.types(arn).count("TaskTimedOut") == 2
    assert world.describe(arn)["error"] == "States.Timeout"


def test_a_call_that_answers_twice_is_heard_once() -> None:
    def function(_: Any, done: Done) -> None:
        done(DONE)
        world.kernel.after(5.0, lambda: done(Outcome(error="Second")))

    world = World(integrations={"sqs:sendMessage": function})
    resource = {"Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken"}
    arn = world.start(states("A", A={**ask(TimeoutSeconds=60), **resource}))
    world.run()
    assert world.types(arn)[3:] == ["TaskStarted", "TaskSubmitted", "TaskTimedOut", "ExecutionFailed"]


def test_a_heartbeat_lapses_unless_it_is_sent() -> None:
    world = World()
    tokens: list[str] = []
    world.functions["ask"] = lambda payload: tokens.append(payload["token"]) or DONE
    fields = {"HeartbeatSeconds": 60, "TimeoutSeconds": 600}
    arn = world.start(states("A", A=ask(**fields)))
    world.run(50)
    world.call("SendTaskHeartbeat", taskToken=tokens[0])
    world.run(100)
    assert world.types(arn)[-1] == "TaskSubmitted"
    world.run()
    assert world.times(arn, "TaskTimedOut") == [110.0]
    assert world.describe(arn)["error"] == "States.Timeout"


def test_heartbeats_do_not_put_off_the_timeout() -> None:
    world = World()
    tokens: list[str] = []
    world.functions["ask"] = lambda payload: tokens.append(payload["token"]) or DONE
    arn = world.start(states("A", A=ask(HeartbeatSeconds=60, TimeoutSeconds=100)))
    for at in (30, 60, 90):
        world.run(at)
        world.call("SendTaskHeartbeat", taskToken=tokens[0])
    world.run()
    assert world.times(arn, "TaskTimedOut") == [100.0]


@pytest.mark.parametrize(
    ("names", "caught"),
    [
        (["States.HeartbeatTimeout"], True),
        (["States.Timeout"], True),
        (["States.Timeout", "States.HeartbeatTimeout"], True),
        (["States.ALL"], True),
        (["States.TaskFailed"], False),
    ],
)
def test_who_catches_a_lapsed_heartbeat(names: list[str], caught: bool) -> None:
    world = World()
    world.functions["ask"] = lambda _: DONE
    catch = [{"ErrorEquals": names, "Next": "Caught"}]
    arn = world.start(states("A", A=ask(HeartbeatSeconds=5, Catch=catch, Next="Caught"), Caught=END))
    world.run()
    assert world.describe(arn)["status"] == ("SUCCEEDED" if caught else "FAILED")


def test_the_whole_execution_times_out_and_acts_no_more() -> None:
    world = World()
    world.functions["f"] = lambda _: DONE
    wait = {"Type": "Wait", "Seconds": 100, "Next": "T"}
    arn = world.start({**states("W", W=wait, T=task()), "TimeoutSeconds": 60})
    world.run()
    assert world.describe(arn)["status"] == "TIMED_OUT"
    assert world.types(arn)[-1] == "ExecutionTimedOut"
    assert world.times(arn, "ExecutionTimedOut") == [60.0]
    assert world.invoked == []


def test_an_execution_that_ended_does_not_time_out_any_more() -> None:
    world = World()
    arn = world.start({**states("W", W={"Type": "Wait", "Seconds": 5, "End": True}), "TimeoutSeconds": 60})
    world.run()
    assert world.describe(arn)["status"] == "SUCCEEDED"
    assert world.types(arn)[-1] == "ExecutionSucceeded"


def test_a_catch_that_cannot_place_its_error_fails_the_execution() -> None:
    world = World()
    world.functions["f"] = failing(99)
    catch = [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.text.error", "Next": "Caught"}]
    arn = world.start(states("T", T=task(Catch=catch, Next="Caught"), Caught=END), {"text": "plain"})
    world.run()
    assert world.describe(arn)["error"] == "States.ResultPathMatchFailure"
    assert world.types(arn)[-2:] == ["TaskFailed", "ExecutionFailed"]


@pytest.mark.parametrize(
    ("state", "error"),
    [
        (task(payload={"x.$": "$.absent"}), "States.Runtime"),
        (task(InputPath="$.absent"), "States.Runtime"),
        (task(ResultSelector={"x.$": "$.absent"}), "States.Runtime"),
        (task(TimeoutSecondsPath="$.absent"), "States.Runtime"),
        (task(ResultPath="$.text.x"), "States.ResultPathMatchFailure"),
        ({"Type": "Wait", "SecondsPath": "$.text", "End": True}, "States.Runtime"),
        ({"Type": "Wait", "SecondsPath": "$.below", "End": True}, "States.Runtime"),
        ({"Type": "Wait", "SecondsPath": "$.flag", "End": True}, "States.Runtime"),
        (task(TimeoutSecondsPath="$.zero"), "States.Runtime"),
        ({"Type": "Wait", "TimestampPath": "$.text", "End": True}, "States.Runtime"),
        ({"Type": "Fail", "ErrorPath": "$.text"}, "plain"),
        ({"Type": "Fail", "ErrorPath": "$.absent"}, "States.Runtime"),
        (
            {"Type": "Choice", "Choices": [{"Variable": "$.absent", "IsNull": True, "Next": "E"}]},
            "States.Runtime",
        ),
        (
            {"Type": "Choice", "Choices": [{"Variable": "$.text", "IsNull": True, "Next": "E"}]},
            "States.NoChoiceMatched",
        ),
    ],
)
def test_a_state_that_cannot_read_its_input_fails_the_execution(state: dict[str, Any], error: str) -> None:
    world = World()
    world.functions["f"] = lambda _: DONE
    named = {"S": state, **({"E": END} if state["Type"] == "Choice" else {})}
    arn = world.start(states("S", **named), {"text": "plain", "below": -1, "zero": 0, "flag": True})
    world.run()
    assert world.describe(arn)["status"] == "FAILED"
    assert world.describe(arn)["error"] == error


@pytest.mark.parametrize("payload", [object(), {1, 2}, float("nan"), NESTED, "\ud800"])
def test_an_answer_that_is_not_json_fails_the_task(payload: Any) -> None:
    world = World()
    world.functions["f"] = lambda _: Outcome(payload=payload)
    arn = world.start(states("T", T=task()))
    world.run()
    assert world.describe(arn)["error"] == "Runtime.MarshalError"


def test_a_hostile_message_of_a_function_can_still_be_written() -> None:
    world = World()
    world.functions["f"] = lambda _: Outcome(error="E\udc80" + "x" * 999, cause="\ud800" * 99_999)
    arn = world.start(states("T", T=task()))
    world.run()
    assert len(world.describe(arn)["error"]) == 256
    assert len(world.describe(arn)["cause"]) == 32_768
    json.dumps(world.events(arn), ensure_ascii=False).encode()


def test_an_endless_loop_ends_at_25000_events() -> None:
    world = World()
    loop = {"Type": "Pass", "Next": "P"}
    arn = world.start(states("P", P=loop))
    world.run()
    page = world.call("GetExecutionHistory", executionArn=arn, reverseOrder=True, maxResults=1)
    assert (page["events"][0]["id"], page["events"][0]["type"]) == (25_000, "ExecutionFailed")
    assert world.describe(arn)["status"] == "FAILED"


def test_waits_end_on_the_second() -> None:
    world = World()
    definition = states(
        "A",
        A={"Type": "Wait", "Seconds": 90, "Next": "B"},
        B={"Type": "Wait", "SecondsPath": "$.seconds", "Next": "C"},
        C={"Type": "Wait", "Timestamp": "2026-01-01T01:00:00+00:00", "Next": "D"},
        D={"Type": "Wait", "TimestampPath": "$.at", "End": True},
    )
    arn = world.start(definition, {"seconds": 30, "at": "2026-01-01T02:00:00.5Z"})
    world.run()
    assert world.times(arn, "WaitStateExited") == [90.0, 120.0, 3600.0, 7200.5]
