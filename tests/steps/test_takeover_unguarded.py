"""S3, S4, S6, L1 with their guard taken out: the very checks that hold elsewhere must fail here."""

import pytest

from controller.core.decision.precedence import rank
from controller.core.journal.kind import Kind
from controller.steps.incident import drift
from controller.steps.incident.opening import RankDelay
from controller.steps.tick import takeover
from controller.steps.workflow import shift_traffic
from tests.steps import test_takeover as holds
from tests.support.policy_scene import EAST, OTHER, WEST, storefront
from tests.support.world import failing


def test_l1_without_takeover_nobody_finishes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(takeover, "STANDSTILL", 1e9)
    with pytest.raises(AssertionError):
        holds.test_the_driver_dies_while_people_are_asked_another_asks_again_and_there_is_one_effect()


def test_l1_without_beats_a_living_driver_is_taken_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("controller.steps.tick.keep_alive.beat", lambda *_: None)
    with pytest.raises(AssertionError):
        holds.test_a_driver_that_lives_is_not_taken_over_however_long_people_take()


def test_s4_without_the_echo_repair_a_late_call_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drift, "echo_of", lambda *_: None)
    with pytest.raises(AssertionError):
        holds.test_a_call_that_lands_after_its_intent_was_given_up_is_put_back_within_a_minute()


def test_s4_without_fence_and_deadline_a_thawed_driver_sends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shift_traffic, "_fence", lambda *_: None)
    monkeypatch.setattr(shift_traffic, "DEADLINE", 1e9)
    with pytest.raises(AssertionError):
        holds.test_a_frozen_driver_that_thaws_sends_nothing_and_its_run_ends()


def test_s6_without_abstention_a_controller_that_is_cut_off_keeps_the_lease(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for module in ("incident.driver", "tick.takeover", "workflow.assess"):
        monkeypatch.setattr(f"controller.steps.{module}.abstains", lambda *_: None)
    with pytest.raises(AssertionError):
        holds.test_a_driver_that_is_cut_off_midway_stops_beating_and_another_finishes()


def test_s3_without_ranks_the_second_does_not_wait_for_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    def opened_after() -> float:
        w = failing(**holds.TRIO)
        w.stage.faults.controllers_dead.add(OTHER)
        w.hand = w.hands[WEST]
        start = w.stage.kernel.now()
        assert w.until(w.has(Kind.INCIDENT_OPENED), 240)
        return next(e.at for e in w.events if e.kind is Kind.INCIDENT_OPENED) - start

    waited = opened_after()
    monkeypatch.setattr(RankDelay, "elapsed", lambda *_: True)
    assert waited - opened_after() >= 30.0


def test_the_controller_in_the_impaired_region_comes_last() -> None:
    policy = storefront(controllers=[EAST, OTHER, WEST])
    assert [rank(policy, here, EAST) for here in (EAST, OTHER, WEST)] == [2, 0, 1]
    assert [rank(policy, here, WEST) for here in (EAST, OTHER, WEST)] == [0, 1, 2]
