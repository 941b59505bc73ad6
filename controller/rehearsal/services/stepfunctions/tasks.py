"""The Task states: scheduled, started, submitted, and answered once or timed out.

```
 schedule ─ TaskScheduled ─> start ─ TaskStarted ─ call ··> outcome ─┬─ no callback: answered
     │ timeout, heartbeat timers run from here                       └─ TaskSubmitted ··· SendTask*: answered
     └── whichever comes first takes `strand.task` away; every later one finds nothing to answer
```

Task tokens are bearer secrets. They appear in no repr, log or exception of this engine.

A Task state calls an `Integration`. Each call returns at once and answers later through `done`, which may be
called on any thread. A call never raises: an unknown function, for example, is the outcome
`Lambda.ResourceNotFoundException`.

`due` gives the end of a Wait state.
"""

import base64
import random
import uuid
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from controller.rehearsal.services.awslambda import Invoke, Outcome
from controller.rehearsal.services.stepfunctions import records
from controller.rehearsal.services.stepfunctions.failures import (
    CAUSE_LIMIT,
    ERROR_LIMIT,
    RUNTIME,
    TIMEOUT,
    Failure,
    writable,
)
from controller.rehearsal.services.stepfunctions.jsonpath import NotFound, context_of, effective_input, read
from controller.rehearsal.services.stepfunctions.records import Execution, Strand, TaskRun
from controller.rehearsal.services.stepfunctions.strands import Strands
from controller.rehearsal.services.stepfunctions.text import from_iso, from_text, limited, to_text


class Tokens:
    """The tokens, each with the task that it answers.

    Closed ones are kept, so that a late answer learns that it is late.
    """

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._bound: dict[str, tuple[str, int]] = {}

    def new(self) -> str:
        """Return a token that was never used here.

        It is also new against the tokens from before a restart with the same random source.
        """
        while True:
            token = base64.b64encode(self._rng.randbytes(64)).decode("ascii")
            if token not in self._bound:
                return token

    def bind(self, token: str, arn: str, serial: int) -> None:
        self._bound[token] = (arn, serial)

    def find(self, token: str) -> tuple[str, int] | None:
        """Return execution ARN and the task's serial number in it."""
        return self._bound.get(token)

    def dump(self) -> dict[str, list[str | int]]:
        return {token: [arn, serial] for token, (arn, serial) in self._bound.items()}

    def restore(self, dumped: dict[str, list[str | int]]) -> None:
        self._bound.update({token: (str(arn), int(serial)) for token, (arn, serial) in dumped.items()})


Done = Callable[[Outcome], None]
Integration = Callable[[dict[str, Any], Done], None]
"""`integration(parameters, done)`: the payload of its outcome is the task's whole output."""


def lambda_invoke(invoke: Invoke) -> Integration:
    """Return the optimised integration `lambda:invoke`.

    It puts a payload into the envelope that AWS uses.
    """

    def call(parameters: dict[str, Any], done: Done) -> None:
        function = str(parameters["FunctionName"])
        if "Qualifier" in parameters:
            function = f"{function}:{parameters['Qualifier']}"

        def wrap(outcome: Outcome) -> None:
            if outcome.error is not None:
                done(outcome)
                return
            done(
                Outcome(
                    payload={
                        "ExecutedVersion": "$LATEST",
                        "Payload": outcome.payload,
                        "SdkHttpMetadata": {"HttpStatusCode": 200},
                        "StatusCode": 200,
                    }
                )
            )

        invoke(function, parameters.get("Payload", {}), wrap)

    return call


def raised_cause(outcome: Outcome, request_id: Callable[[], str]) -> str | None:
    """Return the cause of a Lambda's error as AWS writes it.

    It is JSON with errorMessage and errorType.
    A cause that is such JSON already stays; so does one of the Lambda service itself.
    """
    error, cause = outcome.error or "", outcome.cause or ""
    if error.startswith(("Lambda.", "States.")):
        return outcome.cause
    try:
        if isinstance(from_text(cause), dict):
            return cause
    except ValueError:
        pass
    return to_text({"errorMessage": cause, "errorType": error, "requestId": request_id(), "stackTrace": []})


_MOST = 99_999_999


