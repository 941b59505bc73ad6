"""The kill switch of all applications: a journal of its own, in the same table, under a name of its own."""

from controller.core.journal import Event, Kind
from controller.ports.errors import JournalUnreadable, OutsideUnreachable
from controller.ports.store import Journal

FLEET = "*fleet*"
"""No application can have this name: a policy's names have no `*`."""
TRIES = 2


def fleet_stopped(journal: Journal) -> str | None:
    """Why nothing in the whole fleet may move, or None. What cannot be read counts as disarmed (S15)."""
    for _ in range(TRIES):
        try:
            return stopped(journal.read(FLEET))
        except OutsideUnreachable:
            continue
        except (JournalUnreadable, ValueError) as error:
            return f"the fleet's kill switch cannot be read and counts as disarmed: {error}"
    return "the fleet's kill switch cannot be read and counts as disarmed"


def stopped(events: tuple[Event, ...]) -> str | None:
    """Why nothing in the whole fleet may move, by these events of its journal; None while it is armed."""
    turned = [event for event in events if event.kind in (Kind.ARMED, Kind.DISARMED)]
    if not turned or turned[-1].kind is Kind.ARMED:
        return None
    return f"the whole fleet is disarmed by {turned[-1].draft.by}: {turned[-1].data.get('reason', '')}"
