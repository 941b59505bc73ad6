"""Commands of operators, and their refusals: each with who and why in the journal."""

from typing import Any

import pytest

from controller.core.decision import guards
from controller.core.decision.limits import Fleet
from controller.core.incident.state import Incident
from controller.core.journal.kind import Kind
from controller.core.model import Verdict
from controller.steps.context import journalling
from controller.steps.context.situation import FLEET
from controller.steps.operator import commands
from controller.steps.workflow import shift_traffic
from tests.steps.guard_removal import just_moved
from tests.support.approval_request import NO_MOVES, question, yes
from tests.support.journal_events import drafted, said
from tests.support.policy_scene import EAST, OTHER, WEST, policy_data
from tests.support.world import World, executions, failing, world

Patch = pytest.MonkeyPatch
LIMITS = policy_data()["limits"]
WHY = {"who": "ana", "reason": "because"}


def refusals(w: World) -> list[str]:
    return [str(said(e)["reason"]) for e in w.events if e.kind is Kind.REFUSED]


def test_a_region_that_the_policy_does_not_name_is_refused_and_journalled() -> None:
    w = world()
    done = commands.evacuate(w.hand, "mars-north-1\x1b[2J", **WHY)
    assert not done.done
    assert "expected one of: us-east-1, us-west-2" in done.sentence
    assert refusals(w) == [done.sentence]
    assert "\x1b" not in done.sentence


def test_a_region_that_was_left_and_the_last_one_on_are_refused_and_journalled() -> None:
    w = failing()
    assert w.until(w.has(Kind.SETTLED), 120)
    left = commands.evacuate(w.hand, EAST, **WHY)
    last = commands.evacuate(w.hand, WEST, **WHY)
    assert (left.done, last.done) == (False, False)
    assert "carries no traffic already" in left.sentence
    assert "the last Region that is On" in last.sentence
    assert refusals(w) == [left.sentence, last.sentence]
    assert w.count(Kind.INCIDENT_OPENED) == 1


def test_a_muted_region_is_unknown_however_red_until_it_speaks_again() -> None:
    w = failing()
    assert commands.mute(w.hand, EAST, seconds=3600, **WHY).done
    w.advance(400)
    assert w.count(Kind.INCIDENT_OPENED) == 0
    assert commands.mute(w.hand, EAST, seconds=0, **WHY).done
    assert w.until(w.has(Kind.SETTLED), 200)


def test_a_mute_ends_by_itself_and_one_of_an_unknown_signal_is_refused() -> None:
    w = failing()
    assert not commands.mute(w.hand, "storefront-us-east-1-6xx", seconds=60, **WHY).done
    assert not commands.mute(w.hand, EAST, seconds=1e9, **WHY).done
    assert commands.mute(w.hand, "storefront-us-east-1-checkout", seconds=200, **WHY).done
    w.advance(190)
    assert w.count(Kind.INCIDENT_OPENED) == 0
    assert w.until(w.has(Kind.INCIDENT_OPENED), 120)


def test_s12_without_the_guard_a_muted_region_is_left(monkeypatch: Patch) -> None:
    from controller.core.evidence import evaluation

    monkeypatch.setattr(evaluation, "_muted_until", lambda *_: 0.0)
    w = failing()
    commands.mute(w.hand, EAST, seconds=3600, **WHY)
    assert w.until(w.has(Kind.SETTLED), 200)


def _again(*, acknowledge: bool) -> World:
    w = just_moved()
    first = next(iter(w.state.incidents))
    if acknowledge:
        assert commands.acknowledge(w.hand, first, **WHY).done
    w.advance(200)
    return w


def test_s7_the_cooldown_holds_until_a_named_person_acknowledged(monkeypatch: Patch) -> None:
    held = _again(acknowledge=False)
    assert held.moves == NO_MOVES
    freed = _again(acknowledge=True)
    assert freed.moves
    assert freed.count(Kind.ACKNOWLEDGED) == 1
    from tests.steps.guard_removal import remove

    remove(monkeypatch, "cooldown")
    assert _again(acknowledge=False).moves


