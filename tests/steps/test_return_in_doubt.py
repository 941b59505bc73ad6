"""A return stops at silence and doubt and turns back from failure; what carries traffic can be left again."""

from typing import Any

import pytest

from controller.core.journal.kind import Kind
from controller.core.model import Verdict
from controller.steps.operator import commands
from tests.support.policy_scene import EAST, WEST
from tests.support.return_scenes import QUICK, evacuated, restoring
from tests.support.world import FREE, World, failing, turn_by_hand

ONE_BY_ONE = {**QUICK, "restore": QUICK["restore"] | {"waves": [1]}}
SLOWLY = ONE_BY_ONE | {"restore": ONE_BY_ONE["restore"] | {"settle": "4m"}}


def home(w: World) -> int:
    return sum(on for name, on in w.controls.items() if name.startswith("use1"))


def all_away(w: World) -> bool:
    return home(w) == 0


@pytest.mark.parametrize("policy", [ONE_BY_ONE, SLOWLY], ids=["waves 30 s apart", "waves 4 min apart"])
@pytest.mark.parametrize("seen", [None, Verdict.UNKNOWN], ids=["silent", "unknown"])
def test_no_further_wave_comes_home_into_silence_or_doubt_and_the_rest_follows_once_it_is_over(
    policy: dict[str, Any], seen: Verdict | None
) -> None:
    w = restoring(policy)
    w.say(east=seen)
    w.advance(1800)
    assert home(w) <= 2  # what was heard just before may let one more through, nothing after it
    stood = home(w)
    w.advance(1800)
    assert home(w) == stood
    assert any(subject.endswith("return-in-doubt") for subject in w.pages)
    w.say(east=Verdict.HEALTHY)
    assert w.until(lambda: home(w) == 4, 1800)


def test_between_two_waves_the_region_must_have_been_heard_of() -> None:
    w = restoring(ONE_BY_ONE)
    w.say(east=None)
    w.advance(150)  # by no clock is it silent yet
    assert home(w) == 1


def test_a_return_turns_back_when_its_region_fails_again_and_it_is_away_as_before() -> None:
    w = restoring(ONE_BY_ONE)
    w.say(east=Verdict.BREACHING)
    assert w.until(lambda: all_away(w), 200)
    assert w.until(w.has(Kind.ROLLED_BACK), 100)
    assert w.truth.away(EAST) is not None
    assert all(on for name, on in w.controls.items() if name.startswith("usw2"))
    w.advance(1200)
    assert all_away(w)
    w.say(east=Verdict.HEALTHY)
    assert w.until(lambda: w.truth.away(EAST) is None, 2400)
    assert home(w) == 4
    assert w.whole


def test_it_turns_back_also_while_a_wave_settles() -> None:
    w = restoring(SLOWLY)
    w.say(east=Verdict.BREACHING)
    assert w.until(lambda: all_away(w), 200)


def test_what_a_person_brings_home_stops_at_failure_too() -> None:
    w = evacuated(ONE_BY_ONE)
    w.say(east=Verdict.HEALTHY)
    w.advance(60)
    assert commands.restore(w.hand, EAST, who="ann", reason="it is well").done
    assert w.until(lambda: home(w) == 1, 200)
    w.say(east=Verdict.BREACHING)
    assert w.until(lambda: all_away(w), 200)


def test_where_both_fail_nothing_turns_and_people_are_told() -> None:
    w = restoring(ONE_BY_ONE)
    w.say(east=Verdict.BREACHING, west=Verdict.BREACHING)
    w.advance(900)
    assert home(w) == 1
    assert any(subject.endswith("target-failing") for subject in w.pages)


def test_three_of_four_slices_brought_home_by_hand_are_left_again() -> None:
    w = evacuated(QUICK)
    w.say(east=Verdict.HEALTHY)
    w.advance(60)
    for place in range(3):
        turn_by_hand(w, EAST, place, on=True)
        w.advance(1)
    w.advance(130)
    w.say(east=Verdict.BREACHING)
    assert w.until(lambda: all_away(w), 600)
    w.say(east=Verdict.HEALTHY)
    assert w.until(lambda: home(w) == 4, 2400)


def test_one_control_turned_back_between_two_waves_is_told_and_left_again_after_the_cooldown() -> None:
    w = failing(**(QUICK | {"evacuate": FREE | {"waves": [2, 2]}}))
    assert w.until(w.has(Kind.SHIFT_APPLIED), 200)
    w.advance(8)
    turn_by_hand(w, EAST, 0, on=True)
    assert w.until(w.has(Kind.SETTLED), 200)
    notices = {n.subject: n.text for n in w.stage.cloud.outbox.notices}
    text = next(text for subject, text in notices.items() if subject.endswith(": interrupted"))
    assert f"{EAST} carries 3 of 4 slices" in text
    assert w.until(lambda: all_away(w), 600)  # the cooldown is five minutes


@pytest.mark.parametrize("slices", [1, 2, 3, 4])
def test_whatever_was_turned_on_by_hand_is_left_again(slices: int) -> None:
    w = evacuated(QUICK)
    w.advance(330)
    for place in range(slices):
        turn_by_hand(w, EAST, place, on=True)
        w.advance(1)
    w.advance(150)
    assert all_away(w)


def test_a_return_that_was_stood_down_half_way_is_taken_up_again() -> None:
    w = restoring(SLOWLY)
    opened = w.state.open
    assert opened is not None
    assert commands.stand_down(w.hand, opened.id, who="ann", reason="wait").done
    assert home(w) == 1
    assert w.truth.away(EAST) is not None
    assert w.until(lambda: home(w) == 4, 2 * 3600, step=10)


def test_a_region_that_came_home_in_part_and_the_one_that_serves_the_rest_are_both_left_when_dark() -> None:
    w = restoring(SLOWLY)
    opened = w.state.open
    assert opened is not None
    commands.stand_down(w.hand, opened.id, who="ann", reason="wait")
    w.say(west=Verdict.BREACHING)
    assert w.until(lambda: not any(on for n, on in w.controls.items() if n.startswith("usw2")), 900)
    assert w.until(lambda: home(w) == 4, 60)  # by whichever endpoint
    assert w.until(lambda: w.truth.away(WEST) is not None, 200)


def test_what_a_person_brings_home_stops_where_nothing_says_any_more_that_the_region_is_well() -> None:
    w = evacuated(ONE_BY_ONE)
    w.say(east=Verdict.HEALTHY)
    w.advance(60)
    assert commands.restore(w.hand, EAST, who="ann", reason="it is well").done
    assert w.until(lambda: home(w) == 1, 200)
    assert commands.mute(w.hand, EAST, seconds=3600, who="ann", reason="too loud").done
    w.advance(600)
    assert home(w) == 1
    assert commands.mute(w.hand, EAST, seconds=0, who="ann", reason="over").done
    assert w.until(lambda: home(w) == 4, 600)
