"""The state machine: Step Functions' StartExecution, DescribeExecution and SendTask*.

Step Functions quotes the task token in the messages of its errors, so none of them goes further than its
code: our own error is raised outside the `except`, with nothing attached.
"""

from collections.abc import Callable, Mapping
from typing import Any

from botocore.client import BaseClient

from controller.aws.errors import OUTSIDE, code
from controller.core.canonical_json import ascii_json
from controller.core.text import sanitize
from controller.ports.errors import OutsideUnreachable, TokenClosed

PERMISSIONS: tuple[str, ...] = (
    "states:DescribeExecution",
    "states:SendTaskFailure",
    "states:SendTaskHeartbeat",
    "states:SendTaskSuccess",
    "states:StartExecution",
)
DECIDED = frozenset({"InvalidToken", "TaskDoesNotExist", "TaskTimedOut"})


class StepFunctionsWorkflow:
    """`ports.outside.Workflow` on one state machine.

    others: Region -> Step Functions there, for callbacks that wait with another controller.
    """

    def __init__(
        self,
        *,
        client: BaseClient,
        state_machine_arn: str,
        others: Mapping[str, BaseClient] | None = None,
    ) -> None:
        self._client, self._arn, self._others = client, state_machine_arn, dict(others or {})

    def start(self, name: str, payload: Mapping[str, Any]) -> bool:
        """Start an execution, as `ports.outside.Workflow.start` says.

        Returns True also for one that runs under this name with the very same payload: Step Functions takes
        that for the same request, so a start whose reply was lost can be repeated.
        """
        _, failure = _sent(
            self._client.start_execution, stateMachineArn=self._arn, name=name, input=ascii_json(payload)
        )
        if failure and failure != "ExecutionAlreadyExists":
            raise OutsideUnreachable(f"starting execution {sanitize(name, 80)}: {failure}")
        return failure is None

    def running(self, name: str) -> bool | None:
        answer, failure = _sent(
            self._client.describe_execution,
            executionArn=_execution(self._arn, name),
            includedData="METADATA_ONLY",
        )
        if failure == "ExecutionDoesNotExist":
            return None
        if failure:
            raise OutsideUnreachable(f"describing execution {sanitize(name, 80)}: {failure}")
        return bool(answer["status"] == "RUNNING")

    def succeed(self, token: str, output: Mapping[str, Any], *, region: str = "") -> None:
        client = self._others.get(region, self._client)
        _answered(client.send_task_success, taskToken=token, output=ascii_json(output))

    def fail(self, token: str, error: str, cause: str) -> None:
        _answered(
            self._client.send_task_failure,
            taskToken=token,
            error=sanitize(error, 256),
            cause=sanitize(cause, 32_768, lines=True),
        )

    def heartbeat(self, token: str) -> None:
        _answered(self._client.send_task_heartbeat, taskToken=token)


def _sent(operation: Callable[..., Any], **params: Any) -> tuple[Any, str | None]:
    """Return the answer, or the code of what went wrong."""
    try:
        return operation(**params), None
    except OUTSIDE as error:
        return None, code(error)


def _answered(operation: Callable[..., Any], **params: Any) -> None:
    _, failure = _sent(operation, **params)
    if failure in DECIDED:
        raise TokenClosed(f"this task was decided already: {failure}")
    if failure:
        raise OutsideUnreachable(f"answering a task: {failure}")


def _execution(state_machine_arn: str, name: str) -> str:
    """Return the ARN of the execution `name` of a state machine.

    arn:aws:states:R:A:stateMachine:M[:alias] and a name -> arn:aws:states:R:A:execution:M:name.
    """
    arn, partition, service, region, account, _, machine = state_machine_arn.split(":")[:7]
    return ":".join((arn, partition, service, region, account, "execution", machine, name))
