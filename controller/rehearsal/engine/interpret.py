"""The interpreter: moves each strand from state to state, one kernel callback a step.

```
 plan(enter) ─> enter ──┬─ Pass, Choice, Succeed ──────────────> leave ─> plan(enter) of the next state
                        ├─ Wait: plan(wait) ───────────────────> leave
                        ├─ Task: scheduled, started, answered ─> leave     (tasks.py)
                        ├─ Parallel: fork, all branches ended ─> leave     (branches.py)
                        └─ failure ─> Retry: plan(backoff) · Catch: leave · neither: the strand fails
```

Nothing here blocks or keeps a Python frame between two steps: all that is pending lies in `records`.
"""

import random
from collections.abc import Callable, Mapping
from typing import Any

from controller.rehearsal.engine import history
from controller.rehearsal.engine.asl import load
from controller.rehearsal.engine.branches import Branches
from controller.rehearsal.engine.failures import RUNTIME, Failure
from controller.rehearsal.engine.integrations import Integration
from controller.rehearsal.engine.json_text import from_text
from controller.rehearsal.engine.records import Execution, Phase, Strand
from controller.rehearsal.engine.states import States
from controller.rehearsal.engine.tasks import Tasks
from controller.rehearsal.engine.timers import Timers
from controller.rehearsal.kernel import Kernel
from controller.rehearsal.services.awslambda import Invoke


class Interpreter:
    """Runs executions. Every method is called with the kernel's lock held.

    `changed` is called with each execution that starts or ends.
    """

    def __init__(
        self,
        kernel: Kernel,
        region: str,
        rng: random.Random,
        invoke: Invoke,
        integrations: Mapping[str, Integration],
        changed: Callable[[Execution], None],
    ) -> None:
        self.kernel, self.rng, self.changed = kernel, rng, changed
        self.timers = Timers(kernel)
        self.tasks = Tasks(self, region, invoke, integrations)
        self.branches = Branches(self)
        self.states = States(self)
        self._known = frozenset(integrations)

    def begin(self, execution: Execution) -> None:
        history.append(execution, self.kernel.now(), "ExecutionStarted", 0, history.started(execution))
        self.open_strand(execution, scope=[], data=from_text(execution.input))
        self.limit_time(execution)
        self.changed(execution)

    def take_up(self, execution: Execution) -> None:
        """Go on with an execution after a restart."""
        if execution.status != "RUNNING":
            return
        self.limit_time(execution)
        for strand in list(execution.strands.values()):
            self.resume(execution, strand)
            self.tasks.watch(execution, strand)
            if strand.phase == "running":
                self.tasks.call(execution, strand)

    def limit_time(self, execution: Execution) -> None:
        """The definition's own TimeoutSeconds, if it has one."""
        seconds = load(execution.definition, self._known).get("TimeoutSeconds")
        if seconds is not None:
            when = execution.start + seconds
            self.timers.set(execution.arn, "execution", when, lambda: self._time_out(execution))

    def _time_out(self, execution: Execution) -> None:
        last = execution.strands[0].last_event
        self.close(execution, "TIMED_OUT", "ExecutionTimedOut", last, Failure("States.Timeout"))

    # -- strands

    def scope_of(self, execution: Execution, strand: Strand) -> dict[str, Any]:
        scope: Any = load(execution.definition, self._known)
        for step in strand.scope:
            scope = scope[step]
        return scope  # type: ignore[no-any-return]

    def state_of(self, execution: Execution, strand: Strand) -> dict[str, Any]:
        return self.scope_of(execution, strand)["States"][strand.state]  # type: ignore[no-any-return]

    def open_strand(
        self,
        execution: Execution,
        *,
        scope: list[str | int],
        data: Any,
        parent: Strand | None = None,
        branch: int = 0,
    ) -> None:
        strand = Strand(
            number=execution.next_strand,
            parent=None if parent is None else parent.number,
            branch=branch,
            scope=scope,
            state="",
            input=data,
            last_event=0 if parent is None else parent.last_event,
        )
        strand.state = self.scope_of(execution, strand)["StartAt"]
        execution.next_strand += 1
        execution.strands[strand.number] = strand
        self.plan(execution, strand, "enter")

    def drop_strand(self, execution: Execution, strand: Strand) -> None:
        """Nothing that was planned for this strand happens any more."""
        self.timers.drop(execution.arn, f"strand-{strand.number}")
        self.tasks.drop(execution, strand)
        execution.strands.pop(strand.number, None)

    def plan(self, execution: Execution, strand: Strand, phase: Phase, when: float | None = None) -> None:
        strand.phase, strand.due = phase, self.kernel.now() if when is None else when
        self.resume(execution, strand)

    def resume(self, execution: Execution, strand: Strand) -> None:
        """(Re-)arm what the strand's phase waits for on the clock."""
        actions: dict[Phase, Callable[[], None]] = {
            "enter": lambda: self.states.enter(execution, strand),
            "start": lambda: self.tasks.start(execution, strand),
            "wait": lambda: self.states.pass_on(execution, strand),
            "backoff": lambda: self.states.run(execution, strand),
        }
        action = actions.get(strand.phase)
        if action is not None:
            name = f"strand-{strand.number}"
            act = action
            self.timers.set(execution.arn, name, strand.due, lambda: self.step(execution, strand, act))

    def step(self, execution: Execution, strand: Strand, action: Callable[[], None]) -> None:
        """Do one step; a failure in it is the strand's, a full history ends the execution."""
        try:
            try:
                action()
            except Failure as failure:
                self.states.fail(execution, strand, failure)
        except history.HistoryFull:
            cause = f"The execution reached the maximum number of history events ({history.EVENT_LIMIT})."
            last = len(execution.events)
            self.close(execution, "FAILED", "ExecutionFailed", last, Failure(RUNTIME, cause))

    def emit(
        self, execution: Execution, strand: Strand, kind: str, details: dict[str, Any] | None = None
    ) -> None:
        strand.last_event = history.append(execution, self.kernel.now(), kind, strand.last_event, details)

    def close(
        self,
        execution: Execution,
        status: str,
        kind: str,
        previous: int,
        failure: Failure | None = None,
        output: str | None = None,
    ) -> None:
        """End the execution: whatever was pending for it never happens."""
        details = history.output(output) if output is not None else (failure or Failure(None)).details()
        execution.status, execution.stop = status, self.kernel.now()
        execution.output = output
        if failure is not None:
            execution.error, execution.cause = failure.error, failure.cause
        for strand in list(execution.strands.values()):
            self.drop_strand(execution, strand)
        self.timers.drop_all(execution.arn)
        history.append(execution, self.kernel.now(), kind, previous, details)
        self.changed(execution)
