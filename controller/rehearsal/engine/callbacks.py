"""SendTaskSuccess, SendTaskFailure, SendTaskHeartbeat: exactly one answer wins.

No message here repeats a token.
"""

from typing import Any

from controller.rehearsal.engine.executions import Executions
from controller.rehearsal.engine.json_text import from_text, too_large
from controller.rehearsal.engine.names import check_failure
from controller.rehearsal.engine.records import Execution, Strand, TaskRun
from controller.rehearsal.engine.tasks import Tasks
from controller.rehearsal.kernel import Kernel
from controller.rehearsal.service import AwsError, Call
from controller.rehearsal.services.awslambda import Outcome


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
        """Puts the lapse of the heartbeat off; the task's own timeout stays."""
        execution, strand, task = self._open(call)
        if task.heartbeat_every is not None:
            task.heartbeat_at = self._kernel.now() + task.heartbeat_every
            self._tasks.watch(execution, strand)
        return {}

    def _open(self, call: Call) -> tuple[Execution, Strand, TaskRun]:
        """The task that waits for this token's answer."""
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
