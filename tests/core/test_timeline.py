"""Runs of one verdict, and held time by both clocks."""

import pytest

from controller.core.evidence.timeline import LATE, held, runs
from controller.core.model import Observation, Verdict
from tests.support.policy_scene import T0, history

B, H, S = Verdict.BREACHING, Verdict.HEALTHY, Verdict.SILENT


def hold(
    minutes: str, verdict: Verdict = B, *, now: float = T0 + 2, silent_after: float = 180.0
) -> float | None:
    return held([[runs(history(minutes), silent_after, now)]], verdict, 1, now)


@pytest.mark.parametrize(
    ("minutes", "expected"),
    [
        ("HHHB", 0.0),
        ("HHBB", 60.0),
        ("HBBB", 120.0),
        ("BBHB", 0.0),
        ("BB?B", 0.0),  # unknown breaks a run: it is not more of the same
        ("HHHH", None),
        ("B--B", 180.0),  # a gap of silentAfter is no silence yet
        ("B---B", 0.0),  # a longer one is, and the run begins again
        ("", None),
    ],
)
def test_held_time_of_one_signal(minutes: str, expected: float | None) -> None:
    assert hold(minutes) == expected


def test_silence_begins_when_the_patience_ends_and_counts_on_our_clock() -> None:
    assert hold("BBBB----", S, now=T0 + 2) == pytest.approx(61.0, abs=1.1)
    assert hold("BBBB---", S, now=T0 + 0.5) is None


def test_a_signal_that_says_something_is_not_silent() -> None:
    assert hold("BBBB", S) is None


def test_a_fast_sender_cannot_turn_43_seconds_into_minutes() -> None:
    """The sender's clock runs ahead: the first event says it began ten minutes before it reached us."""
    fast = [Observation(T0 - 600, T0 - 43, B, "event", "1"), Observation(T0, T0, B, "event", "2")]
    assert held([[runs(fast, 180, T0)]], B, 1, T0) == 43.0


def test_waiting_does_not_confirm() -> None:
    """One failing observation stays one, however long nothing else is heard."""
    one = [Observation(T0 - 170, T0 - 170, B, "event", "1")]
    assert held([[runs(one, 180, T0)]], B, 1, T0) == 0.0


def test_stale_events_that_arrive_now_do_not_make_a_signal_look_alive() -> None:
    old = [Observation(T0 - 13 * 3600 + 60 * i, T0, B, "event", str(i)) for i in range(5)]
    past = runs(old, 180, T0)
    assert past[-1].verdict is S
    assert old[0].received - old[0].at > LATE
    assert held([[past]], B, 1, T0) is None


def test_the_count_holds_while_the_signals_that_make_it_change() -> None:
    """A hands over to B with an overlap: one of two has said so for the whole six minutes."""
    first, second = history("BBBBHHH"), history("HHBBBBB")
    units = [[runs(seen, 180, T0)] for seen in (first, second)]
    assert held(units, B, 1, T0) == pytest.approx(360.0, abs=1.1)
    assert held(units, B, 2, T0) is None


def test_without_an_overlap_the_count_begins_again() -> None:
    units = [[runs(history(text), 180, T0)] for text in ("BBBHHHH", "HHHHBBB")]
    assert held(units, B, 1, T0) == pytest.approx(120.0, abs=1.1)


def test_two_needed_is_held_as_long_as_the_later_of_two() -> None:
    units = [[runs(history(text), 180, T0)] for text in ("HBBBBBB", "HHHHBBB")]
    assert held(units, B, 2, T0) == pytest.approx(120.0, abs=1.1)


def test_a_poll_of_a_muted_alarm_is_no_evidence_however_red() -> None:
    def red(at: float, via: str, reason: str) -> Observation:
        verdict = Verdict.UNKNOWN if reason.startswith("muted") else B
        return Observation(at, at, verdict, via, f"{at}", reason)

    muted = [red(T0 - 120, "event", "muted: release"), red(T0 - 60, "poll", ""), red(T0, "poll", "")]
    assert held([[runs(muted, 180, T0)]], B, 1, T0) is None
    unmuted = [*muted[:2], red(T0 - 30, "event", "threshold crossed"), red(T0, "poll", "")]
    assert held([[runs(unmuted, 180, T0)]], B, 1, T0) == 30.0
