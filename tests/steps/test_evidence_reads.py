"""One decision reads the evidence once, also where it goes on to read the routing controls."""

from controller.core.journal.kind import Kind
from controller.steps.context.journalling import load_state
from controller.steps.context.situation import situation
from controller.steps.incident.opening import assess_regions
from tests.support.world import failing


def test_the_evidence_is_read_once_before_an_incident_opens() -> None:
    w = failing()
    w.asleep |= {"Tick", "Observe"}
    state = load_state(w.deps)
    before = len(w.calls)
    judged = assess_regions(w.deps, situation(w.deps, state, read_controls=False), state)
    made = [call.operation for call in w.calls[before:] if call.home == w.deps.here]
    assert judged.opened is not None
    assert made[:3] == ["Query", "ListRoutingControls", "GetItem"]  # evidence, controls, lease
    assert w.count(Kind.INCIDENT_OPENED) == 1
