"""The interpreter: it moves each strand from state to state.

Each step is one callback of the kernel.

```
 plan(enter) ─> enter ──┬─ Pass, Choice, Succeed ──────────────> leave ─> plan(enter) of the next state
                        ├─ Wait: plan(wait) ───────────────────> leave
                        ├─ Task: scheduled, started, answered ─> leave     (tasks)
                        ├─ Parallel: fork, all branches ended ─> leave     (Branches)
                        └─ failure ─> Retry: plan(backoff) · Catch: leave · neither: the strand fails

 input ─ InputPath ─ Parameters ─> work ─> result ─ ResultSelector ─ ResultPath ─ OutputPath ─> output
```

Nothing here blocks or keeps a Python frame between two steps: all pending work is data in `records`, and
all due work is in `strands`.
"""

import random
from collections.abc import Callable, Mapping
from typing import Any

from controller.rehearsal.services.awslambda import Invoke
from controller.rehearsal.services.stepfunctions import records
from controller.rehearsal.services.stepfunctions.choice import holds
from controller.rehearsal.services.stepfunctions.failures import RUNTIME, Failure, backoff, first_match
from controller.rehearsal.services.stepfunctions.jsonpath import (
    NotFound,
    context_of,
    effective_input,
    fill,
    place,
    read,
    select,
)
from controller.rehearsal.services.stepfunctions.records import Execution, Phase, Strand
from controller.rehearsal.services.stepfunctions.strands import Hooks, Strands, Work
from controller.rehearsal.services.stepfunctions.tasks import Integration, Tasks, due
from controller.rehearsal.services.stepfunctions.text import from_text, limited
from controller.rehearsal.time.kernel import Kernel


