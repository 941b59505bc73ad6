"""The storage of `tidegate up` between two runs.

Tables are in SQLite files, everything else in one JSON file.
"""

import json
from pathlib import Path
from typing import Any

from controller.lab.environment.environment import Stage
from controller.rehearsal.services.dynamodb.sqlite_store import SqliteStore


class NotKept(ValueError):  # noqa: N818
    """The kept files cannot be read.

    The message names the file and what to do.
    """


def store_in(folder: Path, name: str) -> SqliteStore:
    folder.mkdir(parents=True, exist_ok=True)
    return SqliteStore(folder / f"{name}.sqlite")


def read_kept(folder: Path, estate: str) -> dict[str, Any] | None:
    """Return the last state of the same estate; None if there is none.

    Raises `NotKept`.
    """
    file = folder / "cloud.json"
    if not file.is_file():
        return None
    try:
        kept: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        if kept["estate"] != estate:
            raise NotKept(f"{folder} holds a rehearsal of another policy; remove it, or use --ephemeral")
    except (OSError, json.JSONDecodeError, KeyError, TypeError) as error:
        raise NotKept(f"{file} cannot be read ({error}); remove {folder}, or use --ephemeral") from error
    return kept


def write_kept(folder: Path, estate: str, stage: Stage) -> None:
    """Write the state atomically. Raises `OSError` (a full disk).

    A crash while writing leaves the last good file.
    """
    folder.mkdir(parents=True, exist_ok=True)
    fresh = folder / "cloud.json.new"
    fresh.write_text(json.dumps({**stage.cloud.dump(), "estate": estate}), encoding="utf-8")
    fresh.chmod(0o600)
    fresh.replace(folder / "cloud.json")