def seconds_at(path: str, data: Any, context: dict[str, Any], *, least: int, field: str) -> int:
    """Return the whole number of seconds at a path.

    Raises `Failure`.
    """
    try:
        value = read(path, data, context)
    except NotFound as exc:
        raise Failure(RUNTIME, f"Invalid path '{path}' : No results for path: {path}") from exc
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= _MOST:
        raise Failure(RUNTIME, f"The {field} '{path}' leads to no whole number from {least} to {_MOST}")
    return value


def due(state: dict[str, Any], data: Any, entered_at: float, context: dict[str, Any]) -> float:
    """Return the scenario time at which the state is left, seconds since 1970.

    Raises `Failure`.
    """
    if "Seconds" in state:
        return entered_at + float(state["Seconds"])
    if "SecondsPath" in state:
        return entered_at + seconds_at(state["SecondsPath"], data, context, least=0, field="SecondsPath")
    if "Timestamp" in state:
        when = from_iso(state["Timestamp"])
    else:
        try:
            when = from_iso(read(state["TimestampPath"], data, context))
        except NotFound as exc:
            raise Failure(RUNTIME, f"Invalid path '{state['TimestampPath']}'") from exc
    if when is None:
        raise Failure(RUNTIME, "The TimestampPath leads to no timestamp")
    return when


_CALLBACK = ".waitForTaskToken"


