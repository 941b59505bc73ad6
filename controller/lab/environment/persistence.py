"""What `tidegate up` keeps between two runs: tables in SQLite files, everything else in one JSON file.

The records of the last demo, kept so that `why` and `incidents` answer after its cloud is gone.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from controller.core.journal import Event, from_json, to_json
from controller.core.policy.schema import Policy
from controller.core.policy.validation import compiled, parse_policy
from controller.lab.environment.environment import Stage
from controller.rehearsal.services.dynamodb.sqlite_store import SqliteStore


class NotKept(ValueError):  # noqa: N818
    """What was kept cannot be read; the message names the file and what to do."""


def store_in(folder: Path, name: str) -> SqliteStore:
    folder.mkdir(parents=True, exist_ok=True)
    return SqliteStore(folder / f"{name}.sqlite")


def read_kept(folder: Path, estate: str) -> dict[str, Any] | None:
    """The last state of the same estate; None if there is none. Raises `NotKept`."""
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
    """Atomic: a crash while writing leaves the last good one. Raises `OSError` (a full disk)."""
    folder.mkdir(parents=True, exist_ok=True)
    fresh = folder / "cloud.json.new"
    fresh.write_text(json.dumps({**stage.cloud.dump(), "estate": estate}), encoding="utf-8")
    fresh.chmod(0o600)
    fresh.replace(folder / "cloud.json")


Records = Sequence[tuple[float, dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class LastRun:
    """A journal and its assessments to look at; nothing can be added. `now` is when the run ended."""

    policy: Policy
    account: str
    now: float
    events: tuple[Event, ...]
    records: Records

    @property
    def application(self) -> str:
        return self.policy.application

    def read(self, application: str) -> tuple[Event, ...]:
        """As `ports.storage.Journal.read`."""
        return self.events if application == self.application else ()

    def between(self, application: str, start: float, end: float) -> tuple[tuple[float, dict[str, Any]], ...]:
        """As `ports.storage.Assessments.between`."""
        found = self.records if application == self.application else ()
        return tuple((at, record) for at, record in found if start <= at <= end)

    def nearest(self, application: str, at: float, *, later: bool) -> float | None:
        """As `ports.storage.Assessments.nearest`."""
        found = [moment for moment, _ in (self.records if application == self.application else ())]
        if later:
            return min((moment for moment in found if moment >= at), default=None)
        return max((moment for moment in found if moment <= at), default=None)


def write_last_run(file: Path, run: LastRun) -> None:
    body = {
        "policy": compiled(run.policy),
        "account": run.account,
        "now": run.now,
        "events": [to_json(event) for event in run.events],
        "records": [[at, record] for at, record in run.records],
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_suffix(".new")
    fresh.write_text(json.dumps(body), encoding="utf-8")
    fresh.replace(file)


def read_last_run(file: Path) -> LastRun | None:
    """The last demo's records; None where there are none that this version can read."""
    try:
        body: Mapping[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        events = tuple(from_json(line) for line in body["events"])
        records = [(float(at), dict(record)) for at, record in body["records"]]
        return LastRun(
            parse_policy(body["policy"]), str(body["account"]), float(body["now"]), events, records
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
