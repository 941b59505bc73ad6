"""Each scenario and its twin in virtual time, with the whole controller: what must happen, and by when."""

from pathlib import Path

import pytest

from controller.core.journal.kind import Kind
from controller.lab.scenarios import SCENARIOS
from tests.drills.drill import MINUTE, Drill, drill, moves, stays, whole
from tests.support.drill_run import play_anew
from tests.support.policy_scene import EAST, WEST
from tests.support.sources import existing


@pytest.mark.parametrize(("region", "seed"), [(EAST, 1), (WEST, 2)])
def test_a_dark_region_is_left_within_seven_minutes_and_customers_are_well_a_minute_later(
    region: str, seed: int
) -> None:
    played = drill("region-dark", region=region, seed=seed)
    moves(played, region, within=7 * MINUTE, not_before=3 * MINUTE)
    last = played.stage.customers.ledger.totals(played.run.broke).last_failed_at
    assert last is not None
    assert last - played.run.shifts[-1][0] <= 75.0


@pytest.mark.parametrize("seed", [1, 2])
def test_a_blip_of_43_seconds_moves_nothing_and_opens_no_incident(seed: int) -> None:
    played = drill("blip-43s", seed=seed)
    stays(played)
    assert Kind.INCIDENT_OPENED not in played.kinds


def test_a_region_that_fails_one_request_in_five_is_left_within_nine_minutes() -> None:
    moves(drill("gray", seed=3), EAST, within=9 * MINUTE, not_before=3 * MINUTE)


def test_one_observer_whose_network_is_bad_moves_nothing_and_opens_no_incident() -> None:
    played = drill("one-observer")
    stays(played)
    assert Kind.INCIDENT_OPENED not in played.kinds


def test_a_dark_region_whose_bus_delivers_nothing_is_left_within_six_minutes() -> None:
    moves(drill("eventbridge-deaf"), EAST, within=6 * MINUTE, not_before=3 * MINUTE)


def test_alarms_without_data_move_nothing_while_customers_are_fine() -> None:
    played = drill("blind")
    stays(played)
    assert Kind.INCIDENT_OPENED not in played.kinds


def test_with_two_arc_endpoints_hung_a_dark_region_is_left_within_seven_minutes() -> None:
    moves(drill("endpoints-down"), EAST, within=7 * MINUTE, not_before=3 * MINUTE)


def test_with_no_arc_endpoint_nothing_moves_people_are_paged_and_it_ends_a_minute_after_they_return() -> None:
    played = drill("all-endpoints-down")
    moves(played, EAST, within=16 * MINUTE, not_before=15 * MINUTE)
    paged = [n.at - played.run.broke for n in played.stage.cloud.outbox.notices if n.at >= played.run.broke]
    assert paged[0] <= 8 * MINUTE


def test_all_regions_red_nothing_moves_and_people_are_paged_within_seven_minutes() -> None:
    played = drill("all-red")
    stays(played)
    paged = [n.at - played.run.broke for n in played.stage.cloud.outbox.notices]
    assert min(paged) <= 7 * MINUTE
    assert len(paged) == 2


def test_once_the_other_region_heals_the_one_that_stays_dark_is_left_within_seven_minutes_of_it() -> None:
    played = drill("all-red-heals")
    moves(played, EAST, within=900 + 7 * MINUTE, not_before=900 + 5 * MINUTE)


def test_thirteen_hours_of_stale_alarms_at_once_move_nothing_and_open_no_incident() -> None:
    played = drill("flood")
    stays(played)
    assert Kind.INCIDENT_OPENED not in played.kinds


def test_denied_nothing_moves_and_customers_keep_failing() -> None:
    played = drill("region-dark", approve="deny")
    stays(played)
    assert played.kinds.count(Kind.APPROVAL_REQUESTED) == 1
    assert played.stage.customers.ledger.totals(played.run.ended - 60, played.run.ended).failed > 20


def test_silence_expires_as_a_denial_and_people_are_asked_again_a_quarter_of_an_hour_later() -> None:
    played = Drill(*play_anew("region-dark", approve="ask"))
    played.stage.advance(600)
    stays(played)
    asked = [e.at for e in played.deps.journal.read("storefront") if e.kind is Kind.APPROVAL_REQUESTED]
    over = [e.at for e in played.deps.journal.read("storefront") if e.kind is Kind.APPROVAL_EXPIRED]
    assert len(over) == 1
    assert len(asked) == 2
    assert 15 * MINUTE <= asked[1] - over[0] <= 17 * MINUTE
    whole(played)


def test_the_same_seed_gives_the_same_journal() -> None:
    runs = drill("eventbridge-deaf"), Drill(*play_anew("eventbridge-deaf"))
    once, again = (run.deps.journal.read("storefront") for run in runs)
    assert [event.text for event in once] == [event.text for event in again]


def test_every_scenario_is_drilled() -> None:
    """Here or in a sibling: each name stands in some drill's call."""
    files = existing(Path(__file__).parent.glob("test_*.py"), least=13)
    text = "".join(file.read_text(encoding="utf-8") for file in files)
    assert [name for name in SCENARIOS if f'"{name}"' not in text] == []
