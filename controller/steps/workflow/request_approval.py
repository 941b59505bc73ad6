"""The step RequestApproval: put the question to people, and leave.

Their answer comes back by the task token.
"""

from controller.core.decision.approval_chain import chain, first_stage
from controller.core.decision.decide import decide
from controller.core.decision.guards import binding
from controller.core.decision.readiness import asked
from controller.core.decision.recurrence import KNOWN, recoveries
from controller.core.incident.approval import Request
from controller.core.incident.notices import unheard
from controller.core.policy.schema import Ask
from controller.ports.errors import OutsideUnreachable
from controller.ports.storage import Approval
from controller.steps.context.deps import Deps
from controller.steps.context.governance import governed
from controller.steps.context.journalling import read_state, require_driver
from controller.steps.context.situation import situation
from controller.steps.incident.approvals import (
    defer_question,
    notify_approvers,
    question,
    write_approval_request,
)
from controller.steps.payload import StepPayload


def request_approval(deps: Deps, payload: StepPayload, token: str) -> None:
    """Write `ApprovalRequested`, keep the token, send the notice.

    Where no question is left to ask (approved meanwhile, or no longer wanted), the callback is answered
    at once and the workflow assesses again. A request that still waits for the same plan is kept, with
    the new token, and people are reminded of it. Where nobody could be told, the question waits until any
    controller can put it; its time begins only then. About a Region that flaps it waits a while on purpose.
    Raises `OutsideUnreachable` where nobody was told and not even that could be written down: a question that
    no one has heard of must not run out as a denial.
    """
    state, incident = require_driver(deps, payload.incident, payload.epoch)
    deps = governed(deps, state, incident)
    decision = decide(situation(deps, state, read_controls=True), incident.source)
    asks = chain(deps.policy, incident, doubts=asked(decision.answers))
    if decision.action != "ask" or decision.plan is None or not asks:
        deps.workflow.succeed(token, {"answer": "not needed"})
        return
    bound = binding(deps.policy, incident, decision.plan)
    waiting = _still_waiting(incident.request, bound)
    request_id = waiting.id if waiting else deps.new_id()
    ends = chain_ends(deps, asks[first_stage(deps.policy, state, incident, asks) - 1 :], asks, waiting)
    deps.approvals.put(Approval(request_id, deps.application, incident.id, bound, ends, token, deps.here))
    if not waiting:
        state = write_approval_request(deps, state, incident, decision, request_id=request_id, bound=bound)
        incident = state.incidents[incident.id]
    request = incident.request
    assert request is not None
    put = question(deps, incident, request, decision)
    if not waiting and incident.intent == "evacuate" and recoveries(state, incident) >= KNOWN:
        defer_question(deps, state, incident, put)
        return
    told = notify_approvers(deps, incident, put)
    if not told and not unheard(read_state(deps), request):  # else each controller tries to put it
        raise OutsideUnreachable(f"nobody could be asked about {incident.id}")


def chain_ends(deps: Deps, fresh: tuple[Ask, ...], asks: tuple[Ask, ...], waiting: Request | None) -> float:
    """Return the time at which the last ask runs out, if nobody answers any.

    Seconds since 1970. fresh: the asks of a question that is put now for the first time.
    """
    if waiting is None:
        return deps.runtime.now() + sum(ask.within for ask in fresh)
    return waiting.expires + sum(ask.within for ask in asks[waiting.stage :])


def _still_waiting(request: Request | None, bound: str) -> Request | None:
    return request if request and request.status == "waiting" and request.digest == bound else None
