"""Drills begun by the schedule and by hand, and the windows in which nothing moves by itself."""

from typing import Any

import pytest

from controller.core.decision import drills
from controller.core.incident import fold
from controller.core.journal.kind import Kind
from controller.core.model import Verdict
from controller.entry.cli.operate import how_it_ended
from controller.entry.status import drill_lines, drills_data
from controller.steps.operator import commands
from controller.steps.tick import scheduled_drills as steps
from controller.steps.workflow import verify_shift
from tests.steps.guard_removal import remove
from tests.steps.scheduled_drill import DRILLS, drilled
from tests.support.approval_request import NO_MOVES
from tests.support.journal_events import said
from tests.support.policy_scene import EAST, OTHER, WEST, policy_data
from tests.support.world import FREE, World, failing, world

Patch = pytest.MonkeyPatch
LIMITS = policy_data()["limits"]
WHY = {"who": "ana", "reason": "because"}
STROKE = 1_893_484_800.0 + 120
"""08:02Z on a Tuesday, two minutes after a world begins."""
SHUT = {"cron": "1 8 * * *", "for": "5m", "reason": "release"}
THREE = [OTHER, WEST, EAST]


def skips(w: World) -> list[dict[str, Any]]:
    return [dict(said(event)) for event in w.events if event.kind is Kind.DRILL_SKIPPED]


def outcomes(w: World) -> list[str]:
    return [i.outcome for i in w.state.incidents.values() if i.intent == "drill"]


def status(w: World) -> dict[str, Any]:
    return drills_data(w.stage.policy, w.state, w.stage.kernel.now())


def test_when_its_time_has_come_a_drill_leaves_stays_comes_home_and_is_shown() -> None:
    w = drilled(drills=DRILLS["drills"] | {"cron": "2,22 8 * * *", "warnAfter": "2d"})
    assert status(w)["warning"] == "no drill has ever succeeded: nobody knows whether leaving works"
    assert w.until(w.has(Kind.DRILL_OPENED), 240)
    opened = next(e for e in w.events if e.kind is Kind.DRILL_OPENED)
    assert STROKE <= opened.at <= STROKE + 60
    assert (said(opened)["scheduled"], said(opened)["requested_by"]) == (STROKE, "schedule")
    assert opened.draft.by == f"tidegate@{OTHER}"
    assert w.until(w.has(Kind.SETTLED), 600)
    assert [(name[:4], on) for _, name, on in w.moves] == [("use1", False)] * 4 + [("use1", True)] * 4
    assert outcomes(w) == ["succeeded"]
    assert w.whole
    shown = status(w)
    assert (shown["last_success"]["region"], shown["warning"]) == (EAST, None)
    assert shown["next"] == "2030-01-01T08:22:00Z"
    assert w.until(lambda: w.count(Kind.DRILL_OPENED) == 2, 20 * 60)
    second = next(e for e in reversed(w.events) if e.kind is Kind.DRILL_OPENED)
    assert (said(second)["source"], said(second)["scheduled"]) == (WEST, STROKE + 1200)
    now = w.stage.kernel.now()
    old = drills_data(w.stage.policy, w.state, now + 3 * 86400)
    assert old["warning"] == "the last drill that succeeded is 3 days old"
    assert (old["warning"], True) in drill_lines(old)


def test_of_three_controllers_one_opens_it_once_and_the_drilled_region_s_own_comes_last() -> None:
    w = drilled(controllers=THREE)
    assert w.until(w.has(Kind.SETTLED), 900)
    assert (w.count(Kind.DRILL_OPENED), skips(w)) == (1, [])
    assert w.state.struck == STROKE


def test_where_the_first_controller_is_dead_the_next_opens_it_half_a_minute_later() -> None:
    w = drilled(controllers=THREE)
    w.stage.faults.controllers_dead.add(OTHER)
    assert w.until(w.has(Kind.DRILL_OPENED), 300)
    opened = next(e for e in w.events if e.kind is Kind.DRILL_OPENED)
    assert opened.draft.by == f"tidegate@{WEST}"
    assert opened.at >= STROKE + 30


def _cut_off() -> str:
    """Who opens the drill where the first controller hears nothing from any other Region."""
    w = drilled(controllers=THREE, drills=DRILLS["drills"] | {"cron": "5 8 * * *"})
    w.stage.faults.cut_off.add(OTHER)
    assert w.until(w.has(Kind.DRILL_OPENED), 420)
    assert skips(w) == []
    return next(e for e in w.events if e.kind is Kind.DRILL_OPENED).draft.by


def test_one_that_is_cut_off_leaves_it_to_another(monkeypatch: Patch) -> None:
    assert _cut_off() == f"tidegate@{WEST}"
    monkeypatch.setattr(steps, "abstains", lambda _seen: None)
    assert _cut_off() == f"tidegate@{OTHER}"


