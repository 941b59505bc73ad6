"""The observer of a run: it reads what the controller knew, decided and wrote.

It reads them as anybody may, and takes no part in the run.
```
 evidence (bounded: the last 30 of a signal) ─> gathered over the whole run ─> runs of verdicts
 assessments, journal ─> what is new since the last look
```
"""

from collections.abc import Mapping
from typing import Any

from controller.core.evidence.evaluation import View, view
from controller.core.journal.event import Event
from controller.core.journal.head import Head
from controller.core.model import Observation
from controller.core.person import ids_in
from controller.lab.environment.environment import Stage
from controller.ports.errors import ControllerError
from controller.steps.context.deps import Deps
from controller.steps.context.journal_head import OWN, heads_in

OVERLAP = 30.0
"""Seconds that a look goes back: an assessment is dated before it is written."""


class RunObserver:
    """Looks at most once in `every` scenario seconds, so that looking disturbs nothing.

    journal, records, seen: what was found so far; a look that fails changes nothing. unread: why
    the journal could not be read at the last look, or "". names: of the people in them. others: controller
    Region -> an operator's `Deps` through it; the first that lives is looked through.
    """

    def __init__(
        self, stage: Stage, deps: Deps, *, every: float, others: Mapping[str, Deps] | None = None
    ) -> None:
        self._stage, self._first, self._every, self._others = stage, deps, every, dict(others or {})
        self._looked = float("-inf")
        self._begun = stage.kernel.now()
        self._observations: dict[str, dict[str, Observation]] = {}
        self._records: dict[tuple[float, str], tuple[float, dict[str, Any]]] = {}
        self.journal: tuple[Event, ...] = ()
        self.unread = ""
        self.names = deps.names
        self.seen: View | None = None

    def look(self, *, now: bool = False) -> bool:
        """Look if it is time to (or `now`); return True where anything was read."""
        moment = self._stage.kernel.now()
        if not now and moment - self._looked < self._every:
            return False
        since, self._looked = max(self._begun, self._looked - OVERLAP), moment
        deps = self._others.get(self._stage.cloud.live(), self._first)
        try:
            for signal, history in deps.evidence.read(deps.application).items():
                known = self._observations.setdefault(signal, {})
                for observation in history:
                    known.setdefault(observation.id, observation)
            for at, record in deps.assessments.between(deps.application, since, moment):
                self._records[at, str(record.get("by"))] = (at, record)
            self._read_journal(deps)
        except ControllerError:
            return False
        self.seen = view(deps.policy, deps.account, self.evidence(), moment)
        return True

    def _read_journal(self, deps: Deps) -> None:
        try:
            self.journal, self.unread = deps.journal.read(deps.application), ""
        except ControllerError as error:
            self.unread = str(error)
            raise

    def witnessed(self) -> tuple[Head, ...]:
        """Return each head of the application's journal that an assessment names."""
        found = (heads_in(record).get(OWN) for _, record in self._records.values())
        return tuple(head for head in found if head is not None)

    def people(self) -> dict[str, str]:
        """Return id -> name of the people in the journal, as far as they are kept."""
        return self.names.known(person for event in self.journal for person in ids_in(event.text))

    def evidence(self) -> Mapping[str, tuple[Observation, ...]]:
        """Return signal id -> every observation that was seen of it, oldest first."""
        return {
            signal: tuple(sorted(known.values(), key=lambda seen: (seen.at, seen.id)))
            for signal, known in self._observations.items()
        }

    def decisions(self, region: str) -> tuple[tuple[float, Mapping[str, Any]], ...]:
        """Return every assessment of `region`, oldest first.

        Each is (seconds since 1970, decision as stored).
        """
        found = [
            (at, decision)
            for at, record in self._records.values()
            for decision in record.get("decisions", ())
            if decision.get("region") == region
        ]
        return tuple(sorted(found, key=lambda pair: pair[0]))
