"""Another policy is loaded while people are asked: only what it forbids binds the move."""

from controller.core.journal.kind import Kind
from tests.drills.drill import MINUTE, drill, moves, stays
from tests.support.policy_scene import EAST


def test_other_waves_change_nothing_of_a_move_that_was_asked_about_and_nobody_has_that_policy() -> None:
    played = drill("policy-changed")
    moves(played, EAST, within=9 * MINUTE)
    events = played.deps.journal.read("storefront")
    first, second = (e.body.digest for e in events if e.kind is Kind.POLICY_LOADED)
    intents = [e.body for e in events if e.kind is Kind.SHIFT_INTENDED]
    assert [(intent.policy, intent.in_force) for intent in intents] == [(first, second)]
    assert len([e for e in events if e.kind is Kind.APPROVAL_REQUESTED]) == 1


def test_a_policy_in_shadow_binds_at_once_and_people_are_told() -> None:
    played = drill("policy-changed-shadow")
    stays(played)
    told = [e.body.code for e in played.deps.journal.read("storefront") if e.kind is Kind.ESCALATED]
    assert "shadow" in told
