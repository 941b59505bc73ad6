"""A Region that must be left while its target is not ready, and twins: nobody can tell, and it becomes so."""

from controller.core.journal.kind import Kind
from controller.core.model import Truth
from controller.lab.scenarios.actions import dark
from tests.drills.drill import MINUTE, drill, moves, stays
from tests.support.drill_run import ALONE, set_up
from tests.support.policy_scene import EAST, shipped_data


def test_a_target_without_the_data_is_not_left_for_and_people_are_paged_within_eleven_minutes() -> None:
    played = drill("target-unready")
    stays(played)
    paged = [n for n in played.stage.cloud.outbox.notices if "target-not-ready" in n.subject]
    assert len(paged) == 1
    assert paged[0].at - played.run.broke <= 9 * MINUTE
    assert "10m00s behind" in paged[0].text


def test_with_the_data_there_and_the_readiness_service_silent_the_leads_are_asked_and_traffic_moves() -> None:
    played = drill("readiness-silent")
    moves(played, EAST, within=150 + 9 * MINUTE, not_before=150 + 3 * MINUTE)
    (asked,) = [e for e in played.deps.journal.read("storefront") if e.kind is Kind.APPROVAL_REQUESTED]
    assert asked.body.gate == "leads"
    readiness = asked.body.decision["readiness"]
    assert [each["value"] for each in readiness] == [Truth.TRUE, Truth.TRUE, Truth.UNKNOWN]
    assert asked.body.decision["loss_window_s"] == 0.8


def test_with_the_readiness_service_silent_and_the_leads_saying_no_nothing_moves() -> None:
    stays(drill("readiness-silent", approve="deny"))


def test_a_target_whose_plan_needs_action_is_not_left_for_and_people_are_paged_within_eight_minutes() -> None:
    """By the policy as it is shipped, and nothing laid over it."""
    played = drill("plan-fails")
    assert not played.run.scenario.policy
    stays(played)
    paged = [n for n in played.stage.cloud.outbox.notices if "target-not-ready" in n.subject]
    assert len(paged) == 1
    assert paged[0].at - played.run.broke <= 8 * MINUTE
    assert "Region switch plan storefront in us-west-2 said actionRequired" in paged[0].text


def test_once_the_plan_s_evaluation_passes_the_region_is_left_within_two_minutes() -> None:
    moves(drill("plan-mended"), EAST, within=900 + 2 * MINUTE, not_before=900)


def test_a_plan_that_nobody_evaluates_is_told_to_who_approves_and_holds_nothing_back() -> None:
    """Region switch answers nobody: doubt asks the usual gate, whatever `evacuate.approval` says."""
    stage, deps = set_up(evacuate=shipped_data()["evacuate"] | {"approval": "none"}, **ALONE)
    stage.faults.mute.add("arc-region-switch")
    stage.advance(420)
    dark(stage, EAST)
    stage.advance(9 * MINUTE)
    events = deps.journal.read("storefront")
    (asked,) = [e for e in events if e.kind is Kind.APPROVAL_REQUESTED]
    assert asked.body.gate == "oncall"
    values = [each["value"] for each in asked.body.decision["readiness"]]
    assert values == [Truth.TRUE, Truth.UNKNOWN, Truth.TRUE]
    assert Kind.SHIFT_INTENDED not in {e.kind for e in events}
