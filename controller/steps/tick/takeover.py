"""Takeover: the controller of another Region replaces a driver without signs of life.

```
 driver    beats 7 ── 8 ── 9 ─x
 another         8 ── 9 ───── 9 ───── 9 ───── 9 ───> 170 s by its own clock: new epoch, TakenOver, its own run
                 └ "9 since 09:14:20", kept with each of its own assessments
```
A standstill runs from the end of the first reading of a count to the begin of the last, so that it is never
longer than the driver's silence. Two ticks of either may be 119 s apart:

| | driver's beats at most apart | another's looks | taken over after the last beat |
|---|---|---|---|
| a tick a minute | 60 s | 60 s | 180 to 240 s |
| every third lost | 120 s | 60 and 120 s | 180 to 300 s |
| every other lost, or 119 s apart | 120 s | 120 s | 240 to 360 s |

To each comes the time of a tick, and 30 s for each controller whose turn is earlier, up to the next look.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from controller.core.decision.decide import Situation
from controller.core.decision.precedence import TICKS_APART, abstains, patience
from controller.core.incident.state import Incident, State
from controller.core.journal.moves import TakenOver
from controller.ports.errors import OutsideUnreachable
from controller.steps.context.deps import Deps
from controller.steps.context.journalling import write
from controller.steps.context.own_records import own_records
from controller.steps.context.paging import page
from controller.steps.incident.driver import MOST_LOST, drive, execution_name, page_takeovers, successor_epoch

STANDSTILL = 170.0
"""Seconds without a beat after which a driver is taken for dead.

One that lives may beat at its tick alone: 119 s after the last, and up to 50 s late, which is how long a
tick may take. No two looks are so far apart that they alone, and a clock set forward, make a standstill.
"""
UNBROKEN = TICKS_APART
"""Seconds between two looks at the lease, at most: in a longer gap perhaps nobody could beat."""


@dataclass(frozen=True, slots=True)
class Standing:
    """The lease of another Region's driver as seen, and since when."""

    incident: str
    epoch: int
    beats: int
    since: float


def look_at_driver(deps: Deps, state: State, now: float) -> Standing | None:
    """Return the standing of another Region's driver of the open incident.

    Returns None where no such driver drives. Raises `OutsideUnreachable`.
    """
    incident = state.open
    if incident is None or incident.driver in ("", deps.here):
        return None
    epoch, beats = _beats(deps)
    read = deps.runtime.now()
    seen = Standing(incident.id, epoch, beats, read)
    before = _last_look(deps, now)
    if before is None:
        return seen
    same = (before.incident, before.epoch, before.beats) == (seen.incident, seen.epoch, seen.beats)
    return before if same and before.since <= read else seen


def standing_data(standing: Standing | None) -> Mapping[str, Any]:
    """Return the part of a look that is kept with the assessment."""
    return {} if standing is None else {"driver": asdict(standing)}


def take_over_if_still(
    deps: Deps, seen: Situation, state: State, incident: Incident, standing: Standing
) -> State:
    """Drive on from here if the driver has stood still for long enough.

    Raises `JournalConflict`.
    """
    still = deps.runtime.now() - standing.since
    if still < STANDSTILL + patience(deps.policy, deps.here, incident.source, incident.driver):
        return state
    if abstains(seen.after(state)) is not None:
        return state
    if _beats_again(deps, standing):
        return state
    taken_over = TakenOver(
        from_=incident.driver,
        driver=deps.here,
        to=execution_name(incident, incident.runs + 1),
        reason=f"no sign of life from {incident.driver} for {still:.0f} s",
    )
    epoch = successor_epoch(deps, incident)
    state = write(deps, state, taken_over, incident=incident, epoch=epoch)
    taken = state.incidents[incident.id]
    drive(deps, taken)
    page(deps, f"{incident.id}: taken over", f"{deps.here} drives on: {taken_over.reason}.", incident=taken)
    if taken.lost == MOST_LOST:
        state = page_takeovers(deps, state, taken)
    return state


def _beats(deps: Deps) -> tuple[int, int]:
    lease = deps.leases.read(deps.application)
    return (lease.epoch, lease.beats) if lease else (0, 0)


def _beats_again(deps: Deps, standing: Standing) -> bool:
    """Return True where the lease is another, or cannot be read.

    This tick's own look at it may be a minute old by now.
    """
    try:
        return _beats(deps) != (standing.epoch, standing.beats)
    except OutsideUnreachable:
        return True


def _last_look(deps: Deps, now: float) -> Standing | None:
    ticks = (record for _, record in own_records(deps, now - UNBROKEN, now) if record.get("by") == "tick")
    try:
        last = next(ticks, {}).get("driver")
    except OutsideUnreachable:
        return None
    return Standing(**last) if last else None
