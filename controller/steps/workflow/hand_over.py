"""The step HandOver: a fresh execution drives on, with a new epoch.

It comes before the history of the present execution is full.
"""

from controller.steps.context.deps import Deps
from controller.steps.context.journalling import require_driver
from controller.steps.incident.driver import hand_over_to_next_run
from controller.steps.payload import StepPayload


def hand_over(deps: Deps, payload: StepPayload) -> StepPayload:
    state, incident = require_driver(deps, payload.incident, payload.epoch)
    hand_over_to_next_run(deps, state, incident, payload.reason, planned=True)
    return payload.to("superseded")
