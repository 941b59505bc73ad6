"""The records of the last demo, kept after its cloud is gone.

So `why` and `incidents` still answer.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from controller.core.journal.event import Event, event_of
from controller.core.policy.schema import Policy
from controller.core.policy.validation import compiled, parse_policy

Records = Sequence[tuple[float, dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class LastRun:
    """Holds a journal and its assessments to look at; nothing can be added.

    `now` is when the run ended. names: id -> name of the people in them, as far as they are kept.
    """

    policy: Policy
    account: str
    now: float
    events: tuple[Event, ...]
    records: Records
    names: Mapping[str, str] = field(default_factory=dict)

    @property
    def application(self) -> str:
        return self.policy.application

    def read(self, application: str) -> tuple[Event, ...]:
        """Return the journal, as `ports.storage.Journal.read` does."""
        return self.events if application == self.application else ()

    def between(self, application: str, start: float, end: float) -> tuple[tuple[float, dict[str, Any]], ...]:
        """Return the assessments of a time, as `ports.storage.Assessments.between` does."""
        found = self.records if application == self.application else ()
        return tuple((at, record) for at, record in found if start <= at <= end)

    def newest_first(
        self, application: str, start: float, end: float | None = None
    ) -> Iterator[tuple[float, dict[str, Any]]]:
        """Yield the assessments of a time, as `ports.storage.Assessments.newest_first` does."""
        yield from reversed(self.between(application, start, self.now if end is None else end))

    def nearest(self, application: str, at: float, *, later: bool) -> float | None:
        """Return the nearest assessment's moment, as `ports.storage.Assessments.nearest` does."""
        found = [moment for moment, _ in (self.records if application == self.application else ())]
        if later:
            return min((moment for moment in found if moment >= at), default=None)
        return max((moment for moment in found if moment <= at), default=None)


def write_last_run(file: Path, run: LastRun) -> None:
    body = {
        "policy": compiled(run.policy),
        "account": run.account,
        "now": run.now,
        "events": [event.text for event in run.events],
        "records": [[at, record] for at, record in run.records],
        "names": dict(run.names),
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_suffix(".new")
    fresh.write_text(json.dumps(body), encoding="utf-8")
    fresh.replace(file)


def read_last_run(file: Path) -> LastRun | None:
    """Return the last demo's records.

    None where there are none that this version can read.
    """
    try:
        body: Mapping[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        events = tuple(event_of(line) for line in body["events"])
        records = [(float(at), dict(record)) for at, record in body["records"]]
        policy = parse_policy(body["policy"], in_force=True)
        names = {str(person): str(name) for person, name in body.get("names", {}).items()}
        return LastRun(policy, str(body["account"]), float(body["now"]), events, records, names)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
