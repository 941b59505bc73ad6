"""Counting a Region for the fleet before an automatic evacuation of it is intended (S9).

```
 read the fleet ─┬─ counted today: go
                 ├─ as many as the policy allows: no
                 └─ else append RegionCounted ─┬─ written: go
        ^────────── somebody wrote first ──────┘
```
Before the intent and not beside it. Two applications that set out from two Regions at once meet at this
append, so the limit holds between them too; and nothing stands between intent and ARC call. If nothing comes
of the evacuation, a Region too many is counted for a day: that only makes others wait for a person.
"""

from collections.abc import Mapping

from controller.core.decision.guards import begun
from controller.core.decision.limits import left_today, rationed, regions_counted
from controller.core.incident.state import Incident, Memory
from controller.core.journal import Draft, Kind
from controller.ports.errors import JournalConflict
from controller.steps.context.deps import Deps
from controller.steps.context.situation import FLEET

TRIES = 5


def set_out(deps: Deps, memory: Memory, incident: Incident, controls: Mapping[str, bool]) -> str | None:
    """Count the Region that `incident` is about to leave; why it must not, or None.

    Most find it counted already, in what they have read, and call nothing. Raises `OutsideUnreachable`,
    and `JournalConflict` where others were always faster.
    """
    region, now = incident.source, deps.runtime.now()
    counts = incident.intent == "evacuate" and not incident.by_person
    if not counts or begun(deps.policy, incident, controls) or region in left_today(memory.fleet_left, now):
        return None
    data = {"application": deps.application, "region": region, "incident": incident.id}
    draft = Draft(deps.new_id(), Kind.REGION_COUNTED, now, f"tidegate@{deps.here}", data=data)
    for _ in range(TRIES):
        events = deps.journal.read(FLEET)
        counted = regions_counted(events)
        if region in left_today(counted, now):
            return None
        too_many = rationed(deps.policy.limits.fleet_regions_per_day, counted, region, now)
        if too_many is not None:
            return too_many
        try:
            deps.journal.append(FLEET, draft, events[-1] if events else None)
            return None
        except JournalConflict:
            continue
    raise JournalConflict(
        f"others wrote to the fleet's journal {TRIES} times before {deps.application} could"
    )
