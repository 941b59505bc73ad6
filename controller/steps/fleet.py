"""What binds all applications: a journal of its own, in the same table, under a name of its own.

It holds the fleet's kill switch, and the Regions that were left: see `core.decision.limits`.
"""

from controller.core.decision.limits import Fleet, regions_counted
from controller.core.journal import Event, Kind
from controller.ports.errors import JournalUnreadable, OutsideUnreachable
from controller.ports.store import Journal

FLEET = "*fleet*"
"""No application can have this name: a policy's names have no `*`."""
TRIES = 2


def read_fleet(journal: Journal) -> Fleet:
    """The fleet as it is now. What cannot be read counts as disarmed (S15)."""
    for _ in range(TRIES):
        try:
            events = journal.read(FLEET)
            return Fleet(stopped(events), regions_counted(events))
        except OutsideUnreachable:
            continue
        except (JournalUnreadable, ValueError, KeyError) as error:
            return Fleet(f"the fleet's kill switch cannot be read and counts as disarmed: {error}")
    return Fleet("the fleet's kill switch cannot be read and counts as disarmed")


def fleet_stopped(journal: Journal) -> str | None:
    """Why nothing in the whole fleet may move, or None."""
    return read_fleet(journal).stopped


def stopped(events: tuple[Event, ...]) -> str | None:
    """Why nothing in the whole fleet may move, by these events of its journal; None while it is armed."""
    turned = [event for event in events if event.kind in (Kind.ARMED, Kind.DISARMED)]
    if not turned or turned[-1].kind is Kind.ARMED:
        return None
    return f"the whole fleet is disarmed by {turned[-1].draft.by}: {turned[-1].data.get('reason', '')}"
