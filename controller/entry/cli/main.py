"""The tree of commands, and the start of each command line.

Each group has its own module and is registered here and nowhere else.
A command imports what is heavy (boto3, the rehearsal cloud) when it runs, so that the others start fast.
`main` runs one command line and turns every failure into an exit code and one clear line.
"""

import errno
import io
import os
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from importlib.metadata import version
from typing import Annotated

import typer

from controller.core.text import sanitize
from controller.entry.cli import approve, audit, journal, operate, people, status
from controller.entry.cli.assessments import assessments
from controller.entry.cli.break_glass import break_glass, runbook
from controller.entry.cli.demo import demo
from controller.entry.cli.doctor import doctor
from controller.entry.cli.fleet import fleet
from controller.entry.cli.init import init
from controller.entry.cli.output import ExitCode, Failed, note, problem_fields, report_failure
from controller.entry.cli.policy.group import group as policy
from controller.entry.cli.simulate import simulate
from controller.entry.cli.up import up
from controller.lab.policy_files.positions import PolicyRefused
from controller.ports.errors import (
    ControllerError,
    EvidenceUnavailable,
    JournalConflict,
    JournalUnreadable,
    OutsideUnreachable,
    PolicyUnreadable,
    SwitchRefused,
    SwitchUnavailable,
    TokenClosed,
    reads_journal,
)

app = typer.Typer(
    name="tidegate",
    help="Moves traffic out of a failing AWS Region, and tells you why it did, or didn't.",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(policy, name="policy")
app.add_typer(status.incidents, name="incidents")
app.add_typer(audit.group, name="audit")
app.add_typer(journal.group, name="journal")
app.add_typer(people.group, name="people")
for command in (  # in the order of `tidegate --help`
    *(demo, up, status.status, status.why, approve.approve, approve.deny),
    *(operate.evacuate, operate.disarm, operate.arm, operate.mute, operate.ack, operate.stand_down),
    operate.hand_to_people,
    *(operate.restore, operate.drill, break_glass, runbook),
    *(simulate, init, assessments, fleet, doctor),
):
    app.command()(command)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"tidegate {version('tidegate')}")
        raise typer.Exit


@app.callback()
def _tidegate(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Print the traceback of an internal error.")] = False,
) -> None:
    """Options of every command. `--debug` is read by `main`, which is there before any command is."""


_UNREACHABLE = (SwitchUnavailable, OutsideUnreachable, EvidenceUnavailable)
_NO = (JournalConflict, PolicyUnreadable, SwitchRefused, TokenClosed)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code.

    argv: by default the process's own. Raises nothing.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    options = words[: words.index("--")] if "--" in words else words
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        code = _run(words, as_json="--json" in options, debug="--debug" in options)
        sys.stdout.flush()
        return code
    except OSError as error:  # stdout itself cannot be written to: say so on stderr and drop what is left
        _drop_stdout()
        failed = _failure(error)
        if failed.exit_code is not ExitCode.READER_GONE:
            report_failure(failed, as_json=False)
        return failed.exit_code


def _run(words: list[str], *, as_json: bool, debug: bool) -> int:
    try:
        code = app(args=words, prog_name="tidegate", standalone_mode=False)
    except SystemExit as error:  # typer's own way out when stdout has no reader
        if isinstance(error.__context__, BrokenPipeError):
            return ExitCode.READER_GONE
        code = error.code
    except typer.TyperException as error:
        if type(error).__name__ == "NoArgsIsHelpError":
            note(error.format_message())
            return ExitCode.BAD_INPUT
        code = _report(_usage(error), as_json=as_json)
    except (typer.Abort, KeyboardInterrupt):
        code = ExitCode.INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the last resort of the process: one line, never a traceback
        if debug:
            note(sanitize("".join(traceback.format_exception(error)), 20_000, lines=True))
        code = _report(_failure(error), as_json=as_json)
    if code == ExitCode.INTERRUPTED:
        code = _report(Failed(ExitCode.INTERRUPTED, "interrupted"), as_json=as_json)
    return code if isinstance(code, int) else ExitCode.OK if code is None else ExitCode.INTERNAL


def _report(failed: Failed, *, as_json: bool) -> int:
    if failed.exit_code is ExitCode.READER_GONE:
        _drop_stdout()
    else:
        try:
            report_failure(failed, as_json=as_json)
            sys.stdout.flush()
        except OSError:  # the person was told on stderr; the document has nowhere to go
            _drop_stdout()
    return failed.exit_code


def _usage(error: typer.TyperException) -> Failed:
    path = getattr(getattr(error, "ctx", None), "command_path", "tidegate")
    sentence = f"{error.format_message().rstrip('.')}; try '{path} --help'"
    return Failed(ExitCode.BAD_INPUT, sentence)


def _failure(error: Exception) -> Failed:
    """Return the exit code and the sentence for an exception."""
    match error:
        case Failed():
            return error
        case PolicyRefused():
            return Failed(ExitCode.BAD_INPUT, str(error), [problem_fields(p) for p in error.problems])
        case JournalUnreadable():
            told = "the journal is not whole, and nothing moves until it is"
            kept = "`tidegate audit export --broken` keeps it as evidence; see docs/runbooks/journal-lost.md"
            return Failed(ExitCode.NO, f"{told}: {error}; {kept}")
        case OutsideUnreachable() if reads_journal(error):
            return Failed(ExitCode.UNREACHABLE, _without_journal(error))
        case ControllerError() if isinstance(error, _UNREACHABLE):
            return Failed(ExitCode.UNREACHABLE, f"{type(error).__name__}: {error}")
        case ControllerError() if isinstance(error, _NO):
            return Failed(ExitCode.NO, f"{type(error).__name__}: {error}")
        case BrokenPipeError():
            return Failed(ExitCode.READER_GONE, "nobody reads the output any more")
        case OSError(errno=errno.ENOSPC):
            return Failed(ExitCode.INTERNAL, f"the disk is full{_of(error)}; free some space and try again")
        case OSError(strerror=str(reason)):
            return Failed(ExitCode.INTERNAL, f"{reason}{_of(error)}")
        case _:
            told = f"internal error: {type(error).__name__}: {error}; `tidegate --debug …` prints where"
            return Failed(ExitCode.INTERNAL, told)


def _without_journal(error: OutsideUnreachable) -> str:
    """Return what is known, and what can be done, where the journal cannot be read."""
    still = "`tidegate assessments` and `tidegate break-glass` need no journal"
    if error.absent:
        return f"the journal's table is gone: {error}; docs/runbooks/journal-lost.md puts it back; {still}"
    return f"OutsideUnreachable: {error}; {still}"


def _of(error: OSError) -> str:
    return f" ({error.filename})" if error.filename is not None else ""


def _drop_stdout() -> None:
    """Send buffered output to the null device.

    Otherwise the interpreter would raise once more when it ends.
    """
    with suppress(OSError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
