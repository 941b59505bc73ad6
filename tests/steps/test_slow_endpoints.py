"""ARC's endpoints hear of a change up to 15 s late: our own change is no drift, and a change by hand is."""

from typing import Any

import pytest

from controller.core.journal.kind import Kind
from controller.core.model import Verdict
from controller.core.policy.validation import compiled
from tests.steps.tick_pace import apart, paced
from tests.support.journal_events import said
from tests.support.policy_scene import EAST, OTHER, WEST
from tests.support.restore_policy import HOME
from tests.support.three_controllers import CLOCKS, TRIO
from tests.support.world import FREE, World, deploy, failing, rebuilt, turn_by_hand
from tests.support.world_faults import calm

WAVES: dict[str, Any] = FREE | {"waves": [2], "settle": "20s"}


def slow(w: World) -> World:
    w.stage.cloud.arc._replicas._lag = (3.0, 15.0)
    return w


def outcome(w: World) -> str | None:
    ends = [event for event in w.events if event.kind is Kind.SETTLED]
    return str(said(ends[-1])["outcome"] or "") if ends else None


def shorter(w: World, settle: str) -> World:
    """As deployed by an older version, which let so short a `settle` in."""
    data = compiled(w.stage.policy)
    data["evacuate"] = data["evacuate"] | {"settle": settle}
    deploy(w, rebuilt(w, policy=data, deployed=w.stage.kernel.now()))
    return w


def left(w: World) -> bool:
    return not any(w.controls[name] for name in w.stage.policy.regions[EAST].controls)


@pytest.mark.parametrize("seed", range(1, 7))
def test_q1_no_evacuation_ends_as_interrupted_by_our_own_change(seed: int) -> None:
    w = slow(failing(seed, evacuate=WAVES))
    assert w.until(w.has(Kind.SETTLED), 600)
    assert outcome(w) == ""
    assert w.count(Kind.SHIFT_APPLIED) == 2
    w.advance(30)
    assert left(w)
    assert (w.count(Kind.DRIFT_SEEN), w.count(Kind.ECHO_SEEN)) == (0, 0)


