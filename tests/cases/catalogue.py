"""The catalogue of all cases: an id, and the experiment that plays it."""

from collections.abc import Callable
from pathlib import Path

from tests.cases import policy_change, polls, silence, sizes
from tests.cases.setting import Lines

CASES: dict[str, Callable[[], Lines]] = {
    "e3": policy_change.e3_policy_drops_a_slice_mid_move,
    "e8": silence.e8_faults_known,
    "x2": sizes.x2_fifty_slices,
    "y6": sizes.y6_calls_per_tick,
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
