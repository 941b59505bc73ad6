"""The share of traffic as people are shown it: nothing counted is not zero, and who is silent hides all."""

import pytest

from controller.core.decision.traffic_share import Points, before, between, each_minute, lately
from tests.support.policy_scene import EAST, T0, WEST

NOON = T0 - T0 % 60


def points(text: str) -> Points | None:
    """Requests a minute from noon on. `-`: not counted; `x`: cannot be asked."""
    if text == "x":
        return None
    return [(NOON + 60.0 * i, float(n)) for i, n in enumerate(text.split()) if n != "-"]


def counted(east: str, west: str) -> dict[str, Points | None]:
    return {EAST: points(east), WEST: points(west)}


@pytest.mark.parametrize(
    ("east", "west", "parts"),
    [
        ("60 60", "60 60", (0.5, 0.5)),
        ("30 0", "90 60", (1 / 6, 5 / 6)),
        ("0 0", "60 60", (0.0, 1.0)),
        ("- -", "60 60", (None, 1.0)),
    ],
)
def test_a_share_is_of_all_that_was_counted(
    east: str, west: str, parts: tuple[float | None, float | None]
) -> None:
    found = between(counted(east, west), NOON, NOON + 120)
    assert (found.parts[EAST], found.parts[WEST]) == parts


@pytest.mark.parametrize(
    ("east", "west", "why"),
    [
        ("x", "60 60", f"{EAST} cannot be asked"),
        ("x", "x", f"{EAST}, {WEST} cannot be asked"),
        ("- -", "- -", "no request was counted anywhere"),
        ("0 0", "0 0", "no request was counted anywhere"),
    ],
)
def test_what_is_not_known_is_said_and_is_no_share(east: str, west: str, why: str) -> None:
    found = between(counted(east, west), NOON, NOON + 120)
    assert (found.parts, found.why) == ({}, why)


def test_lately_is_the_last_minute_that_is_counted_to_its_end() -> None:
    both = counted("60 60 0", "60 60 120")
    assert lately(both, NOON + 180 + 29).start == NOON + 60
    assert lately(both, NOON + 180 + 31).start == NOON + 120
    assert lately(both, NOON + 180 + 31).parts == {EAST: 0.0, WEST: 1.0}


def test_before_ends_where_traffic_began_to_move() -> None:
    both = counted("60 60 60 60 60 60 0 0", "60 60 60 60 60 60 120 120")
    assert before(both, NOON + 365).parts == {EAST: 0.5, WEST: 0.5}


def test_each_minute_stands_for_itself_and_unknown_ones_are_left_out() -> None:
    found = each_minute(counted("60 0 - 10", "60 0 90 30"), NOON, NOON + 1000)
    assert [(each.start - NOON, each.parts[EAST]) for each in found] == [(0, 0.5), (120, None), (180, 0.25)]
