"""Parallel states: fork into strands, join their outputs, or fail them together."""

from typing import TYPE_CHECKING, Any

from controller.rehearsal.engine.failures import Failure
from controller.rehearsal.engine.records import Execution, Strand

if TYPE_CHECKING:
    from controller.rehearsal.engine.interpret import Interpreter

_ABORTABLE = {"Task", "Wait", "Parallel"}  # the state types that have an Aborted event


class Branches:
    def __init__(self, interpreter: "Interpreter") -> None:
        self._interpreter = interpreter

    def fork(self, execution: Execution, strand: Strand, state: dict[str, Any]) -> None:
        """Start every branch with the same input."""
        data = self._interpreter.states.effective_input(execution, strand, state)
        self._interpreter.emit(execution, strand, "ParallelStateStarted")
        strand.forked, strand.phase = True, "parallel"
        strand.pending = len(state["Branches"])
        strand.results = [None] * strand.pending
        for index in range(strand.pending):
            scope = [*strand.scope, "States", strand.state, "Branches", index]
            self._interpreter.open_strand(execution, scope=scope, data=data, parent=strand, branch=index)

    def joined(self, execution: Execution, child: Strand, output: Any) -> None:
        """A branch has ended well; after the last, the Parallel state is left with all outputs."""
        parent = self._parent(execution, child)
        parent.results[child.branch] = output
        parent.pending -= 1
        parent.last_event = child.last_event
        self._interpreter.drop_strand(execution, child)
        if parent.pending:
            return

        def leave() -> None:
            # AWS: ParallelStateExited points past ParallelStateSucceeded, to the last branch's end.
            last = parent.last_event
            self._interpreter.emit(execution, parent, "ParallelStateSucceeded")
            parent.last_event, parent.forked = last, False
            self._interpreter.states.leave(execution, parent, parent.results)

        self._interpreter.step(execution, parent, leave)

    def broken(self, execution: Execution, child: Strand, failure: Failure) -> None:
        """A branch has failed: abort the others, then the Parallel state fails the same way."""
        parent = self._parent(execution, child)
        last = child.last_event
        strands = [child, *(s for s in self._below(execution, parent) if s is not child)]
        for strand in strands:
            kind = self._interpreter.state_of(execution, strand)["Type"]
            if strand.phase != "enter" and kind in _ABORTABLE:
                strand.last_event = last
                self._interpreter.emit(execution, strand, f"{kind}StateAborted")
            self._interpreter.drop_strand(execution, strand)
        parent.last_event = last

        def fail() -> None:
            raise failure

        self._interpreter.step(execution, parent, fail)

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
