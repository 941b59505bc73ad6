"""Each guard is taken out in turn: what it keeps from happening then happens, in the very same situation.

Here alone our own code is patched, since its absence is what the test is about.
"""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from controller.core.decision import guards
from controller.core.journal import Kind
from controller.core.model import Verdict
from controller.core.policy.validation import expected_signals
from controller.steps.context.journalling import load_state
from controller.steps.operator.approve import answer
from controller.steps.operator.commands import arm
from controller.steps.workflow import shift_traffic
from tests.steps.guard_removal import Patch, by_hand, just_moved, remove, unconditional_appends
from tests.support.approval_request import GATE, asked
from tests.support.policy_scene import ACCOUNT, WEST, policy_data
from tests.support.world import FREE, World, failing, redeployed

LIMITS = policy_data()["limits"]
THIRD = "eu-west-1"


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


def disarmed() -> World:
    w = failing()
    arm(w.hand, on=False, who="ana", reason="release")
    return w


def superseded() -> World:
    """A newer deployment has written itself down; the older one's handlers still run."""
    w = failing()
    w.advance(1)
    load_state(redeployed(w, limits=LIMITS | {"cooldown": "2h"}))
    return w


def cut_off() -> World:
    w = failing()
    w.say(east=None, west=None)
    w.asleep.add("Tick")
    w.advance(75)
    w.asleep.discard("Tick")
    w.invoke("Tick")  # between two minutes of silence and the three after which signals are silent
    return w


def left_already() -> World:
    w = failing()
    by_hand(w, *((f"use1-{s}", False) for s in "abcd"))
    return w


def just_denied() -> World:
    """People denied it, and it looks the same as before; nothing had moved."""
    w, request = asked()
    answer(w.hand, request, who="ana", approve=False, reason="it is us")
    assert w.until(w.has(Kind.STOOD_DOWN), 120)
    return w


def window_open() -> World:
    window = {"cron": "0 8 * * *", "for": "10m", "reason": "release"}
    return failing(timezone="UTC", limits=LIMITS | {"blackout": [window]})


def service_red_in_both() -> World:
    same = FREE | {"unless": [{"in": "target", "family": "service", "is": "breaching"}]}
    w = failing(evacuate=same)
    service = [
        s.id for s in expected_signals(w.stage.policy, ACCOUNT) if s.family == "service" and s.subject == WEST
    ]
    w.verdicts |= dict.fromkeys(service, Verdict.BREACHING)
    w.asleep.add("Tick")
    w.advance(65)
    w.asleep.discard("Tick")
    return w


def target_well_for_a_minute() -> World:
    w = failing()
    w.asleep.add("Tick")
    w.say(west=Verdict.UNKNOWN)
    w.advance(120)
    w.say(west=Verdict.HEALTHY)
    w.advance(61)
    w.asleep.discard("Tick")
    return w


def third_region_off() -> World:
    data = policy_data()
    regions = data["regions"] | {THIRD: {"controls": [f"euw1-{s}" for s in "abcd"]}}
    w = failing(regions=regions, limits=LIMITS | {"minRegionsOn": 2})
    by_hand(w, *((f"euw1-{s}", False) for s in "abcd"))
    return w


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
