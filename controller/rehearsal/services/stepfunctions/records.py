"""The records of a running execution: plain data, so that it survives a restart.

```
 Execution ── strand 0: Assess ─> Hold ─> Both (Parallel)
                                            ├── strand 1: branch 0, in its state Left
                                            └── strand 2: branch 1, in its state Right
```

None of these has a repr that shows data: inputs and tasks carry task tokens.

The events are the history of an execution, as GetExecutionHistory shows it.
Source: botocore's service model `stepfunctions`, and histories recorded by AWS.

The dump is the whole engine in a form for JSON: `tidegate up` keeps it over a restart.
"""

from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal

from controller.rehearsal.services.stepfunctions.failures import Failure

Phase = Literal["enter", "start", "running", "submitted", "wait", "backoff", "parallel"]
"""The next step of a strand, or the event that it waits for.

enter: its state is about to be entered. start: its task is scheduled, about to be started.
running: the call is in flight. submitted: the call answered, the callback has not.
wait: a Wait state until `due`. backoff: a retry at `due`. parallel: its branches.
"""


@dataclass(slots=True, repr=False)
class TaskRun:
    """One attempt of a Task state. Times in seconds since 1970."""

    serial: int
    service: str
    action: str
    callback: bool
    parameters: str
    token: str | None
    timeout_at: float | None
    heartbeat_every: float | None
    heartbeat_at: float | None


@dataclass(slots=True, repr=False)
class Strand:
    """One line of execution: the whole, or one branch of a Parallel state.

    scope: the path to its states in the definition.
    """

    number: int
    parent: int | None
    branch: int
    scope: list[str | int]
    state: str
    input: Any
    last_event: int
    phase: Phase = "enter"
    due: float = 0.0
    entered_at: float = 0.0
    attempts: list[int] = field(default_factory=list)
    retries: int = 0
    task: TaskRun | None = None
    forked: bool = False
    results: list[Any] = field(default_factory=list)
    pending: int = 0


@dataclass(slots=True, repr=False)
class Execution:
    number: int
    arn: str
    name: str
    machine_arn: str
    role_arn: str
    definition: str
    input: str
    start: float
    status: str = "RUNNING"
    stop: float | None = None
    output: str | None = None
    error: str | None = None
    cause: str | None = None
    strands: dict[int, Strand] = field(default_factory=dict)
    next_strand: int = 0
    next_serial: int = 0
    events: list[dict[str, Any]] = field(default_factory=list)


@dataclass(slots=True, repr=False)
class Machine:
    arn: str
    name: str
    definition: str
    role_arn: str
    created: float
    updated: float


EVENT_LIMIT = 25_000
_WHOLE = {"truncated": False}
_DATA = ("input", "output", "parameters")


class HistoryFull(Exception):  # noqa: N818
    """The history has room only for the event that ends the execution."""


def append(
    execution: Execution, now: float, kind: str, previous: int, details: dict[str, Any] | None = None
) -> int:
    """Add an event and return its id.

    Raises `HistoryFull` before the last place is taken.
    """
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
    """Return True where the resource is a Lambda ARN.

    Such a task has events and details of its own.
    """
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


def connector(task: TaskRun) -> str:
    """Return the name by which AWS calls a task whose result is too large.

    It is the function's ARN, `lambda`, or `aws-sdk:s3`: the service without the action.
    """
    if is_function(task):
        return task.action
    return f"aws-sdk:{task.action.partition(':')[0]}" if task.service == "aws-sdk" else task.service


def begun(task: TaskRun) -> dict[str, Any] | None:
    return None if is_function(task) else resource(task)


def answered(task: TaskRun, data: str) -> dict[str, Any]:
    return output(data) if is_function(task) else {**resource(task), **output(data)}


def failed(task: TaskRun, failure: Failure) -> dict[str, Any]:
    return failure.details() if is_function(task) else {**resource(task), **failure.details()}


def without_data(event: dict[str, Any]) -> dict[str, Any]:
    """Return the event without inputs and outputs (`includeExecutionData: false`)."""
    return {
        name: {key: item for key, item in value.items() if key.removesuffix("Details") not in _DATA}
        if isinstance(value, dict)
        else value
        for name, value in event.items()
    }


VERSION = 1


def dumped(machines: dict[str, Machine], executions: dict[str, Execution]) -> dict[str, Any]:
    """Return machines and executions in a form for JSON.

    Each distinct definition is written once.
    """
    definitions: dict[str, int] = {}
    kept = []
    for execution in executions.values():
        data = {member.name: getattr(execution, member.name) for member in fields(execution)}
        data["definition"] = definitions.setdefault(execution.definition, len(definitions))
        data["strands"] = [asdict(strand) for strand in execution.strands.values()]
        data["events"] = list(execution.events)  # only ever appended to: no need to copy each
        kept.append(data)
    return {
        "version": VERSION,
        "machines": [asdict(machine) for machine in machines.values()],
        "definitions": list(definitions),
        "executions": kept,
    }


def read_machines(data: dict[str, Any]) -> list[Machine]:
    if data.get("version") != VERSION:
        raise ValueError(f"a dump of version {VERSION} is needed")
    return [Machine(**machine) for machine in data["machines"]]


def read_executions(data: dict[str, Any]) -> list[Execution]:
    executions = []
    for item in data["executions"]:
        strands = [
            Strand(**{**strand, "task": None if strand["task"] is None else TaskRun(**strand["task"])})
            for strand in item["strands"]
        ]
        members = {**item, "definition": data["definitions"][item["definition"]]}
        members["strands"] = {strand.number: strand for strand in strands}
        executions.append(Execution(**members))
    return executions
