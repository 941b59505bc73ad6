"""Other estates than the shipped one, other histories than one outage: the same promises."""

import pytest

from controller.core.journal.kind import Kind
from controller.core.model import Verdict
from controller.rehearsal.services.arc.data_plane import ENDPOINTS
from controller.rehearsal.services.arc.safety_rules import SafetyRule
from tests.steps.application_shapes import THIRD, by_hand, sliced
from tests.support.approval_request import GATE, NO_MOVES, asked, question, yes
from tests.support.journal_events import said
from tests.support.policy_scene import EAST, WEST, policy_data
from tests.support.world import failing


@pytest.mark.parametrize("slices", [1, 5, 6, 12, 25])
def test_any_number_of_slices_is_moved_and_each_is_on_somewhere_throughout(slices: int) -> None:
    w = failing(**sliced(slices))
    assert w.until(w.has(Kind.SETTLED), 400)
    assert w.whole
    assert len(w.moves) == slices
    assert not w.pages[:-1]


@pytest.mark.parametrize("slices", [4, 12, 25])
def test_into_a_region_that_was_off_each_slice_stays_on_somewhere(slices: int) -> None:
    w = failing(**sliced(slices))
    by_hand(w, WEST, on=False)
    assert w.until(w.has(Kind.SETTLED), 600)
    assert w.whole
    assert all(w.controls[name] for name in w.stage.policy.regions[WEST].controls)
    assert not any(w.controls[name] for name in w.stage.policy.regions[EAST].controls)


def test_of_three_regions_the_next_is_chosen_while_the_preferred_one_is_not_ready() -> None:
    data = sliced(2, THIRD)
    w = failing(**data, target=policy_data()["target"] | {"prefer": [WEST, THIRD, EAST]})
    w.say(west=Verdict.UNKNOWN)
    w.advance(62)
    assert w.until(w.has(Kind.SETTLED), 300)
    assert w.state.last_moved().target == THIRD  # type: ignore[union-attr]
    assert w.whole


def test_the_target_chosen_before_is_no_longer_ready_after_an_intent_of_which_nothing_was_applied() -> None:
    """Found: `Confirmed` for another target was illegal in the phase `shifting`; nothing ever moved again."""
    w = failing(**sliced(2, THIRD), target=policy_data()["target"] | {"prefer": [WEST, THIRD, EAST]})
    w.trouble = lambda sent: "refused" if sent.operation == "UpdateRoutingControlStates" else None
    assert w.until(w.has(Kind.SHIFT_INTENDED), 100)
    w.say(west=Verdict.BREACHING)
    w.advance(200)
    assert w.moves == NO_MOVES
    w.trouble = lambda _sent: None
    assert w.until(w.has(Kind.SETTLED), 300)
    assert w.state.last_moved().target == THIRD  # type: ignore[union-attr]
    assert all(not on and name.startswith("use1") for _, name, on in w.moves)


def test_the_other_region_fails_next_people_are_told_of_the_cooldown_and_then_it_is_left_the_way_back() -> (
    None
):
    w = failing()
    assert w.until(w.has(Kind.SETTLED), 120)
    w.say(east=Verdict.HEALTHY, west=Verdict.BREACHING)
    w.advance(900)
    assert w.count(Kind.INCIDENT_OPENED) == 1
    told = [page for page in w.pages if WEST in page]
    assert told == ["storefront us-west-2: failing, and not left"]
    assert w.until(lambda: w.count(Kind.SETTLED) == 2, 3600, step=60)
    assert w.whole
    assert w.controls == {f"use1-{s}": True for s in "abcd"} | {f"usw2-{s}": False for s in "abcd"}


def test_a_page_that_cannot_be_sent_is_sent_once_it_can_be_and_the_question_is_put() -> None:
    """Found: one lost notice, and a question that nobody had heard of expired as a denial."""
    w = failing(evacuate=GATE)
    w.trouble = lambda sent: "refused" if sent.service == "sns" else None
    w.advance(240)
    assert w.pages == []
    w.trouble = lambda _sent: None
    w.advance(90)
    assert "storefront: leave us-east-1 for us-west-2?" in w.pages
    yes(w, question(w))
    assert w.until(w.has(Kind.SETTLED), 120)


def test_what_stands_in_the_way_is_told_once_the_notice_can_be_sent() -> None:
    """Found: an escalation was written down as told although its page was lost."""
    w = failing()
    for endpoint in ENDPOINTS:
        w.stage.faults.arc[endpoint] = "hung"
    w.trouble = lambda sent: "refused" if sent.service == "sns" else None
    w.advance(240)
    w.trouble = lambda _sent: None
    w.advance(120)
    assert len([page for page in w.pages if "switch-unavailable" in page]) == 1


def test_a_safety_rule_refuses_and_people_are_told_once_and_it_is_tried_again_each_minute_or_so() -> None:
    w = failing()
    every = tuple(w.stage.policy.regions[EAST].controls)
    switch = w.stage.cloud.switch
    kept = switch._rules
    switch._rules = (*kept, SafetyRule("hands-off", "arn:rule", every, type="AND"))
    w.advance(660)
    assert w.moves == NO_MOVES
    assert len([page for page in w.pages if "switch-refused" in page]) == 1
    assert "hands-off" in next(str(said(e)["reason"]) for e in w.events if e.kind is Kind.SHIFT_REFUSED)
    assert 4 <= w.count(Kind.SHIFT_REFUSED) <= 10
    switch._rules = kept
    assert w.until(w.has(Kind.SETTLED), 180)


def test_a_rule_refuses_the_second_of_two_calls_and_the_move_that_has_begun_is_finished_later() -> None:
    """Found: `ShiftRefused` made a half-moved Region look untouched, and it stood down so."""
    w = failing(**sliced(12))
    switch = w.stage.cloud.switch
    kept, last = switch._rules, tuple(w.stage.policy.regions[EAST].controls[10:])
    switch._rules = (*kept, SafetyRule("hands-off", "arn:rule", last, type="AND"))
    assert w.until(lambda: any("switch-refused" in page for page in w.pages), 200)
    assert len(w.moves) == 10
    w.say(east=Verdict.HEALTHY)
    w.advance(200)
    assert w.state.open is not None
    switch._rules = kept
    assert w.until(w.has(Kind.SETTLED), 180)
    assert len(w.moves) == 12
    assert w.whole


def test_approved_then_the_evidence_is_gone_before_the_shift_nothing_moves() -> None:
    w, request = asked()
    w.asleep.add("Assess")
    yes(w, request)
    w.say(east=Verdict.HEALTHY)
    w.advance(62)
    w.asleep.discard("Assess")
    assert w.until(w.has(Kind.STOOD_DOWN), 200)
    assert w.moves == NO_MOVES
