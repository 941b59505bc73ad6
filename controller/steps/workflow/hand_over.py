"""The step HandOver: a fresh execution drives on, with a new epoch.

It comes before the history of the present execution is full.
"""

from controller.core.incident.state import Incident, State
from controller.core.journal import Kind
from controller.steps.context.deps import Deps
from controller.steps.context.journalling import require_driver, write
from controller.steps.incident.driver import drive, execution_name, next_epoch
from controller.steps.payload import StepPayload


def hand_over(deps: Deps, payload: StepPayload) -> StepPayload:
    state, incident = require_driver(deps, payload.incident, payload.epoch)
    hand_on(deps, state, incident, payload.reason)
    return payload.to("superseded")


def hand_on(deps: Deps, state: State, incident: Incident, reason: str) -> State:
    """Write `HandedOver`, then let the next run take the lease.

    The append decides between two that do so at once.
    """
    data = {
        "from": execution_name(incident, incident.runs),
        "to": execution_name(incident, incident.runs + 1),
        "reason": reason,
    }
    epoch = max(next_epoch(deps), incident.epoch + 1)
    state = write(deps, state, Kind.HANDED_OVER, data=data, incident=incident, epoch=epoch)
    drive(deps, state.incidents[incident.id])
    return state
