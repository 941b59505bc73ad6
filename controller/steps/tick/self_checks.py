"""The checks of the tick on the controller itself: gaps, journal, stuck steps.

A gap in which this controller assessed nothing is written down once, by the first tick after it.

A tick without a journal records that nothing may be done, and makes sure that people know.

A step that is slow against its own history is told to people, once.
"""

from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial

from controller.core.decision.decide import decide
from controller.core.decision.precedence import TICKS_APART
from controller.core.explanation import decision_data
from controller.core.incident.state import State
from controller.core.incident.step_durations import stuck
from controller.core.journal.notes import Blinded, Escalated
from controller.ports.errors import ControllerError, JournalConflict, JournalUnreadable, OutsideUnreachable
from controller.ports.storage import ReadStopped
from controller.steps.context.deps import Deps
from controller.steps.context.journalling import load_state, retry_on_conflict, write
from controller.steps.context.paging import note, page
from controller.steps.context.situation import situation
from controller.steps.tick.alert_pages import page_lost_journal

BLIND = TICKS_APART
"""Seconds without an assessment of this controller's own that are a gap: two ticks failed to come."""
FAR = 86400.0
"""Seconds before a gap in which its last assessment is looked for."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A time in which this controller assessed nothing.

    since: of its last tick. beyond: where the reader stopped before it found one, in a sentence: the gap may
    have begun earlier.
    """

    since: float
    beyond: str = ""


def own_gap(deps: Deps, now: float) -> Gap | None:
    """Return the gap after this controller's last assessment, if that was too long ago.

    Reads back from the end, and stops at the first tick. Returns None where there is none in the last `FAR`
    seconds, and where the assessments cannot be read.
    """
    try:
        for at, record in deps.assessments.newest_first(deps.application, now - FAR):
            if record.get("by") == "tick" and at <= now:
                return None if at >= now - BLIND else Gap(at)
    except OutsideUnreachable:
        return None
    except ReadStopped as stopped:
        return Gap(stopped.at, str(stopped)) if stopped.at < now - BLIND else None
    return None


def record_gap(deps: Deps, state: State, now: float) -> State:
    """Write `Blinded` if there was a gap.

    Tries again if another process wrote first. Raises `JournalConflict`.
    """
    gap = own_gap(deps, now)
    if gap is None:
        return state
    beyond = f"perhaps for longer: {gap.beyond}" if gap.beyond else ""
    blind = Blinded(from_=gap.since, to=now, who=deps.here, reason=beyond)
    return retry_on_conflict(partial(load_state, deps), lambda fresh: write(deps, fresh, blind), first=state)


def record_unreadable_journal(deps: Deps, now: float, error: ControllerError) -> dict[str, object]:
    """Record that nothing may move, and page, again each hour.

    A journal that does not answer is told at the second such tick in a row, since one answer may get lost.
    One that answers what this version cannot read is told at once.
    """
    seen = situation(deps, None, read_controls=False)
    decisions = [decide(seen, region) for region in deps.policy.regions]
    unread = isinstance(error, JournalUnreadable)
    if unread:
        decisions = [replace(d, reason=str(error)) for d in decisions]
    memory = page_lost_journal(deps, str(error), at_once=unread)
    note(
        deps, now, {"by": "tick", "decisions": [decision_data(decision) for decision in decisions], **memory}
    )
    return {"decisions": {d.region: d.code for d in decisions}, "silent_regions": [], "refused_regions": []}


def page_stuck_step(deps: Deps, state: State) -> State:
    """Page and write `Escalated` where the open incident's step is stuck.

    Does nothing where that was told already. Whichever controller looks first tells it: the one that drives
    may be what hangs.
    """
    incident = state.open
    found = stuck(state.pace, deps.runtime.now())
    if incident is None or found is None or found.told:
        return state
    if page(deps, f"{incident.id}: stuck at {found.step}", found.sentence, incident=incident):
        said = Escalated(code="stuck", step=found.step, reason=found.sentence)
        # Where somebody wrote first, that was perhaps the end of this step; the heartbeats go on.
        with suppress(JournalConflict, OutsideUnreachable):
            return write(deps, state, said, incident=incident)
    return state