def test_without_the_memory_of_the_stroke_it_is_drilled_again(monkeypatch: Patch) -> None:
    monkeypatch.setattr(fold, "_struck", lambda state, *_: state)
    w = drilled()
    assert w.until(lambda: w.count(Kind.DRILL_OPENED) > 1, 1200)


def _late(seconds: float) -> World:
    w = drilled()
    w.asleep.add("Tick")
    w.advance(STROKE + seconds - w.stage.kernel.now())
    w.asleep.discard("Tick")
    w.advance(90)
    return w


def test_a_drill_that_nobody_began_within_ten_minutes_is_skipped_and_said_so(monkeypatch: Patch) -> None:
    assert _late(400).count(Kind.DRILL_OPENED) == 1
    w = _late(700)
    assert (w.count(Kind.DRILL_OPENED), w.moves) == (0, NO_MOVES)
    (skipped,) = skips(w)
    assert (skipped["code"], skipped["outcome"], skipped["source"]) == ("drill-missed", "blocked", EAST)
    assert "within 10m00s of 2030-01-01T08:02:00Z" in skipped["reason"]
    assert f"storefront: no drill of {EAST}" in w.pages
    monkeypatch.setattr(steps, "missed", lambda *_: None)
    assert _late(700).count(Kind.DRILL_OPENED) == 1


def test_what_struck_before_the_policy_came_into_force_is_not_made_up_for() -> None:
    w = world(**DRILLS | {"drills": DRILLS["drills"] | {"cron": "58 7 * * *"}})
    w.advance(300)
    assert (w.count(Kind.DRILL_OPENED), skips(w)) == (0, [])


# What blocks a drill, by hand and by the schedule; and what happens where that is taken out.


def _shut() -> World:
    return drilled(limits=LIMITS | {"blackout": [SHUT]})


def _shut_soon() -> World:
    """The window opens while the drill would still be away."""
    return drilled(limits=LIMITS | {"blackout": [SHUT | {"cron": "4 8 * * *"}]})


def _disarmed() -> World:
    w = drilled()
    commands.arm(w.hand, on=False, **WHY)
    return w


def _incident_open() -> World:
    w = drilled(evacuate=policy_data()["evacuate"])
    assert commands.evacuate(w.hand, WEST, **WHY).done
    return w


def _someone_is_away() -> World:
    w = drilled(drills={"cron": "20 8 * * *", "stay": "3m"}, limits=LIMITS | {"cooldown": "60s"})
    assert commands.evacuate(w.hand, EAST, **WHY).done
    assert w.until(w.has(Kind.SETTLED), 300)
    w.moves.clear()
    w.advance(STROKE + 18 * 60 - w.stage.kernel.now())
    return w


@pytest.mark.parametrize(
    ("set_up", "code", "region"),
    [
        (_shut, "blackout", EAST),
        (_shut_soon, "blackout", EAST),
        (_disarmed, "disarmed", EAST),
        (_incident_open, "in-progress", EAST),
        (_someone_is_away, "away", WEST),
    ],
    ids=["shut", "shut-soon", "disarmed", "in-progress", "away"],
)
def test_what_keeps_a_drill_from_beginning_is_journalled(set_up: Any, code: str, region: str) -> None:
    w = set_up()
    w.advance(180)
    by_hand = commands.drill(w.hand, region, **WHY)
    assert not by_hand.done
    assert (w.count(Kind.DRILL_OPENED), w.moves) == (0, NO_MOVES)
    (skipped,) = skips(w)
    assert (skipped["code"], skipped["outcome"], skipped["source"]) == (code, "blocked", region)
    assert said(next(e for e in w.events if e.kind is Kind.REFUSED))["command"] == f"drill {region}"
    assert ("blocked", skipped["reason"]) == (status(w)["last"]["outcome"], status(w)["last"]["reason"])
    assert any(skipped["reason"] in line for line, _ in drill_lines(status(w)))


@pytest.mark.parametrize("set_up", [_shut, _shut_soon])
def test_without_the_look_at_windows_it_is_opened_and_the_guard_ends_it(
    monkeypatch: Patch, set_up: Any
) -> None:
    monkeypatch.setattr(drills, "open_window", lambda *_: None)
    w = set_up()
    w.advance(200)
    assert (w.count(Kind.DRILL_OPENED), outcomes(w), w.moves) == (1, ["blocked"], NO_MOVES)
    remove(monkeypatch, "blackout")
    w = set_up()
    w.advance(200)
    assert w.moves


def test_without_the_look_at_who_is_away_traffic_returns_there_for_a_drill(monkeypatch: Patch) -> None:
    monkeypatch.setattr(steps, "obstacle_to_drill", lambda *_: None)
    w = _someone_is_away()
    w.advance(180)
    assert w.moves


