"""Task states: scheduled, started, submitted, answered once, or out of time.

```
 schedule ─ TaskScheduled ─> start ─ TaskStarted ─ call ··> outcome ─┬─ no callback: answered
     │ timeout, heartbeat timers run from here                       └─ TaskSubmitted ··· SendTask*: answered
     └── whichever comes first takes `strand.task` away; every later one finds nothing to answer
```
"""

import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NoReturn

from controller.rehearsal.engine import history
from controller.rehearsal.engine.context import context_of
from controller.rehearsal.engine.failures import CAUSE_LIMIT, ERROR_LIMIT, TIMEOUT, Failure, writable
from controller.rehearsal.engine.integrations import Done, Integration, raised_cause
from controller.rehearsal.engine.json_text import from_text, limited
from controller.rehearsal.engine.records import Execution, Strand, TaskRun
from controller.rehearsal.engine.tokens import Tokens
from controller.rehearsal.engine.waits import seconds_at
from controller.rehearsal.services.awslambda import Invoke, Outcome

if TYPE_CHECKING:
    from controller.rehearsal.engine.interpret import Interpreter

_CALLBACK = ".waitForTaskToken"


class Tasks:
    def __init__(
        self,
        interpreter: "Interpreter",
        region: str,
        invoke: Invoke,
        integrations: Mapping[str, Integration],
    ) -> None:
        self._interpreter, self._region = interpreter, region
        self._invoke, self._integrations = invoke, integrations
        self.tokens = Tokens(interpreter.rng)

    def schedule(self, execution: Execution, strand: Strand, state: dict[str, Any]) -> None:
        """Record a new attempt; it starts in a step of its own."""
        now = self._interpreter.kernel.now()
        resource = state["Resource"]
        callback = resource.endswith(_CALLBACK)
        service, _, action = resource.removeprefix("arn:aws:states:::").partition(":")
        if resource.startswith("arn:aws:lambda:"):
            service, action = "function", resource
        token = self.tokens.new() if callback else None
        data = self._interpreter.states.effective_input(execution, strand, state, token)
        timeout = self._seconds(execution, strand, state, "TimeoutSeconds")
        heartbeat = self._seconds(execution, strand, state, "HeartbeatSeconds")
        task = TaskRun(
            serial=execution.next_serial,
            service=service,
            action=action,
            callback=callback,
            parameters=limited(data, what=f"state '{strand.state}'"),
            token=token,
            timeout_at=None if timeout is None else now + timeout,
            heartbeat_every=heartbeat,
            heartbeat_at=None if heartbeat is None else now + heartbeat,
        )
        details = history.scheduled(task, now, self._region)
        self._interpreter.emit(execution, strand, history.task_kind(task, "Scheduled"), details)
        execution.next_serial += 1
        strand.task = task
        if token is not None:
            self.tokens.bind(token, execution.arn, task.serial)
        self.watch(execution, strand)
        self._interpreter.plan(execution, strand, "start")

    def _seconds(
        self, execution: Execution, strand: Strand, state: dict[str, Any], field: str
    ) -> float | None:
        path = state.get(f"{field}Path")
        if path is None:
            return state.get(field)
        context = context_of(execution, strand)
        return seconds_at(path, strand.input, context, least=1, field=f"{field}Path")

    def watch(self, execution: Execution, strand: Strand) -> None:
        """(Re-)arm the timers of the strand's task."""
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

        self._interpreter.timers.set(
            execution.arn,
            f"{name}-{strand.number}",
            when,
            lambda: self._interpreter.step(execution, strand, fail),
        )

    def drop(self, execution: Execution, strand: Strand) -> None:
        """Take the task away from its strand: nothing answers it any more."""
        strand.task = None
        names = (f"timeout-{strand.number}", f"heartbeat-{strand.number}")
        self._interpreter.timers.drop(execution.arn, *names)

    def start(self, execution: Execution, strand: Strand) -> None:
        task = self._task(strand)
        kind = history.task_kind(task, "Started")
        self._interpreter.emit(execution, strand, kind, history.begun(task))
        strand.phase = "running"
        self.call(execution, strand)

    def call(self, execution: Execution, strand: Strand) -> None:
        """Make the call. Also after a restart: a call that was in flight then is made again."""
        task = self._task(strand)
        serial = task.serial
        kernel = self._interpreter.kernel

        def done(outcome: Outcome) -> None:
            kernel.post(lambda: self._returned(execution, strand, serial, outcome))

        self._call(task, done)

    def _call(self, task: TaskRun, done: Done) -> None:
        parameters = from_text(task.parameters)
        if history.is_function(task):
            self._invoke(task.action, parameters, done)
        else:
            name = f"{task.service}:{task.action.removesuffix(_CALLBACK)}"
            self._integrations[name](parameters, done)

    def _returned(self, execution: Execution, strand: Strand, serial: int, outcome: Outcome) -> None:
        """The call's own end; void once the task was answered, timed out or aborted."""
        task = strand.task
        if task is None or task.serial != serial or strand.phase != "running":
            return
        if outcome.error is not None and task.service in {"lambda", "function"}:
            cause = raised_cause(outcome, self._request_id)
            outcome = Outcome(error=outcome.error, cause=cause)
        if task.callback and outcome.error is None:
            self._interpreter.step(execution, strand, lambda: self._submitted(execution, strand, outcome))
        else:
            self._interpreter.step(execution, strand, lambda: self._answered(execution, strand, outcome))

    def _request_id(self) -> str:
        return str(uuid.UUID(int=self._interpreter.rng.getrandbits(128), version=4))

    def _submitted(self, execution: Execution, strand: Strand, outcome: Outcome) -> None:
        task = self._task(strand)
        data = self._output(execution, strand, outcome)
        strand.phase = "submitted"
        self._interpreter.emit(execution, strand, "TaskSubmitted", history.answered(task, data))

    def answer(self, execution: Execution, strand: Strand, outcome: Outcome) -> None:
        """SendTaskSuccess or SendTaskFailure."""
        self._interpreter.step(execution, strand, lambda: self._answered(execution, strand, outcome))

    def _answered(self, execution: Execution, strand: Strand, outcome: Outcome) -> None:
        task = self._task(strand)
        if outcome.error is not None:
            error, cause = writable(outcome.error, ERROR_LIMIT), writable(outcome.cause, CAUSE_LIMIT)
            self._failed(execution, strand, Failure(error or None, cause), "Failed")
        data = self._output(execution, strand, outcome)
        self.drop(execution, strand)
        kind = history.task_kind(task, "Succeeded")
        self._interpreter.emit(execution, strand, kind, history.answered(task, data))
        self._interpreter.states.leave(execution, strand, from_text(data))

    def _output(self, execution: Execution, strand: Strand, outcome: Outcome) -> str:
        """The outcome as text; one that is too large, or no JSON, fails the task."""
        task = self._task(strand)
        what = task.action if history.is_function(task) else f"arn:aws:states:::{task.service}:{task.action}"
        try:
            data = limited(outcome.payload, what=f"state/task '{what}'")
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
        self._interpreter.emit(
            execution, strand, history.task_kind(task, what), history.failed(task, failure)
        )
        raise failure

    @staticmethod
    def _task(strand: Strand) -> TaskRun:
        if strand.task is None:
            raise AssertionError("the strand has no task")
        return strand.task
