"""The upkeep of an open incident: its execution runs, its callback stays open.

A callback neither lapses nor is forgotten.
"""

from functools import partial

from controller.core.decision.decide import Situation
from controller.core.decision.guards import binding
from controller.core.decision.recurrence import FLAPPING
from controller.core.incident.approval import Request
from controller.core.incident.notices import unheard
from controller.core.incident.state import Incident, Phase, State
from controller.core.journal.moves import ApprovalExpired, Reminded
from controller.core.model import Decision
from controller.steps.context.deps import Deps
from controller.steps.context.journalling import write
from controller.steps.context.paging import page
from controller.steps.incident.approvals import next_ask, notify_approvers, question, write_approval_request
from controller.steps.incident.driver import (
    MOST_LOST,
    beat,
    drive,
    execution_name,
    hand_over_to_next_run,
    hand_over_to_voice,
    page_takeovers,
)

SETTLING = frozenset({Phase.SHIFTED, Phase.VERIFIED})
"""Phases in which the workflow may wait for `settle`."""


def keep_alive(deps: Deps, seen: Situation, state: State, incident: Incident, about: Decision) -> None:
    """Start a missing execution; heartbeat, expire or complete a waiting callback.

    about: the decision made just now about the incident's Region. Raises `JournalConflict` or `TokenClosed`
    where another process or the execution itself was faster, which needs no remedy.
    """
    if incident.driver not in ("", deps.here):
        return  # its own Region keeps it alive, or takeover does
    if hand_over_to_voice(deps, state, incident) is not None:
        return  # its own tick starts the execution
    if not deps.workflow.running(execution_name(incident, incident.runs)):
        if drive(deps, incident):
            return
        # The name is taken and nothing runs: it failed. The next run drives with a new epoch.
        state = hand_over_to_next_run(deps, state, incident, "its execution had ended")
        if incident.lost + 1 == MOST_LOST:
            page_takeovers(deps, state, state.incidents[incident.id])
        return
    # The steps beat for themselves; while people are asked, or a wave settles for long, no step runs.
    if incident.asking or _settles(deps, incident):
        beat(deps, incident, seen.after(state))
    if incident.request is not None and incident.request.epoch == incident.epoch:
        _tend_request(deps, state, incident, about)


def _settles(deps: Deps, incident: Incident) -> bool:
    """Return True while the workflow waits to look at a wave.

    Not later: a step that should have looked by then, and does not, is no sign of life.
    """
    settle = deps.policy.about(incident.source).settle_of(incident.intent)
    return incident.phase in SETTLING and deps.runtime.now() - incident.changed <= settle


def _tend_request(deps: Deps, state: State, incident: Incident, about: Decision) -> None:
    """Keep the callback alive, or end it.

    It ends where nobody answered, or where the question is no longer this one.
    """
    request = incident.request
    assert request is not None
    answer = request.status
    if answer == "waiting" and _another_matter(deps, incident, request, about):
        answer = "not needed"
    elif answer == "waiting" and incident.asking:
        answer = _time_passes(deps, state, incident, request, about)
    approval = deps.approvals.get(request.id)
    if approval is None:
        return
    if answer == "waiting":
        deps.workflow.heartbeat(approval.token)
    else:
        deps.workflow.succeed(approval.token, {"answer": answer})


def _time_passes(deps: Deps, state: State, incident: Incident, request: Request, about: Decision) -> str:
    """Remind halfway, ask the next in turn, and deny after the last.

    Returns the answer so far: `waiting` or `expired`. Silence after the last ask is a denial, but not while
    the Region is well: then the time of the ask begins anew.
    """
    now = deps.runtime.now()
    if unheard(state, request):
        return "waiting"
    again = partial(
        write_approval_request, deps, state, incident, about, request_id=request.id, bound=request.digest
    )
    if about.code == FLAPPING:
        if now >= request.expires:
            again(anew=True)
        return "waiting"
    if now < request.expires:
        if not request.reminded and now >= (request.asked + request.expires) / 2:
            _remind(deps, state, incident, request, about)
        return "waiting"
    if next_ask(deps, incident, request) is None:
        write(deps, state, ApprovalExpired(approval=request.id), incident=incident)
        said = "Silence is a denial; no traffic moves."
        page(deps, f"{incident.id}: nobody answered", said, incident=incident)
        return "expired"
    state = again()
    asked = state.incidents[incident.id].request
    assert asked is not None
    notify_approvers(deps, incident, question(deps, incident, asked, about))
    return "waiting"


def _remind(deps: Deps, state: State, incident: Incident, request: Request, about: Decision) -> None:
    """Send a reminder, then write it down.

    In this order: a reminder may come twice, but a reminder that is written down was sent.
    """
    if notify_approvers(deps, incident, question(deps, incident, request, about), again=True):
        reminded = Reminded(approval=request.id, stage=request.stage)
        write(deps, state, reminded, incident=incident)


def _another_matter(deps: Deps, incident: Incident, request: Request, about: Decision) -> bool:
    """Return True where the question is settled, another, or forbidden by now.

    Then the workflow looks again.
    """
    if about.action == "ask" and about.plan is not None:
        return binding(deps.policy, incident, about.plan) != request.digest
    return about.action in ("stand_down", "act") or about.code in ("shadow", "policy-removed")
