"""A world in which people are asked about us-east-1, the request that stands open, and an answer to it."""

from controller.core.journal.kind import Kind
from controller.steps.operator.approve import answer
from tests.support.policy_scene import policy_data
from tests.support.world import World, failing

GATE = policy_data()["evacuate"]
NO_MOVES: list[tuple[float, str, bool]] = []


def asked(seed: int = 1) -> tuple[World, str]:
    """A world in which people are asked about us-east-1, and the id of the question."""
    w = failing(seed, evacuate=GATE)
    assert w.until(w.has(Kind.APPROVAL_REQUESTED), 120)
    w.advance(2.0)
    return w, question(w)


def question(w: World) -> str:
    incident = w.state.open
    assert incident is not None
    assert incident.request is not None
    return incident.request.id


def yes(w: World, request: str, who: str = "ana") -> str:
    return answer(w.hand, request, who=who, approve=True).sentence
