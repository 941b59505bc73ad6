"""A move that was made is written down, and ends, although its target would not be chosen any more."""

from controller.core.journal.kind import Kind
from controller.core.model import Verdict
from controller.steps.operator.commands import evacuate, stand_down
from tests.steps.scheduled_drill import drilled
from tests.support.policy_scene import EAST
from tests.support.restore_policy import HOME
from tests.support.world import FREE, World, executions, failing
from tests.support.world_faults import Sent

ONE_BY_ONE = FREE | {"waves": [4], "settle": "6m"}
TWO = FREE | {"waves": [2], "settle": "6m"}


def applied_unseen() -> World:
    """It lands, but nobody sees that it did: no reply, nothing read back; then the target falls silent."""
    w = failing(evacuate=FREE)

    def lost(sent: Sent) -> str | None:
        if "ShiftTraffic" not in sent.step or not w.count(Kind.SHIFT_INTENDED):
            return None
        return {"UpdateRoutingControlStates": "lost", "ListRoutingControls": "refused"}.get(sent.operation)

    w.trouble = lost
    assert w.until(lambda: bool(w.moves), 300)
    w.say(west=None)
    w.advance(400)
    w.trouble = lambda _sent: None
    return w


def test_what_landed_unseen_is_written_down_although_the_target_has_fallen_silent() -> None:
    """Found: seed 11. It held by the guards of a target that carried all the traffic already."""
    w = applied_unseen()
    w.advance(300)
    assert Kind.SHIFT_APPLIED in w.kinds
    assert len(w.moves) == 4
    assert w.whole


def test_what_is_verified_settles_although_the_target_would_not_be_chosen_now() -> None:
    """Found: seed 55. One canary fell silent, so that nobody knew whether the target is ready."""
    w = failing(evacuate=ONE_BY_ONE)
    assert w.until(w.has(Kind.SHIFT_APPLIED), 120)
    w.say(west=None)
    assert w.until(w.has(Kind.SETTLED), 900)
    assert w.whole


def test_people_hear_of_a_wave_that_holds_between_two() -> None:
    w = failing(evacuate=TWO)
    assert w.until(w.has(Kind.SHIFT_APPLIED), 120)
    w.say(west=None)
    w.advance(1200)
    assert Kind.SETTLED not in w.kinds
    assert len(w.moves) == 2
    texts = [notice.text for notice in w.stage.cloud.outbox.notices]
    assert any("shared-cause" in text or "target-not-ready" in text for text in texts)


def test_a_drill_whose_home_has_failed_for_good_is_ended_by_a_person() -> None:
    """Found: seed 363. It stayed open for ever, and nothing else of the application could move."""
    w = drilled()
    assert w.until(w.has(Kind.SHIFT_VERIFIED), 300)
    drill = next(iter(w.state.incidents))
    assert "goes home by itself" in stand_down(w.hand, drill, who="ana", reason="x").sentence
    w.say(east=Verdict.BREACHING)
    assert w.until(lambda: any(page.endswith("source-failing") for page in w.pages), 600)
    moves = list(w.moves)
    assert stand_down(w.hand, drill, who="ana", reason="its Region is gone").done
    assert w.state.open is None
    w.advance(120)
    assert w.moves == moves
    assert executions(w, "RUNNING") == []


def test_who_asks_to_leave_a_region_does_not_bring_it_home() -> None:
    """Found: seed 1065. It had been left, and somebody had turned it on again, though it was dark."""
    w = failing(**HOME)
    assert w.until(w.has(Kind.SETTLED), 300)
    w.hand.switch.update([[("use1-a", True)]], deadline=w.stage.kernel.now() + 60, fence=lambda: None)
    w.advance(60)
    asked = evacuate(w.hand, EAST, who="ana", reason="it is dark")
    assert asked.done, asked.sentence
    assert Kind.RESTORE_OPENED not in w.kinds
    assert w.until(lambda: w.count(Kind.SETTLED) == 2, 300)
    assert not any(w.controls[f"use1-{letter}"] for letter in "abcd")
