"""One state at a time: entered, run, left or failed, as the States Language says.

```
 input ─ InputPath ─ Parameters ─> work ─> result ─ ResultSelector ─ ResultPath ─ OutputPath ─> output
```
"""

from typing import TYPE_CHECKING, Any

from controller.rehearsal.engine import history
from controller.rehearsal.engine.choice import holds
from controller.rehearsal.engine.context import context_of
from controller.rehearsal.engine.failures import RUNTIME, Failure, backoff, first_match
from controller.rehearsal.engine.json_text import limited
from controller.rehearsal.engine.paths import NotFound, fill, place, read, select
from controller.rehearsal.engine.records import Execution, Strand
from controller.rehearsal.engine.waits import due

if TYPE_CHECKING:
    from controller.rehearsal.engine.interpret import Interpreter


class States:
    def __init__(self, interpreter: "Interpreter") -> None:
        self._interpreter = interpreter

    def enter(self, execution: Execution, strand: Strand) -> None:
        state = self._interpreter.state_of(execution, strand)
        data = limited(strand.input, what=f"state '{strand.state}'")
        self._interpreter.emit(
            execution, strand, f"{state['Type']}StateEntered", history.entered(strand, data)
        )
        strand.entered_at = self._interpreter.kernel.now()
        strand.attempts = [0] * len(state.get("Retry", []))
        strand.retries = 0
        self.run(execution, strand)

    def run(self, execution: Execution, strand: Strand) -> None:
        """The work of a state that was entered; again, after a retry's delay."""
        state = self._interpreter.state_of(execution, strand)
        kind = state["Type"]
        if kind == "Task":
            self._interpreter.tasks.schedule(execution, strand, state)
        elif kind == "Parallel":
            self._interpreter.branches.fork(execution, strand, state)
        elif kind == "Pass":
            data = self.effective_input(execution, strand, state)
            self.leave(execution, strand, state.get("Result", data))
        elif kind == "Wait":
            data = self.effective_input(execution, strand, state)
            when = due(state, data, strand.entered_at, context_of(execution, strand))
            self._interpreter.plan(execution, strand, "wait", when)
        elif kind == "Choice":
            self._choose(execution, strand, state)
        elif kind == "Fail":
            raise self._failure(execution, strand, state)
        else:
            self.pass_on(execution, strand)

    def pass_on(self, execution: Execution, strand: Strand) -> None:
        """Leave a state whose output is its input."""
        state = self._interpreter.state_of(execution, strand)
        self._exit(execution, strand, self.effective_input(execution, strand, state), state.get("Next"))

    def _choose(self, execution: Execution, strand: Strand, state: dict[str, Any]) -> None:
        data = self.effective_input(execution, strand, state)
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

    def effective_input(
        self, execution: Execution, strand: Strand, state: dict[str, Any], token: str | None = None
    ) -> Any:
        """The state's input after InputPath and Parameters."""
        context = context_of(execution, strand, token)
        data = select(state.get("InputPath", "$"), strand.input, context, field="InputPath")
        return fill(state["Parameters"], data, context) if "Parameters" in state else data

    def leave(self, execution: Execution, strand: Strand, result: Any) -> None:
        """Leave a state that has a result: ResultSelector, ResultPath, OutputPath, then the next state."""
        state = self._interpreter.state_of(execution, strand)
        if "ResultSelector" in state:
            result = fill(state["ResultSelector"], result, context_of(execution, strand))
        output = place(state.get("ResultPath", "$"), strand.input, result)
        self._exit(execution, strand, output, state.get("Next"))

    def _exit(self, execution: Execution, strand: Strand, output: Any, following: str | None) -> None:
        state = self._interpreter.state_of(execution, strand)
        path = state.get("OutputPath", "$")
        output = select(path, output, context_of(execution, strand), field="OutputPath")
        self._move(execution, strand, output, following)

    def _move(self, execution: Execution, strand: Strand, output: Any, following: str | None) -> None:
        data = limited(output, what=f"state '{strand.state}'")
        kind = self._interpreter.state_of(execution, strand)["Type"]
        self._interpreter.emit(execution, strand, f"{kind}StateExited", history.exited(strand, data))
        if following is not None:
            strand.state, strand.input, strand.forked = following, output, False
            self._interpreter.plan(execution, strand, "enter")
        elif strand.parent is None:
            self._interpreter.close(
                execution, "SUCCEEDED", "ExecutionSucceeded", strand.last_event, output=data
            )
        else:
            self._interpreter.branches.joined(execution, strand, output)

    def fail(self, execution: Execution, strand: Strand, failure: Failure) -> None:
        state = self._interpreter.state_of(execution, strand)
        if self._retried(execution, strand, state, failure):
            return
        if strand.forked:
            self._interpreter.emit(execution, strand, "ParallelStateFailed")
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
            self._interpreter.close(execution, "FAILED", "ExecutionFailed", strand.last_event, failure)
        else:
            self._interpreter.branches.broken(execution, strand, failure)

    def _retried(self, execution: Execution, strand: Strand, state: dict[str, Any], failure: Failure) -> bool:
        retriers = state.get("Retry", [])
        index = first_match(failure, retriers)
        if index is None:
            return False
        delay = backoff(retriers[index], strand.attempts[index] + 1, self._interpreter.rng)
        if delay is None:
            return False
        strand.attempts[index] += 1
        strand.retries += 1
        self._interpreter.plan(execution, strand, "backoff", self._interpreter.kernel.now() + delay)
        return True
