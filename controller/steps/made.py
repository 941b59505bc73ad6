"""What of a move has been made, whatever became of its target since.

The guards of a target say whether traffic may go there. Where it is there already they keep nothing back:
they would only leave a move open for ever that needs no further call.
"""

from collections.abc import Mapping
from typing import Any

from controller.core.decision.plan import plan
from controller.core.incident.state import Incident, Memory, Phase
from controller.core.journal import Kind
from controller.core.model import Decision, Plan
from controller.steps.context.deps import Deps
from controller.steps.context.journalling import write


def rest_of(deps: Deps, incident: Incident, decision: Decision, controls: Mapping[str, bool]) -> Plan | None:
    """What is still to move; None where the decision alone could say so, and does not."""
    if decision.plan is not None or incident.leg == "home" or incident.intent == "restore":
        return decision.plan
    return plan(deps.policy, source=incident.source, target=str(incident.target), controls=controls)


def write_made(
    deps: Deps, memory: Memory, incident: Incident, decision: Decision, controls: Mapping[str, bool] | None
) -> bool:
    """Write `ShiftApplied` where the move may not go on, and all that was intended stands: a call landed
    after its sender had given it up. False if that is not so."""
    if incident.phase is not Phase.SHIFTING or controls is None or decision.action != "hold":
        return False
    if decision.plan is not None or not incident.intended:
        return False
    whole = rest_of(deps, incident, decision, controls)
    if whole is None or any(controls[name] is not on for name, on in incident.intended.items()):
        return False
    states = {name: controls[name] for name, _ in whole.goal}
    data: dict[str, Any] = {"plan": whole.digest, "wave": incident.waves + 1, "states": states}
    write(deps, memory, Kind.SHIFT_APPLIED, data=data, incident=incident)
    return True
