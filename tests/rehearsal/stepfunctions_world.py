"""A small world around the Step Functions engine: virtual time, scripted Lambda functions."""

import json
import random
from collections.abc import Callable, Mapping
from typing import Any

from controller.rehearsal.service import Call
from controller.rehearsal.services.stepfunctions import Done, Integration, Outcome, StepFunctions
from controller.rehearsal.time.kernel import Kernel, VirtualClock

T0 = 1_767_225_600.0  # 2026-01-01T00:00:00Z
REGION = "us-west-2"
Function = Callable[[Any], tuple[float, Outcome] | Outcome | None]
"""Payload -> outcome, with a delay in seconds if not at once; None never answers."""
END: dict[str, Any] = {"Type": "Pass", "End": True}
DONE = Outcome(payload={"done": True})


class World:
    def __init__(
        self, *, integrations: Mapping[str, Integration] | None = None, seed: int = 7, at: float = T0
    ) -> None:
        self.kernel = Kernel(VirtualClock(at))
        self.functions: dict[str, Function] = {}
        self.invoked: list[tuple[float, str, Any]] = []
        self.changes: list[dict[str, Any]] = []
        self.engine = StepFunctions(
            self.kernel,
            REGION,
            self._invoke,
            random.Random(seed),
            integrations=integrations,
            changed=self.changes.append,
        )

    def _invoke(self, function: str, payload: Any, done: Done) -> None:
        self.invoked.append((self.kernel.now() - T0, function, payload))
        answer = self.functions[function](payload)
        if answer is not None:
            delay, outcome = answer if isinstance(answer, tuple) else (0.0, answer)
            self.kernel.after(delay, lambda: done(outcome))

    def call(self, operation: str, /, **params: Any) -> dict[str, Any]:
        return self.engine.operations[operation](Call("states", operation, REGION, params))

    def create(self, definition: Any, name: str = "machine") -> str:
        text = definition if isinstance(definition, str) else json.dumps(definition)
        role = "arn:aws:iam::123456789012:role/r"
        return str(
            self.call("CreateStateMachine", name=name, definition=text, roleArn=role)["stateMachineArn"]
        )

    def start(self, definition: Any, data: Any = None, name: str = "run") -> str:
        machine = self.create(definition)
        return self.start_machine(machine, {} if data is None else data, name)

    def start_machine(self, machine: str, data: Any, name: str) -> str:
        answer = self.call("StartExecution", stateMachineArn=machine, name=name, input=json.dumps(data))
        return str(answer["executionArn"])

    def run(self, seconds: float = 1_000_000.0) -> None:
        """Run until `seconds` after T0."""
        self.kernel.run(until=T0 + seconds)

    def events(self, arn: str) -> list[dict[str, Any]]:
        return list(self.call("GetExecutionHistory", executionArn=arn)["events"])

    def types(self, arn: str) -> list[str]:
        return [event["type"] for event in self.events(arn)]

    def times(self, arn: str, kind: str) -> list[float]:
        """Seconds after T0 of the events of this type."""
        return [event["timestamp"] - T0 for event in self.events(arn) if event["type"] == kind]

    def describe(self, arn: str) -> dict[str, Any]:
        return self.call("DescribeExecution", executionArn=arn)

    def output(self, arn: str) -> Any:
        return json.loads(self.describe(arn)["output"])


def states(start: str, **named: dict[str, Any]) -> dict[str, Any]:
    return {"StartAt": start, "States": named}


def task(function: str = "f", payload: Any = None, **fields: Any) -> dict[str, Any]:
    """A Task state that invokes a function with its input as payload."""
    parameters = {
        "FunctionName": function,
        **({"Payload.$": "$"} if payload is None else {"Payload": payload}),
    }
    ending = {} if "Next" in fields else {"End": True}
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": parameters,
        **ending,
        **fields,
    }


def ask(**fields: Any) -> dict[str, Any]:
    """A Task state that hands its token to the function `ask` and waits."""
    return {
        **task("ask", {"token.$": "$$.Task.Token"}, **fields),
        "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
    }


def failing(times: int, error: str = "SwitchUnavailable") -> Any:
    """A function that raises `times` times, then succeeds."""
    left = [times]

    def function(_: Any) -> Outcome:
        left[0] -= 1
        return Outcome(error=error, cause="no endpoint answered") if left[0] >= 0 else DONE

    return function
