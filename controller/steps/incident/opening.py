"""The opening of incidents: a decision about every Region, and the order of controllers.

An incident is opened where the decision says so. A controller of a later rank waits, by its own clock, for
those before it.

A Lambda remembers nothing between two invocations, so "since when I have seen this" is kept in the
controller's own assessments. What they do not show, or show with a gap, was not seen: the wait begins anew.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from controller.core.decision.decide import Situation, decide
from controller.core.decision.precedence import TICKS_APART, TURN, rank, to_open
from controller.core.explanation import decision_record, grounds
from controller.core.incident.state import Incident, Phase, State
from controller.core.journal.moves import DrillOpened, IncidentOpened, Opening, RestoreOpened
from controller.core.model import Decision, Truth
from controller.ports.errors import OutsideUnreachable
from controller.steps.context.deps import REASON, Deps
from controller.steps.context.journalling import load_state, retry_on_conflict, write
from controller.steps.context.own_records import own_records
from controller.steps.context.paging import page
from controller.steps.context.situation import after, with_controls
from controller.steps.incident.driver import drive, next_epoch
from controller.steps.incident.ending import drop_intent, end_where_it_stands

UNBROKEN = TICKS_APART + 50.0
"""Seconds after which an earlier look says nothing about now. It is dated by its tick's begin.

This look may come 50 s later in its own tick, which may take no longer.
"""


class RankDelay:
    """The wait of a controller of later rank for those before it.

    since: what this look saw -> when it was first seen; keep it with the assessment.
    """

    def __init__(self, deps: Deps) -> None:
        self._deps = deps
        self._before: dict[str, float] | None = None
        self.since: dict[str, float] = {}

    def elapsed(self, what: str, source: str) -> bool:
        """Return True where this controller's time has come to do `what`.

        source: the Region that `what` is about.
        """
        wait = TURN * rank(self._deps.policy, self._deps.here, source)
        if not wait:
            return True
        now = self._deps.runtime.now()
        first = min(self._earlier().get(what, now), now)
        self.since[what] = first
        return now - first >= wait

    def _earlier(self) -> dict[str, float]:
        if self._before is None:
            now = self._deps.runtime.now()
            waits = (r["waits"] for _, r in own_records(self._deps, now - UNBROKEN, now) if "waits" in r)
            try:
                self._before = dict(next(waits, {}))
            except OutsideUnreachable:
                self._before = {}
        return self._before


@dataclass(frozen=True, slots=True)
class RegionAssessments:
    """The decision about each Region, and the incident that was opened, if any.

    seen: the one situation that all decisions look at, with the journal as it is by now.
    waits: what is left to the controllers of an earlier rank for now, and since when it was seen.
    """

    seen: Situation
    state: State
    decisions: tuple[Decision, ...]
    opened: Incident | None
    waits: Mapping[str, float] = field(default_factory=dict)


def assess_regions(deps: Deps, seen: Situation, state: State) -> RegionAssessments:
    """Decide about each Region; open at most one incident and start its execution.

    Routing controls are read only where the condition holds and nobody read them yet.
    """
    seen = after(deps, seen, state)
    decisions = [decide(seen, region) for region in seen.regions]
    if seen.controls is None and any(d.tree is not None and d.tree.value is Truth.TRUE for d in decisions):
        seen = with_controls(deps, seen)
        decisions = [decide(seen, region) for region in seen.regions]
    opened, delay = None, RankDelay(deps)
    for decision in sorted(decisions, key=lambda each: each.intent != "evacuate"):  # leaving comes first
        region = decision.region
        opens = None if opened else to_open(seen.after(state), decision)
        if opens is not None and delay.elapsed(f"open {region}", region):
            state = make_way(deps, state, region, opens.reason)
            state, opened = open_incident(deps, state, opens)
    return RegionAssessments(after(deps, seen, state), state, tuple(decisions), opened, delay.since)


def assess_regions_retrying(deps: Deps, seen: Situation, state: State) -> RegionAssessments:
    """Run `assess_regions`, and run it again where another process wrote first.

    What the other wrote may well be the same.
    """
    return retry_on_conflict(
        partial(load_state, deps), lambda fresh: assess_regions(deps, seen, fresh), first=state
    )


def make_way(deps: Deps, state: State, region: str, why: str) -> State:
    """End the open restore or drill, if any: leaving `region` comes first.

    What has moved stays where it is, and people are told of it. `progress.yields` says that it may end.
    """
    other = state.open
    if other is None:
        return state
    if other.phase is Phase.SHIFTING:
        dropped = "nothing was applied, and another Region must be left"
        state = drop_intent(deps, state, other, code="outranked", reason=dropped)
        other = state.incidents[other.id]
    reason = f"{region} must be left, which comes first: {why}"
    state, stands = end_where_it_stands(deps, state, other, code="outranked", reason=reason)
    page(deps, f"{other.id}: makes way", f"{reason}\n{stands}")
    return state


def open_incident(
    deps: Deps,
    state: State,
    decision: Decision,
    *,
    requested_by: str | None = None,
    reason: str = "",
    drill: bool = False,
    scheduled: float | None = None,
    despite: Sequence[str] = (),
) -> tuple[State, Incident]:
    """Write the event that opens the incident, then start its execution.

    The event is `IncidentOpened`, `RestoreOpened` or `DrillOpened`; then the lease is taken, and the
    execution is named after the incident. In this order: of two that open at once the append lets one
    through, and only that one takes the lease.

    scheduled: the time of the schedule that a drill is opened for; then nobody asked for it.
    """
    number = state.last.seq + 1 if state.last else 1
    name = f"{deps.application}-{decision.region}-{number}"
    common: dict[str, Any] = {
        "source": decision.region,
        "driver": deps.here,
        "requested_by": requested_by,
        "policy": deps.policy.digest,
        "reason": (reason or (grounds(decision.tree) if decision.tree else decision.reason))[:REASON],
        "decision": decision_record(decision),
        "despite": tuple(despite),
    }
    left = state.away(decision.region) if decision.intent == "restore" else None
    opening: Opening = IncidentOpened(**common)
    if left is not None:
        opening = RestoreOpened(**common, of=left.id, target=decision.target or left.target)
    elif drill:
        opening = DrillOpened(**common, scheduled=scheduled)
    epoch = next_epoch(deps)
    by = None if scheduled else requested_by
    state = write(deps, state, opening, incident=name, epoch=epoch, by=by)
    incident = state.incidents[name]
    with suppress(OutsideUnreachable):  # it is open all the same: the tick starts what has no driver
        drive(deps, incident)
    return state, incident
