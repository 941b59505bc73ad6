"""Three controllers, each with its clock (S17); the driver's Region dies for good at each of its writes (L1).

Between two writes nothing changes but the dead one's own state, so a death at any call in between is the
same death. S1, S2, S3, S4, S10 and S18 are judged after every step.
"""

from functools import cache

import pytest

from controller.core.decision import drift
from controller.core.evidence import evaluation
from controller.core.journal.kind import Kind
from controller.core.model import Verdict
from controller.steps.operator.commands import mute
from controller.steps.tick import takeover
from controller.steps.workflow import shift_traffic
from tests.support.invariant_checks import broken, kinds
from tests.support.policy_scene import EAST, OTHER, WEST
from tests.support.three_controllers import ASKED, CLOCKS, TAKEOVER, TRIO, WRITES, Death, ended, play, wrong
from tests.support.world import World, failing
from tests.support.world_faults import LATE, Sent, calm

Patch = pytest.MonkeyPatch
CHUNKS = 4
RIGHT = dict.fromkeys((OTHER, WEST, EAST), 0.0)


@cache
def writes() -> list[int]:
    """The numbers, among the first controller's calls, of those that change something."""
    calls = [sent for sent in play(None, clocks=RIGHT).calls if sent.home == OTHER]
    assert {sent.operation for sent in calls} >= set(WRITES) - {"SendTaskSuccess"}
    return [number for number, sent in enumerate(calls) if sent.operation in WRITES]


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_the_driver_s_region_dies_at_a_call_and_another_ends_it_with_one_effect(chunk: int) -> None:
    """Before call n is after the reply to call n-1 and before its record; the first has none before it."""
    found = writes()
    deaths = [Death(number, how) for number in found for how in ("late", "lost")]
    for place, death in enumerate([Death(found[0], "hung"), *deaths][chunk::CHUNKS]):
        w = play(death, clocks=CLOCKS[place % len(CLOCKS)], within=TAKEOVER + max(LATE))
        assert wrong(w) == [], death


def back(monkeypatch: Patch | None = None) -> World:
    """The driver's clock is set back by ten minutes while people are asked."""
    if monkeypatch:
        monkeypatch.setattr(evaluation, "AHEAD", 1e9)
        monkeypatch.setattr("controller.core.decision.guards.AHEAD", 1e9)
    w = failing(**ASKED)
    w.stage.kernel.after(63.0, lambda: w.set_clock(OTHER, -600.0))
    ended(w, 800.0)
    return w


def test_s17_a_clock_that_is_set_back_is_found_out_and_another_controller_drives_on(
    monkeypatch: Patch,
) -> None:
    """Found: it took what it had heard as heard just now, and stood down while the Region was dark."""
    w = back()
    assert (kinds(w).count(Kind.TAKEN_OVER), kinds(w)[-1]) == (1, Kind.SETTLED)
    assert broken(w) == []
    assert Kind.STOOD_DOWN in kinds(back(monkeypatch))


def test_s17_clocks_ten_minutes_apart_move_nothing_while_all_is_well() -> None:
    w = failing(skews=CLOCKS[0], **TRIO)
    w.verdicts[EAST] = Verdict.HEALTHY
    w.advance(43.0)
    w.set_clock(WEST, 600.0)
    w.set_clock(EAST, -600.0)
    w.advance(300.0)
    assert w.moves == []
    assert Kind.SHIFT_INTENDED not in kinds(w)


def test_s17_a_clock_that_leaps_ahead_costs_minutes_and_breaks_nothing() -> None:
    """What was heard looks old at once: it may stand down before anything moved, and opens anew."""
    w = failing(**ASKED)
    w.stage.kernel.after(63.0, lambda: w.set_clock(OTHER, 600.0))
    while Kind.SETTLED not in kinds(w):
        assert ended(w, 600.0)
        w.advance(30.0)
    assert kinds(w).count(Kind.SHIFT_APPLIED) == 1
    assert [move[1:] for move in w.moves] == [(f"use1-{s}", False) for s in "abcd"]


