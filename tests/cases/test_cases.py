"""Each case beside its recording: what is recorded here is how it behaves today, wrong outcomes included.

A recording promises nothing. Once the right outcome is built, an assertion of it takes the recording's place:
`x3` is in tests/steps/test_takeover_ticks.py, `q1` in tests/steps/test_slow_endpoints.py, and those of
silence without a page (`e4`, `e6`, `e8b`, `e8e`, `e17`, `q2`, `z3`, `y16`) in tests/steps/test_paging.py.
Times are virtual, so that they repeat exactly. `slow_poll` was first run on the wall clock: its seconds are
virtual now, and its list of the names in a module is left out.
"""

import pytest

from tests.cases.catalogue import CASES, RECORDED, recording, transcript

RIGHT = {"own_blindness"}
"""The cases whose right outcome is asserted below."""


@pytest.mark.parametrize("case", [case for case in CASES if case not in RIGHT])
def test_a_case_behaves_as_recorded(case: str) -> None:
    assert transcript(case) == recording(case)


def test_each_case_has_one_recording_and_each_recording_a_case() -> None:
    assert {path.stem for path in RECORDED.glob("*.txt")} == set(CASES) - RIGHT
    assert len(CASES) == 8


def test_own_blindness_moves_nothing() -> None:
    """Customers of us-east-1 fail. No Region's alarms can be polled: that says nothing against us-east-1."""
    polled, unpolled = transcript("own_blindness").splitlines()
    assert polled.startswith("alarms polled, OK -> not-confirmed none ")
    assert unpolled.startswith("no Region's alarms can be polled -> unknown none ")
