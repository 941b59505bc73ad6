"""Each guard is taken out in turn: what it keeps from happening then happens, in the very same situation.

Here alone our own code is patched, since its absence is what the test is about.
"""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from controller.core.decision import guards
from controller.core.journal.kind import Kind
from controller.steps.operator.approve import answer
from controller.steps.operator.commands import arm
from controller.steps.workflow import shift_traffic
from tests.steps.guard_removal import Patch, just_moved, remove, unconditional_appends
from tests.steps.guard_scenes import (
    cut_off,
    disarmed,
    just_denied,
    left_already,
    service_red_in_both,
    superseded,
    target_well_for_a_minute,
    third_region_off,
    window_open,
)
from tests.support.approval_request import GATE, asked
from tests.support.policy_scene import policy_data
from tests.support.world import World, failing

LIMITS = policy_data()["limits"]


@dataclass(frozen=True)
class Case:
    """set_up: the situation, just before a tick. bad: what the guard keeps from happening."""

    guard: str
    set_up: Callable[[], World]
    bad: Callable[[World], bool]


def moved(w: World) -> bool:
    return bool(w.moves)


def opened(w: World) -> bool:
    return w.count(Kind.INCIDENT_OPENED) > w.count(Kind.STOOD_DOWN)


def intended(w: World) -> bool:
    return w.count(Kind.SHIFT_INTENDED) > 0


CASES = [
    Case("armed", disarmed, intended),
    Case("policy_valid", superseded, intended),
    Case("not_cut_off", cut_off, moved),
    Case("eligible", left_already, opened),
    Case("blackout", window_open, moved),
    Case("not_refused", just_denied, opened),
    Case("cooldown", just_moved, moved),
    Case("velocity", lambda: just_moved(limits=LIMITS | {"cooldown": "1s", "evacuationsPerDay": 1}), moved),
    Case("shared_cause", service_red_in_both, moved),
    Case("readiness", target_well_for_a_minute, moved),
    Case("floor", third_region_off, moved),
    Case("approval", lambda: failing(evacuate=GATE), moved),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.guard)
def test_with_the_guard_it_does_not_happen_and_without_it_does(case: Case, monkeypatch: Patch) -> None:
    kept = case.set_up()
    kept.advance(100)
    assert not case.bad(kept)
    remove(monkeypatch, case.guard)
    w = case.set_up()
    w.advance(100)
    assert case.bad(w)


def test_every_guard_is_taken_out_once() -> None:
    targets = ["shared_cause", "readiness", "floor", "approval"]
    assert [case.guard for case in CASES] == [guard.__name__ for guard in guards.TO_OPEN] + targets


def _disarmed_after_the_intent() -> World:
    w = failing()
    w.advance(50)
    assert w.until(w.has(Kind.SHIFT_INTENDED), 20, step=0.01)
    arm(w.hand, on=False, who="ana", reason="stop")
    w.advance(60)
    return w


def test_the_fence(monkeypatch: Patch) -> None:
    assert not _disarmed_after_the_intent().moves
    monkeypatch.setattr(shift_traffic, "_fence", lambda *_: None)
    assert _disarmed_after_the_intent().moves


def _answers_that_count() -> int:
    w, request = asked()
    tasks = [
        w.stage.runtime.spawn(
            lambda yes=yes: answer(w.hand, request, who="ana" if yes else "ben", approve=yes)
        )
        for yes in (True, False)
    ]
    w.advance(5)
    return sum(task.result().counted for task in tasks)


def test_the_condition_of_the_append(monkeypatch: Patch) -> None:
    assert _answers_that_count() == 1
    unconditional_appends(monkeypatch)
    assert _answers_that_count() == 2
