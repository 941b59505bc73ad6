"""Somebody else moves routing controls: written down, told once, shown, and left as they are."""

from controller.core.decision.drift import standing_drift
from controller.core.journal.kind import Kind
from tests.support.break_glass_line import Machine
from tests.support.journal_events import said
from tests.support.policy_scene import EAST, WEST
from tests.support.world import World, failing, turn_by_hand, world


def test_a_control_turned_by_hand_is_written_down_and_told_once_within_a_minute_and_stays_as_it_is() -> None:
    w = world()
    w.advance(130)
    name = turn_by_hand(w, EAST, 0, on=False)
    w.advance(400)
    drift = [e for e in w.events if e.kind is Kind.DRIFT_SEEN]
    assert [(e.draft.incident, said(e)["differs"]) for e in drift] == [(None, {name: [True, False]})]
    assert [p for p in w.pages if "drift" in p] == ["storefront: drift"]
    assert w.controls[name] is False
    assert len(w.moves) == 1
    assert w.state.stand[name] is False
    turn_by_hand(w, EAST, 0, on=True)
    w.advance(130)
    assert w.count(Kind.DRIFT_SEEN) == 2
    assert w.whole


def test_a_control_turned_back_after_the_evacuation_is_drift_and_is_not_turned_off_again() -> None:
    w = failing()
    assert w.until(w.has(Kind.SETTLED), 200)
    w.advance(130)
    assert w.count(Kind.DRIFT_SEEN) == 0
    moved = len(w.moves)
    name = turn_by_hand(w, EAST, 1, on=True)
    w.advance(200)
    assert [said(e)["differs"] for e in w.events if e.kind is Kind.DRIFT_SEEN] == [{name: [False, True]}]
    assert len(w.moves) == moved + 1
    assert len([p for p in w.pages if "drift" in p]) == 1


def test_a_control_turned_by_hand_before_the_shift_is_drift_of_the_incident_and_the_rest_is_moved() -> None:
    w = failing()
    w.asleep.add("ConfirmReadiness")
    assert w.until(w.has(Kind.CONFIRMED), 90)
    turn_by_hand(w, EAST, 0, on=False)
    assert w.until(w.has(Kind.DRIFT_SEEN), 90)
    drift = next(e for e in w.events if e.kind is Kind.DRIFT_SEEN)
    assert drift.draft.incident is not None
    w.asleep.clear()
    assert w.until(w.has(Kind.SETTLED), 300)
    intent = next(e for e in w.events if e.kind is Kind.SHIFT_INTENDED)
    assert len(said(intent)["changes"]) == 3
    assert w.whole


def test_the_controller_s_own_shift_is_no_drift_although_ticks_fall_into_it() -> None:
    w = failing()
    w.stage.kernel.every(1.0, lambda: w.stage.runtime.spawn(lambda: w.invoke("Tick")))
    assert w.until(w.has(Kind.SETTLED), 200)
    w.advance(60)
    assert w.count(Kind.DRIFT_SEEN) == 0


def test_a_controller_that_was_deployed_while_traffic_was_away_takes_that_as_it_is() -> None:
    w = world()
    for place in range(4):
        turn_by_hand(w, EAST, place, on=False)
        w.advance(0.5)
    w.advance(200)
    assert w.count(Kind.DRIFT_SEEN) == 0
    assert set(w.state.stand) == {c for r in (EAST, WEST) for c in w.stage.policy.regions[r].controls}
    assert not any(w.state.stand[c] for c in w.stage.policy.regions[EAST].controls)


def reason(w: World) -> str:
    seen = standing_drift(w.state)
    return seen.said.reason if seen else ""


def test_drift_is_shown_until_what_somebody_turned_is_turned_back() -> None:
    w = world()
    w.advance(130)
    turn_by_hand(w, EAST, 0, on=False)
    w.advance(130)
    assert "use1-a is Off, the journal says On" in reason(w)
    turn_by_hand(w, EAST, 0, on=True)
    w.advance(130)
    assert (w.count(Kind.DRIFT_SEEN), reason(w)) == (2, "")


def test_drift_that_break_glass_explains_is_not_shown_once_the_journal_has_its_record() -> None:
    w = world()
    w.advance(70)
    laptop = Machine(w.stage.policy, w.hand.switch, w.stage.runtime, "ana@host", "laptop", 0.0)
    assert laptop.leave(EAST, WEST) == "applied"
    assert w.until(w.has(Kind.DRIFT_SEEN), 90)
    assert "moved by somebody else" in reason(w)
    laptop.journal(w.hand)
    assert reason(w) == ""
    w.advance(130)
    assert (w.count(Kind.DRIFT_SEEN), reason(w)) == (1, "")
    turn_by_hand(w, EAST, 0, on=True)
    w.advance(130)
    assert "use1-a is On, the journal says Off" in reason(w)


def test_drift_after_an_evacuation_is_shown_until_the_evacuated_control_is_off_again() -> None:
    w = failing()
    assert w.until(w.has(Kind.SETTLED), 200)
    w.advance(400)  # else the second turn would be taken for a late call of ours
    turn_by_hand(w, EAST, 1, on=True)
    w.advance(130)
    assert "use1-b is On, the journal says Off" in reason(w)
    turn_by_hand(w, EAST, 1, on=False)
    w.advance(130)
    assert reason(w) == ""
