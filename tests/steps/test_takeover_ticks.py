"""Takeover with real ticks: late, jittered, lost, or 119 s apart, at the driver and at the others.

| ticks | the driver is dead: taken over after its last beat | it lives |
|---|---|---|
| each minute | 180 to 240 s | never |
| late by up to 25 s | 180 to 270 s | never |
| every third lost | 180 to 300 s | never |
| every other lost | 240 to 360 s | never |
| 119 s apart | 238 to 357 s | never |
| every other lost, and late by up to 25 s | 170 to 410 s | never |

Another 20 s pass in which a tick comes so far.
"""

from collections.abc import Callable
from itertools import cycle
from typing import Any

import pytest

from controller.core.journal.kind import Kind
from controller.steps.tick import takeover
from tests.steps.tick_pace import Pace, apart, late, lost, paced
from tests.support.policy_scene import EAST, OTHER, WEST, policy_data
from tests.support.three_controllers import TRIO, approve, wrong
from tests.support.world import FREE, World, failing

PATIENT: dict[str, Any] = {"oncall": [{"ask": ["group:oncall"], "people": 1, "within": "2h"}]}
ASKED: dict[str, Any] = TRIO | {"evacuate": policy_data()["evacuate"], "approvals": PATIENT}
PACES: dict[str, tuple[Callable[[int], Pace], float]] = {
    "each minute": (lambda _: lost("1"), 240.0),
    "late": (lambda seed: late(lost("1"), seed, 25.0), 270.0),
    "every third lost": (lambda _: lost("110"), 300.0),
    "every other lost": (lambda _: lost("10"), 360.0),
    "119 s apart": (lambda _: apart(119.0), 357.0),
    "every other lost and late": (lambda seed: late(lost("10"), seed, 25.0), 410.0),
}
OWN = 20.0
"""Seconds of a tick's own time."""


def asked(pace: str, driver: str, seed: int) -> World:
    """The driver in us-east-2 asks people, who do not answer; ticks come at these paces from now on."""
    w = failing(seed, **ASKED)
    assert w.until(w.has(Kind.APPROVAL_REQUESTED), 120)
    w.advance(7.0 * seed)
    paced(w, OTHER, PACES[driver][0](seed))
    for number, region in enumerate((WEST, EAST), start=1):
        w.advance(11.0)
        paced(w, region, PACES[pace][0](seed + number))
    return w


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("pace", PACES)
def test_a_dead_driver_is_taken_over_within_the_bound_and_there_is_one_effect(pace: str, seed: int) -> None:
    w = asked(pace, "each minute", seed)
    w.advance(130.0)
    w.stage.faults.controllers_dead.add(OTHER)
    w.hand = w.hands[WEST]
    assert w.until(w.has(Kind.TAKEN_OVER), PACES[pace][1] + OWN, step=1)

    def done() -> bool:
        approve(w)
        return w.count(Kind.SETTLED) > 0

    assert w.until(done, 200)
    assert w.count(Kind.TAKEN_OVER) == 1
    assert wrong(w) == []


@pytest.mark.parametrize("pace", PACES)
@pytest.mark.parametrize("others", ["each minute", "every other lost and late"])
def test_a_driver_that_lives_is_never_taken_over(pace: str, others: str) -> None:
    w = asked(others, pace, 1)
    w.advance(1800.0)
    assert w.count(Kind.TAKEN_OVER) == 0
    assert w.state.open is not None
    assert w.count(Kind.APPROVAL_REQUESTED) == 1


def test_a_driver_whose_ticks_are_119_s_apart_and_late_lives_however_closely_others_look() -> None:
    w = asked("each minute", "each minute", 1)
    paced(w, OTHER, cycle([119.0 - 45.0, 119.0 + 45.0]))
    for region in (WEST, EAST):
        paced(w, region, apart(10.0))
    w.advance(900.0)
    assert w.count(Kind.TAKEN_OVER) == 0


@pytest.mark.parametrize("pace", ["each minute", "every other lost and late"])
def test_a_driver_that_waits_for_a_long_settle_is_not_taken_over(pace: str) -> None:
    """Found: no step runs meanwhile, so it did not beat, and another drove on after 150 s."""
    w = failing(**TRIO | {"evacuate": FREE | {"waves": [2], "settle": "10m"}})
    assert w.until(w.has(Kind.SHIFT_APPLIED), 120)
    for number, region in enumerate((OTHER, WEST, EAST)):
        paced(w, region, PACES[pace][0](number))
    assert w.until(w.has(Kind.SETTLED), 1500)
    assert w.count(Kind.TAKEN_OVER) == 0
    assert wrong(w)[:1] == ["applied 2 times"]


def test_a_driver_that_does_not_look_after_the_settle_is_taken_over() -> None:
    """Its ticks go on, and its steps do not: they are no sign of life for ever."""
    w = failing(**TRIO | {"evacuate": FREE | {"settle": "5m"}})
    w.stage.cloud.controller_regions[OTHER].functions["VerifyShift"] = lambda _event, _context=None: 1 / 0
    assert w.until(w.has(Kind.SHIFT_APPLIED), 120)
    w.stage.cloud.controller_regions[OTHER].functions["Assess"] = lambda _event, _context=None: 1 / 0
    assert w.until(w.has(Kind.TAKEN_OVER), 300 + 300)


@pytest.mark.parametrize("pattern", ["1", "110", "10"])
def test_x3_the_driver_dies_and_ticks_are_lost_and_the_region_is_left_all_the_same(pattern: str) -> None:
    """Found: with every other tick lost the standstill was never counted, and nobody ever took over."""
    w = failing(**TRIO)
    assert w.until(w.has(Kind.INCIDENT_OPENED), 200)
    w.stage.faults.controllers_dead.add(OTHER)
    w.hand = w.hands[WEST]
    for region in (WEST, EAST):
        paced(w, region, lost(pattern))
    assert w.until(w.has(Kind.SETTLED), 460)
    assert w.count(Kind.TAKEN_OVER) == 1
    assert wrong(w) == []


def test_a_beat_in_between_is_seen_although_it_comes_after_the_look(monkeypatch: pytest.MonkeyPatch) -> None:
    w = asked("each minute", "each minute", 1)
    monkeypatch.setattr(takeover, "STANDSTILL", 40.0)
    beat = w.deps.leases.beat
    abstains = takeover.abstains

    def slow(seen: Any) -> Any:
        lease = w.deps.leases.read("storefront")
        assert lease is not None
        beat(lease)
        return abstains(seen)

    paced(w, OTHER, apart(1e6))
    monkeypatch.setattr(takeover, "abstains", slow)
    w.advance(400.0)
    assert w.count(Kind.TAKEN_OVER) == 0
    monkeypatch.setattr(takeover, "abstains", abstains)
    assert w.until(w.has(Kind.TAKEN_OVER), 200)
