"""What share of all requests each Region serves: lately, and around an incident."""

from collections.abc import Sequence
from dataclasses import dataclass

from controller.console.picture import BEFORE, ends
from controller.console.visit import Visit
from controller.core.decision.traffic_share import Served, before, between, each_minute, lately
from controller.core.incident.state import ENDED, Incident
from controller.core.journal import Event, Kind

LATELY = 600.0
"""Seconds that the page of now asks for."""
WELL = (960.0, BEFORE)
"""Seconds before its opening, from and to, when what an incident is about had not begun."""
KEPT = 15 * 86_400.0
"""Seconds for which CloudWatch keeps its minutes."""
STAYED = 600.0
"""Seconds after its end for which an incident's traffic is followed."""


@dataclass(frozen=True, slots=True)
class Moved:
    """earlier: before the trouble began; where nothing was counted then, before traffic was first moved.

    later: the last minute. minutes: one after the other.
    """

    earlier: Served
    later: Served
    minutes: tuple[Served, ...]


def traffic_now(visit: Visit, now: float) -> Served | None:
    """In the last whole minute; None where the policy names nothing that counts requests."""
    counted = visit.controls.counted(now - LATELY, now)
    return None if counted is None else lately(counted, now)


def traffic_of(visit: Visit, incident: Incident, own: Sequence[Event], now: float) -> Moved | None:
    """Around an incident with the events `own`; None as above, and where CloudWatch has forgotten."""
    if now - incident.opened > KEPT:
        return None
    until = min(now, ends(incident, now) + (STAYED if incident.phase in ENDED else 0.0))
    counted = visit.controls.counted(incident.opened - WELL[0], until)
    if counted is None:
        return None
    begun = next((event.at for event in own if event.kind is Kind.SHIFT_INTENDED), incident.opened)
    well = between(counted, *(incident.opened - ago for ago in WELL))
    minutes = each_minute(counted, incident.opened - BEFORE, until)
    return Moved(well if well.parts else before(counted, begun), lately(counted, until), minutes)
