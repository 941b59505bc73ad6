"""A Region that must be left while its target is not ready, and its twin, where nobody can tell."""

from controller.core.journal.kind import Kind
from controller.core.model import Truth
from tests.drills.drill import MINUTE, drill, moves, stays
from tests.support.policy_scene import EAST


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
