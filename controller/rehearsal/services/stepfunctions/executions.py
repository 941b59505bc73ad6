"""The executions: start, stop, describe, list, history, and the callbacks of their tasks.

For SendTaskSuccess, SendTaskFailure and SendTaskHeartbeat, exactly one answer to a task counts.
No message here repeats a token.
"""

import random
import uuid
from typing import Any

from controller.rehearsal.service import AwsError, Call
from controller.rehearsal.services.awslambda import Outcome
from controller.rehearsal.services.stepfunctions.failures import Failure
from controller.rehearsal.services.stepfunctions.interpreter import Interpreter
from controller.rehearsal.services.stepfunctions.machines import SILENT, Machines
from controller.rehearsal.services.stepfunctions.pagination import page
from controller.rehearsal.services.stepfunctions.records import Execution, Strand, TaskRun, without_data
from controller.rehearsal.services.stepfunctions.tasks import Tasks
from controller.rehearsal.services.stepfunctions.text import (
    check_arn,
    check_failure,
    check_name,
    from_text,
    too_large,
)
from controller.rehearsal.time.kernel import Kernel

_STATUSES = {"RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED", "PENDING_REDRIVE"}
_REDRIVE = {
    "RUNNING": ("NOT_REDRIVABLE", "Execution is RUNNING and cannot be redriven"),
    "SUCCEEDED": ("NOT_REDRIVABLE", "Execution is SUCCEEDED and cannot be redriven"),
}


class Executions:
    """The executions of one Region.

    Names are kept for ever (AWS: 90 days).
    """

    def __init__(
        self, kernel: Kernel, rng: random.Random, machines: Machines, interpreter: Interpreter
    ) -> None:
        self._kernel, self._rng, self._machines, self._interpreter = kernel, rng, machines, interpreter
        self.by_arn: dict[str, Execution] = {}

    def find(self, arn: object) -> Execution:
        known = self.by_arn.get(check_arn(arn, "execution"))
        if known is None:
            raise AwsError("ExecutionDoesNotExist", f"Execution Does Not Exist: '{arn}'")
        return known

    def start(self, call: Call) -> dict[str, Any]:
        """Answer StartExecution.

        The same name and input again, while it runs, is the same execution.
        """
        machine = self._machines.find(call.params.get("stateMachineArn"))
        name = call.params.get("name")
        name = self._new_name() if name is None else check_name(name)
        data = _input(call.params.get("input", "{}"))
        arn = f"{machine.arn.replace(':stateMachine:', ':execution:', 1)}:{name}"
        known = self.by_arn.get(arn)
        if known is not None:
            if known.status == "RUNNING" and known.input == data:
                return {"executionArn": arn, "startDate": known.start}
            raise AwsError("ExecutionAlreadyExists", f"Execution Already Exists: '{arn}'")
        execution = Execution(
            number=len(self.by_arn) + 1,
            arn=arn,
            name=name,
            machine_arn=machine.arn,
            role_arn=machine.role_arn,
            definition=machine.definition,
            input=data,
            start=self._kernel.now(),
        )
        self.by_arn[arn] = execution
        self._interpreter.begin(execution)
        return {"executionArn": arn, "startDate": execution.start}

    def _new_name(self) -> str:
        return str(uuid.UUID(int=self._rng.getrandbits(128), version=4))

    def stop(self, call: Call) -> dict[str, Any]:
        """Answer StopExecution: from here on the execution has no side effect.

        An execution that has ended stays as it is.
        """
        execution = self.find(call.params.get("executionArn"))
        if execution.status == "RUNNING":
            failure = Failure(*check_failure(call.params))
            self._interpreter.abort(execution, failure)
        return {"stopDate": execution.stop}

    def describe(self, call: Call) -> dict[str, Any]:
        execution = self.find(call.params.get("executionArn"))
        reason = f"Execution is {execution.status} and is not redriven in a rehearsal"
        status, reason = _REDRIVE.get(execution.status, ("NOT_REDRIVABLE", reason))
        answer = {
            **_item(execution),
            "input": execution.input,
            "inputDetails": {"included": True},
            "redriveStatus": status,
            "redriveStatusReason": reason,
        }
        if execution.output is not None:
            answer |= {"output": execution.output, "outputDetails": {"included": True}}
        for field, value in (("error", execution.error), ("cause", execution.cause)):
            if value is not None:
                answer[field] = value
        return answer

    def machine_of(self, call: Call) -> dict[str, Any]:
        """Answer DescribeStateMachineForExecution.

        The definition is the one that the execution began with.
        """
        execution = self.find(call.params.get("executionArn"))
        machine = self._machines.find(execution.machine_arn)
        return {
            "stateMachineArn": machine.arn,
            "name": machine.name,
            "definition": execution.definition,
            "roleArn": execution.role_arn,
            "updateDate": machine.updated,
            **SILENT,
        }

    def list_all(self, call: Call) -> dict[str, Any]:
        """Answer ListExecutions of one machine, newest first."""
        machine = self._machines.find(call.params.get("stateMachineArn"))
        wanted = call.params.get("statusFilter")
        if wanted is not None and wanted not in _STATUSES:
            raise AwsError("ValidationException", "statusFilter is no execution status")
        executions = [
            execution
            for execution in reversed(self.by_arn.values())
            if execution.machine_arn == machine.arn and wanted in {None, execution.status}
        ]
        scope = f"executions {machine.arn} {wanted}"
        shown, following = page(executions, lambda execution: execution.number, call.params, scope=scope)
        return {"executions": [_item(execution) for execution in shown], **following}

    def history(self, call: Call) -> dict[str, Any]:
        """Answer GetExecutionHistory."""
        execution = self.find(call.params.get("executionArn"))
        backwards = bool(call.params.get("reverseOrder", False))
        events = execution.events[::-1] if backwards else execution.events
        scope = f"history {execution.arn} {backwards}"
        shown, following = page(
            events, lambda event: int(event["id"]), call.params, scope=scope, default=1000
        )
        if call.params.get("includeExecutionData", True) is False:
            shown = [without_data(event) for event in shown]
        return {"events": shown, **following}


