"""Who waits behind whom, what follows a no, and what was turned on by hand: each with its twin."""

import pytest

from controller.core.journal.kind import Kind
from tests.drills.drill import MINUTE, Drill, drill
from tests.support.policy_scene import EAST, WEST


def off(played: Drill, region: str) -> list[float]:
    """When each control of `region` was turned Off, in seconds after the break."""
    names = played.stage.policy.regions[region].controls
    return [at - played.run.broke for at, name, on in played.run.shifts if name in names and not on]


def subjects(played: Drill) -> list[str]:
    return [n.subject for n in played.stage.cloud.outbox.notices if n.at >= played.run.broke]


def test_the_region_that_serves_dies_behind_a_question_that_nobody_answers_and_is_left() -> None:
    played = drill("return-unanswered")
    dead = 1800.0
    assert len(off(played, EAST)) == len(off(played, WEST)) == 4
    assert dead < min(off(played, WEST)) <= dead + 8 * MINUTE
    assert any(subject.endswith("makes way") for subject in subjects(played))


def test_no_limit_is_set_aside_for_it() -> None:
    played = drill("return-unanswered-cooldown")
    assert off(played, WEST) == []
    assert Kind.RESTORE_OPENED in played.kinds


def test_what_a_person_stopped_stays_so_for_as_long_as_it_is_dark_and_people_know() -> None:
    played = drill("stopped")
    assert played.run.shifts == []
    assert played.kinds.count(Kind.INCIDENT_OPENED) == 1
    assert any(subject.endswith("stood down") for subject in subjects(played))


def test_the_person_says_otherwise_and_it_is_left_within_minutes() -> None:
    played = drill("stopped-acknowledged")
    assert played.kinds.count(Kind.INCIDENT_OPENED) == 2
    assert 1200 < min(off(played, EAST)) <= 1200 + 4 * MINUTE


@pytest.mark.parametrize("name", ["turned-on-by-hand", "turned-on-by-hand-well"])
def test_slices_turned_on_by_hand_are_left_again_when_it_is_dark_again_and_else_stay(name: str) -> None:
    played = drill(name)
    again = [at for at in off(played, EAST) if at > 700]
    assert len(again) == (0 if name.endswith("well") else 3)
    assert all(1500 < at <= 1500 + 8 * MINUTE for at in again)
