"""Leaving in waves, coming home, drilling: in virtual time, with the whole controller."""

from itertools import pairwise

from controller.core.explanation import format_time
from controller.core.journal.kind import Kind
from controller.core.journal.moves import TurnedBack
from tests.drills.drill import MINUTE, Drill, drill, stays
from tests.support.policy_scene import EAST, WEST


def shifts(played: Drill) -> list[tuple[float, set[str], bool]]:
    """Each moment at which controls changed: when (since the break), which slices, and to what."""
    moments: dict[float, tuple[set[str], bool]] = {}
    for at, name, on in played.run.shifts:
        moments.setdefault(round(at - played.run.broke, 1), (set(), on))[0].add(name)
    return [(at, *found) for at, found in sorted(moments.items())]


def outcome(played: Drill) -> str:
    events = played.deps.journal.read("storefront")
    return next(e.body.outcome for e in events if isinstance(e.body, TurnedBack))


def test_traffic_leaves_in_waves_of_one_one_and_two_slices_with_a_minute_between() -> None:
    moved = shifts(drill("waves"))
    assert [names for _, names, _ in moved] == [{"use1-a"}, {"use1-b"}, {"use1-c", "use1-d"}]
    assert all(not on for _, _, on in moved)
    gaps = [later - earlier for (earlier, *_), (later, *_) in pairwise(moved)]
    assert all(MINUTE <= gap <= 1.5 * MINUTE for gap in gaps)
    assert moved[-1][0] <= 10 * MINUTE


def test_one_approval_holds_for_all_waves() -> None:
    assert drill("waves").kinds.count(Kind.APPROVAL_REQUESTED) == 1


def test_a_move_whose_target_falls_ill_is_rolled_back_and_people_are_told() -> None:
    played = drill("waves-rollback")
    moved = shifts(played)
    assert [(names, on) for _, names, on in moved] == [({"use1-a"}, False), ({"use1-a"}, True)]
    assert moved[1][0] <= 4 * MINUTE
    assert Kind.ROLLED_BACK in played.kinds
    assert Kind.SETTLED not in played.kinds
    assert any("turning back" in notice.subject for notice in played.stage.cloud.outbox.notices)


def test_a_region_comes_home_in_waves_after_cooldown_and_five_well_minutes() -> None:
    played = drill("restore")
    moved = shifts(played)
    assert [(len(names), on) for _, names, on in moved] == [(4, False), (1, True), (1, True), (2, True)]
    left, home = moved[0][0], moved[1][0]
    assert home - left >= 10 * MINUTE  # the cooldown of this policy
    assert home >= 600 + 5 * MINUTE  # it was back at 600 s
    assert moved[-1][0] <= 25 * MINUTE


def test_a_region_that_keeps_falling_ill_stays_away_and_why_names_the_leaf() -> None:
    played = drill("restore-too-early")
    assert [on for _, _, on in shifts(played)] == [False]
    assert Kind.RESTORE_OPENED not in played.kinds
    records = played.deps.assessments.between("storefront", played.run.broke + 1300, played.run.ended)
    east = [d for _, r in records for d in r.get("decisions", ()) if d["region"] == EAST]
    assert {d["code"] for d in east} <= {"away", "unknown", "cooldown"}
    away = next(d for d in east if d["code"] == "away")
    assert away["kept_by"][0]["path"] == "restore.when"
    assert format_time(played.run.broke)


def test_a_drill_leaves_stays_five_minutes_and_comes_home() -> None:
    played = drill("drill")
    (left, out, _), (back, home, _) = shifts(played)
    assert out == home == {f"use1-{letter}" for letter in "abcd"}
    assert 5 * MINUTE <= back - left <= 10 * MINUTE  # counted from the proof that customers moved
    assert outcome(played) == "succeeded"
    verified = [e for e in played.deps.journal.read("storefront") if e.kind is Kind.SHIFT_VERIFIED]
    assert 0.2 <= verified[0].body.share <= 0.3  # the canaries; customers have left
    assert "of all requests, 50% before (at most 30%)" in verified[0].body.sentence
    assert verified[1].body.share is None  # home again, both serve: nothing to prove
    assert played.stage.customers.ledger.totals(played.run.broke).failed == 0


def test_at_its_hour_a_drill_begins_by_itself_within_a_minute_and_comes_home() -> None:
    played = drill("drill-scheduled")
    (left, _, _), (back, _, _) = shifts(played)
    assert 320 <= left <= 320 + MINUTE
    assert 5 * MINUTE <= back - left <= 7 * MINUTE
    assert outcome(played) == "succeeded"


def test_in_a_window_it_is_skipped_once_and_people_are_told() -> None:
    played = drill("drill-blacked-out")
    stays(played)
    assert played.kinds.count(Kind.DRILL_SKIPPED) == 1
    assert [n.subject for n in played.stage.cloud.outbox.notices] == ["storefront: no drill of us-east-1"]


def test_a_drill_whose_target_falls_ill_is_home_again_within_two_minutes() -> None:
    played = drill("drill-aborted")
    (_, _, _), (back, _, _) = shifts(played)
    assert back <= 120 + 2 * MINUTE
    assert outcome(played) == "failed"


def test_the_other_region_can_be_drilled_as_well() -> None:
    played = drill("drill", region=WEST)
    assert {name for _, names, _ in shifts(played) for name in names} == {
        f"usw2-{letter}" for letter in "abcd"
    }
