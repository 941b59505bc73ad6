"""The page of tidegate's own health: it watches, hears, records, and could act."""

from collections.abc import Iterator
from dataclasses import dataclass

from controller.console.http.messages import Response
from controller.console.pages.visit import Visit
from controller.console.view_data import Seen
from controller.core.decision.drift import standing_drift
from controller.core.decision.plan import SWITCH_SILENT
from controller.core.explanation import format_time
from controller.core.incident.step_durations import stuck
from controller.core.journal.restoration import story

LATE = 7_200.0
"""Seconds without a probe that are too many. A probe is sent each hour, so two are missing."""


WITHOUT_JOURNAL = (
    "docs/runbooks/journal-lost.md says how it comes back; `tidegate break-glass` moves traffic without it"
)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the page.

    good: True, False, or None where it is not known.
    """

    name: str
    good: bool | None
    told: str


def show(visit: Visit) -> Response:
    seen = visit.look_at_health()
    lines = [*_own(seen), *_outside(seen), *_journalled(visit, seen), *_intake(visit, seen)]
    amiss = [line for line in lines if line.good is False]
    return visit.page("health", seen=seen, lines=lines, amiss=amiss)


def _own(seen: Seen) -> Iterator[Line]:
    last = max((at for at, _ in seen.decided.values()), default=None)
    told = (
        "nothing was decided in the last minutes"
        if last is None
        else f"last decision {seen.now - last:.0f} s ago"
    )
    yield Line("Watching", seen.watching, told)
    if seen.unread:
        told = f"it cannot be read, so nothing moves: {seen.unread}. {WITHOUT_JOURNAL}"
        yield Line("Journal", False, told)
        return
    state = seen.state
    yield Line("Kill switch", state.stopped is None, state.stopped or "armed")
    count = state.last.seq if state.last else 0
    told = f"{count} events, read from a quorum; each carries the hash of the one before"
    last_time = state.restored[-1] if state.restored else None
    for whose, each in (("", last_time), ("fleet: ", state.fleet_review)):
        told += f"; {whose}{story(each.said)}, by {each.by} at {format_time(each.at)}" if each else ""
    reviewed = state.review is None and state.fleet_review is None
    yield Line("Journal", reviewed, told if reviewed else f"{told}; nobody has armed since")


def _outside(seen: Seen) -> Iterator[Line]:
    yield Line("Evidence", seen.evidence is not None,
               "its table does not answer" if seen.evidence is None else _heard(seen))  # fmt: skip
    told = SWITCH_SILENT if seen.controls is None else f"{len(seen.controls)} read"
    yield Line("Routing controls", seen.controls is not None, told)


def _journalled(visit: Visit, seen: Seen) -> Iterator[Line]:
    """Yield the lines that only a journal can answer."""
    if seen.unread:
        return
    state = seen.state
    same = state.policy == visit.deps.policy.digest
    yield Line(
        "Policy",
        same,
        "the deployed one is in force" if same else "another one than this console's is in force",
    )
    slow = stuck(state.pace, seen.now)
    yield Line("Steps", slow is None, slow.sentence if slow else "none is slow against its own history")
    drift = standing_drift(state)
    told = "the controls stand as the journal says" if drift is None else drift.said.reason
    yield Line("Drift", None if drift else True, told)
    warning = visit.instruments.drills(visit.deps.policy, state, seen.now)["warning"]
    yield Line("Drills", warning is None, warning or "the last one is recent")


def _heard(seen: Seen) -> str:
    assert seen.evidence is not None
    ages = [f"{region} {seen.now - at:.0f} s ago" for region, at in sorted(seen.evidence.heard.items())]
    return "heard from " + ", ".join(ages) if ages else "nothing was ever heard"


def _intake(visit: Visit, seen: Seen) -> Iterator[Line]:
    for region, probe in visit.probes(seen.now).items():
        if probe is None:
            yield Line(f"Probe from {region}", None, "none came through the intake in the last hours")
        else:
            told = f"{probe['age_s'] // 60} min ago, {probe['round_trip_s']:.1f} s under way"
            yield Line(f"Probe from {region}", probe["age_s"] <= LATE, told)
    letters = visit.instruments.dead_letters()
    told = "cannot be counted" if letters is None else f"{letters} could not be handled"
    yield Line("Dead letters", None if letters is None else letters == 0, told)
