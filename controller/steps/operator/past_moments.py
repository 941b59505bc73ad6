"""The explanation of any past moment, from the assessments and the journal.

It also shows the gaps in which nobody watched.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

from controller.core.decision.precedence import TICKS_APART
from controller.core.explanation import format_time, why_sentence
from controller.core.incident.state import State
from controller.core.journal.event import Event, written_until
from controller.core.journal.restoration import Restoration, restorations, story
from controller.core.policy.schema import Policy
from controller.ports.storage import ReadStopped
from controller.steps.context.journalling import folded

WATCHED = TICKS_APART
"""Seconds after an assessment during which it still counts: until the next tick, at the latest."""


Stored = tuple[float, dict[str, Any]]


class NewestFirst(Protocol):
    """The signature of `ports.storage.Assessments.newest_first`."""

    def __call__(self, application: str, start: float, end: float | None = None) -> Iterable[Stored]: ...


class Nearest(Protocol):
    """The signature of `ports.storage.Assessments.nearest`."""

    def __call__(self, application: str, at: float, *, later: bool) -> float | None: ...


@dataclass(frozen=True, slots=True)
class PastMoment:
    """The decisions, the state and the last events at the moment `at`.

    regions: Region -> (when it was decided, the stored decision). blind: the last assessment before `at` and
    the first after it, where nothing was decided then; else None. lacking: restorations of the journal, in
    whose gap the moment lies. refused: Region -> why nobody let us look at its alarms then.
    """

    at: float
    regions: Mapping[str, tuple[float, dict[str, Any]]]
    state: State
    events: tuple[Event, ...]
    blind: tuple[float | None, float | None] | None
    lacking: tuple[Restoration, ...] = ()
    refused: Mapping[str, str] = field(default_factory=dict)

    def sentences(self, only: str | None = None) -> list[str]:
        """Return one line for each Region (or for `only` one), or the gap.

        The lines are for people. First comes what the journal may lack of that moment.
        """
        gaps = [f"What happened then may be missing: {story(each.said)}." for each in self.lacking]
        if self.blind is not None:
            since, until = (None if edge is None else format_time(edge) for edge in self.blind)
            span = f"from {since or 'the beginning'} to {until or 'now'}"
            return [*gaps, f"Nothing was decided {span}: nothing reached the controller, or it did not run."]
        decided = (record for region, (_, record) in self.regions.items() if only in (None, region))
        shut = ((region, why) for region, why in sorted(self.refused.items()) if only in (None, region))
        return [
            *gaps,
            *(why_sentence(record) for record in decided),
            *(f"We could not look at the alarms of {region}: {why}." for region, why in shut),
        ]


class Records(Protocol):
    """The reads that `recall_moment` needs, of one application.

    They are `Journal.read`, `Assessments.newest_first` and `.nearest`.
    """

    def read(self, application: str) -> tuple[Event, ...]: ...

    @property
    def newest_first(self) -> NewestFirst: ...

    @property
    def nearest(self) -> Nearest: ...


def recall_moment(policy: Policy, records: Records, at: float, state: State | None = None) -> PastMoment:
    """Return the decisions, the state and the gap at the moment `at`.

    state: as it was then, where that is known. Raises `JournalUnreadable`, `OutsideUnreachable`.
    """
    application = policy.application
    whole = records.read(application)
    if state is None:
        events = tuple(written_until(whole, at))
        state = folded(application, events)
    else:
        events = whole[: state.last.seq if state.last else 0]
    about = (*policy.regions, *([state.open.source] if state.open else []))
    taken: list[dict[str, Any]] = []
    kept = _remembered(records.newest_first(application, at - WATCHED, at), taken)
    latest = last_decisions(kept, frozenset(about))
    refused = next((each.get("refused_regions") or {} for each in taken if each.get("by") == "tick"), {})
    regions = {region: latest[region] for region in about if region in latest}
    blind = None if regions else _gap(records, application, at)
    return PastMoment(at, regions, state, events[-5:], blind, _lacking(whole, at), refused)


def _remembered(records: Iterable[Stored], taken: list[dict[str, Any]]) -> Iterator[Stored]:
    """Yield the records, and keep those that were taken."""
    for at, record in records:
        taken.append(record)
        yield at, record


def _lacking(whole: Sequence[Event], at: float) -> tuple[Restoration, ...]:
    """Return the restorations after `at` whose missing events may be of that time."""
    return tuple(
        each
        for each in restorations(whole)
        if at < each.at and (each.said.first == 1 or whole[each.said.first - 2].at <= at)
    )


def last_decisions(records: Iterable[Stored], about: frozenset[str]) -> dict[str, Stored]:
    """Return Region -> (time, the last decision about it).

    records: newest first. No more of them are taken than that needs.
    """
    found: dict[str, Stored] = {}
    with suppress(ReadStopped):
        for at, record in records:
            for decision in reversed(record.get("decisions", ())):
                found.setdefault(str(decision["region"]), (at, decision))
            if about <= found.keys():
                break
    return found


def _gap(records: Records, application: str, at: float) -> tuple[float | None, float | None]:
    """Return the last assessment before a moment and the first after it.

    None stands for one that does not exist.
    """
    return records.nearest(application, at, later=False), records.nearest(application, at, later=True)
