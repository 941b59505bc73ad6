"""The same engine on the wall clock: functions in threads, answers from threads, one kernel thread."""

import json
import random
import threading
from typing import Any

from controller.rehearsal.service import Call
from controller.rehearsal.services.stepfunctions import Done, Outcome, StepFunctions
from controller.rehearsal.time.kernel import Kernel, WallClock
from tests.rehearsal.stepfunctions_world import REGION, T0, ask, states, task

BRANCHES = 8


def test_answers_from_many_threads_are_all_heard_once() -> None:
    kernel = Kernel(WallClock(T0, speed=100.0))
    ended = threading.Event()

    def call(operation: str, **params: Any) -> dict[str, Any]:
        with kernel.lock:
            return engine.operations[operation](Call("states", operation, REGION, params))

    def invoke(function: str, payload: Any, done: Done) -> None:
        def work() -> None:
            done(Outcome(payload=function))
            if "token" in payload:
                call("SendTaskSuccess", taskToken=payload["token"], output='"yes"')

        threading.Thread(target=work).start()

    def changed(detail: dict[str, Any]) -> None:
        if detail["status"] != "RUNNING":
            ended.set()

    engine = StepFunctions(kernel, REGION, invoke, random.Random(1), changed=changed)
    branches = [
        states(f"T{n}", **{f"T{n}": task(ResultPath=None, Next=f"A{n}"), f"A{n}": ask(TimeoutSeconds=6000)})
        for n in range(BRANCHES)
    ]
    definition = json.dumps(states("B", B={"Type": "Parallel", "Branches": branches, "End": True}))
    machine = call("CreateStateMachine", name="m", definition=definition)["stateMachineArn"]
    loop = threading.Thread(target=kernel.run)
    loop.start()
    arn = call("StartExecution", stateMachineArn=machine, name="n")["executionArn"]
    assert ended.wait(120)
    kernel.stop()
    loop.join(60)
    described = call("DescribeExecution", executionArn=arn)
    assert (described["status"], described["output"]) == (
        "SUCCEEDED",
        json.dumps(["yes"] * BRANCHES).replace(" ", ""),
    )
    types = [event["type"] for event in call("GetExecutionHistory", executionArn=arn)["events"]]
    assert types.count("TaskSucceeded") == 2 * BRANCHES
