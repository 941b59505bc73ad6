"""Three controllers on one journal: one opens, one drives, another takes over; never two effects."""

from typing import Any

from controller.core.journal.kind import Kind
from controller.core.model import Verdict
from controller.steps.operator.approve import answer
from controller.steps.operator.commands import mute
from tests.steps.kill_matrix import wrong
from tests.support.policy_scene import EAST, OTHER, WEST, policy_data
from tests.support.world import World, executions, failing, world
from tests.support.world_faults import Sent, calm

TRIO: dict[str, Any] = {"controllers": [OTHER, WEST, EAST]}
GATE: dict[str, Any] = TRIO | {"evacuate": policy_data()["evacuate"]}
LIMIT = 300.0
"""Seconds: 170 of standstill, a tick to see it begin, a tick to see it end, and the run itself."""


def driver(w: World) -> str:
    return next(i.driver for i in w.state.incidents.values())


def approve(w: World) -> None:
    incident = w.state.open
    if incident and incident.request and incident.request.status == "waiting":
        answer(w.hands[w.stage.cloud.live()], incident.request.id, who="ana", approve=True)


def settle(w: World, within: float = LIMIT) -> bool:
    """Approve what is asked, until it has settled."""

    def done() -> bool:
        approve(w)
        return w.count(Kind.SETTLED) > 0

    return w.until(done, within)


def test_the_first_opens_and_drives_and_the_others_leave_it_to_them() -> None:
    w = failing(**TRIO)
    assert settle(w, 120)
    assert wrong(w) == []
    assert driver(w) == OTHER
    assert w.count(Kind.TAKEN_OVER) == 0
    assert len(executions(w)) == 1


def test_the_second_opens_half_a_minute_later_when_the_first_is_dead() -> None:
    w = failing(**TRIO)
    w.stage.faults.controllers_dead.add(OTHER)
    w.hand = w.hands[WEST]
    start = w.stage.kernel.now()
    assert settle(w, 240)
    assert driver(w) == WEST
    opened = next(e.at for e in w.events if e.kind is Kind.INCIDENT_OPENED)
    assert 30.0 <= opened - start <= 150.0
    assert w.count(Kind.SHIFT_APPLIED) == 1


def test_the_driver_dies_while_people_are_asked_another_asks_again_and_there_is_one_effect() -> None:
    w = failing(**GATE)
    assert w.until(w.has(Kind.APPROVAL_REQUESTED), 120)
    first = w.state.open.request.id  # type: ignore[union-attr]
    w.stage.faults.controllers_dead.add(OTHER)
    w.hand = w.hands[WEST]
    died = w.stage.kernel.now()
    assert w.until(w.has(Kind.TAKEN_OVER), LIMIT)
    assert w.stage.kernel.now() - died <= 270.0
    assert not answer(w.hand, first, who="ana", approve=True).counted
    assert settle(w, 60)
    assert driver(w) == WEST
    assert [move[1:] for move in w.moves] == [(f"use1-{s}", False) for s in "abcd"]
    assert w.count(Kind.SHIFT_APPLIED) == 1
    assert w.whole


def test_a_frozen_driver_that_thaws_sends_nothing_and_its_run_ends() -> None:
    w = failing(**TRIO)

    def freeze(sent: Sent) -> None:
        """Right after `ShiftIntended`: in the middle of the fence."""
        if "ShiftTraffic" in sent.step and w.count(Kind.SHIFT_INTENDED) and sent.operation == "GetItem":
            w.stage.faults.controllers_frozen.add(OTHER)

    w.trouble = freeze
    assert w.until(lambda: OTHER in w.stage.faults.controllers_frozen, 120, step=0.5)
    w.trouble = calm
    w.hand = w.hands[WEST]
    w.advance(20)
    assert (w.moves, w.count(Kind.SHIFT_INTENDED)) == ([], 1)
    assert settle(w)
    assert driver(w) == WEST
    sent = len([c for c in w.calls if c.operation == "UpdateRoutingControlStates"])
    w.stage.faults.controllers_frozen.clear()
    w.advance(400)
    assert len([c for c in w.calls if c.operation == "UpdateRoutingControlStates"]) == sent
    assert all(run["status"] != "RUNNING" for run in executions(w))
    assert w.count(Kind.SHIFT_APPLIED) == 1
    assert w.count(Kind.BLINDED) == 1
    assert w.whole


