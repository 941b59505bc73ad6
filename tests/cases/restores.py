"""Restores and drift: a Region that is partly home when it fails again, or falls silent."""

from controller.core.journal import Kind
from controller.core.model import Verdict
from controller.steps.operator import commands
from tests.cases.setting import QUICK, Lines, Since, evacuated, restoring, standing
from tests.support.policy_scene import EAST
from tests.support.world import failing, turn_by_hand

ONE_BY_ONE = {**QUICK, "restore": QUICK["restore"] | {"waves": [1]}}
"""As `QUICK`, but a restore takes one slice at a time."""


def e1_partly_home() -> Lines:
    """Bring three of four slices home by hand, and let the Region go dark again."""
    w = evacuated(QUICK)
    w.say(east=Verdict.HEALTHY)
    w.advance(60)
    for place in range(3):
        turn_by_hand(w, EAST, place, on=True)
        w.advance(1)
    w.advance(130)
    w.say(east=Verdict.BREACHING)
    since = Since(w)
    w.advance(3 * 3600)
    yield standing(w, "E1 3 of 4 slices by hand home, dark for 3h")
    yield str(since)


def e1b_drift_between_waves() -> Lines:
    """Turn one slice back by hand between two waves of an evacuation."""
    w = failing(**(QUICK | {"evacuate": QUICK["evacuate"] | {"waves": [2, 2]}}))
    assert w.until(w.has(Kind.SHIFT_APPLIED), 200)
    w.advance(8)
    turn_by_hand(w, EAST, 0, on=True)
    w.advance(200)
    yield standing(w, "E1b drift at wave 1 of 2")
    since = Since(w)
    w.advance(3 * 3600)
    yield standing(w, "E1b 3h later")
    yield str(since)


def e2_restore_fails_half_way() -> Lines:
    """Let us-east-1 fail again in mid-restore; then stand down and acknowledge."""
    w = restoring(ONE_BY_ONE)
    w.say(east=Verdict.BREACHING)
    since = Since(w)
    w.advance(2 * 3600)
    yield standing(w, "E2 restore wave 1 of 3 then dark again, 2h later")
    yield str(since)
    if opened := w.state.open:
        yield f"   stand_down: {commands.stand_down(w.hand, opened.id, who='ann', reason='x')}"
        last = list(w.state.incidents.values())[-1]
        yield f"   ack: {commands.acknowledge(w.hand, last.id, who='ann', reason='x')}"
        since = Since(w)
        w.advance(2 * 3600)
        yield standing(w, "E2 after stand-down + ack, 2h later")
        yield str(since)


def e2b_restore_goes_on_into_silence() -> Lines:
    """Let nothing be heard of us-east-1 after the first wave of its restore."""
    w = restoring(ONE_BY_ONE)
    w.say(east=None)
    since = Since(w)
    w.advance(3600)
    yield standing(w, "E2b restore wave 1 of 4 then the Region falls silent, 1h later")
    yield f"{since} {[f'{at:.0f}' for at, *_ in since.moves]} {w.stage.kernel.now()}"


def x1_restore_goes_on_into_silence_slowly() -> Lines:
    """Do as `e2b`, with waves further apart than the time after which silence is unknown."""
    w = restoring(ONE_BY_ONE | {"restore": ONE_BY_ONE["restore"] | {"settle": "4m"}})
    begun = w.stage.kernel.now()
    w.say(east=None)
    since = Since(w)
    w.advance(3600)
    yield standing(
        w, "X1 restore settle 4m, wave 1 of 4 applied, then nothing is heard of the Region (silentAfter 3m)"
    )
    moved = [f"{at - begun:.0f}" for at, *_ in since.moves]
    yield f"   new pages: {since.pages} moves into silence at +s: {moved}"
