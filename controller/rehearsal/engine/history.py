"""The history of an execution: what GetExecutionHistory shows.

Source: botocore's service model `stepfunctions`, and histories recorded by AWS.
"""

from typing import Any

from controller.rehearsal.engine.failures import Failure
from controller.rehearsal.engine.records import Execution, Strand, TaskRun

EVENT_LIMIT = 25_000
_WHOLE = {"truncated": False}
_DATA = ("input", "output", "parameters")


class HistoryFull(Exception):  # noqa: N818
    """Only the event that ends the execution still fits."""


def append(
    execution: Execution, now: float, kind: str, previous: int, details: dict[str, Any] | None = None
) -> int:
    """Add an event and return its id. Raises `HistoryFull` before the last place is taken."""
    number = len(execution.events) + 1
    closing = kind.startswith("Execution")
    if number >= EVENT_LIMIT and not closing:
        raise HistoryFull
    event = {"timestamp": now, "type": kind, "id": number, "previousEventId": previous}
    if details is not None:
        event[_member(kind)] = details
    execution.events.append(event)
    return number


def _member(kind: str) -> str:
    if kind.endswith("StateEntered"):
        return "stateEnteredEventDetails"
    if kind.endswith("StateExited"):
        return "stateExitedEventDetails"
    return f"{kind[0].lower()}{kind[1:]}EventDetails"


def started(execution: Execution) -> dict[str, Any]:
    return {"input": execution.input, "inputDetails": _WHOLE, "roleArn": execution.role_arn}


def entered(strand: Strand, data: str) -> dict[str, Any]:
    return {"name": strand.state, "input": data, "inputDetails": _WHOLE}


def exited(strand: Strand, data: str) -> dict[str, Any]:
    return {"name": strand.state, "output": data, "outputDetails": _WHOLE}


def output(data: str) -> dict[str, Any]:
    return {"output": data, "outputDetails": _WHOLE}


def is_function(task: TaskRun) -> bool:
    """A Lambda ARN as resource has events and details of its own."""
    return task.service == "function"


def task_kind(task: TaskRun, what: str) -> str:
    return f"LambdaFunction{what}" if is_function(task) else f"Task{what}"


def scheduled(task: TaskRun, now: float, region: str) -> dict[str, Any]:
    details: dict[str, Any]
    if is_function(task):
        details = {"resource": task.action, "input": task.parameters, "inputDetails": _WHOLE}
    else:
        details = {**resource(task), "region": region, "parameters": task.parameters}
    if task.timeout_at is not None:
        details["timeoutInSeconds"] = round(task.timeout_at - now)
    if task.heartbeat_every is not None and not is_function(task):
        details["heartbeatInSeconds"] = round(task.heartbeat_every)
    return details


def resource(task: TaskRun) -> dict[str, Any]:
    return {"resourceType": task.service, "resource": task.action}


def begun(task: TaskRun) -> dict[str, Any] | None:
    return None if is_function(task) else resource(task)


def answered(task: TaskRun, data: str) -> dict[str, Any]:
    return output(data) if is_function(task) else {**resource(task), **output(data)}


def failed(task: TaskRun, failure: Failure) -> dict[str, Any]:
    return failure.details() if is_function(task) else {**resource(task), **failure.details()}


def without_data(event: dict[str, Any]) -> dict[str, Any]:
    """The event with inputs and outputs left out (`includeExecutionData: false`)."""
    return {
        name: {key: item for key, item in value.items() if key.removesuffix("Details") not in _DATA}
        if isinstance(value, dict)
        else value
        for name, value in event.items()
    }
