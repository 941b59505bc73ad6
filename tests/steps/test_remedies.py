"""What a page says that people can do: each line can be typed, and none is refused while it holds."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import typer

from controller.core.decision.alerts import alerts, journal_lost
from controller.core.decision.decide import decide
from controller.core.decision.remedies import remedy
from controller.core.incident.state import Phase
from controller.core.journal.kind import Kind
from controller.core.model import Verdict
from controller.core.policy.validation import expected_signals
from controller.entry.cli.main import app
from controller.rehearsal.services.arc.data_plane import ENDPOINTS
from controller.steps.context.situation import situation
from controller.steps.operator import commands
from controller.steps.operator.commands import Done
from controller.steps.operator.hand_to_people import hand_to_people
from tests.steps import guard_scenes as scenes
from tests.steps.guard_removal import by_hand, just_moved
from tests.support.approval_request import GATE
from tests.support.policy_scene import ACCOUNT, EAST, WEST, policy_data
from tests.support.world import World, failing, world

WHY: dict[str, Any] = {"who": "ana", "reason": "WHY"}
LIMITS = policy_data()["limits"]
Words = dict[str, Any]
DO: dict[str, Callable[[World, Words], Done]] = {
    "evacuate": lambda w, p: commands.evacuate(w.hand, p["region"], despite=p["despite"] or (), **WHY),
    "stand-down": lambda w, p: commands.stand_down(w.hand, p["incident"], **WHY),
    "hand-to-people": lambda w, p: hand_to_people(w.hand, p["incident"], **WHY),
    "ack": lambda w, p: commands.acknowledge(w.hand, p["incident"], **WHY),
    "arm": lambda w, p: (commands.arm_fleet if p["fleet"] else commands.arm)(w.hand, on=True, **WHY),
    "mute": lambda w, p: commands.mute(w.hand, p["what"], seconds=3600, **WHY),
}
"""Command -> the same by an operator's hand. `break-glass` needs no journal, and is not tried."""


def parsed(line: str) -> tuple[str, Words]:
    """The command and its parameters, as the command line takes them; raises where it does not."""
    program, name, *words = line.split()
    assert program == "tidegate"
    command = typer.main.get_command(app).commands[name]  # type: ignore[attr-defined]
    return name, dict(command.make_context(name, words).params)


def lines(text: str) -> list[str]:
    return re.findall(r"`(tidegate [^`]+)`", text)


def follow(w: World, text: str) -> list[str]:
    """Type the first way that `text` offers, line by line; return what was typed."""
    (first, *_) = [way for way in re.split(r"; |, or | or (?=`)", text) if "`tidegate" in way]
    typed = lines(first)
    for line in typed:
        name, params = parsed(line)
        if name in DO:
            done = DO[name](w, params)
            assert done.done, (line, done.sentence)
    return [parsed(line)[0] for line in typed]


def held(w: World, within: float = 130.0) -> World:
    """An incident is open, and holds."""
    assert w.until(lambda: w.truth.open is not None, within)
    w.advance(60)
    return w


def no_target() -> World:
    return held(failing(target=policy_data()["target"] | {"prefer": [EAST]}))


def no_switch() -> World:
    w = failing()
    w.stage.faults.arc.update(dict.fromkeys(ENDPOINTS, "hung"))
    return held(w)


def no_switch_after_the_intent() -> World:
    w = failing()
    assert w.until(w.has(Kind.SHIFT_INTENDED), 120, 0.1)
    w.stage.faults.arc.update(dict.fromkeys(ENDPOINTS, "hung"))
    w.advance(120)
    return w


def no_answer() -> World:
    w = failing(evacuate=GATE)
    assert w.until(w.has(Kind.APPROVAL_EXPIRED), 1600)
    assert w.until(w.has(Kind.STOOD_DOWN), 120)
    return w


def stopped_by_a_person() -> World:
    w = failing(evacuate=GATE)
    assert w.until(w.has(Kind.APPROVAL_REQUESTED), 120)
    w.advance(2)
    assert w.state.open is not None
    assert commands.stand_down(w.hand, w.state.open.id, **WHY).done
    return w


def only_customers() -> World:
    w = world()
    service = [s.id for s in expected_signals(w.stage.policy, ACCOUNT) if s.family != "customer"]
    w.say(east=Verdict.BREACHING)
    w.verdicts |= dict.fromkeys(service, Verdict.HEALTHY)
    w.advance(400)
    return w


def only_customers_and_disarmed() -> World:
    w = only_customers()
    assert commands.arm(w.hand, on=False, **WHY).done
    return w


def only_customers_behind_another() -> World:
    w = only_customers()
    w.say(west=Verdict.UNKNOWN)
    assert commands.evacuate(w.hand, WEST, **WHY).done
    return w


def only_customers_of_the_last() -> World:
    w = only_customers()
    by_hand(w, *((f"usw2-{s}", False) for s in "abcd"))
    return w


def fleet_disarmed() -> World:
    w = scenes.disarmed()
    assert commands.arm_fleet(w.hand, on=False, **WHY).done
    return w


def behind_a_drill_that_is_away() -> World:
    w = world()
    w.advance(130)
    assert commands.drill(w.hand, WEST, **WHY).done
    assert w.until(lambda: w.truth.open is not None and w.truth.open.phase is Phase.VERIFIED, 600)
    return w