def test_an_incident_in_progress_or_unknown_cannot_be_acknowledged() -> None:
    w = failing(evacuate=policy_data()["evacuate"])
    assert w.until(w.has(Kind.APPROVAL_REQUESTED), 120)
    assert not commands.acknowledge(w.hand, next(iter(w.state.incidents)), **WHY).done
    assert not commands.acknowledge(w.hand, "storefront-1", **WHY).done
    assert len(refusals(w)) == 2


def test_a_request_that_holds_is_ended_by_hand_and_the_workflow_ends_at_once() -> None:
    w = failing(evacuate=policy_data()["evacuate"])
    assert w.until(w.has(Kind.APPROVAL_REQUESTED), 120)
    w.advance(2)
    request = question(w)
    incident = next(iter(w.state.incidents))
    assert commands.stand_down(w.hand, incident, **WHY).done
    w.advance(20)
    assert w.state.open is None
    assert "ended" in yes(w, request)
    assert w.moves == NO_MOVES
    assert executions(w, "RUNNING") == []


def test_it_ends_at_once_too_where_the_hand_goes_through_another_controller_than_the_driver() -> None:
    w = failing(evacuate=policy_data()["evacuate"], controllers=[OTHER, WEST, EAST])
    assert w.until(w.has(Kind.APPROVAL_REQUESTED), 120)
    w.advance(2)
    assert commands.stand_down(w.hands[WEST], next(iter(w.state.incidents)), **WHY).done
    w.advance(20)
    assert executions(w, "RUNNING") == []


def test_an_incident_that_has_ended_cannot_stand_down() -> None:
    w = failing()
    assert w.until(w.has(Kind.SETTLED), 120)
    done = commands.stand_down(w.hand, next(iter(w.state.incidents)), **WHY)
    assert not done.done
    assert refusals(w) == [done.sentence]


# A person sets a guard aside, with a second person.


def _despite(*despite: str) -> World:
    w = world()
    w.say(west=Verdict.UNKNOWN)
    w.advance(70)
    assert commands.evacuate(w.hand, EAST, despite=despite, **WHY).done
    w.advance(40)
    return w


def test_readiness_binds_a_person_alone() -> None:
    w = _despite()
    w.advance(60)
    assert (w.moves, w.count(Kind.APPROVAL_REQUESTED)) == (NO_MOVES, 0)


def test_readiness_is_set_aside_by_a_second_person_even_where_the_policy_asks_nobody() -> None:
    w = _despite("target-not-ready", "shared-cause")
    assert w.count(Kind.APPROVAL_REQUESTED) == 1
    w.advance(60)
    assert w.moves == NO_MOVES
    assert "cannot approve" in yes(w, question(w), "ana")
    assert yes(w, question(w), "ben").endswith("approved by ben")
    assert w.until(w.has(Kind.SHIFT_APPLIED), 60)
    assert w.whole


def test_without_the_second_person_s_gate_it_moves_on_one_word(monkeypatch: Patch) -> None:
    monkeypatch.setattr(guards, "chain", lambda *_: ())
    assert _despite("target-not-ready", "shared-cause").moves


def test_nobody_sets_the_floor_aside() -> None:
    regions = policy_data()["regions"] | {"eu-west-1": {"controls": [f"euw1-{s}" for s in "abcd"]}}
    w = failing(regions=regions, limits=LIMITS | {"minRegionsOn": 2})
    off = [(f"euw1-{s}", False) for s in "abcd"]
    w.hand.switch.update([off], deadline=w.stage.kernel.now() + 60, fence=lambda: None)
    w.asleep.add("Tick")
    w.moves.clear()
    commands.evacuate(w.hand, EAST, despite=("target-not-ready", "shared-cause", "floor"), **WHY)
    w.advance(60)
    assert (w.moves, w.count(Kind.APPROVAL_REQUESTED)) == (NO_MOVES, 0)


# The fleet's kill switch.


