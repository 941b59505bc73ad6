"""A tick without a journal: say that nothing may be done, and see to it that people know."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from controller.core.decision.decide import decide
from controller.core.explanation import decision_data
from controller.ports.errors import ControllerError, JournalUnreadable, OutsideUnreachable
from controller.steps.context.deps import Deps
from controller.steps.context.paging import note, page
from controller.steps.context.situation import situation

LATELY = 200.0


def without_journal(deps: Deps, now: float, error: ControllerError) -> dict[str, object]:
    """Record that nothing may move; page once.

    A journal that does not answer is told at the second such tick in a row, since one answer may get lost.
    One that answers what this version cannot read is told at once.
    """
    seen = situation(deps, None, read_controls=False)
    decisions = [decide(seen, region) for region in deps.policy.regions]
    if isinstance(error, JournalUnreadable):
        decisions = [replace(d, reason=str(error)) for d in decisions]
    if _is_time(deps, now, 1 if isinstance(error, JournalUnreadable) else 2):
        unread = isinstance(error, JournalUnreadable)
        subject = f"{deps.application}: the journal {'cannot be read' if unread else 'does not answer'}"
        page(deps, subject, f"{error}\nNothing moves until it does.")
    note(deps, now, {"by": "tick", "decisions": [decision_data(decision) for decision in decisions]})
    return {"decisions": {d.region: d.code for d in decisions}, "silent_regions": []}


def _is_time(deps: Deps, now: float, nth: int) -> bool:
    """Whether this is the `nth` tick in a row that could not read it; yes where that is unknown."""
    try:
        before = deps.assessments.between(deps.application, now - LATELY, now)
    except OutsideUnreachable:
        return True
    lately = [_unreadable(record) for _, record in before if record.get("by") == "tick"]
    row = next((n for n, unread in enumerate(reversed(lately)) if not unread), len(lately))
    return row == nth - 1


def _unreadable(record: Mapping[str, Any]) -> bool:
    return any(decision["code"] == "journal-unreadable" for decision in record["decisions"])
