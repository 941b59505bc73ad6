"""The step ConfirmReadiness: all guards are looked at once more.

It comes right before people are asked or traffic moves.
"""

from controller.core.decision.approval_chain import chain
from controller.core.decision.decide import decide
from controller.core.decision.readiness import asked
from controller.core.decision.recurrence import FLAPPING, STAYS, recoveries
from controller.core.explanation import decision_record
from controller.core.incident.state import DENIED, READYING
from controller.core.journal.moves import ReadinessConfirmed, ReadinessDenied
from controller.core.model import Decision
from controller.steps.context.deps import Deps
from controller.steps.context.governance import governed
from controller.steps.context.journalling import require_driver, write
from controller.steps.context.situation import situation
from controller.steps.payload import ASK_LONGEST, StepPayload


def confirm_readiness(deps: Deps, payload: StepPayload) -> StepPayload:
    """Return `ask` or `shift` where the target is ready now.

    Else `escalate`; `again` where nothing waits for it. What is as it was said last is not written again: an
    incident may come here each minute for hours.
    """
    state, incident = require_driver(deps, payload.incident, payload.epoch)
    deps = governed(deps, state, incident)
    if incident.phase not in READYING:  # ended, or moved on, while this step was tried again
        return payload.to("again", wait=1)
    decision = decide(situation(deps, state, read_controls=True), incident.source)
    if decision.action not in ("act", "ask"):
        if decision.code == "target-not-ready" and incident.ready != DENIED:
            denied = ReadinessDenied(
                code=decision.code, reason=decision.reason, decision=decision_record(decision)
            )
            write(deps, state, denied, incident=incident)
        well = decision.action == "stand_down" or decision.code == FLAPPING
        return payload.to("again" if well else "escalate", code=decision.code, reason=decision.reason)
    doubts = tuple(asked(decision.answers))
    if incident.ready != (str(decision.target), *doubts):
        found = ReadinessConfirmed(target=str(decision.target), sentence=_ready(decision), doubts=doubts)
        write(deps, state, found, incident=incident)
    # An ask's time begins when the tick puts it: a minute late, or once a Region that flaps has failed again.
    asks = chain(deps.policy, incident, doubts=doubts)
    held_back = STAYS[recoveries(state, incident)]
    longest = int(sum(ask.within + 120 for ask in asks) + held_back) if asks else 0
    ask = payload.model_copy(update={"ask_seconds": min(longest, ASK_LONGEST) if longest else 900})
    return ask.to("ask" if decision.action == "ask" else "shift")


def _ready(decision: Decision) -> str:
    said = (check.sentence for check in decision.checks if check.guard == "readiness")
    return next(said, decision.reason)
