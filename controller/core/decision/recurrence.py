"""A Region that flaps: it fails, is well, and fails again; nothing moved.

```
 incident ─ well ─> ends at once                       the first
    within an hour: incident ─ well ─> stays open      5 min from its opening, then 15 min, then an hour
                        └ fails again: the same incident, the same question
```
So a Region that flaps for hours is a handful of incidents and questions. An incident that stays open though
its Region is well keeps no other evacuation back (`core.decision.precedence.makes_way`).
"""

from controller.core.explanation import format_time
from controller.core.incident.state import BEFORE_SHIFT, Incident, Phase, State

FLAPPING = "flapping"
"""The code of an incident that stays open though its Region is well."""
EPISODE = 3600.0
"""Seconds between the end of one incident and the next, within which they are of one Region that flaps."""
STAYS = (0.0, 300.0, 900.0, 3600.0)
"""How often the Region had recovered by itself before -> seconds for which an incident is open at least."""
MOST = len(STAYS) - 1
KNOWN = 2
"""Recoveries after which a question is held back until it has stood for a while."""
HELD_BACK = 180.0
"""Seconds, unbroken, that it has to stand."""


def recoveries(state: State, incident: Incident) -> int:
    """Count the recoveries in a row of its Region before this incident, to three.

    A question that people denied, or left unanswered, is no recovery, and ends no row.
    """
    about = (i for i in state.incidents.values() if i.source == incident.source)
    count, after = 0, incident.opened
    for earlier in sorted(about, key=lambda i: i.opened, reverse=True):
        if earlier.opened >= incident.opened:
            continue
        if count == MOST or not _came_to_nothing(earlier) or after - earlier.changed > EPISODE:
            break
        count, after = count + recovered(earlier), earlier.opened
    return count


def recovered(incident: Incident) -> bool:
    """Return True for an evacuation of our own that ended with its cause."""
    return _came_to_nothing(incident) and not incident.refused


def _came_to_nothing(incident: Incident) -> bool:
    """Return True for an evacuation of our own that ended unmoved.

    What a person stopped is none.
    """
    own = incident.intent == "evacuate" and incident.requested_by is None and incident.stopped_by is None
    return own and incident.phase is Phase.STOOD_DOWN and not incident.put


def stays_open(state: State, incident: Incident, now: float) -> str | None:
    """Return why an incident stays open though its Region is well, or None.

    Never after a no or no answer, nor on a person's request: those end as they always do.
    """
    if incident.intent != "evacuate" or incident.requested_by or incident.phase not in BEFORE_SHIFT:
        return None
    if incident.request is not None and incident.request.status in ("denied", "expired"):
        return None
    times = recoveries(state, incident)
    until = incident.opened + STAYS[times]
    if not times or now >= until:
        return None
    often = ("once", "twice", "three times or more")[times - 1]
    said = f"{incident.source} recovered by itself {often} before and failed again within an hour"
    return f"{said}: {incident.id} stays open until {format_time(until)}"
