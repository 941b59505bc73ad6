"""Keeping an open incident alive: its execution runs, its callback is neither lapsed nor forgotten."""

from controller.core.guards import binding
from controller.core.incident import Incident, Memory, Phase, Request
from controller.core.journal import Kind
from controller.core.model import Decision
from controller.steps.context import Deps, page, write
from controller.steps.hand_over import hand_on
from controller.steps.judge import drive, execution_name

TOO_MANY = 3
"""Executions of one incident that ended before it did; then people are told."""


def keep_alive(deps: Deps, memory: Memory, incident: Incident, about: Decision) -> None:
    """Start an execution that is missing; heartbeat, expire or complete a callback that waits.

    about: what was decided about the incident's Region just now. Raises `JournalConflict` or `TokenClosed`
    where a sibling or the execution itself was faster, which needs no remedy.
    """
    if not deps.workflow.running(execution_name(incident.id, incident.runs)):
        if drive(deps, incident):
            return
        # The name is taken and nothing runs: it failed. The next run drives with a new epoch.
        memory = hand_on(deps, memory, incident, "its execution had ended")
        if incident.runs + 1 == TOO_MANY:
            _too_many(deps, memory, memory.incidents[incident.id])
        return
    if incident.request is not None:
        _tend_request(deps, memory, incident, about)


def _too_many(deps: Deps, memory: Memory, incident: Incident) -> None:
    reason = f"{TOO_MANY} executions of it have ended before their time"
    if page(deps, f"{incident.id}: takeovers", reason):
        write(deps, memory, Kind.ESCALATED, data={"code": "takeovers", "reason": reason}, incident=incident)


def _tend_request(deps: Deps, memory: Memory, incident: Incident, about: Decision) -> None:
    """Keep the callback alive; end it where nobody answered, or where the question is no longer this one."""
    request = incident.request
    assert request is not None
    answer = request.status
    if answer == "waiting" and incident.phase is Phase.ASKED and deps.runtime.now() >= request.expires:
        write(deps, memory, Kind.APPROVAL_EXPIRED, data={"approval": request.id}, incident=incident)
        page(deps, f"{incident.id}: nobody answered", "Silence is a denial; no traffic moves.")
        answer = "expired"
    elif answer == "waiting" and _another_matter(deps, incident, request, about):
        answer = "not needed"
    approval = deps.approvals.get(request.id)
    if approval is None:
        return
    if answer == "waiting":
        deps.workflow.heartbeat(approval.token)
    else:
        deps.workflow.succeed(approval.token, {"answer": answer})


def _another_matter(deps: Deps, incident: Incident, request: Request, about: Decision) -> bool:
    """Whether there is no longer anything to ask, or another plan to ask about: the workflow looks again."""
    if about.action == "ask" and about.plan is not None:
        return binding(deps.policy, incident, about.plan) != request.digest
    return about.action in ("stand_down", "act")
