"""Random faults of three controllers, by fixed seeds; one that ever failed stays, named by what it showed."""

import pytest

from controller.steps.incident.opening import RankDelay
from tests.steps.guard_removal import remove, unconditional_appends
from tests.steps.three_controller_faults import play
from tests.support.seeds import seeds

Patch = pytest.MonkeyPatch
FAILED = {36: "approved by way of a slow clock, people were asked for ever", 44: "the same, in another order"}


@pytest.mark.parametrize("seed", [*seeds(range(1, 7)), *FAILED])
def test_in_a_storm_every_invariant_holds_at_every_step_and_it_ends(seed: int) -> None:
    assert play(seed)[1] == [], f"seed {seed}: {FAILED.get(seed, '')}"


def test_the_storm_finds_a_controller_that_does_not_look_at_its_kill_switch(monkeypatch: Patch) -> None:
    assert play(49)[1] == []
    remove(monkeypatch, "armed")
    assert "S15" in str(play(49)[1])


def test_the_storm_finds_two_that_write_the_same_event(monkeypatch: Patch) -> None:
    monkeypatch.setattr(RankDelay, "elapsed", lambda *_: True)
    assert play(65)[1] == []
    unconditional_appends(monkeypatch)
    assert "S3" in str(play(65)[1])
