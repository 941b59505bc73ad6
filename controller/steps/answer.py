"""A person's answer: judged again at the click, written once, then given to the workflow."""

from dataclasses import dataclass

from controller.core.decide import decide
from controller.core.guards import binding
from controller.core.incident import IllegalMove, Incident, Memory
from controller.core.journal import Kind
from controller.ports.errors import JournalConflict, OutsideUnreachable, TokenClosed
from controller.steps.context import Deps, remember, situation, write
from controller.steps.question import Question, next_ask, question


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
        request = incident.request
        assert request is not None
        data = {"approval": request_id, "digest": request.digest, "reason": reason[:500],
                "stage": request.stage, "needed": max(0, request.needed() - 1)}  # fmt: skip
        try:
            memory = write(deps, memory, kind, data=data, incident=incident, by=who)
        except JournalConflict:
            continue  # somebody wrote first: look again at what is so now
        except IllegalMove as refused:
            return Answered(False, str(refused))
        after = memory.incidents[incident.id].request
        if after is not None and after.status == "waiting":
            more = f"; {after.needed()} more must agree"
            return Answered(True, f"{incident.id}: approved by {who}{more}")
        _call_back(deps, request_id, "given" if approve else "denied")
        return Answered(True, f"{incident.id}: {'approved' if approve else 'denied'} by {who}")
    return Answered(False, "the journal is busy; nothing was written, try again")


def look_at(deps: Deps, request_id: str) -> Question | Answered:
    """What the request asks, as things stand now; or why it can no longer be answered."""
    memory = remember(deps)
    incident = _asked(memory, request_id)
    if incident is None or incident.request is None:
        return Answered(False, _unknown(deps, request_id))
    refusal = _refusal(deps, memory, incident, who="", approve=False)
    if refusal is not None:
        return Answered(False, refusal)
    decision = decide(situation(deps, memory, read_controls=True), incident.source)
    return question(deps, incident, incident.request, decision)


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
        if next_ask(deps, incident, request) is not None:
            return "the time of this ask is up; the next in turn are about to be asked"
        return "this request has expired; silence was a denial"
    if not approve:
        return None
    if incident.requested_by == who:
        return f"{who} asked for this evacuation and cannot approve it"
    if who in request.agreed:
        return f"{who} has approved this already; {request.needed()} other people must agree"
    decision = decide(situation(deps, memory, read_controls=True), incident.source)
    if decision.action != "ask" or decision.plan is None:
        return f"the evidence was judged again, and it no longer asks for this: {decision.reason}"
    if request.epoch != incident.epoch:
        return "another controller drives this incident since you were asked; a new request will be sent"
    if binding(deps.policy, incident, decision.plan) != request.digest:
        return "the plan has changed since; a new request will be sent"
    return None


def _call_back(deps: Deps, request_id: str, status: str) -> None:
    """Wake the workflow. If that is lost, the journal still has the answer, and the tick wakes it."""
    try:
        approval = deps.approvals.get(request_id)
        if approval is not None:
            deps.workflow.succeed(approval.token, {"answer": status}, region=approval.region)
    except (TokenClosed, OutsideUnreachable):
        return
