"""A person broke the glass: what the next commands and the controllers know of it, and what does not happen.

Half of these worlds are ones in which nothing happens.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from controller.core.incident.state import GLASS, Incident, Phase, State
from controller.core.journal.kind import Kind
from controller.core.journal.notes import BrokeGlass
from controller.core.model import Verdict
from controller.rehearsal.services.arc.safety_rules import SafetyRule, rule_arn
from controller.steps.operator import commands
from tests.support.break_glass_line import Machine
from tests.support.journal_events import said
from tests.support.policy_scene import EAST, WEST, policy_data
from tests.support.restore_policy import HOME
from tests.support.return_scenes import QUICK, evacuated
from tests.support.world import FREE, World, executions, failing, turn_by_hand, world

Patch = pytest.MonkeyPatch
WHY = {"who": "ana", "reason": "because"}
STAYS: dict[str, Any] = {"limits": policy_data()["limits"] | {"cooldown": "1h"}}
"""Nothing comes home by itself for an hour."""
SOON: dict[str, Any] = {**HOME, "evacuate": FREE}
"""A cooldown of a minute, and a soak of five."""


def machine(w: World, name: str = "laptop", who: str = "ana@host", skew: float = 0.0) -> Machine:
    return Machine(w.stage.policy, w.hand.switch, w.stage.runtime, who, name, skew)


def on(w: World, region: str) -> int:
    return sum(w.controls[name] for name in w.stage.policy.regions[region].controls)


def left_by_glass(w: World, source: str = EAST, target: str = WEST) -> Machine:
    w.advance(70)  # a tick has seen how it stands
    laptop = machine(w)
    assert laptop.leave(source, target) == "applied"
    assert laptop.journal(w.hand).added == 2
    return laptop


def glass(w: World) -> Incident:
    return next(i for i in w.state.incidents.values() if i.intent == GLASS)


def drift_pages(w: World) -> list[str]:
    return [page for page in w.pages if "drift" in page]


QUIET = (Kind.DRIFT_SEEN, Kind.INCIDENT_OPENED, Kind.RESTORE_OPENED, Kind.DRILL_OPENED, Kind.TAKEN_OVER,
         Kind.ESCALATED, Kind.SHIFT_INTENDED, Kind.APPROVAL_REQUESTED, Kind.ECHO_SEEN)  # fmt: skip
"""What a journalled move by break-glass must not lead to."""


def quiet_for(w: World, seconds: float) -> None:
    """Nothing of it happens from here on."""
    before, moved = {kind: w.count(kind) for kind in QUIET}, len(w.moves)
    w.advance(seconds)
    assert {kind: w.count(kind) for kind in QUIET} == before
    assert len(w.moves) == moved
    assert executions(w, "RUNNING") == []


# Nothing happens.


def test_a_move_that_was_journalled_at_once_is_no_drift_and_nothing_follows_for_an_hour() -> None:
    w = world(**STAYS)
    laptop = left_by_glass(w)
    quiet_for(w, 3500)
    assert w.state.open is None
    assert w.count(Kind.BROKE_GLASS) == 2
    assert laptop.journal(w.hand).added == 0
    assert w.whole


def test_a_move_that_the_controllers_saw_first_is_drift_once_and_never_again() -> None:
    w = world(**STAYS)
    w.advance(70)
    laptop = machine(w)
    laptop.leave(EAST, WEST)
    w.advance(200)
    assert (w.count(Kind.DRIFT_SEEN), len(drift_pages(w))) == (1, 1)
    assert w.state.away(EAST) is None
    laptop.journal(w.hand)
    quiet_for(w, 3000)
    assert (glass(w).phase, glass(w).source) == (Phase.SETTLED, EAST)
    assert w.state.away(EAST) == glass(w)


def test_a_record_that_comes_hours_late_says_where_home_is_and_no_cooldown_follows() -> None:
    w = world(**STAYS)
    w.advance(70)
    laptop = machine(w)
    laptop.leave(EAST, WEST)
    w.advance(3 * 3600)
    laptop.journal(w.hand)
    assert w.state.away(EAST) == glass(w)
    assert all(w.state.home.values())
    w.say(west=Verdict.BREACHING)
    assert w.until(w.has(Kind.INCIDENT_OPENED), 400)


def test_of_two_machines_whose_records_come_in_the_wrong_order_all_is_at_home() -> None:
    w = world(**STAYS)
    w.advance(70)
    first, second = machine(w), machine(w, "jump-host", "ben@jump")
    first.leave(EAST, WEST)
    w.advance(200)
    second.leave(WEST, EAST)
    w.advance(200)
    second.journal(w.hand)
    assert w.state.away(WEST) is not None
    w.advance(100)
    first.journal(w.hand)
    assert w.state.away(EAST) is None, "its controls are On again"
    assert all(w.state.home.values()), "as before the first of the two"
    quiet_for(w, 2000)


def test_an_intent_of_a_machine_that_died_moves_nothing_and_nobody_is_asked_to_act() -> None:
    w = world(**STAYS)
    w.advance(70)
    laptop = machine(w)
    laptop.leave(EAST, WEST)
    for name in w.stage.policy.regions[EAST].controls:
        w.hand.switch.update([[(name, True)]], deadline=w.stage.kernel.now() + 60, fence=lambda: None)
    laptop.journal(w.hand, laptop.lines[:1])
    quiet_for(w, 3000)
    assert (glass(w).phase, glass(w).put) == (Phase.UNCONFIRMED, {})
    assert w.state.away(EAST) is None


def test_a_move_that_a_safety_rule_refused_is_stood_down_and_keeps_nothing_back() -> None:
    w = world(**STAYS)
    w.advance(70)
    rule = SafetyRule("both", rule_arn(w.stage.cloud.arc.panel, 60), ("use1-a", "usw2-a"), threshold=2)
    w.stage.cloud.arc.add_rule(rule)
    laptop = machine(w)
    assert laptop.leave(EAST, WEST) == "refused"
    laptop.journal(w.hand)
    assert (glass(w).phase, w.state.last_moved()) == (Phase.STOOD_DOWN, None)
    quiet_for(w, 600)
    assert w.state.away(EAST) is None


def test_it_does_not_come_home_by_itself_before_a_soak_after_the_person_moved_it() -> None:
    w = world(**SOON)
    left_by_glass(w)
    w.advance(285)
    assert w.count(Kind.RESTORE_OPENED) == 0, "well for long, and the cooldown is over"
    _, record = next(w.hand.assessments.newest_first("storefront", 0.0))
    decided = next(each for each in record["decisions"] if each["region"] == EAST)
    assert decided["code"] == "stopped"
    who = w.hand.people.known("ana@host")
    assert f"{who} left us-east-1 by break-glass" in decided["reason"]
    assert f"`tidegate ack {glass(w).id}" in decided["reason"]
    assert w.until(lambda: on(w, EAST) == 4 and w.state.open is None, 600)
    assert w.count(Kind.RECOVERED) == 1
    assert w.whole


def test_the_target_is_not_left_by_itself_while_the_cooldown_lasts_and_people_are_told() -> None:
    w = world(**STAYS)
    left_by_glass(w)
    w.say(west=Verdict.BREACHING)
    w.advance(1200)
    assert w.count(Kind.INCIDENT_OPENED) == 0
    told = [n.text for n in w.stage.cloud.outbox.notices if WEST in n.subject]
    assert any(f"`tidegate ack {glass(w).id}" in text for text in told), told
    assert on(w, WEST) == 4


def test_a_drill_does_not_begin_while_a_region_is_away_by_hand() -> None:
    w = world(**STAYS)
    left_by_glass(w)
    done = commands.drill(w.hand, WEST, **WHY)
    assert not done.done
    assert "us-east-1 was left and has not come home" in done.sentence


# What is known, and what may be done.


def test_restore_brings_it_home_on_a_person_s_word_though_the_cooldown_lasts() -> None:
    w = world(**SOON | STAYS)
    left_by_glass(w)
    done = commands.restore(w.hand, EAST, **WHY)
    assert done.done, done.sentence
    assert w.until(lambda: w.state.open is None, 300)
    assert all(w.controls.values())
    opened = next(e for e in w.events if e.kind is Kind.RESTORE_OPENED)
    assert said(opened)["of"] == glass(w).id
    assert w.state.away(EAST) is None


def test_without_the_record_restore_knows_nothing_of_it() -> None:
    w = world(**SOON | STAYS)
    w.advance(70)
    machine(w).leave(EAST, WEST)
    w.advance(130)
    done = commands.restore(w.hand, EAST, **WHY)
    assert not done.done
    assert "is at home: no evacuation of it is left to undo" in done.sentence


def test_a_restore_of_it_asks_its_gate_and_its_readiness() -> None:
    asks = {**SOON, "restore": HOME["restore"] | {"approval": "oncall"}}
    w = world(**asks)
    left_by_glass(w)
    assert commands.restore(w.hand, EAST, **WHY).done
    assert w.until(w.has(Kind.APPROVAL_REQUESTED), 200)
    assert on(w, EAST) == 0


def test_an_acknowledgement_lifts_both_the_cooldown_and_the_soak() -> None:
    w = world(**SOON)
    left_by_glass(w)
    w.advance(30)
    assert commands.acknowledge(w.hand, glass(w).id, **WHY).done
    assert w.until(lambda: on(w, EAST) == 4, 120)


def test_s7_a_person_may_evacuate_the_target_at_once_and_it_is_journalled() -> None:
    w = world(**STAYS)
    left_by_glass(w)
    w.advance(60)
    turn_by_hand(w, EAST, 0, on=True)
    w.advance(130)
    done = commands.evacuate(w.hand, WEST, despite=["target-not-ready"], **WHY)
    assert done.done, done.sentence
    assert w.state.incidents[str(done.incident)].requested_by == "ana"


def test_the_target_is_left_by_itself_once_the_cooldown_is_over_and_all_comes_home() -> None:
    w = world(**QUICK)
    left_by_glass(w)
    w.say(west=Verdict.BREACHING)
    assert w.until(lambda: on(w, WEST) == 0 and on(w, EAST) == 4, 900)
    w.say(west=Verdict.HEALTHY)
    assert w.until(lambda: all(w.controls.values()) and w.state.open is None, 3000, step=30)
    assert w.whole


def test_a_control_that_somebody_turns_afterwards_is_drift_of_that_control_alone() -> None:
    w = world(**STAYS)
    left_by_glass(w)
    w.advance(200)
    name = turn_by_hand(w, EAST, 1, on=True)
    w.advance(200)
    assert [said(e)["differs"] for e in w.events if e.kind is Kind.DRIFT_SEEN] == [{name: [False, True]}]


def test_a_control_that_does_not_stand_as_the_record_says_is_drift() -> None:
    w = world(**STAYS)
    w.advance(70)
    laptop = machine(w)
    laptop.leave(EAST, WEST)
    w.advance(8)  # the wait period of its rule
    name = turn_by_hand(w, EAST, 2, on=True)
    laptop.journal(w.hand)
    w.advance(200)
    assert [said(e)["differs"] for e in w.events if e.kind is Kind.DRIFT_SEEN] == [{name: [False, True]}]
    assert w.state.away(EAST) == glass(w), "three of its four slices are still away"


def test_what_people_are_asked_about_stands_down_once_a_person_has_left_the_region() -> None:
    w = failing(evacuate=policy_data()["evacuate"], **STAYS)
    assert w.until(w.has(Kind.APPROVAL_REQUESTED), 120)
    asked = w.state.open
    laptop = machine(w)
    laptop.leave(EAST, WEST)
    laptop.journal(w.hand)
    assert w.until(lambda: w.state.open is None, 300)
    assert asked is not None
    assert w.state.incidents[asked.id].phase is Phase.STOOD_DOWN
    assert w.state.away(EAST) == glass(w)
    assert w.count(Kind.DRIFT_SEEN) == 0


def test_a_move_of_ours_that_a_person_turns_back_ends_where_it_stands_and_is_not_fought() -> None:
    w = failing(evacuate=FREE | {"settle": "3m"}, **STAYS)
    assert w.until(w.has(Kind.SHIFT_APPLIED), 200)
    w.advance(20)
    laptop, sent = machine(w), len(w.sends)
    laptop.leave(WEST, EAST)
    laptop.journal(w.hand)
    assert w.until(lambda: w.state.open is None, 400)
    assert len(w.sends) == sent
    assert [said(e)["outcome"] for e in w.events if e.kind is Kind.SETTLED] == ["interrupted"]
    assert w.count(Kind.DRIFT_SEEN) == 0
    assert w.state.away(EAST) is None
    assert w.state.away(WEST) == glass(w)


def test_what_was_evacuated_and_then_moved_on_by_hand_comes_home_from_where_it_is() -> None:
    w = evacuated(QUICK | STAYS)
    w.say(east=Verdict.HEALTHY)
    laptop = machine(w)
    laptop.leave(WEST, EAST)
    laptop.journal(w.hand)
    assert (w.state.away(EAST), w.state.away(WEST)) == (None, glass(w))
    assert commands.restore(w.hand, WEST, **WHY).done
    assert w.until(lambda: all(w.controls.values()) and w.state.open is None, 400)


def test_it_is_announced_and_told_once_with_who_and_why_and_asks_nobody() -> None:
    w = world(**STAYS)
    left_by_glass(w)
    w.advance(200)
    found = [n for n in w.stage.cloud.outbox.notices if "break-glass" in n.subject]
    assert [n.subject for n in found] == [f"{glass(w).id}: us-east-1 was left by break-glass"]
    assert "ana@host: us-east-1 -> us-west-2, applied: console is down" in found[0].text
    bodies = [e.body for e in w.events if isinstance(e.body, BrokeGlass)]
    assert [(b.stage, b.number, b.of) for b in bodies] == [("intended", 1, None), ("applied", 2, "laptop-1")]
    assert {(b.credential, b.account, b.policy, b.machine) for b in bodies} == {
        ("AKIDEXAMPLE", "123456789012", w.stage.policy.digest, "laptop")
    }
    assert {e.draft.incident for e in w.events if e.kind is Kind.BROKE_GLASS} == {glass(w).id}


# With what keeps it taken out.


def _comes_home_within_the_soak() -> bool:
    w = world(**SOON)
    left_by_glass(w)
    w.advance(285)
    return w.count(Kind.RESTORE_OPENED) > 0


def _is_left_within_the_cooldown() -> bool:
    w = world(**STAYS)
    left_by_glass(w)
    w.say(west=Verdict.BREACHING)
    w.advance(600)
    return w.count(Kind.INCIDENT_OPENED) > 0


def _is_drift() -> bool:
    w = world(**STAYS)
    left_by_glass(w)
    w.advance(200)
    return w.count(Kind.DRIFT_SEEN) > 0


def without_people(real: Callable[..., Any]) -> Callable[..., Any]:
    def forgetting(self: State, *arguments: Any) -> Any:
        left = {n: i for n, i in self.incidents.items() if i.intent != GLASS}
        return real(replace(self, incidents=left), *arguments)

    return forgetting


def test_l10_without_the_person_s_word_it_comes_home_before_a_soak(monkeypatch: Patch) -> None:
    assert not _comes_home_within_the_soak()
    monkeypatch.setattr(State, "last_of", without_people(State.last_of))
    assert _comes_home_within_the_soak()


def test_s7_without_the_person_s_move_the_target_is_left_within_the_cooldown(monkeypatch: Patch) -> None:
    assert not _is_left_within_the_cooldown()
    monkeypatch.setattr(State, "last_moved", without_people(State.last_moved))
    assert _is_left_within_the_cooldown()


def test_without_what_the_record_says_of_the_controls_it_is_drift(monkeypatch: Patch) -> None:
    from controller.core.incident import break_glass

    assert not _is_drift()
    monkeypatch.setattr(break_glass, "put_late", lambda history, _states, _at: history)
    assert _is_drift()
