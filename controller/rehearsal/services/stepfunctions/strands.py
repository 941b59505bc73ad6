"""The strands: the mechanics that every kind of state shares.

A strand is a running branch of an execution.

```
 plan ─ timer ─> step(work of the phase) ─┬─ done: the work has planned, left or closed
                                          ├─ Failure: the strand fails, as its state says
                                          └─ HistoryFull: the execution ends
```

The work of a phase, the answer to a failure and the drop of a task belong to the states: the interpreter
gives them once, by `attach`. Nothing here knows a kind of state. Timers are named, and dropped with a closed
execution, so that nothing acts for it later.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from controller.rehearsal.services.stepfunctions import records
from controller.rehearsal.services.stepfunctions.definition import load
from controller.rehearsal.services.stepfunctions.failures import RUNTIME, Failure
from controller.rehearsal.services.stepfunctions.records import Execution, Phase, Strand
from controller.rehearsal.time.kernel import Kernel, Timer


class Timers:
    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._timers: dict[str, dict[str, Timer]] = {}

    def set(self, owner: str, name: str, when: float, callback: Callable[[], None]) -> None:
        """Call `callback` at scenario time `when`.

        It replaces an earlier timer of this name.
        """
        self.drop(owner, name)
        self._timers.setdefault(owner, {})[name] = self._kernel.at(when, callback)

    def drop(self, owner: str, *names: str) -> None:
        for name in names:
            timer = self._timers.get(owner, {}).pop(name, None)
            if timer is not None:
                timer.cancel()

    def drop_all(self, owner: str) -> None:
        self.drop(owner, *self._timers.get(owner, {}))
        self._timers.pop(owner, None)


Work = Callable[[Execution, Strand], None]


@dataclass(frozen=True, slots=True)
class Hooks:
    """The states' part in the life of a strand.

    phases: called when the strand's phase is due. fail: called when the strand's state has failed.
    drop_task: after it, every answer to the strand's task comes too late.
    """

    phases: Mapping[Phase, Work]
    fail: Callable[[Execution, Strand, Failure], None]
    drop_task: Work


class Strands:
    """The strands of all executions. Every method is called with the kernel's lock held.

    known: the service integrations that a definition may name. changed: called with each execution that ends.
    """

    _hooks: Hooks

    def __init__(self, kernel: Kernel, known: Collection[str], changed: Callable[[Execution], None]) -> None:
        self.kernel, self.changed = kernel, changed
        self.timers = Timers(kernel)
        self._known = frozenset(known)

    def attach(self, hooks: Hooks) -> None:
        """Set the work of a due strand.

        Call it once, before the first execution.
        """
        self._hooks = hooks

    def definition(self, execution: Execution) -> dict[str, Any]:
        return load(execution.definition, self._known)

    def scope_of(self, execution: Execution, strand: Strand) -> dict[str, Any]:
        scope: Any = self.definition(execution)
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
        """Remove a strand: its planned work never happens."""
        self.timers.drop(execution.arn, f"strand-{strand.number}")
        self._hooks.drop_task(execution, strand)
        execution.strands.pop(strand.number, None)

    def plan(self, execution: Execution, strand: Strand, phase: Phase, when: float | None = None) -> None:
        strand.phase, strand.due = phase, self.kernel.now() if when is None else when
        self.resume(execution, strand)

    def resume(self, execution: Execution, strand: Strand) -> None:
        """Set the timer of the strand's phase, also again."""
        work = self._hooks.phases.get(strand.phase)
        if work is None:
            return

        def step() -> None:
            self.step(execution, strand, lambda: work(execution, strand))

        self.timers.set(execution.arn, f"strand-{strand.number}", strand.due, step)

    def step(self, execution: Execution, strand: Strand, action: Callable[[], None]) -> None:
        """Do one step of a strand.

        A failure in it fails the strand; a full history ends the execution.
        """
        try:
            try:
                action()
            except Failure as failure:
                self._hooks.fail(execution, strand, failure)
        except records.HistoryFull:
            cause = f"The execution reached the maximum number of history events ({records.EVENT_LIMIT})."
            last = len(execution.events)
            self.close(execution, "FAILED", "ExecutionFailed", last, Failure(RUNTIME, cause))

    def emit(
        self, execution: Execution, strand: Strand, kind: str, details: dict[str, Any] | None = None
    ) -> None:
        strand.last_event = records.append(execution, self.kernel.now(), kind, strand.last_event, details)

    def close(
        self,
        execution: Execution,
        status: str,
        kind: str,
        previous: int,
        failure: Failure | None = None,
        output: str | None = None,
    ) -> None:
        """End the execution: its pending work never happens."""
        details = records.output(output) if output is not None else (failure or Failure(None)).details()
        execution.status, execution.stop = status, self.kernel.now()
        execution.output = output
        if failure is not None:
            execution.error, execution.cause = failure.error, failure.cause
        for strand in list(execution.strands.values()):
            self.drop_strand(execution, strand)
        self.timers.drop_all(execution.arn)
        records.append(execution, self.kernel.now(), kind, previous, details)
        self.changed(execution)
