"""The catalogue of all cases: an id, and the experiment that plays it."""

from collections.abc import Callable
from pathlib import Path

from tests.cases import policy_change, polls, precedence, silence, sizes
from tests.cases.setting import Lines

CASES: dict[str, Callable[[], Lines]] = {
    "e3": policy_change.e3_policy_drops_a_slice_mid_move,
    "e4": silence.e4_fleet_unreadable,
    "e6": silence.e6_disarmed_and_dark,
    "e8": silence.e8_faults_known,
    "e8b": silence.e8b_no_switch_after_shift,
    "e8e": silence.e8e_cut_off_all,
    "e17": policy_change.e17_superseded_everywhere,
    "q2": silence.q2_events_of_a_held_incident,
    "x2": sizes.x2_fifty_slices,
    "y6": sizes.y6_calls_per_tick,
    "y16": precedence.y16_flapping_storm,
    "z3": silence.z3_sns_down_at_the_driver,
    "z4": sizes.z4_long_application_name,
    "own_blindness": polls.own_blindness,
    "log_alarm_poll": polls.log_alarm_poll,
    "slow_poll": polls.slow_poll,
}

RECORDED = Path(__file__).parent / "recorded"


def transcript(case: str) -> str:
    """Play one case and return its text."""
    return "".join(f"{line}\n" for line in CASES[case]())


def recording(case: str) -> str:
    """Return the recorded text of one case."""
    return (RECORDED / f"{case}.txt").read_text(encoding="utf-8")
