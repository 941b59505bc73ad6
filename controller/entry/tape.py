"""A rehearsal as lines: one for each happening, for pipes, logs and people without a terminal."""

from collections.abc import Callable
from types import TracebackType

from controller.entry.happenings import Happenings, clock
from controller.lab.rehearse import Run
from controller.lab.stage import Stage
from controller.lab.watch import Watch


class Tape:
    """A context; `beat(run)` prints what is new."""

    def __init__(self, line: Callable[[str], None], stage: Stage, watch: Watch) -> None:
        self._watch, self._line = watch, line
        self._happenings = Happenings(stage, watch)
        self._run: Run | None = None

    def __enter__(self) -> "Tape":
        self._line("warming up: steady traffic")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None and self._run is not None:
            self._watch.look(now=True)
            self._print(self._run)

    def beat(self, run: Run) -> None:
        self._run = run
        if self._watch.look() and run.broke:
            self._print(run)

    def _print(self, run: Run) -> None:
        for each in self._happenings.new(run):
            self._line(f"{clock(each.at - run.broke):>8}  {each.kind:<8}  {each.text}")