def _target_unwell() -> World:
    w = drilled(evacuate=FREE | {"unless": []})
    w.say(west=Verdict.UNKNOWN)
    w.advance(240)
    return w


def test_a_target_that_is_not_ready_blocks_it_and_people_are_told(monkeypatch: Patch) -> None:
    w = _target_unwell()
    assert (outcomes(w), w.moves) == (["blocked"], NO_MOVES)
    assert any(subject.endswith("stood down") for subject in w.pages)
    assert status(w)["last"]["reason"].startswith("drill blocked: ")
    remove(monkeypatch, "readiness")
    assert _target_unwell().moves


def _after_an_evacuation() -> World:
    """West was left by hand and came back by hand; the cooldown still runs when the schedule strikes."""
    w = drilled(drills={"cron": "15 8 * * *", "stay": "3m"})
    assert commands.evacuate(w.hand, WEST, **WHY).done
    assert w.until(w.has(Kind.SETTLED), 300)
    back = [(f"usw2-{s}", True) for s in "abcd"]
    w.hand.switch.update([back], deadline=w.stage.kernel.now() + 60, fence=lambda: None)
    w.advance(STROKE + 13 * 60 - 20 - w.stage.kernel.now())
    w.moves.clear()
    w.advance(200)
    return w


def test_s7_the_schedule_does_not_pass_the_cooldown_and_a_person_does(monkeypatch: Patch) -> None:
    w = _after_an_evacuation()
    assert (outcomes(w), w.moves) == (["blocked"], NO_MOVES)
    assert commands.drill(w.hand, EAST, **WHY).done
    assert w.until(lambda: bool(w.moves), 120)
    remove(monkeypatch, "cooldown")
    assert _after_an_evacuation().moves


def test_a_drill_that_a_person_ends_before_it_moves_was_interrupted() -> None:
    w = drilled(evacuate=policy_data()["evacuate"])
    assert w.until(w.has(Kind.APPROVAL_REQUESTED), 300)
    assert commands.stand_down(w.hand, next(iter(w.state.incidents)), **WHY).done
    assert outcomes(w) == ["interrupted"]
    assert status(w)["last"]["outcome"] == "interrupted"


def test_a_drill_of_which_somebody_else_moves_a_control_was_interrupted() -> None:
    w = drilled()
    assert w.until(w.has(Kind.SHIFT_VERIFIED), 300)
    w.advance(30)
    w.hand.switch.update([[("use1-a", True)]], deadline=w.stage.kernel.now() + 60, fence=lambda: None)
    assert w.until(w.has(Kind.SETTLED), 120)
    assert outcomes(w) == ["interrupted"]
    assert status(w)["last_success"] is None
    assert how_it_ended(w.hand, next(iter(w.state.incidents))) == "interrupted"


def _source_ill() -> World:
    w = drilled()
    assert w.until(w.has(Kind.SHIFT_VERIFIED), 300)
    w.say(east=Verdict.BREACHING)
    w.advance(400)
    return w


def test_a_drill_does_not_come_home_to_customers_who_fail_there(monkeypatch: Patch) -> None:
    w = _source_ill()
    assert w.count(Kind.TURNED_BACK) == 0
    assert any(subject.endswith("source-failing") for subject in w.pages)
    w.say(east=Verdict.HEALTHY)
    assert w.until(w.has(Kind.SETTLED), 120)
    assert outcomes(w) == ["succeeded"]
    monkeypatch.setattr(verify_shift, "failing", lambda *_: None)
    assert _source_ill().count(Kind.TURNED_BACK) == 1


# Windows and evacuations.


def test_in_a_window_a_dark_region_is_not_left_by_itself_people_know_and_a_person_leaves_it() -> None:
    w = failing(timezone="UTC", limits=LIMITS | {"blackout": [SHUT | {"cron": "0 8 * * *", "for": "10m"}]})
    w.advance(200)
    assert (w.count(Kind.INCIDENT_OPENED), w.moves) == (0, NO_MOVES)
    assert w.pages == []  # a window counts as told until it closes
    assert commands.evacuate(w.hand, EAST, **WHY).done
    assert w.until(w.has(Kind.SETTLED), 120)
    decision = said(next(e for e in w.events if e.kind is Kind.CONFIRMED))["decision"]
    told = next(c["sentence"] for c in decision["checks"] if c["guard"] == "blackout")
    assert told.startswith("ana asked for it; a window does not bind a person (")


def test_once_the_window_has_closed_the_region_is_left() -> None:
    w = failing(timezone="UTC", limits=LIMITS | {"blackout": [SHUT | {"cron": "0 8 * * *"}]})
    assert w.until(w.has(Kind.SHIFT_APPLIED), 420)
    assert w.moves[0][0] >= STROKE + 180  # 08:05Z
