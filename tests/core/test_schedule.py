"""Cron expressions in a time zone: what is taken, and when each strikes."""

from datetime import UTC, datetime
from itertools import pairwise

import pytest

from controller.core.policy.schedule import following, previous
from controller.core.policy.validation import PolicyError, parse_policy
from tests.support.policy_scene import policy_data, storefront

BERLIN, LORD_HOWE = "Europe/Berlin", "Australia/Lord_Howe"


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def told(moment: float | None) -> str:
    assert moment is not None
    return datetime.fromtimestamp(moment, UTC).strftime("%m-%d %H:%M")


@pytest.mark.parametrize(
    ("cron", "zone", "now", "before", "after"),
    [
        ("0 10 * * TUE", BERLIN, "2030-01-01T08:59", "12-25 09:00", "01-01 09:00"),
        ("0 10 * * TUE", BERLIN, "2030-01-01T09:00", "01-01 09:00", "01-08 09:00"),
        ("0 10 * * TUE", BERLIN, "2030-07-02T08:00", "07-02 08:00", "07-09 08:00"),  # summer: an hour earlier
        ("30 2 * * *", BERLIN, "2030-03-31T01:29", "03-31 01:00", "04-01 00:30"),  # skipped: after the gap
        ("30 2 * * *", BERLIN, "2030-10-27T00:29", "10-26 00:30", "10-27 00:30"),  # twice: at the first
        ("30 2 * * *", BERLIN, "2030-10-27T01:45", "10-27 00:30", "10-28 01:30"),
        ("*/20 * * * *", BERLIN, "2030-10-27T01:10", "10-27 01:00", "10-27 01:20"),
        ("45 1 * * *", LORD_HOWE, "2030-04-06T15:20", "04-06 14:45", "04-07 15:15"),  # turned by half an hour
        ("0 0 29 2 *", "UTC", "2030-06-01T00:00", "02-29 00:00", "02-29 00:00"),
        ("45 23 L * *", "UTC", "2030-06-01T00:00", "05-31 23:45", "06-30 23:45"),
    ],
)
def test_when_it_struck_last_and_when_it_strikes_next(
    cron: str, zone: str, now: str, before: str, after: str
) -> None:
    moment = at(now)
    assert (told(previous(cron, zone, moment)), told(following(cron, zone, moment))) == (before, after)


@pytest.mark.parametrize("zone", [BERLIN, LORD_HOWE, "America/New_York"])
@pytest.mark.parametrize("cron", ["30 2 * * *", "0,30 1-3 * * *", "5 * * * *"])
def test_each_stroke_that_is_next_is_the_last_until_the_one_after(cron: str, zone: str) -> None:
    for day in ("2030-03-30T12:00", "2030-10-26T12:00", "2030-03-09T12:00", "2030-11-02T12:00"):
        strokes = [at(day)]
        while strokes[-1] < at(day) + 86400:
            strokes.append(following(cron, zone, strokes[-1]) or 0.0)
        for stroke, next_one in pairwise(strokes[1:]):
            assert previous(cron, zone, stroke) == previous(cron, zone, next_one - 60) == stroke


@pytest.mark.parametrize(
    "cron",
    ["@daily", "0 0 10 * * *", "* * * *", "60 * * * *", "0 10 * * MONDAY", "0 0 30 2 *", "0  10 * * *",
     "0 10 * * TUE\n", "*/0 * * * *", "0 10 * * MON#6", "9" * 200 + " * * * *", ""],
)  # fmt: skip
def test_anything_but_five_fields_that_some_day_fits_is_refused_where_it_stands(cron: str) -> None:
    with pytest.raises(PolicyError) as info:
        storefront(drills={"cron": cron, "stay": "5m"})
    (problem,) = info.value.problems
    assert problem.where == ("drills", "cron")
    assert "cron expression" in problem.message


@pytest.mark.parametrize("zone", ["Europe", "localtime", "../UTC", "Mars/Base", "utc", "", "posix/UTC"])
def test_a_time_zone_is_one_that_means_the_same_everywhere(zone: str) -> None:
    with pytest.raises(PolicyError) as info:
        storefront(timezone=zone)
    assert [problem.where for problem in info.value.problems] == [("timezone",)]


def test_a_time_of_day_needs_a_time_zone() -> None:
    data = policy_data()
    del data["timezone"]
    with pytest.raises(PolicyError) as info:
        parse_policy(data)
    assert [p.where for p in info.value.problems] == [("limits", "blackout", 0, "cron"), ("drills", "cron")]