Row = tuple[str, Callable[[], World], str, list[str]]
DECIDED: list[Row] = [
    ("disarmed", scenes.disarmed, EAST, ["arm"]),
    ("disarmed", fleet_disarmed, EAST, ["arm", "arm"]),
    ("policy-superseded", scenes.superseded, EAST, ["break-glass"]),
    ("cut-off", scenes.cut_off, EAST, ["evacuate"]),
    ("blackout", scenes.window_open, EAST, ["evacuate"]),
    ("cooldown", just_moved, EAST, ["ack"]),
    ("refused", scenes.just_denied, EAST, ["ack"]),
    ("unanswered", no_answer, EAST, ["ack"]),
    ("stopped", stopped_by_a_person, EAST, ["ack"]),
    ("velocity", lambda: just_moved(limits=LIMITS | {"cooldown": "1s", "evacuationsPerDay": 1}), EAST,
     ["evacuate"]),
    ("shared-cause", lambda: held(scenes.service_red_in_both()), EAST, ["stand-down", "evacuate"]),
    ("target-not-ready", lambda: held(scenes.target_well_for_a_minute()), EAST, ["stand-down", "evacuate"]),
    ("no-target", no_target, EAST, ["stand-down", "break-glass"]),
    ("floor", lambda: held(scenes.third_region_off()), EAST, ["stand-down", "break-glass"]),
    ("switch-unavailable", no_switch, EAST, ["stand-down", "break-glass"]),
    ("switch-unavailable", no_switch_after_the_intent, EAST, ["hand-to-people", "break-glass"]),
    ("in-progress", scenes.waiting, EAST, ["stand-down", "evacuate"]),
    ("not-confirmed", only_customers, EAST, ["evacuate"]),
    ("not-confirmed", only_customers_and_disarmed, EAST, ["arm", "evacuate"]),
    ("not-confirmed", only_customers_behind_another, EAST, ["evacuate"]),
    ("not-confirmed", only_customers_of_the_last, EAST, ["evacuate"]),
]  # fmt: skip
"""(code that the decision has in the scene, scene, Region, commands of the first way out)."""
OF_STEPS: list[Row] = [
    ("in-progress", behind_a_drill_that_is_away, EAST, ["hand-to-people", "evacuate"]),
    ("target-failing", scenes.target_fails, EAST, ["stand-down", "evacuate"]),
    ("unknown", only_customers, EAST, ["evacuate"]),
    ("policy-removed", lambda: held(scenes.third_region_off()), EAST, ["hand-to-people"]),
    ("policy-unreadable", lambda: held(scenes.third_region_off()), EAST, ["hand-to-people"]),
    ("step-failed", lambda: held(scenes.third_region_off()), EAST, ["stand-down", "evacuate"]),
]  # fmt: skip
"""The same for codes of the workflow's steps, and of conditions that the scene stands for."""


@pytest.mark.parametrize(("code", "scene", "region", "way"), DECIDED)
def test_what_people_can_do_about_a_guard_is_not_refused_while_it_holds(
    code: str, scene: Callable[[], World], region: str, way: list[str]
) -> None:
    w = scene()
    assert decide(situation(w.hand, w.state, read_controls=True), region).code == code
    assert follow(w, told(w, code, region)) == way


@pytest.mark.parametrize(("code", "scene", "region", "way"), OF_STEPS)
def test_what_people_can_do_about_a_step_is_not_refused_while_it_holds(
    code: str, scene: Callable[[], World], region: str, way: list[str]
) -> None:
    w = scene()
    assert follow(w, told(w, code, region)) == way


def told(w: World, code: str, region: str) -> str:
    """The remedy as a page has it; every line of it can be typed, also where it is in doubt."""
    seen = situation(w.hand, w.state, read_controls=True)
    text, doubted = remedy(seen, code, region), remedy(seen, code, region, doubt=True)
    assert "mute" not in text
    found = [parsed(line)[0] for line in lines(doubted)]
    assert set(found) >= {parsed(line)[0] for line in lines(text)} != set()
    return text


def test_only_of_a_region_of_which_nobody_knows_whether_it_fails_people_are_told_how_to_mute_it() -> None:
    w = world()
    seen = situation(w.hand, w.state, read_controls=True)
    assert "mute" not in remedy(seen, "not-confirmed", EAST)
    (muted,) = [line for line in lines(remedy(seen, "unknown", EAST, doubt=True)) if "mute" in line]
    name, params = parsed(muted)
    assert DO[name](w, params).sentence == f"{EAST} is muted for 1h00m"


def test_shared_cause_and_an_unready_target_are_set_aside_by_two() -> None:
    for code, scene in (("shared-cause", scenes.service_red_in_both),
                        ("target-not-ready", scenes.target_well_for_a_minute)):  # fmt: skip
        w = held(scene())
        name, params = parsed(lines(told(w, code, EAST))[-1])
        assert (name, params["despite"]) == ("evacuate", [code])


def test_every_line_of_the_pages_of_what_is_lost_can_be_typed() -> None:
    w = world()
    nothing = replace(situation(w.hand, w.state, read_controls=False), evidence=None, controls=None)
    assert nothing.state is not None
    unread = replace(nothing, state=replace(nothing.state, fleet="?", fleet_unread=True, policy="another"))
    found = [journal_lost("x"), *alerts(nothing, ()), *alerts(unread, ())]
    assert len({alert.key for alert in found}) == 5
    typed = [parsed(line)[0] for alert in found for line in lines(f"{alert.kept}; {alert.remedy}")]
    assert set(typed) == {"break-glass", "evacuate", "runbook"}


def test_every_line_of_the_pages_that_come_can_be_typed() -> None:
    """Also those in the sentence of a guard."""
    kept = [scene for _, scene, *_ in (*DECIDED, *OF_STEPS)]
    found = 0
    for scene in kept:
        w = scene()
        w.advance(420)
        texts = [notice.text for notice in w.stage.cloud.outbox.notices]
        found += sum(len([parsed(line) for line in lines(text)]) for text in texts)
    assert found > 30
