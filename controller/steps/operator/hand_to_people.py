"""The command `hand-to-people`: a person takes a move over where it stands.

```
 before its traffic moves ────────────────────────────────> StoodDown
 a call may still land (45 s after the intent) ──> refused: in a moment
 intended ─┬─ nothing of it stands, or nobody knows ─ ShiftRefused ─┬─> StoodDown, or Settled after a wave
           └─ some of it stands ─ ShiftApplied ─────────────────────┴─> Settled: interrupted
 moved, verified, away in a drill, on the way home ───────────────────> Settled: interrupted
```
No policy is asked, so this is the way out where that cannot be read, or lacks what the move is about. Nothing
moves: people are told what stands, and move the rest themselves (`evacuate`, `restore`, `break-glass`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from controller.core.decision.progress import LANDED
from controller.core.incident.state import ENDED, IllegalMove, Incident, Phase, State
from controller.core.journal.moves import ShiftApplied
from controller.core.text import sanitize
from controller.ports.errors import JournalConflict
from controller.steps.context.deps import REASON, Deps
from controller.steps.context.journalling import BUSY, load_state, retry_on_conflict, write
from controller.steps.context.paging import page
from controller.steps.context.situation import read_switch
from controller.steps.incident.ending import drop_intent, end_where_it_stands
from controller.steps.operator.commands import Done, refused


@dataclass(frozen=True, slots=True)
class _Person:
    who: str
    reason: str

    @property
    def said(self) -> str:
        return f"{self.reason} (by {self.who})"[:REASON]


def hand_to_people(deps: Deps, incident_id: str, *, who: str, reason: str) -> Done:
    """End the move where it stands, and tell people which Region carries what.

    Refused where it has ended, and while a call of it may still land.
    """
    person, command = _Person(who, sanitize(reason, 500)), f"hand-to-people {sanitize(incident_id, 120)}"

    def act(state: State) -> Done:
        incident = state.incidents.get(incident_id)
        refusal = _refusal(incident, incident_id, deps.runtime.now())
        if incident is None or refusal is not None:
            return refused(deps, command, refusal or "", who=who)
        controls = read_switch(deps, state)
        state = _close_shift(deps, state, incident, person, controls)
        incident = state.incidents[incident_id]
        _, stands = end_where_it_stands(
            deps, state, incident, code="handed-to-people", reason=person.said, by=who, controls=controls
        )
        if controls is None:
            stands = f"ARC shows nothing now. By the journal: {stands}"
        text = f"{person.said}\nNothing of it moves by itself any more.\n{stands}"
        told = page(deps, f"{incident_id}: handed to people", text)
        return Done(True, f"{incident_id} is handed to people{'' if told else ', and nobody could be told'}; "
                    f"{stands}", incident_id)  # fmt: skip

    try:
        # Illegal: it moved on meanwhile, so look again.
        return retry_on_conflict(partial(load_state, deps), act, also=(IllegalMove,))
    except (JournalConflict, IllegalMove):
        return Done(False, BUSY)


def _refusal(incident: Incident | None, incident_id: str, now: float) -> str | None:
    if incident is None:
        return f"the journal knows no incident {sanitize(incident_id, 120)!r}"
    if incident.phase in ENDED:
        return f"{incident.id} is {incident.phase}: it has ended"
    left = incident.changed + LANDED - now
    if incident.phase is Phase.SHIFTING and left > 0:
        return f"{incident.id} is {incident.phase}: a call of it may still land; try again in {left:.0f} s"
    return None


def _close_shift(
    deps: Deps, state: State, incident: Incident, person: _Person, controls: Mapping[str, bool] | None
) -> State:
    """Write the result of an intended shift, whose calls have landed or never will."""
    if incident.phase is not Phase.SHIFTING:
        return state
    known = {name: controls[name] for name in incident.intended if controls and name in controls}
    stands = [name for name, on in incident.intended.items() if known.get(name) is on]
    if not stands:
        found = "nothing of it was applied" if known else "nobody knows what of it was applied"
        why = f"{found}; {person.said}"
        return drop_intent(deps, state, incident, code="handed-to-people", reason=why, by=person.who)
    plans = (intent.said.plan for intent in reversed(state.intents) if intent.incident == incident.id)
    applied = ShiftApplied(plan=next(plans, ""), wave=incident.waves + 1, states=known)
    return write(deps, state, applied, incident=incident, by=person.who)