class Tasks:
    """The work of Task states.

    leave: belongs to the states; it takes the result of a task that was answered well.
    """

    leave: Callable[[Execution, Strand, Any], None]

    def __init__(
        self,
        strands: Strands,
        rng: random.Random,
        region: str,
        invoke: Invoke,
        integrations: Mapping[str, Integration],
    ) -> None:
        self._strands, self._rng, self._region = strands, rng, region
        self._invoke, self._integrations = invoke, integrations
        self.tokens = Tokens(rng)

    def schedule(self, execution: Execution, strand: Strand, state: dict[str, Any]) -> None:
        """Record a new attempt; it starts in a step of its own."""
        now = self._strands.kernel.now()
        resource = state["Resource"]
        callback = resource.endswith(_CALLBACK)
        service, _, action = resource.removeprefix("arn:aws:states:::").partition(":")
        if resource.startswith("arn:aws:lambda:"):
            service, action = "function", resource
        token = self.tokens.new() if callback else None
        data = effective_input(execution, strand, state, token)
        timeout = self._seconds(execution, strand, state, "TimeoutSeconds")
        heartbeat = self._seconds(execution, strand, state, "HeartbeatSeconds")
        task = TaskRun(
            serial=execution.next_serial,
            service=service,
            action=action,
            callback=callback,
            parameters=limited(data, what=strand.state, reach="named"),
            token=token,
            timeout_at=None if timeout is None else now + timeout,
            heartbeat_every=heartbeat,
            heartbeat_at=None if heartbeat is None else now + heartbeat,
        )
        details = records.scheduled(task, now, self._region)
        self._strands.emit(execution, strand, records.task_kind(task, "Scheduled"), details)
        execution.next_serial += 1
        strand.task = task
        if token is not None:
            self.tokens.bind(token, execution.arn, task.serial)
        self.watch(execution, strand)
        self._strands.plan(execution, strand, "start")

    def _seconds(
        self, execution: Execution, strand: Strand, state: dict[str, Any], field: str
    ) -> float | None:
        path = state.get(f"{field}Path")
        if path is None:
            return state.get(field)
        context = context_of(execution, strand)
        return seconds_at(path, strand.input, context, least=1, field=f"{field}Path")

    def watch(self, execution: Execution, strand: Strand) -> None:
        """Set the timers of the strand's task, also again."""
        task = strand.task
        if task is None:
            return
        if task.timeout_at is not None:
            self._arm(execution, strand, "timeout", task.timeout_at, Failure(TIMEOUT))
        if task.heartbeat_at is not None:
            self._arm(execution, strand, "heartbeat", task.heartbeat_at, Failure(TIMEOUT, heartbeat=True))

    def _arm(self, execution: Execution, strand: Strand, name: str, when: float, failure: Failure) -> None:
        def fail() -> None:
            self._failed(execution, strand, failure, "TimedOut")

        self._strands.timers.set(
            execution.arn,
            f"{name}-{strand.number}",
            when,
            lambda: self._strands.step(execution, strand, fail),
        )

    def drop(self, execution: Execution, strand: Strand) -> None:
        """Take the task away from its strand: nothing answers it after that."""
        strand.task = None
        names = (f"timeout-{strand.number}", f"heartbeat-{strand.number}")
        self._strands.timers.drop(execution.arn, *names)

    def start(self, execution: Execution, strand: Strand) -> None:
        task = self._task(strand)
        kind = records.task_kind(task, "Started")
        self._strands.emit(execution, strand, kind, records.begun(task))
        strand.phase = "running"
        self.call(execution, strand)

    def call(self, execution: Execution, strand: Strand) -> None:
        """Make the call.

        After a restart, a call that was in flight then is made again.
        """
        task = self._task(strand)
        serial = task.serial
        kernel = self._strands.kernel

        def done(outcome: Outcome) -> None:
            kernel.post(lambda: self._returned(execution, strand, serial, outcome))

        self._call(task, done)

    def _call(self, task: TaskRun, done: Done) -> None:
        parameters = from_text(task.parameters)
        if records.is_function(task):
            self._invoke(task.action, parameters, done)
        else:
            name = f"{task.service}:{task.action.removesuffix(_CALLBACK)}"
            self._integrations[name](parameters, done)

    def _returned(self, execution: Execution, strand: Strand, serial: int, outcome: Outcome) -> None:
        """Take the end of the call itself.

        It is ignored once the task was answered, timed out or aborted.
        """
        task = strand.task
        if task is None or task.serial != serial or strand.phase != "running":
            return
        if outcome.error is not None and task.service in {"lambda", "function"}:
            cause = raised_cause(outcome, self._request_id)
            outcome = Outcome(error=outcome.error, cause=cause)
        if task.callback and outcome.error is None:
            self._strands.step(execution, strand, lambda: self._submitted(execution, strand, outcome))
        else:
            self._strands.step(execution, strand, lambda: self._answered(execution, strand, outcome))

    def _request_id(self) -> str:
        return str(uuid.UUID(int=self._rng.getrandbits(128), version=4))

    def _submitted(self, execution: Execution, strand: Strand, outcome: Outcome) -> None:
        task = self._task(strand)
        data = self._output(execution, strand, outcome)
        strand.phase = "submitted"
        self._strands.emit(execution, strand, "TaskSubmitted", records.answered(task, data))

    def answer(self, execution: Execution, strand: Strand, outcome: Outcome) -> None:
        """Take the answer of SendTaskSuccess or SendTaskFailure."""
        self._strands.step(execution, strand, lambda: self._answered(execution, strand, outcome))

    def _answered(self, execution: Execution, strand: Strand, outcome: Outcome) -> None:
        task = self._task(strand)
        if outcome.error is not None:
            error, cause = writable(outcome.error, ERROR_LIMIT), writable(outcome.cause, CAUSE_LIMIT)
            self._failed(execution, strand, Failure(error or None, cause), "Failed")
        data = self._output(execution, strand, outcome)
        self.drop(execution, strand)
        kind = records.task_kind(task, "Succeeded")
        self._strands.emit(execution, strand, kind, records.answered(task, data))
        self.leave(execution, strand, from_text(data))

    def _output(self, execution: Execution, strand: Strand, outcome: Outcome) -> str:
        """Return the outcome as text.

        An outcome that is too large, or no JSON, fails the task.
        """
        task = self._task(strand)
        try:
            data = limited(outcome.payload, what=records.connector(task), reach="any")
            from_text(data)
        except Failure as failure:
            self._failed(execution, strand, failure, "Failed")
        except (TypeError, ValueError, RecursionError):
            self._failed(
                execution, strand, Failure("Runtime.MarshalError", "The answer is not JSON"), "Failed"
            )
        return data

    def _failed(self, execution: Execution, strand: Strand, failure: Failure, what: str) -> NoReturn:
        task = self._task(strand)
        self.drop(execution, strand)
        self._strands.emit(execution, strand, records.task_kind(task, what), records.failed(task, failure))
        raise failure

    @staticmethod
    def _task(strand: Strand) -> TaskRun:
        if strand.task is None:
            raise AssertionError("the strand has no task")
        return strand.task
