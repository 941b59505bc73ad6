"""The people of a rehearsal: who answers, through the call that an approver makes, and who operates."""

from collections.abc import Callable
from typing import Literal

from controller.core.incident.approval import Request, SignedIn
from controller.steps.context.deps import Deps
from controller.steps.context.journalling import load_state
from controller.steps.operator.approve import Answered
from controller.steps.operator.identity import identify

Mode = Literal["auto", "ask", "deny"]
Manner = Literal["as told", "silent", "no override"]
"""The behaviour that a scenario gives to people.

They do as `Mode` says, answer nothing, or deny every override.
"""
Answer = Callable[..., Answered]
OPERATOR = "rehearsal-operator"
WHO = ("rehearsal-approver", "rehearsal-lead", "rehearsal-manager", "rehearsal-director", "rehearsal-chief")


def _waiting(deps: Deps) -> Request | None:
    incident = load_state(deps).open
    request = incident.request if incident else None
    return request if request and request.status == "waiting" else None


def answer_if_asked(deps: Deps, mode: Mode, answer: Answer, manner: Manner = "as told") -> str | None:
    """Approve (`auto`) or deny the waiting request, each person once.

    Returns the last sentence that came of it. `ask` leaves the answer to somebody else.
    """
    said = None
    for who in WHO:
        request = None if mode == "ask" or manner == "silent" else _waiting(deps)
        if request is None:
            break
        yes = mode == "auto" and not (manner == "no override" and request.rules)
        person, by = identify(deps, who), SignedIn("rehearsal")
        if person.id not in request.agreed:
            said = answer(deps, request.id, who=person.id, approve=yes, reason="rehearsal", by=by).sentence
    return said


def by_operator(deps: Deps) -> str:
    """Return the id of the rehearsal's operator, who is about to act."""
    return identify(deps, OPERATOR).id
