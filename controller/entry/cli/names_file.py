"""The file of names that may go with an audit bundle: id -> name, signed by nobody.

A bundle holds ids alone, so it can be kept for as long as the law says, and names for as long as they may be.
"""

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from controller.core.person import ids_in, is_id, plain
from controller.core.text import sanitize
from controller.entry.cli.output import ExitCode, fail
from controller.steps.context.names import Names

SCHEMA = "tidegate.names/v1"
LARGEST = 4 * 1024 * 1024
"""Bytes that such a file may have."""
NamesFile = Annotated[
    Path | None,
    typer.Option(
        "--names", metavar="FILE", help="Names of people, as `audit export --names` wrote them beside it."
    ),
]


def write_names(file: Path, texts: Iterable[str], names: Names) -> int:
    """Write the names that are kept of the people in `texts`; return how many.

    Nobody but the owner may read the file. Exit 2 where it cannot be written.
    """
    known = names.known(person for text in texts for person in ids_in(text))
    text = json.dumps({"schema": SCHEMA, "names": known}, indent=1, sort_keys=True) + "\n"
    try:
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
            os.fchmod(out.fileno(), 0o600)  # it may have been there, open to others
            out.write(text)
    except OSError as error:
        fail(ExitCode.BAD_INPUT, f"{sanitize(str(file), 300)}: cannot be written: {error.strerror}")
    return len(known)


def read_names(file: Path) -> dict[str, str]:
    """Return id -> name, as the file claims it. Exit 2 for any other file."""
    try:
        with file.open("rb") as opened:
            text = opened.read(LARGEST + 1)
    except OSError as error:
        fail(ExitCode.BAD_INPUT, f"{sanitize(str(file), 300)}: {error.strerror}")
    try:
        body: Any = json.loads(text) if len(text) <= LARGEST else None
    except (ValueError, RecursionError):
        body = None
    claimed = body.get("names") if isinstance(body, dict) and body.get("schema") == SCHEMA else None
    if not isinstance(claimed, dict):
        fail(ExitCode.BAD_INPUT, f"{sanitize(str(file), 300)}: no file of names ({SCHEMA})")
    return {each: plain(name) for each, name in claimed.items() if is_id(each) and isinstance(name, str)}


def as_claimed(file: Path) -> Names:
    """Return the names of a file; each is shown as what it is, a claim."""
    claimed = read_names(file)
    return Names(lambda person: f"{claimed[person]} (as claimed)" if person in claimed else None, lambda: 0.0)
