"""The options that several commands share, and the contexts that they name."""

import sys
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from controller.entry.cli.output import ExitCode, fail, note
from controller.entry.context import Archive, Context, NoContext, find_archive, find_context

ContextName = Annotated[
    str | None,
    typer.Option("--context", help="A deployment of tidegate.toml; by default the rehearsal that runs here."),
]
ActAs = Annotated[str | None, typer.Option("--as", help="Who you are; in a rehearsal only.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; it is kept in the journal.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask. A rehearsal asks at a terminal only.")]


def open_context(name: str | None) -> Context:
    try:
        return find_context(name)
    except NoContext as error:
        fail(ExitCode.BAD_INPUT, str(error))


def open_archive(name: str | None) -> Archive:
    """Return the records to look at.

    It says so on stderr where they are only the last demo's.
    """
    try:
        archive, over = find_archive(name)
    except NoContext as error:
        fail(ExitCode.BAD_INPUT, str(error))
    if over:
        note("no rehearsal runs: these are the records of the last demo")
    return archive


def acting(context: Context, claimed: str | None) -> str:
    try:
        return context.identity(claimed)
    except NoContext as error:
        fail(ExitCode.BAD_INPUT, str(error))


def confirm(context: Context, what: str, word: str, *, yes: bool) -> None:
    """Ask a person to type `word` before something changes.

    The question says the action, the place and the application. `yes` skips it, and so does a rehearsal
    whose commands come from no terminal: scripts play there, and people learn what the night will ask.
    """
    if yes or (context.rehearsal and not (sys.stdin and sys.stdin.isatty())):
        return
    place = f"{context.name}: {context.deployment.policy.get('application')} in {context.deployment.account}"
    typed = typer.prompt(f"{place}\n{what}. Type {word} to go on", err=True)
    if typed.strip() != word:
        fail(ExitCode.NO, "nothing was done")


def moment(text: str, now: float, option: str) -> float:
    """Return the time that `text` means, in seconds since 1970.

    It reads `2030-01-01T08:14:00Z`, `08:14[:30]` (today, UTC) and `-5m`. option: whose value it is.
    """
    try:
        if text.startswith("-") and text[-1:] in "smhd":
            return now - float(text[1:-1]) * {"s": 1, "m": 60, "h": 3600, "d": 86400}[text[-1]]
        if "T" not in text and "-" not in text:
            clock = datetime.strptime(text, "%H:%M:%S" if text.count(":") == 2 else "%H:%M")  # noqa: DTZ007
            day = datetime.fromtimestamp(now, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
            return (day + timedelta(hours=clock.hour, minutes=clock.minute, seconds=clock.second)).timestamp()
        when = datetime.fromisoformat(text)
        return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
    except ValueError:
        fail(
            ExitCode.BAD_INPUT,
            f"{option} {text!r}: expected a time such as 2030-01-01T08:14:00Z, 08:14 or -5m",
        )