class States:
    def __init__(self, strands: Strands, rng: random.Random, tasks: Tasks) -> None:
        self._strands, self._rng, self._tasks = strands, rng, tasks
        self._branches = Branches(strands, self.leave)

    def enter(self, execution: Execution, strand: Strand) -> None:
        state = self._strands.state_of(execution, strand)
        data = limited(strand.input, what=strand.state, reach="none")
        self._strands.emit(execution, strand, f"{state['Type']}StateEntered", records.entered(strand, data))
        strand.entered_at = self._strands.kernel.now()
        strand.attempts = [0] * len(state.get("Retry", []))
        strand.retries = 0
        self.run(execution, strand)

    def run(self, execution: Execution, strand: Strand) -> None:
        """Do the work of a state that was entered.

        It does it again after a retry's delay.
        """
        state = self._strands.state_of(execution, strand)
        kind = state["Type"]
        if kind == "Task":
            self._tasks.schedule(execution, strand, state)
        elif kind == "Parallel":
            self._branches.fork(execution, strand, state)
        elif kind == "Pass":
            data = effective_input(execution, strand, state)
            self.leave(execution, strand, state.get("Result", data))
        elif kind == "Wait":
            data = effective_input(execution, strand, state)
            when = due(state, data, strand.entered_at, context_of(execution, strand))
            self._strands.plan(execution, strand, "wait", when)
        elif kind == "Choice":
            self._choose(execution, strand, state)
        elif kind == "Fail":
            raise self._failure(execution, strand, state)
        else:
            self.pass_on(execution, strand)

    def pass_on(self, execution: Execution, strand: Strand) -> None:
        """Leave a state whose output is its input."""
        state = self._strands.state_of(execution, strand)
        self._exit(execution, strand, effective_input(execution, strand, state), state.get("Next"))

    def _choose(self, execution: Execution, strand: Strand, state: dict[str, Any]) -> None:
        data = effective_input(execution, strand, state)
        context = context_of(execution, strand)
        chosen = next((rule["Next"] for rule in state["Choices"] if holds(rule, data, context)), None)
        following = chosen or state.get("Default")
        if following is None:
            raise Failure("States.NoChoiceMatched", "The state does not point to a next state.")
        self._exit(execution, strand, data, following)

    def _failure(self, execution: Execution, strand: Strand, state: dict[str, Any]) -> Failure:
        context = context_of(execution, strand)

        def text_of(field: str) -> str | None:
            path = state.get(f"{field}Path")
            try:
                text = state.get(field) if path is None else read(path, strand.input, context)
            except NotFound as exc:
                raise Failure(RUNTIME, f"Invalid path '{path}' in {field}Path") from exc
            if text is not None and not isinstance(text, str):
                raise Failure(RUNTIME, f"{field}Path '{path}' leads to no string")
            return text

        return Failure(text_of("Error"), text_of("Cause"))

    def leave(self, execution: Execution, strand: Strand, result: Any) -> None:
        """Leave a state that has a result.

        The result passes ResultSelector, ResultPath and OutputPath; then the next state follows.
        """
        state = self._strands.state_of(execution, strand)
        if "ResultSelector" in state:
            result = fill(state["ResultSelector"], result, context_of(execution, strand))
        output = place(state.get("ResultPath", "$"), strand.input, result)
        self._exit(execution, strand, output, state.get("Next"))

    def _exit(self, execution: Execution, strand: Strand, output: Any, following: str | None) -> None:
        state = self._strands.state_of(execution, strand)
        path = state.get("OutputPath", "$")
        output = select(path, output, context_of(execution, strand), field="OutputPath")
        self._move(execution, strand, output, following)

    def _move(self, execution: Execution, strand: Strand, output: Any, following: str | None) -> None:
        data = limited(output, what=strand.state, reach="none")
        kind = self._strands.state_of(execution, strand)["Type"]
        self._strands.emit(execution, strand, f"{kind}StateExited", records.exited(strand, data))
        if following is not None:
            strand.state, strand.input, strand.forked = following, output, False
            self._strands.plan(execution, strand, "enter")
        elif strand.parent is None:
            self._strands.close(execution, "SUCCEEDED", "ExecutionSucceeded", strand.last_event, output=data)
        else:
            self._branches.joined(execution, strand, output)

    def fail(self, execution: Execution, strand: Strand, failure: Failure) -> None:
        state = self._strands.state_of(execution, strand)
        if self._retried(execution, strand, state, failure):
            return
        if strand.forked:
            self._strands.emit(execution, strand, "ParallelStateFailed")
        index = first_match(failure, state.get("Catch", []))
        if index is not None:
            catcher = state["Catch"][index]
            try:
                output = place(catcher.get("ResultPath", "$"), strand.input, failure.output())
                self._move(execution, strand, output, catcher["Next"])
            except Failure as second:
                failure = second
            else:
                return
        if strand.parent is None:
            self._strands.close(execution, "FAILED", "ExecutionFailed", strand.last_event, failure)
        else:
            self._branches.broken(execution, strand, failure)

    def _retried(self, execution: Execution, strand: Strand, state: dict[str, Any], failure: Failure) -> bool:
        retriers = state.get("Retry", [])
        index = first_match(failure, retriers)
        if index is None:
            return False
        delay = backoff(retriers[index], strand.attempts[index] + 1, self._rng)
        if delay is None:
            return False
        strand.attempts[index] += 1
        strand.retries += 1
        self._strands.plan(execution, strand, "backoff", self._strands.kernel.now() + delay)
        return True


_ABORTABLE = {"Task", "Wait", "Parallel"}  # the state types that have an Aborted event