def test_a_driver_that_lives_is_not_taken_over_however_long_people_take() -> None:
    w = failing(**GATE)
    assert w.until(w.has(Kind.APPROVAL_REQUESTED), 120)
    w.advance(700)
    assert w.count(Kind.TAKEN_OVER) == 0
    assert settle(w, 60)
    assert wrong(w) == []


def test_the_first_is_cut_off_it_abstains_and_the_second_acts() -> None:
    w = world(**TRIO)
    w.stage.faults.cut_off.add(OTHER)
    w.advance(200)
    w.say(east=Verdict.BREACHING)
    assert settle(w, 480)
    assert driver(w) == WEST
    assert wrong(w) == []


def test_a_driver_that_is_cut_off_midway_stops_beating_and_another_finishes() -> None:
    w = failing(**GATE)
    assert w.until(w.has(Kind.APPROVAL_REQUESTED), 120)
    w.stage.faults.cut_off.add(OTHER)
    assert w.until(w.has(Kind.TAKEN_OVER), LIMIT + 120)
    assert settle(w, 60)
    assert driver(w) == WEST
    assert wrong(w)[:-1] == []


def test_the_own_replica_is_dead_and_the_driver_goes_on_by_another() -> None:
    w = failing(**TRIO)
    w.stage.faults.journal_unreachable.add(OTHER)
    w.hand = w.hands[WEST]
    assert settle(w)
    assert driver(w) == WEST


def test_a_call_that_lands_after_its_intent_was_given_up_is_put_back_within_a_minute() -> None:
    w = failing(**TRIO)
    w.trouble = lambda sent: "refused" if sent.operation == "UpdateRoutingControlStates" else None
    assert w.until(w.has(Kind.SHIFT_INTENDED), 100)
    w.say(east=Verdict.HEALTHY)
    assert w.until(w.has(Kind.STOOD_DOWN), 200)
    w.trouble = calm
    w.advance(30)
    late = [(f"use1-{s}", False) for s in "abcd"]
    w.hand.switch.update([late], deadline=w.stage.kernel.now() + 15, fence=lambda: None)
    landed = w.moves[0][0]
    assert w.until(lambda: len(w.moves) == 8, 60, step=1)
    assert w.moves[-1][0] - landed <= 60.0
    w.advance(200)
    assert all(w.controls.values())
    assert (w.count(Kind.ECHO_SEEN), w.count(Kind.DRIFT_SEEN), len(w.moves)) == (1, 0, 8)
    w.hand.switch.update([late], deadline=w.stage.kernel.now() + 15, fence=lambda: None)
    w.advance(200)
    assert (w.count(Kind.ECHO_SEEN), len(w.moves)) == (1, 12), "a second time it is somebody else"
    assert w.whole


def test_a_gap_is_written_down_although_others_write_first_time_and_again() -> None:
    """Found: at the second loss the whole tick failed, and with it the record that there had been a gap."""
    w = world(**TRIO)
    w.advance(120)
    w.asleep.add("Tick")
    w.advance(240)
    w.asleep.clear()
    lost: list[int] = []

    def first(sent: Sent) -> None:
        if "Tick" in sent.step and sent.home == OTHER and sent.operation == "PutItem" and len(lost) < 3:
            lost.append(sent.number)
            mute(w.hands[WEST], "storefront-us-west-2-latency", seconds=60, who="ana", reason="noise")

    w.trouble = first
    w.advance(90)
    assert w.count(Kind.BLINDED) == len(w.stage.deployments)
    assert w.count(Kind.MUTED) == len(lost) == 3
