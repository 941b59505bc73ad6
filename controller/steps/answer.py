"""A person's answer: judged again at the click, written once, then given to the workflow."""

from dataclasses import dataclass

from controller.core.decide import decide
from controller.core.guards import binding
from controller.core.incident import IllegalMove, Incident, Memory
from controller.core.journal import Kind
from controller.ports.errors import JournalConflict, TokenClosed
from controller.steps.context import Deps, remember, situation, write


@dataclass(frozen=True, slots=True)
class Answered:
    """Whether the answer counted, and a sentence for the person who gave it."""

    counted: bool
    sentence: str


def answer(deps: Deps, request_id: str, *, who: str, approve: bool, reason: str = "") -> Answered:
    """Approve or deny a request. Counts once: the conditional append decides between two clicks."""
    for _ in range(5):
        memory = remember(deps)
        incident = _asked(memory, request_id)
        if incident is None:
            return Answered(False, _unknown(deps, request_id))
        refusal = _refusal(deps, memory, incident, who, approve)
        if refusal is not None:
            return Answered(False, refusal)
        kind = Kind.APPROVAL_GIVEN if approve else Kind.APPROVAL_DENIED
        assert incident.request is not None
        data = {"approval": request_id, "digest": incident.request.digest, "reason": reason[:500]}
        try:
            write(deps, memory, kind, data=data, incident=incident, by=who)
        except JournalConflict:
            continue  # somebody wrote first: look again at what is so now
        except IllegalMove as refused:
            return Answered(False, str(refused))
        _call_back(deps, request_id, "given" if approve else "denied")
        return Answered(True, f"{incident.id}: {'approved' if approve else 'denied'} by {who}")
    return Answered(False, "the journal is busy; nothing was written, try again")


def _asked(memory: Memory, request_id: str) -> Incident | None:
    found = (i for i in memory.incidents.values() if i.request and i.request.id == request_id)
    return next(found, None)


def _unknown(deps: Deps, request_id: str) -> str:
    events = deps.journal.read(deps.application)
    if any(e.kind is Kind.APPROVAL_REQUESTED and e.data.get("approval") == request_id for e in events):
        return "this request is superseded by a newer one"
    return "no request of this id is known"


def _refusal(deps: Deps, memory: Memory, incident: Incident, who: str, approve: bool) -> str | None:
    request = incident.request
    assert request is not None
    if request.status != "waiting":
        if request.status == "expired":
            return "this request has expired; silence was a denial"
        return f"this request was {request.status} already, by {request.by}"
    if memory.open is None or memory.open.id != incident.id:
        return f"{incident.id} has ended; the request is superseded"
    if deps.runtime.now() >= request.expires:
        return "this request has expired; silence was a denial"
    if not approve:
        return None
    if incident.requested_by == who:
        return f"{who} asked for this evacuation and cannot approve it"
    decision = decide(situation(deps, memory, read_controls=True), incident.source)
    if decision.action != "ask" or decision.plan is None:
        return f"the evidence was judged again, and it no longer asks for this: {decision.reason}"
    if binding(deps.policy, incident, decision.plan) != request.digest:
        return "the plan has changed since; a new request will be sent"
    return None


def _call_back(deps: Deps, request_id: str, status: str) -> None:
    """Wake the workflow. If that is lost, the journal still has the answer, and the tick wakes it."""
    approval = deps.approvals.get(request_id)
    if approval is None:
        return
    try:
        deps.workflow.succeed(approval.token, {"answer": status})
    except TokenClosed:
        return