def _input(data: object) -> str:
    if not isinstance(data, str):
        raise AwsError("InvalidExecutionInput", "Invalid State Machine Execution Input: 'not a string'")
    if too_large(data):
        raise AwsError(
            "InvalidExecutionInput", "Invalid State Machine Execution Input: 'larger than 256 KiB'"
        )
    try:
        from_text(data)
    except ValueError as exc:
        raise AwsError("InvalidExecutionInput", f"Invalid State Machine Execution Input: '{exc}'") from exc
    return data


def _item(execution: Execution) -> dict[str, Any]:
    item = {
        "executionArn": execution.arn,
        "stateMachineArn": execution.machine_arn,
        "name": execution.name,
        "status": execution.status,
        "startDate": execution.start,
        "redriveCount": 0,
    }
    return item if execution.stop is None else {**item, "stopDate": execution.stop}


class Callbacks:
    def __init__(self, kernel: Kernel, tasks: Tasks, executions: Executions) -> None:
        self._kernel, self._tasks, self._executions = kernel, tasks, executions

    def succeed(self, call: Call) -> dict[str, Any]:
        execution, strand, _ = self._open(call)
        output = call.params.get("output")
        if not isinstance(output, str) or too_large(output):
            raise AwsError("InvalidOutput", "Invalid Output: 'a string of JSON of at most 256 KiB is needed'")
        try:
            payload = from_text(output)
        except ValueError as exc:
            raise AwsError("InvalidOutput", f"Invalid Output: '{exc}'") from exc
        self._tasks.answer(execution, strand, Outcome(payload=payload))
        return {}

    def fail(self, call: Call) -> dict[str, Any]:
        execution, strand, _ = self._open(call)
        error, cause = check_failure(call.params)
        self._tasks.answer(execution, strand, Outcome(error=error or "", cause=cause))
        return {}

    def beat(self, call: Call) -> dict[str, Any]:
        """Answer SendTaskHeartbeat: move the end of the heartbeat.

        The task's own timeout stays.
        """
        execution, strand, task = self._open(call)
        if task.heartbeat_every is not None:
            task.heartbeat_at = self._kernel.now() + task.heartbeat_every
            self._tasks.watch(execution, strand)
        return {}

    def _open(self, call: Call) -> tuple[Execution, Strand, TaskRun]:
        """Return the task that waits for this token's answer.

        Raises `AwsError`.
        """
        token = call.params.get("taskToken")
        place = self._tasks.tokens.find(token) if isinstance(token, str) else None
        if place is None:
            raise AwsError("InvalidToken", "Invalid Token: 'Invalid token'")
        execution = self._executions.by_arn[place[0]]
        if execution.status != "RUNNING":
            raise AwsError("TaskDoesNotExist", "Task does not exist: its execution is closed")
        for strand in execution.strands.values():
            if strand.task is not None and strand.task.serial == place[1]:
                return execution, strand, strand.task
        raise AwsError("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'")
