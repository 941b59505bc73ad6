"""Why, for any moment: the assessments and the journal put together, and the gaps in which nobody watched."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from controller.core.incident import Memory, fold
from controller.core.journal import Event
from controller.core.report import stamp, why_sentence
from controller.steps.context import Deps

WATCHED = 150.0
"""Seconds after an assessment during which its word still counts: the tick comes once a minute."""
FAR = 86400.0


@dataclass(frozen=True, slots=True)
class Recalled:
    """What was so at `at`. regions: Region -> (when it was decided, the stored decision)."""

    at: float
    regions: Mapping[str, tuple[float, dict[str, Any]]]
    memory: Memory
    events: tuple[Event, ...]
    blind: tuple[float | None, float | None] | None

    def sentences(self) -> list[str]:
        """For people: one line a Region, or the gap."""
        if self.blind is not None:
            since, until = (None if edge is None else stamp(edge) for edge in self.blind)
            span = f"from {since or 'the beginning'} to {until or 'now'}"
            return [f"Nothing was decided {span}: nothing reached the controller, or it did not run."]
        return [why_sentence(record) for _, record in self.regions.values()]


def recall(deps: Deps, at: float) -> Recalled:
    """Raises `EvidenceUnavailable`, `OutsideUnreachable`."""
    events = tuple(e for e in deps.journal.read(deps.application) if e.at <= at)
    latest: dict[str, tuple[float, dict[str, Any]]] = {}
    for when, record in deps.assessments.between(deps.application, at - WATCHED, at):
        for decision in record.get("decisions", ()):
            latest[str(decision["region"])] = (when, decision)
    regions = {region: latest[region] for region in deps.policy.regions if region in latest}
    blind = None if regions else _gap(deps, at)
    return Recalled(at, regions, fold(deps.application, events), events[-5:], blind)


def _gap(deps: Deps, at: float) -> tuple[float | None, float | None]:
    """The last assessment before and the first after a moment, within a day; None where there is none."""
    before = deps.assessments.between(deps.application, at - FAR, at)
    after = deps.assessments.between(deps.application, at, at + FAR)
    return (before[-1][0] if before else None, after[0][0] if after else None)
