"""Controllers that die, freeze or hear nothing, in the whole rehearsal: another finishes, with one effect."""

import pytest

from controller.core.journal.kind import Kind
from tests.drills.drill import MINUTE, Drill, drill, moves, stays
from tests.support.policy_scene import EAST, OTHER, WEST

TAKEOVER = 5 * MINUTE
"""170 s of standstill, seen by ticks that come once a minute; then assess, ask again, and move."""


def told(played: Drill, kind: Kind) -> list[float]:
    events = played.deps.journal.read("storefront")
    return [event.at - played.run.broke for event in events if event.kind is kind]


@pytest.mark.parametrize("seed", [1, 2])
def test_the_driver_dies_once_people_are_asked_and_another_finishes_within_five_minutes(seed: int) -> None:
    played = drill("controller-dies", seed=seed)
    moves(played, EAST, within=12 * MINUTE, not_before=6 * MINUTE)
    asked = told(played, Kind.APPROVAL_REQUESTED)
    assert len(asked) == 2
    assert played.moved_after[-1] - asked[0] <= TAKEOVER
    assert [e.body.driver for e in played.deps.journal.read("storefront") if e.kind is Kind.TAKEN_OVER] == [
        WEST
    ]


@pytest.mark.parametrize("seed", [1])
def test_a_driver_that_thaws_after_the_takeover_changes_nothing_more(seed: int) -> None:
    played = drill("controller-freezes", seed=seed)
    moves(played, EAST, within=12 * MINUTE, not_before=6 * MINUTE)
    assert len(told(played, Kind.TAKEN_OVER)) == 1
    assert len(told(played, Kind.SHIFT_INTENDED)) == 1
    gaps = [e.body.who for e in played.deps.journal.read("storefront") if e.kind is Kind.BLINDED]
    assert gaps == [OTHER]


def test_a_controller_that_hears_nothing_moves_nothing_while_all_is_well() -> None:
    played = drill("cut-off")
    stays(played)
    assert Kind.INCIDENT_OPENED not in played.kinds


def test_a_controller_that_hears_nothing_leaves_a_dark_region_to_the_second_within_eight_minutes() -> None:
    played = drill("cut-off-dark")
    moves(played, EAST, within=8 * MINUTE, not_before=3 * MINUTE)
    opened = next(e for e in played.deps.journal.read("storefront") if e.kind is Kind.INCIDENT_OPENED)
    assert opened.draft.by == f"tidegate@{WEST}"
