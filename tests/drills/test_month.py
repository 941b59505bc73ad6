"""Pages in a month of simulated life: the counting, and some hours of each kind of life.

`tidegate simulate --month 30` plays the whole; `python -m tests.prove` has it.
"""

import pytest

from controller.entry.cli.main import main
from controller.entry.simulation import month_played
from controller.lab.simulate.month import DAY, MOST_IN_STORM, STORM, Part, Told, month_lines, parts

HOUR = 3600.0


def played(part: Part) -> Told:
    (told,) = month_played([part], 1)
    return told


def test_hours_with_a_night_without_metrics_page_nobody() -> None:
    told = played(Part("quiet", 1, 6 * HOUR))
    assert told.pages == ()
    assert told.ticks > 6 * 60
    assert told.wrong is None


def test_a_storm_of_two_hundred_signals_pages_at_most_three_times_and_not_never() -> None:
    told = played(Part("storm", 1, 2 * STORM))
    assert 0 < len(told.pages) <= MOST_IN_STORM
    assert told.minutes > 60
    assert told.untold == ()


def test_every_dark_or_blind_minute_beyond_the_fifth_is_told() -> None:
    told = played(Part("stretches", 1, 4 * HOUR))
    assert told.minutes > 60
    assert told.untold == ()


def test_a_month_is_thirty_quiet_days_a_storm_and_two_days_with_stretches() -> None:
    every = parts(1, 30)
    quiet = [part for part in every if part.life == "quiet"]
    assert sum(part.seconds for part in quiet) == 30 * DAY
    assert sum(part.life == "storm" for part in every) == 1
    assert sum(part.seconds for part in every if part.life == "stretches") == 48 * HOUR
    assert len({(part.life, part.seed) for part in every}) == len(every)


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (
            Told(Part("quiet", 1, DAY), ((60.0, "nobody knows whether us-east-1 fails"),)),
            "a quiet time has 1 pages: nobody knows whether us-east-1 fails",
        ),
        (Told(Part("storm", 1, DAY), ((60.0, "x"),) * 4), "a storm of 200 signals has 4 pages"),
        (
            Told(Part("stretches", 1, DAY), (), 9, ("us-east-1, minute 8 of a stretch",)),
            "1 minutes of 9 were told to nobody: us-east-1, minute 8 of a stretch",
        ),
    ],
)
def test_what_is_wrong_is_said(told: Told, said: str) -> None:
    assert told.wrong == said
    assert f"{told.part.life} of seed 1: {said}" in list(month_lines([told]))


def test_the_lines_sum_up_each_kind_of_life() -> None:
    quiet, storm = Told(Part("quiet", 1, DAY), ()), Told(Part("storm", 1, HOUR), ((60.0, "x"),), 45)
    lines = list(month_lines([quiet, storm]))
    assert lines[0] == "quiet: 24 hours, 0 pages; 0 dark or blind minutes, 0 of them untold"
    assert lines[1] == "storm: 1 hours, 1 pages; 45 dark or blind minutes, 0 of them untold"


def test_the_command_refuses_a_month_without_days() -> None:
    assert main(["simulate", "--month", "0"]) == 2
