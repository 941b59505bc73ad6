"""The end of a move where it stands, by a person or by precedence.

```
 nothing moved ─> StoodDown          something moved ─> Settled, interrupted; people are told what carries
 what
                      └───────── its question is taken back ─────────┘
```
"""

from collections.abc import Mapping

from controller.core.decision.plan import where_it_stands
from controller.core.incident.state import BEFORE_SHIFT, INTERRUPTED, Incident, State
from controller.core.journal.moves import Settled, ShiftRefused, StoodDown
from controller.steps.context.deps import REASON, Deps
from controller.steps.context.governance import governed_if_read
from controller.steps.context.journalling import write
from controller.steps.incident.approvals import answer_callback


def drop_intent(
    deps: Deps, state: State, incident: Incident, *, code: str, reason: str, by: str | None = None
) -> State:
    """Write `ShiftRefused` for a shift that was only intended: nothing of it was applied."""
    refused = ShiftRefused(code=code, reason=reason[:REASON])
    return write(deps, state, refused, incident=incident, by=by)


def end_where_it_stands(
    deps: Deps, state: State, incident: Incident, *, code: str, reason: str, by: str | None = None,
    controls: Mapping[str, bool] | None = None,
) -> tuple[State, str]:  # fmt: skip
    """End an incident, take its question back; return the sentence of what stands.

    controls: as read just now; else what the journal says. No call of the incident may be under way.
    """
    moved = incident.phase not in BEFORE_SHIFT
    outcome = INTERRUPTED if moved or incident.intent == "drill" else None
    end = (
        Settled(code=code, reason=reason[:REASON], outcome=outcome, target=str(incident.target))
        if moved
        else StoodDown(code=code, reason=reason[:REASON], outcome=outcome)
    )
    state = write(deps, state, end, incident=incident, by=by)
    if incident.request is not None:
        answer_callback(deps, incident.request.id, "not needed")
    if not moved:
        return state, "It has moved nothing."
    policy = governed_if_read(deps, state, incident).policy
    return state, where_it_stands(policy, state.stand if controls is None else controls)