class Branches:
    def __init__(self, strands: Strands, leave: Callable[[Execution, Strand, Any], None]) -> None:
        self._strands, self._leave = strands, leave

    def fork(self, execution: Execution, strand: Strand, state: dict[str, Any]) -> None:
        """Start every branch with the same input."""
        data = effective_input(execution, strand, state)
        limited(data, what=strand.state, reach="named")
        self._strands.emit(execution, strand, "ParallelStateStarted")
        strand.forked, strand.phase = True, "parallel"
        strand.pending = len(state["Branches"])
        strand.results = [None] * strand.pending
        for index in range(strand.pending):
            scope = [*strand.scope, "States", strand.state, "Branches", index]
            self._strands.open_strand(execution, scope=scope, data=data, parent=strand, branch=index)

    def joined(self, execution: Execution, child: Strand, output: Any) -> None:
        """Record that a branch has ended well.

        After the last one, the Parallel state is left with all outputs.
        """
        parent = self._parent(execution, child)
        parent.results[child.branch] = output
        parent.pending -= 1
        parent.last_event = child.last_event
        self._strands.drop_strand(execution, child)
        if parent.pending:
            return

        def leave() -> None:
            # AWS: ParallelStateExited points past ParallelStateSucceeded, to the last branch's end.
            last = parent.last_event
            self._strands.emit(execution, parent, "ParallelStateSucceeded")
            parent.last_event, parent.forked = last, False
            self._leave(execution, parent, parent.results)

        self._strands.step(execution, parent, leave)

    def broken(self, execution: Execution, child: Strand, failure: Failure) -> None:
        """Abort the other branches after one has failed.

        Then the Parallel state fails with the same failure.
        """
        parent = self._parent(execution, child)
        last = child.last_event
        strands = [child, *(s for s in self._below(execution, parent) if s is not child)]
        for strand in strands:
            kind = self._strands.state_of(execution, strand)["Type"]
            if strand.phase != "enter" and kind in _ABORTABLE:
                strand.last_event = last
                self._strands.emit(execution, strand, f"{kind}StateAborted")
            self._strands.drop_strand(execution, strand)
        parent.last_event = last

        def fail() -> None:
            raise failure

        self._strands.step(execution, parent, fail)

    def _below(self, execution: Execution, parent: Strand) -> list[Strand]:
        found: list[Strand] = []
        for strand in list(execution.strands.values()):
            if strand.parent == parent.number:
                found += [strand, *self._below(execution, strand)]
        return found

    @staticmethod
    def _parent(execution: Execution, child: Strand) -> Strand:
        if child.parent is None:
            raise AssertionError("the strand of an execution has no parent")
        return execution.strands[child.parent]


class Interpreter:
    """The runner of executions. Every method is called with the kernel's lock held.

    changed: called with each execution that starts or ends.
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
        self._kernel, self._changed = kernel, changed
        self._strands = strands = Strands(kernel, integrations, changed)
        self.tasks = tasks = Tasks(strands, rng, region, invoke, integrations)
        states = States(strands, rng, tasks)
        tasks.leave = states.leave
        phases: dict[Phase, Work] = {
            "enter": states.enter,
            "start": tasks.start,
            "wait": states.pass_on,
            "backoff": states.run,
        }
        strands.attach(Hooks(phases, states.fail, tasks.drop))

    def begin(self, execution: Execution) -> None:
        records.append(execution, self._kernel.now(), "ExecutionStarted", 0, records.started(execution))
        self._strands.open_strand(execution, scope=[], data=from_text(execution.input))
        self._limit_time(execution)
        self._changed(execution)

    def take_up(self, execution: Execution) -> None:
        """Go on with an execution after a restart."""
        if execution.status != "RUNNING":
            return
        self._limit_time(execution)
        for strand in list(execution.strands.values()):
            self._strands.resume(execution, strand)
            self.tasks.watch(execution, strand)
            if strand.phase == "running":
                self.tasks.call(execution, strand)

    def _limit_time(self, execution: Execution) -> None:
        """Set a timer for the definition's own TimeoutSeconds, if it has one."""
        seconds = self._strands.definition(execution).get("TimeoutSeconds")
        if seconds is not None:
            when = execution.start + seconds
            self._strands.timers.set(execution.arn, "execution", when, lambda: self._time_out(execution))

    def _time_out(self, execution: Execution) -> None:
        last = execution.strands[0].last_event
        self._strands.close(execution, "TIMED_OUT", "ExecutionTimedOut", last, Failure("States.Timeout"))

    def abort(self, execution: Execution, failure: Failure) -> None:
        """Stop the execution (StopExecution): pending work never happens."""
        self._strands.close(execution, "ABORTED", "ExecutionAborted", 0, failure)
