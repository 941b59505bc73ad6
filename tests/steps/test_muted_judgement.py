"""A mute reaches every judgement: one view of the evidence a handler, handed on."""

from controller.core.decision.precedence import abstains
from controller.core.journal.kind import Kind
from controller.core.model import Verdict
from controller.steps.context.journalling import load_state
from controller.steps.context.situation import situation
from controller.steps.operator import commands
from tests.support.policy_scene import EAST, WEST
from tests.support.world import FREE, World, failing, world

WAVES = FREE | {"waves": [2], "settle": "1m", "ifVerifyFails": "rollback"}
DRILLS = {"stay": "5m", "abortWhen": [{"in": "target", "family": "customer", "is": "breaching"}]}


def _mute(w: World, what: str) -> None:
    assert commands.mute(w.hand, what, seconds=3600, who="ann", reason="a known false alarm").done


def test_a_muted_target_that_looks_red_does_not_turn_an_evacuation_back() -> None:
    w = failing(evacuate=WAVES)
    assert w.until(w.has(Kind.SHIFT_APPLIED))
    _mute(w, WEST)
    w.say(east=Verdict.HEALTHY, west=Verdict.BREACHING)
    w.advance(180)
    assert w.count(Kind.TURNED_BACK) == 0


def test_an_unmuted_target_that_is_red_turns_it_back() -> None:
    w = failing(evacuate=WAVES)
    assert w.until(w.has(Kind.SHIFT_APPLIED))
    w.say(east=Verdict.HEALTHY, west=Verdict.BREACHING)
    assert w.until(w.has(Kind.TURNED_BACK), 180)


def test_a_muted_signal_aborts_no_drill_and_the_same_signal_unmuted_does() -> None:
    for muted, turned in ((True, 0), (False, 1)):
        w = world(drills=DRILLS)
        w.advance(130)
        assert commands.drill(w.hand, EAST, who="ann", reason="training").done
        assert w.until(w.has(Kind.SHIFT_VERIFIED))
        if muted:
            _mute(w, WEST)
        w.say(west=Verdict.BREACHING)
        w.advance(120)
        assert w.count(Kind.TURNED_BACK) == turned


def test_a_handler_that_reads_the_journal_again_keeps_its_view_unless_a_mute_changed() -> None:
    w = world()
    state = load_state(w.hand)
    seen = situation(w.hand, state, read_controls=False)
    assert abstains(seen) is None
    view = seen.seen
    assert seen.after(load_state(w.hand)).seen is view
    _mute(w, WEST)
    assert seen.after(load_state(w.hand)).seen is not view
    assert WEST in seen.after(load_state(w.hand)).seen.muted
