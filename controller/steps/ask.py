"""RequestApproval: put the question to people and leave; their answer comes back by the task token."""

from controller.core.decide import decide
from controller.core.guards import binding
from controller.core.incident import Request
from controller.core.journal import Kind
from controller.core.report import decision_record, grounds, stamp
from controller.ports.errors import OutsideUnreachable
from controller.ports.store import Approval
from controller.steps.carry import Carry
from controller.steps.context import Deps, announce, driven, page, situation, write


def request_approval(deps: Deps, carry: Carry, token: str) -> None:
    """Write `ApprovalRequested`, keep the token, send the notice.

    Where no question is left to ask (approved meanwhile, or no longer wanted), the callback is answered
    at once and the workflow assesses again. A request that still waits for the same plan is kept, with
    the new token, and people are reminded of it. Raises `OutsideUnreachable` where nobody could be told:
    a question that no one has heard of must not run out as a denial.
    """
    memory, incident = driven(deps, carry.incident, carry.epoch)
    decision = decide(situation(deps, memory, read_controls=True), incident.source)
    gate = deps.policy.gate()
    if decision.action != "ask" or decision.plan is None or gate is None:
        deps.workflow.succeed(token, {"answer": "not needed"})
        return
    bound = binding(deps.policy, incident, decision.plan)
    waiting = _still_waiting(incident.request, bound)
    request_id = waiting.id if waiting else deps.new_id()
    expires = waiting.expires if waiting else deps.runtime.now() + gate.within
    deps.approvals.put(Approval(request_id, deps.application, incident.id, bound, expires, token))
    if not waiting:
        data = {
            "approval": request_id,
            "digest": bound,
            "expires": expires,
            "gate": deps.policy.evacuate.approval,
            "ask": list(gate.ask),
            "changes": [list(change) for change in decision.plan.changes],
            "decision": decision_record(decision),
        }
        write(deps, memory, Kind.APPROVAL_REQUESTED, data=data, incident=incident)
    text = (
        f"Leave {incident.source} for {decision.target}?\n"
        f"Why: {grounds(decision.tree) if decision.tree else decision.reason}\n"
        f"Plan {bound[:8]}: {len(decision.plan.changes)} routing controls change.\n"
        f"Answer by {stamp(expires)}: tidegate approve {request_id}  |  tidegate deny {request_id}\n"
        "Silence is a denial."
    )
    if not page(deps, f"{deps.application}: leave {incident.source}?", text):
        raise OutsideUnreachable(f"nobody could be asked about {incident.id}")
    announce(deps, {"kind": "ApprovalRequested", "incident": incident.id, "approval": request_id})


def _still_waiting(request: Request | None, bound: str) -> Request | None:
    return request if request and request.status == "waiting" and request.digest == bound else None
