"""The command `tidegate assessments`: past decisions, one record a line.

`policy backtest --shadow` reads the output.
"""

import json
import sys
from collections.abc import Iterator
from typing import Annotated, Any

import typer

from controller.core.explanation import format_time
from controller.entry.cli.options import ContextName, moment, open_archive
from controller.entry.cli.output import ExitCode, fail
from controller.entry.context import Archive

HOUR = 3600.0
SHORT = ("region", "code", "action", "reason")
WHEN = "2030-01-01T08:14:00Z, 08:14 or -14d."


def assessments(
    since: Annotated[str, typer.Option("--from", help=WHEN)] = "-14d",
    to: Annotated[str | None, typer.Option("--to", help=f"{WHEN} By default now.")] = None,
    trees: Annotated[
        bool, typer.Option("--trees", help="The whole decisions, trees and checks too.")
    ] = False,
    context: ContextName = None,
) -> None:
    """Print what was decided, oldest first, one JSON object a line."""
    archive = open_archive(context)
    begin = moment(since, archive.now, "--from")
    end = archive.now if to is None else moment(to, archive.now, "--to")
    if begin > end:
        fail(ExitCode.BAD_INPUT, f"--from {format_time(begin)} is after --to {format_time(end)}")
    for line in lines(archive, begin, end, trees=trees):
        sys.stdout.write(line + "\n")


def lines(archive: Archive, begin: float, end: float, *, trees: bool = False) -> Iterator[str]:
    """Yield each record of begin <= at <= end once.

    It reads hour by hour, so that months need no more memory than an hour.
    """
    start = begin
    while start <= end:
        until = min(end, start + HOUR)
        for at, record in archive.between(archive.policy.application, start, until):
            if start == begin or at > start:
                told = record if trees else {"by": record.get("by"), "decisions": _short(record)}
                yield json.dumps({"at": format_time(at), **told}, ensure_ascii=True, allow_nan=False)
        if until >= end:
            return
        start = until


def _short(record: dict[str, Any]) -> list[dict[str, Any]]:
    return [{key: each.get(key) for key in SHORT} for each in record.get("decisions", ())]
