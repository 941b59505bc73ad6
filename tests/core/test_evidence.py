"""Observations of a signal as they are kept: order, duplicates, gaps, and what is thinned out."""

from collections.abc import Sequence
from itertools import pairwise
from string import ascii_letters

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from controller.core.evidence.fold import clamp, fold
from controller.core.evidence.timeline import held, runs
from controller.core.model import Observation, Verdict

LETTERS = {"B": Verdict.BREACHING, "H": Verdict.HEALTHY, "U": Verdict.UNKNOWN}
MINUTE = 60.0


def seen(at: float, letter: str = "B", *, name: str = "", received: float | None = None) -> Observation:
    arrived = at if received is None else received
    return Observation(at, arrived, LETTERS[letter], "event", name or f"{letter}{at:g}")


def line(text: str) -> list[Observation]:
    """`"B0 B10 H20"`: breaching at 0 and 10, healthy at 20."""
    return [seen(float(word[1:]), word[0]) for word in text.split()]


def names(history: tuple[Observation, ...]) -> str:
    return " ".join(observation.id for observation in history)


@pytest.mark.parametrize(
    ("history", "new", "kept"),
    [
        pytest.param("", "", "", id="nothing"),
        pytest.param("B0 H10", "B20", "B0 H10 B20", id="room for all"),
        pytest.param("B0 B20", "H10", "B0 H10 B20", id="a late success between two failures counts"),
        pytest.param("B0 H10", "H10", "B0 H10", id="a duplicate counts once"),
        pytest.param("B0 B10 B20 B30 B40", "B50", "B0 B20 B30 B40 B50", id="a tie: the oldest confirmation"),
        pytest.param("B0 B50 B100 B140 B190", "B240", "B0 B50 B140 B190 B240", id="the smallest gap is left"),
        pytest.param("H0 B1 B2 H3 H9", "B11", "B1 B2 H3 H9 B11", id="edges only: the oldest goes"),
        pytest.param("B0 B1 B2 H3 H4", "H5", "B0 B2 H3 H4 H5", id="runs keep their edges"),
        pytest.param("H0 H9 B10 H11 H20", "H29", "H0 H9 B10 H11 H29", id="a blip stays"),
        pytest.param("B0 B99 B200 B300 B400", "B500", "B99 B200 B300 B400 B500", id="no gap over 150 s"),
        pytest.param("H10 H20 H30 H40 H50", "B0", "B0 H10 H30 H40 H50", id="an old arrival that came last"),
    ],
)
def test_what_is_kept_of_five(history: str, new: str, kept: str) -> None:
    assert names(fold(line(history), line(new), keep=5)) == kept


def test_a_duplicate_is_remembered_as_first_received() -> None:
    first, second = seen(5, name="one", received=6), seen(5, name="one", received=900)
    assert fold([first], [second]) == fold([second], [first]) == fold([], [second, first]) == (first,)


def test_equal_times_are_ordered_by_id() -> None:
    a, b = seen(5, name="a"), seen(5, "H", name="b")
    assert fold([b], [a]) == fold([a], [b]) == (a, b)


def test_the_newest_arrival_stays_although_its_time_is_old() -> None:
    late = seen(-1, "H", name="late", received=500)
    kept = fold(line("B0 H1 B2 H3 B4"), [late], keep=5)
    assert names(kept) == "late H1 B2 H3 B4"
    confirmation = seen(2, name="late", received=500)
    assert "late" in names(fold(line("B0 B1 B3 B4 B5"), [confirmation], keep=5))


def test_a_gap_is_measured_on_the_wider_clock() -> None:
    delayed = [seen(at, received=at * 20) for at in (0, 10, 20, 30, 40)]
    assert names(fold(delayed, [seen(50, received=1000)], keep=5)) == "B10 B20 B30 B40 B50"


def test_a_time_from_the_future_is_taken_for_now() -> None:
    assert clamp(seen(700, received=100)).at == 100
    assert clamp(seen(70, received=100)).at == 70


def test_a_day_of_polls_each_minute_never_looks_silent_and_holds_for_half_an_hour() -> None:
    history: tuple[Observation, ...] = ()
    for minute in range(24 * 60):
        history = fold(history, [seen(minute * MINUTE + minute % 3 * 0.4, "H")])
        assert [run.verdict for run in runs(history, 5 * MINUTE, minute * MINUTE + 30)] == [Verdict.HEALTHY]
    now = 24 * 60 * MINUTE
    assert len(history) == 30
    assert (held([[runs(history, 5 * MINUTE, now)]], Verdict.HEALTHY, 1, now) or 0) > 40 * MINUTE


def test_after_a_healthy_day_a_breach_is_held_minute_by_minute() -> None:
    history: tuple[Observation, ...] = ()
    start = 24 * 60
    for minute in range(start):
        history = fold(history, [seen(minute * MINUTE, "H")])
    for minute in range(start, start + 20):
        history = fold(history, [seen(minute * MINUTE)])
        now = minute * MINUTE
        found = held([[runs(history, 5 * MINUTE, now)]], Verdict.BREACHING, 1, now)
        assert found == (minute - start) * MINUTE


NAMES = list(ascii_letters)
MOMENTS = st.integers(0, 900).map(float)
OBSERVATIONS = st.lists(
    st.builds(seen, at=MOMENTS, letter=st.sampled_from("BHU"), received=MOMENTS, name=st.sampled_from(NAMES)),
    max_size=24,
)


@given(old=OBSERVATIONS, new=OBSERVATIONS, keep=st.integers(3, 12))
def test_fold_is_bounded_ordered_and_repeatable(
    old: list[Observation], new: list[Observation], keep: int
) -> None:
    history = fold([], old, keep=keep)
    kept = fold(history, new, keep=keep)
    times = [(observation.at, observation.id) for observation in kept]
    assert times == sorted(set(times))
    assert len(kept) <= keep
    assert len({observation.id for observation in kept}) == len(kept)
    assert set(kept) <= {*history, *new}
    assert fold(kept, kept, keep=keep) == kept
    assert fold(history, new[::-1], keep=keep) == kept


@given(all_of_them=OBSERVATIONS, keep=st.integers(3, 12))
def test_thinning_moves_no_edge_of_a_run(all_of_them: list[Observation], keep: int) -> None:
    """From the oldest that is left on, the runs of verdicts are told as if every observation were there."""
    whole = fold([], all_of_them, keep=1000)
    kept = fold([], all_of_them, keep=keep)
    latest = max(whole, key=lambda observation: observation.received, default=None)
    assume(bool(kept) and kept[0] is not latest)
    assert verdicts(kept) == verdicts(whole[whole.index(kept[0]) :])


def verdicts(history: Sequence[Observation]) -> list[tuple[Verdict, float]]:
    """(verdict, since) of each run."""
    first = [(seen.verdict, seen.at) for seen in history[:1]]
    return first + [(b.verdict, b.at) for a, b in pairwise(history) if a.verdict != b.verdict]