def late_call(clocks: dict[str, float]) -> World:
    """A call landed after it was given up, and its controller died."""
    w = failing(skews=clocks, **TRIO)
    w.trouble = lambda sent: "refused" if sent.operation == "UpdateRoutingControlStates" else None
    assert w.until(lambda: Kind.SHIFT_INTENDED in kinds(w), 100)
    w.say(east=Verdict.HEALTHY)
    assert w.until(lambda: Kind.STOOD_DOWN in kinds(w), 200)
    w.trouble = calm
    w.advance(30)
    w.stage.faults.controllers_dead.add(OTHER)
    late = [(f"use1-{s}", False) for s in "abcd"]
    w.hands[WEST].switch.update([late], deadline=w.stage.kernel.now() + 15, fence=lambda: None)
    return w


def landed(clocks: dict[str, float]) -> float | None:
    """Seconds until a late call is put back."""
    w = late_call(clocks)
    back_again = w.until(lambda: len(w.moves) == 8, 90, step=1)
    assert broken(w) == []
    return w.moves[-1][0] - w.moves[0][0] if back_again else None


def test_s4_a_late_call_is_put_back_within_a_minute_whatever_the_clocks_say(monkeypatch: Patch) -> None:
    """Found: dated by a clock ten minutes off, the intent looked old, and the late call was let stand."""
    for clocks in CLOCKS:
        seconds = landed(clocks)
        assert seconds is not None
        assert seconds <= 60.0
    monkeypatch.setattr(drift, "SKEW", 0.0)
    assert landed(CLOCKS[0]) is None


def test_s4_a_late_call_is_put_back_although_somebody_writes_meanwhile() -> None:
    """Found: any event between the record and the call gave the repair up for good."""
    w = late_call(CLOCKS[0])

    def writes(sent: Sent) -> None:
        if kinds(w)[-1] is Kind.ECHO_SEEN and sent.operation == "Query":
            w.trouble = calm
            mute(w.hands[EAST], "storefront-us-west-2-latency", seconds=60, who="ana", reason="noise")

    w.trouble = writes
    assert w.until(lambda: len(w.moves) == 8, 90, step=1)
    assert kinds(w).count(Kind.MUTED) == 1
    assert kinds(w).count(Kind.ECHO_SEEN) == 1


def test_l1_without_takeover_an_incident_whose_driver_died_stays_open(monkeypatch: Patch) -> None:
    monkeypatch.setattr(takeover, "STANDSTILL", 1e9)
    assert wrong(play(Death(writes()[-4], "lost"), clocks=CLOCKS[0])) != []


def frozen(clocks: dict[str, float]) -> list[str]:
    """The driver stands still in its fence until another has finished, then goes on."""
    w = failing(skews=clocks, **TRIO)
    w.trouble = lambda sent: _freezes(w, sent.home)
    assert w.until(lambda: OTHER in w.stage.faults.controllers_frozen, 120, step=0.01)
    w.trouble = calm
    w.until(lambda: Kind.SETTLED in kinds(w), TAKEOVER)
    w.stage.faults.controllers_frozen.clear()
    w.advance(200)
    return broken(w)


def _freezes(w: World, home: str) -> None:
    if home == OTHER and kinds(w)[-1:] == [Kind.SHIFT_INTENDED]:
        w.stage.faults.controllers_frozen.add(OTHER)


def test_s4_a_driver_that_thaws_sends_nothing_by_whatever_clock(monkeypatch: Patch) -> None:
    for clocks in CLOCKS:
        assert frozen(clocks) == []
    monkeypatch.setattr(shift_traffic, "_fence", lambda *_: None)
    monkeypatch.setattr(shift_traffic, "DEADLINE", 1e9)
    assert any(said.startswith("S4") for said in frozen(CLOCKS[0]))
