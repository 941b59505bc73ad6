"""The output of commands: data on stdout, everything else on stderr.

The data are printed once, for people or as one JSON document.
A progress bar appears on stderr where that is a terminal; nothing of it reaches stdout.
Commands that need more than the plain installation say so in one line.
"""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from enum import IntEnum
from importlib.util import find_spec
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console

from controller.core.text import sanitize
from controller.lab.policy_files.positions import Located
from controller.steps.context.names import Names

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]

WIDE = 5_000
"""Columns of what no terminal shows."""


class ExitCode(IntEnum):
    """The meaning of a command's exit code.

    A shell reports 141 for a writer whose reader went away.
    """

    OK = 0
    NO = 1
    BAD_INPUT = 2
    UNREACHABLE = 3
    INTERNAL = 4
    INTERRUPTED = 130
    READER_GONE = 141


class Failed(Exception):  # noqa: N818
    """The end of a command that failed.

    `sentence` is for a person; `problems` are plain data for the JSON document.
    """

    def __init__(
        self, exit_code: ExitCode, sentence: str, problems: Sequence[Mapping[str, Any]] = ()
    ) -> None:
        super().__init__(sentence)
        self.exit_code = exit_code
        self.sentence = sentence
        self.problems = tuple(problems)


def emit(
    name: str,
    fields: Mapping[str, Any],
    human: Callable[[dict[str, Any]], None],
    *,
    as_json: bool,
    names: Names | None = None,
) -> None:
    """Print the one answer of a command.

    It is the document `tidegate.NAME/v1`, or whatever `human` prints of the same fields.
    name: the name in `schema`. fields: plain JSON data, snake_case, times as ISO-8601 `Z`. names: of the
    people whose ids the answer may hold; they are put in before anything is laid out.
    """
    named = dict(fields) if names is None else names.data(dict(fields))
    if not as_json:
        human(named)
        return
    # ASCII alone: no reader's encoding breaks it, and no text in it can steer a terminal.
    document = {"schema": f"tidegate.{name}/v1", **named}
    sys.stdout.write(json.dumps(document, ensure_ascii=True, allow_nan=False) + "\n")


def fail(exit_code: ExitCode, sentence: str, problems: Sequence[Mapping[str, Any]] = ()) -> NoReturn:
    """End the command with one line on stderr.

    Under `--json` it prints the document `tidegate.error/v1` too.
    """
    raise Failed(exit_code, sentence, problems)


def report_failure(failed: Failed, *, as_json: bool) -> None:
    """Print a failure: one line for a person, and any document asked for."""
    sentence = sanitize(failed.sentence, 1000)
    note(f"tidegate: {sentence}")
    if as_json:
        fields = {"error": sentence, "exit_code": int(failed.exit_code), "problems": list(failed.problems)}
        emit("error", fields, lambda _: None, as_json=True)


def problem_fields(problem: Located) -> dict[str, Any]:
    """Return a problem as data.

    Line and column are null where the file itself is meant.
    """
    return {
        "line": problem.line or None,
        "column": problem.column or None,
        "path": problem.path,
        "message": problem.message,
        "hint": problem.hint,
    }


def note(line: str) -> None:
    """Write one line on stderr.

    Text from outside in it goes through `core.text.sanitize` first.
    """
    with suppress(OSError):  # nobody is left to be told
        sys.stderr.write(line + "\n")


def stdout() -> Console:
    """Return Rich's console on stdout, without wrapping and without guessed colours.

    Print `rich.text.Text`, never markup. Where no terminal reads, a table is as wide as it needs to be: a
    line that is folded in a name is found by no `grep`.
    """
    width = None if sys.stdout.isatty() else WIDE
    return Console(file=sys.stdout, width=width, soft_wrap=True, highlight=False, markup=False, emoji=False)


class Bar:
    def __init__(self, what: str, total: int) -> None:
        from rich.console import Console
        from rich.progress import Progress

        self._bar = Progress(console=Console(stderr=True), transient=True)
        self._task = self._bar.add_task(what, total=total)

    def __enter__(self) -> "Bar":
        self._bar.start()
        return self

    def step(self, by: int = 1, said: str | None = None) -> None:
        self._bar.update(self._task, advance=by, description=said)

    def __exit__(self, *_: object) -> None:
        self._bar.stop()


def need(extra: str, *modules: str) -> None:
    """Exit 2 where a module of the optional dependencies `extra` is not installed."""
    missing = [module for module in modules if find_spec(module) is None]
    if missing:
        fail(ExitCode.BAD_INPUT, f"{', '.join(missing)} is not installed: pip install 'tidegate[{extra}]'")