def test_the_fleet_is_disarmed_and_armed_in_one_place() -> None:
    w = failing()
    assert commands.arm_fleet(w.hand, on=False, **WHY).done
    assert "already" in commands.arm_fleet(w.hand, on=False, **WHY).sentence
    w.advance(200)
    assert (w.moves, w.count(Kind.SHIFT_INTENDED)) == (NO_MOVES, 0)
    assert "fleet is disarmed by ana" in commands.evacuate(w.hand, EAST, **WHY).sentence
    assert commands.arm_fleet(w.hand, on=True, **WHY).done
    assert w.until(w.has(Kind.SETTLED), 200)


def test_disarmed_after_the_intent_the_fence_holds_the_call_back() -> None:
    w = failing()
    w.advance(50)
    assert w.until(w.has(Kind.SHIFT_INTENDED), 60, step=0.05) or w.moves
    if not w.moves:
        commands.arm_fleet(w.hand, on=False, **WHY)
    w.advance(60)
    assert w.moves == NO_MOVES or w.count(Kind.SHIFT_APPLIED) == 1


def _unreadable() -> World:
    """An event that this version does not know stands in the fleet's journal."""
    w = failing()
    draft = drafted("x", Kind.DISARMED, w.stage.kernel.now(), "ana", data={"reason": "odd"})
    event = w.hand.journal.append(FLEET, draft, None)
    table = w.stage.deployment.journal_table
    key = {"application": {"S": FLEET}, "seq": {"N": str(event.seq)}}
    values: dict[str, Any] = {":b": {"S": '{"kind": "FromTheFuture"}'}}
    change = {"UpdateExpression": "SET body = :b", "ExpressionAttributeValues": values}
    here = w.stage.cloud.plan.controller
    w.stage.cloud.call("dynamodb", "UpdateItem", here, {"TableName": table, "Key": key, **change})
    w.advance(100)
    return w


def test_s15_an_unreadable_kill_switch_counts_as_disarmed(monkeypatch: Patch) -> None:
    w = _unreadable()
    assert w.moves == NO_MOVES
    assert "cannot be read and counts as disarmed" in str(w.state.stopped)
    monkeypatch.setattr(journalling, "read_fleet", lambda _deps: Fleet())
    monkeypatch.setattr(
        shift_traffic, "count_region_for_fleet", lambda *_: None
    )  # it reads the fleet's journal once more
    assert _unreadable().moves


# The second Region, while the block is on.


def _second_region(*, asked: bool = True) -> World:
    """us-east-1 was left a minute ago, and now us-west-2 fails; a third Region is there."""
    data = policy_data()
    w = failing(
        regions=data["regions"] | {"eu-west-1": {"controls": [f"euw1-{s}" for s in "abcd"]}},
        target=data["target"] | {"prefer": [WEST, EAST, "eu-west-1"]},
    )
    assert w.until(w.has(Kind.SETTLED), 120)
    w.say(west=Verdict.BREACHING)
    w.advance(300)
    w.moves.clear()
    if asked:
        assert commands.evacuate(w.hand, WEST, **WHY).done
    w.advance(120)
    return w


def test_l7_a_person_leaves_a_second_region_while_the_block_is_on(monkeypatch: Patch) -> None:
    assert _second_region(asked=False).moves == NO_MOVES
    w = _second_region()
    assert {name[:4] for _, name, on in w.moves if not on} == {"usw2"}
    assert w.whole
    monkeypatch.setattr(Incident, "by_person", None)
    assert _second_region().moves == NO_MOVES


def test_a_reason_forges_no_line_of_a_notice_nor_of_the_journal() -> None:
    w = world()
    forged = "noise\nstorefront: settled\x1b[2J\u202e"
    assert commands.mute(w.hand, "storefront-us-west-2-latency", seconds=60, who="ana", reason=forged).done
    assert commands.arm(w.hand, on=False, who="ana", reason=forged).done
    notices = [n.text for n in w.stage.cloud.outbox.notices if "by ana" in n.text]
    assert len(notices) == 2
    written = [str(said(e)["reason"]) for e in w.events if e.kind in (Kind.MUTED, Kind.DISARMED)]
    assert not any(mark in text for mark in ("noise\n", "\x1b", "\u202e") for text in (*notices, *written))