@pytest.mark.parametrize("settle", ["1s", "5s"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_an_older_policy_with_a_short_settle_is_in_force_and_the_look_allows_for_the_lag(
    seed: int, settle: str
) -> None:
    """Found: six of eight evacuations ended as interrupted, with half of the traffic left behind."""
    w = shorter(slow(failing(seed, evacuate=WAVES)), settle)
    assert w.until(w.has(Kind.SETTLED), 600)
    assert outcome(w) == ""
    assert w.count(Kind.SHIFT_APPLIED) == 2


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_look_at_once_after_the_wave_waits_and_looks_again(seed: int) -> None:
    """However the workflow came there: by a retry, by a hand-over, by a person."""
    w = slow(failing(seed, evacuate=WAVES))
    assert w.until(w.has(Kind.SHIFT_APPLIED), 200, step=0.2)
    for _ in range(12):
        answer = w.invoke("VerifyShift", w.payload())
        assert answer["next"] in ("watch", "again")
        if answer["next"] == "again":
            break
        assert answer["waited"] == 0 or answer["wait_seconds"] >= 20
    assert w.count(Kind.SETTLED) == 0


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_change_by_hand_between_two_waves_is_found_all_the_same(seed: int) -> None:
    w = slow(failing(seed, evacuate=WAVES))
    assert w.until(w.has(Kind.SHIFT_APPLIED), 200)
    w.advance(2.0 * seed)
    name = turn_by_hand(w, EAST, 0, on=True)
    assert w.until(w.has(Kind.SETTLED), 120)
    assert outcome(w) == "interrupted"
    drift = [e for e in w.events if e.kind is Kind.DRIFT_SEEN]
    assert [said(e)["differs"] for e in drift] == [{name: [False, True]}]
    assert [p for p in w.pages if "drift" in p] != []
    w.advance(30)
    assert w.controls[name]


def test_a_wave_of_several_calls_is_no_drift() -> None:
    regions = {r: {"controls": [f"{r}-{place:02d}" for place in range(14)]} for r in (EAST, WEST)}
    for seed in (1, 2, 3):
        w = slow(failing(seed, regions=regions, evacuate=FREE | {"settle": "20s"}))
        assert w.until(w.has(Kind.SETTLED), 600)
        assert outcome(w) == ""
        assert w.count(Kind.DRIFT_SEEN) == 0


@pytest.mark.parametrize("clocks", CLOCKS)
def test_other_controllers_look_every_few_seconds_by_clocks_ten_minutes_off(clocks: dict[str, float]) -> None:
    """Found: by a clock ahead of the driver's the lag was over at once, and our own change was drift."""
    for seed in (1, 2, 3):
        w = slow(failing(seed, skews=clocks, **TRIO | {"evacuate": WAVES}))
        for region in (OTHER, WEST, EAST):
            paced(w, region, apart(4.0))
        assert w.until(w.has(Kind.SETTLED), 600)
        w.advance(60)
        assert outcome(w) == ""
        assert (w.count(Kind.DRIFT_SEEN), w.count(Kind.ECHO_SEEN)) == (0, 0)


@pytest.mark.parametrize("clocks", CLOCKS)
def test_a_change_by_hand_is_drift_within_three_ticks_whatever_the_clocks_say(
    clocks: dict[str, float],
) -> None:
    """Found: by a clock behind the driver's it was none for as long as the clocks were apart."""
    w = slow(failing(skews=clocks, **TRIO | {"evacuate": WAVES}))
    assert w.until(w.has(Kind.SETTLED), 600)
    w.stage.faults.controllers_dead.add(OTHER)
    name = turn_by_hand(w, EAST, 0, on=True)
    w.hand = w.hands[WEST]
    w.advance(195)
    drift = [e for e in w.events if e.kind is Kind.DRIFT_SEEN]
    assert [said(e)["differs"] for e in drift] == [{name: [False, True]}]


@pytest.mark.parametrize("clocks", CLOCKS)
def test_a_late_call_put_back_is_not_seen_as_drift_or_put_back_again(clocks: dict[str, float]) -> None:
    w = slow(failing(skews=clocks, **TRIO))
    w.trouble = lambda sent: "refused" if sent.operation == "UpdateRoutingControlStates" else None
    assert w.until(w.has(Kind.SHIFT_INTENDED), 100)
    w.say(east=Verdict.HEALTHY)
    assert w.until(w.has(Kind.STOOD_DOWN), 200)
    w.trouble = calm
    w.advance(70)
    changes = [(f"use1-{s}", False) for s in "abcd"]
    w.hand.switch.update([changes], deadline=w.stage.kernel.now() + 15, fence=lambda: None)
    for region in (OTHER, WEST, EAST):
        paced(w, region, apart(4.0))
    assert w.until(lambda: len(w.moves) == 8, 60, step=1)
    w.advance(200)
    assert all(w.controls.values())
    assert (w.count(Kind.ECHO_SEEN), w.count(Kind.DRIFT_SEEN), len(w.moves)) == (1, 0, 8)


@pytest.mark.parametrize("clocks", CLOCKS)
def test_after_a_takeover_the_look_allows_for_the_lag_whatever_the_clocks_say(
    clocks: dict[str, float],
) -> None:
    w = slow(failing(skews=clocks, **TRIO | {"evacuate": WAVES | {"settle": "5m"}}))
    assert w.until(w.has(Kind.SHIFT_APPLIED), 120)
    w.stage.faults.controllers_dead.add(OTHER)
    w.hand = w.hands[WEST]
    assert w.until(w.has(Kind.TAKEN_OVER), 300)
    assert w.until(w.has(Kind.SETTLED), 1200)
    assert outcome(w) == ""
    assert w.count(Kind.DRIFT_SEEN) == 0


def test_there_and_back_in_slow_steps_is_no_echo() -> None:
    """A restore soon after: what another endpoint still shows is just what an earlier intent wanted."""
    home = HOME | {"evacuate": WAVES, "limits": HOME["limits"] | {"cooldown": "5m"}}
    w = slow(failing(**home | TRIO))
    for region in (OTHER, WEST, EAST):
        paced(w, region, apart(7.0))
    assert w.until(w.has(Kind.SETTLED), 600)
    w.say(east=Verdict.HEALTHY)
    assert w.until(lambda: w.count(Kind.SETTLED) == 2, 4000, step=20)
    assert all(w.controls.values())
    assert (w.count(Kind.DRIFT_SEEN), w.count(Kind.ECHO_SEEN)) == (0, 0)
