"""L7: a person leaves a second Region while the block after the first is on; by itself nothing does."""

from controller.core.journal.kind import Kind
from controller.lab.scenarios.second_region import ASKED, BREAKS
from tests.drills.drill import MINUTE, Drill, drill
from tests.support.policy_scene import WEST

THIRD = "eu-west-1"


def off(played: Drill) -> list[tuple[float, str]]:
    """Each control that was turned Off and when, in seconds after the first break."""
    assert not any(on for _, _, on in played.run.shifts)
    return [(at - played.run.broke, name) for at, name, _ in played.run.shifts]


def cooldown_told(played: Drill) -> float:
    """When people were told that the cooldown alone keeps the second Region from being left."""
    pages = [e for e in played.deps.journal.read("storefront") if e.kind is Kind.ESCALATED]
    return next(e.at - played.run.broke for e in pages if e.body.code == "cooldown")


def test_the_block_holds_people_are_told_and_a_person_leaves_the_second_region_within_a_minute() -> None:
    played = drill("second-region")
    assert [name[:4] for _, name in off(played)] == ["use1"] * 4 + ["usw2"] * 4
    first, second = off(played)[0][0], off(played)[4][0]
    assert first <= 7 * MINUTE < BREAKS
    assert BREAKS < cooldown_told(played) < ASKED <= second <= ASKED + MINUTE
    opened = [e for e in played.deps.journal.read("storefront") if e.kind is Kind.INCIDENT_OPENED]
    operator = played.deps.people.known("rehearsal-operator")
    assert [e.body.requested_by for e in opened] == [None, operator]
    moved = [e.body.target for e in played.deps.journal.read("storefront") if e.kind is Kind.SETTLED]
    assert moved == [WEST, THIRD]


def test_the_last_region_that_is_on_is_not_left_on_anyone_s_word() -> None:
    played = drill("second-region-last")
    assert {name[:4] for _, name in off(played)} == {"use1"}
    assert cooldown_told(played) < ASKED
    refused = next(e for e in played.deps.journal.read("storefront") if e.kind is Kind.REFUSED)
    assert played.deps.people.name_of(refused.draft.by) == "rehearsal-operator"
    assert "the last Region that is On" in refused.body.reason
