"""The person who answers in a rehearsal: through the very call that an approver makes."""

from collections.abc import Callable
from typing import Literal

from controller.steps.answer import Answered
from controller.steps.context import Deps, remember

Mode = Literal["auto", "ask", "deny"]
Answer = Callable[..., Answered]
WHO = "rehearsal-approver"


def waiting_request(deps: Deps) -> str | None:
    """The id of the request that waits for a person now."""
    incident = remember(deps).open
    request = incident.request if incident else None
    return request.id if request and request.status == "waiting" else None


def answer_if_asked(deps: Deps, mode: Mode, answer: Answer) -> str | None:
    """Approve (`auto`) or deny what waits; the sentence that came of it. `ask` leaves it to somebody else."""
    request = None if mode == "ask" else waiting_request(deps)
    if request is None:
        return None
    return answer(deps, request, who=WHO, approve=mode == "auto", reason="rehearsal").sentence
