"""Random faults with fixed seeds; a seed that ever failed stays here, named by what it showed."""

import pytest

from tests.steps.guard_removal import remove
from tests.steps.random_faults import storm, unsafe
from tests.support.seeds import seeds


@pytest.mark.parametrize("seed", seeds(range(1, 8)))
def test_in_a_storm_nothing_unsafe_happens_and_afterwards_it_converges(seed: int) -> None:
    assert unsafe(storm(seed)) == [], f"seed {seed}"


def test_the_storm_finds_a_controller_that_does_not_look_at_its_kill_switch(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    remove(monkeypatch, "armed")
    assert "an intent while disarmed" in unsafe(storm(53))
