"""`dump` at any moment, through JSON, into a fresh engine: the execution ends as if nothing had happened."""

import json
from typing import Any

import pytest

from controller.rehearsal.service import AwsError
from controller.rehearsal.services.stepfunctions import Outcome
from tests.rehearsal.stepfunctions_world import T0, World, ask, states, task

DONE = Outcome(payload={"done": True})


def functions(world: World) -> None:
    """`f` fails once before the first minute; `slow` takes 40 s; `ask` is answered by the test."""
    world.functions |= {
        "f": lambda _: (5.0, DONE if world.kernel.now() > T0 + 60 else Outcome(error="Early")),
        "slow": lambda _: (40.0, DONE),
        "ask": lambda _: DONE,
    }


RETRY = [{"ErrorEquals": ["Early"], "IntervalSeconds": 30, "BackoffRate": 2}]
DEFINITION = states(
    "W",
    W={"Type": "Wait", "Seconds": 20, "Next": "F"},
    F=task(Retry=RETRY, ResultPath=None, Next="B"),
    B={
        "Type": "Parallel",
        "Branches": [
            states(
                "S", S=task("slow", ResultPath=None, Next="V"), V={"Type": "Wait", "Seconds": 30, "End": True}
            ),
            states("A", A=ask(HeartbeatSeconds=50, TimeoutSeconds=200, ResultPath="$.answer", End=True)),
        ],
        "End": True,
    },
)
ANSWER_AT = 150.0


def restarted(world: World, after: float) -> World:
    """A new process: nothing survives but the dump, written as JSON. It starts `after` seconds later."""
    text = json.dumps(world.engine.dump())
    fresh = World(at=world.kernel.now() + after)
    functions(fresh)
    fresh.engine.restore(json.loads(text))
    return fresh


def token_in(world: World, arn: str) -> str:
    scheduled = [event for event in world.events(arn) if event["type"] == "TaskScheduled"][-1]
    parameters = json.loads(scheduled["taskScheduledEventDetails"]["parameters"])
    return str(parameters["Payload"]["token"])


def finish(world: World, arn: str) -> None:
    world.run(ANSWER_AT)
    world.call("SendTaskSuccess", taskToken=token_in(world, arn), output='"yes"')
    world.run()


def begin() -> tuple[World, str]:
    world = World()
    functions(world)
    return world, world.start(DEFINITION, {"n": 1})


def test_the_run_without_a_restart() -> None:
    world, arn = begin()
    finish(world, arn)
    assert world.output(arn) == [{"n": 1}, {"n": 1, "answer": "yes"}]
    assert world.types(arn).count("TaskFailed") == 2


@pytest.mark.parametrize("at", [0, 10, 20, 22, 25, 40, 55, 57, 60, 100, 120, 122, 130, 145])
def test_a_restart_at_any_moment_changes_nothing_but_calls_in_flight(at: float) -> None:
    straight, arn = begin()
    finish(straight, arn)
    world, arn = begin()
    world.run(at)
    world = restarted(world, after=0.0)
    finish(world, arn)
    assert world.types(arn) == straight.types(arn)
    assert world.output(arn) == straight.output(arn)
    ids = [(event["id"], event["previousEventId"]) for event in world.events(arn)]
    assert ids == [(event["id"], event["previousEventId"]) for event in straight.events(arn)]


def test_many_restarts_in_a_row() -> None:
    world, arn = begin()
    for at in range(0, int(ANSWER_AT), 7):
        world.run(at)
        world = restarted(world, after=0.0)
    finish(world, arn)
    assert world.output(arn) == [{"n": 1}, {"n": 1, "answer": "yes"}]


def test_a_call_in_flight_is_made_again_with_the_same_payload() -> None:
    world, _ = begin()
    world.run(21)
    assert [(function, payload) for _, function, payload in world.invoked] == [("f", {"n": 1})]
    world = restarted(world, after=2.0)
    assert [(function, payload) for _, function, payload in world.invoked] == [("f", {"n": 1})]


def test_what_fell_due_while_nobody_ran_happens_at_once() -> None:
    world, arn = begin()
    world.run(10)
    world = restarted(world, after=1000.0)
    world.run(1011)
    assert world.times(arn, "WaitStateExited") == [1010.0]


def test_timeouts_run_on_over_a_restart() -> None:
    world = World()
    functions(world)
    arn = world.start(states("A", A=ask(HeartbeatSeconds=50)))
    world.run(30)
    world = restarted(world, after=10.0)
    world.run()
    assert world.times(arn, "TaskTimedOut") == [50.0]


def test_the_timeout_of_the_execution_runs_on_over_a_restart() -> None:
    world = World()
    definition = {**states("W", W={"Type": "Wait", "Seconds": 500, "End": True}), "TimeoutSeconds": 100}
    arn = world.start(definition)
    world.run(30)
    world = restarted(world, after=10.0)
    world.run()
    assert world.times(arn, "ExecutionTimedOut") == [100.0]


def test_old_answers_stay_refused_and_new_tokens_are_new() -> None:
    """The same seed would give the same tokens again: an old one must not open a new task."""
    world = World()
    functions(world)
    wait = {"Type": "Wait", "Seconds": 100, "Next": "A2"}
    arn = world.start(states("A", A=ask(Next="W"), W=wait, A2=ask()))
    world.run(10)
    old = token_in(world, arn)
    world.call("SendTaskSuccess", taskToken=old, output="1")
    world = restarted(world, after=0.0)
    with pytest.raises(AwsError, match="TaskTimedOut"):
        world.call("SendTaskSuccess", taskToken=old, output="2")
    world.run(200)
    assert token_in(world, arn) != old
    with pytest.raises(AwsError, match="TaskTimedOut"):
        world.call("SendTaskSuccess", taskToken=old, output="2")


def test_closed_executions_keep_their_names_and_histories() -> None:
    world, arn = begin()
    finish(world, arn)
    before: list[dict[str, Any]] = world.events(arn)
    fresh = restarted(world, after=5.0)
    assert fresh.events(arn) == before
    machine = fresh.describe(arn)["stateMachineArn"]
    with pytest.raises(AwsError, match="ExecutionAlreadyExists"):
        fresh.start_machine(machine, {"n": 1}, "run")
    fresh.run()
    assert fresh.invoked == []


def test_a_dump_of_another_version_is_refused() -> None:
    with pytest.raises(ValueError, match="version"):
        World().engine.restore({"version": 99})
