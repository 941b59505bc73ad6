"""The drills that the schedule begins, under the guards of any drill.

A person may begin a drill too. What keeps a drill back is written down.
"""

from contextlib import suppress

from controller.core.decision.decide import Situation, decide, guard_input
from controller.core.decision.drills import (
    SCHEDULE,
    Obstacle,
    due,
    missed,
    my_turn,
    obstacle_in_evidence,
    obstacle_to_drill,
    turn,
)
from controller.core.decision.precedence import abstains
from controller.core.incident.state import IllegalMove, State
from controller.core.journal.notes import DrillSkipped
from controller.ports.errors import JournalConflict
from controller.steps.context.deps import REASON, Deps
from controller.steps.context.journalling import write
from controller.steps.context.paging import page
from controller.steps.incident.opening import open_incident


def drill_if_due(deps: Deps, seen: Situation, state: State) -> None:
    """Open the drill whose time has come, or write down why not.

    This happens once for each time that `drills.cron` names. Of several controllers the append lets one
    through.
    """
    struck = due(deps.policy, state, deps.runtime.now())
    if struck is None:
        return
    seen, controls = seen.after(state), seen.controls
    region = turn(deps.policy, state, controls)
    now = deps.runtime.now()
    if not my_turn(deps.policy, deps.here, region, since=now - struck):
        return
    if abstains(seen) is not None:
        return  # another controller may know better
    kept = missed(struck, now) or obstacle_to_drill(deps.policy, state, region, now, controls)
    kept = kept or obstacle_in_evidence(guard_input(seen, region))
    with suppress(JournalConflict, IllegalMove):  # another was faster, or the next tick tries again
        if kept is not None:
            _skip(deps, state, region, struck, kept)
            return
        reason = f"schedule: {deps.policy.drills.cron if deps.policy.drills else ''}"
        decision = decide(seen, region)
        open_incident(
            deps, state, decision, requested_by=SCHEDULE, reason=reason, drill=True, scheduled=struck
        )


def _skip(deps: Deps, state: State, region: str, struck: float, kept: Obstacle) -> None:
    skipped = DrillSkipped(
        source=region, scheduled=struck, outcome="blocked", code=kept.code, reason=kept.reason[:REASON]
    )
    write(deps, state, skipped)
    page(deps, f"{deps.application}: no drill of {region}", f"{kept.code}: {kept.reason}")
