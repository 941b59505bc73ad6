"""Moves that can go neither on nor back, and what a person stopped that comes by another name.

Each was found by an attack: a Region that failed and was not left for hours.
"""

from typing import Any

import pytest

from controller.core.journal.kind import Kind
from controller.core.model import Verdict
from controller.rehearsal.services.arc.safety_rules import SafetyRule, rule_arn
from controller.steps.operator import commands
from controller.steps.operator.approve import answer
from tests.steps.application_shapes import THIRD
from tests.steps.policy_change import BEGAN, changed, errors, in_mid_move, redeploy, with_slices
from tests.support.policy_scene import EAST, WEST, policy_data
from tests.support.return_scenes import QUICK, restoring
from tests.support.world import FREE, World, failing, turn_by_hand, world
from tests.support.world_faults import calm

B, H, U = Verdict.BREACHING, Verdict.HEALTHY, Verdict.UNKNOWN
ONE: dict[str, Any] = {"waves": [1], "settle": "60s"}
SLOWLY = {**QUICK, "restore": QUICK["restore"] | ONE}
ASK = policy_data()["evacuate"]
DRILLS = {"stay": "30m", "abortWhen": [{"in": "target", "family": "customer", "is": "breaching"}]}
WHO = {"who": "ann", "reason": "x"}


def three(base: dict[str, Any] = SLOWLY, **more: Any) -> dict[str, Any]:
    names = {EAST: "use1", WEST: "usw2", THIRD: "euw1"}
    regions = {r: {"controls": [f"{p}-{s}" for s in "abcd"]} for r, p in names.items()}
    return {
        **base,
        "regions": regions,
        "target": policy_data()["target"] | {"prefer": [WEST, THIRD, EAST]},
        **more,
    }


def on(w: World, region: str) -> int:
    return sum(w.controls[n] for n in w.stage.policy.regions[region].controls)


def left(w: World, region: str, within=3600) -> bool:
    return w.until(lambda: on(w, region) == 0, within, 30)


def drilling(waves: int, **more: Any) -> World:
    w = world(**three(evacuate=FREE | ONE, drills=DRILLS, **more))
    w.advance(130)
    assert commands.drill(w.hand, EAST, **WHO).done
    assert w.until(lambda: w.count(Kind.SHIFT_VERIFIED) >= waves, 1500, 1)
    return w


# what has moved something and can go neither on nor back is never ended
@pytest.mark.parametrize("waves", [1, 4], ids=["half way", "away"])
def test_drill_both_its_regions_dark_third_well(waves: int) -> None:
    w = drilling(waves)
    w.say(east=B, west=B)
    assert left(w, WEST)


def test_what_stays_away_is_ended_by_a_person_where_both_of_its_regions_fail() -> None:
    w = world(**(QUICK | {"evacuate": FREE, "drills": DRILLS}))
    w.advance(130)
    assert commands.drill(w.hand, EAST, **WHO).done
    assert w.until(w.has(Kind.SHIFT_VERIFIED), 1500, 1)
    w.say(east=B, west=B)
    w.advance(1800)
    assert commands.stand_down(w.hand, w.state.open.id, **WHO).done


def test_evacuation_whose_target_dies_third_well() -> None:
    w = failing(**three(evacuate=FREE | {"settle": "5m"}))
    assert w.until(w.has(Kind.SHIFT_APPLIED), 200)
    w.say(west=B)
    assert left(w, WEST)


def test_evacuation_half_way_source_well_again_target_dies_two_regions() -> None:
    w = failing(**(QUICK | {"evacuate": FREE | ONE}))
    assert w.until(w.has(Kind.SHIFT_VERIFIED), 400, 1)
    w.say(west=B, east=H)
    assert left(w, WEST)


@pytest.mark.parametrize("east", [B, None], ids=["dark", "silent"])
def test_restore_half_way_home_and_carrier_fail_third_well(east: Verdict | None) -> None:
    w = restoring(three())
    w.say(east=east, west=B)
    assert left(w, WEST)


def test_restore_in_doubt_about_one_alarm_carrier_dark_two_regions() -> None:
    w = restoring(SLOWLY)
    w.verdicts["alarm:123456789012:us-east-1:storefront-us-east-1-latency"] = U
    w.say(west=B)
    assert left(w, WEST)


# a wave that ARC refuses for ever
def refused_wave(w: World) -> None:
    arc = w.stage.cloud.arc
    arc.add_rule(SafetyRule("b", rule_arn(arc.panel, 90), ("use1-b", "usw2-b"), threshold=2))


def test_drill_whose_second_wave_is_refused() -> None:
    w = drilling(1)
    refused_wave(w)
    w.advance(300)
    w.verdicts[THIRD] = B
    assert left(w, THIRD)


def test_restore_whose_second_wave_is_refused() -> None:
    w = restoring(three(restore=QUICK["restore"] | {"waves": [1], "settle": "2m"}))
    arc = w.stage.cloud.arc
    arc.add_rule(SafetyRule("b", rule_arn(arc.panel, 90), ("use1-b",), threshold=1, inverted=True))
    w.advance(300)
    w.verdicts[THIRD] = B
    told = len(w.pages)
    gone = left(w, THIRD)
    assert gone, w.pages[told:]


# an evacuation that has moved nothing
def test_unheard_evacuation_blocks_another() -> None:
    p = three(evacuate=ASK)
    p["regions"][WEST]["evacuate"] = {"approval": "none"}
    w = failing(**p)
    assert w.until(w.has(Kind.APPROVAL_REQUESTED), 200)
    w.say(east=None)
    w.advance(60)
    w.say(west=B)
    assert left(w, WEST, 2 * 3600)


def test_muted_evacuation_blocks_the_question_of_another() -> None:
    w = failing(**three(evacuate=ASK))
    assert w.until(w.has(Kind.APPROVAL_REQUESTED), 400, 1)
    commands.mute(w.hand, EAST, seconds=6 * 3600, **WHO)
    w.advance(120)
    w.verdicts[THIRD] = B
    assert w.until(lambda: any("leave eu-west-1" in p for p in w.pages), 3600, 30)


def test_unanswered_question_keeps_an_ungated_region() -> None:
    p = three(evacuate=ASK, limits=QUICK["limits"] | {"cooldown": "1h"})
    p["regions"][THIRD]["evacuate"] = {"approval": "none"}
    w = failing(**p)
    assert w.until(w.has(Kind.APPROVAL_REQUESTED), 200)
    w.verdicts[THIRD] = B
    assert left(w, THIRD, 600)


# what a person stopped is done by another intent
def test_scheduled_drill_leaves_what_a_person_stopped() -> None:
    w = failing(**(QUICK | {"drills": {"stay": "6m", "cron": "*/20 * * * *", "abortWhen": []}}))
    w.say(west=U)
    assert w.until(w.has(Kind.INCIDENT_OPENED), 400, 1)
    w.advance(30)
    assert commands.stand_down(w.hand, w.state.open.id, who="ann", reason="do not leave East").done
    w.say(west=H)
    w.advance(3600)
    assert w.moves == []


def test_scheduled_drill_asks_what_people_denied() -> None:
    w = failing(
        **(
            QUICK
            | {
                "evacuate": ASK,
                "limits": QUICK["limits"] | {"cooldown": "2h"},
                "drills": {"stay": "6m", "cron": "*/20 * * * *", "abortWhen": []},
            }
        )
    )
    assert w.until(w.has(Kind.APPROVAL_REQUESTED), 400, 1)
    assert answer(w.hand, w.state.open.request.id, who="ann", approve=False, reason="no").counted
    w.advance(3600)
    assert w.count(Kind.APPROVAL_REQUESTED) == 1


@pytest.mark.parametrize("how", ["stopped", "denied"])
def test_restore_empties_the_region_that_a_person_said_not_to_leave(how: str) -> None:
    w = world(**(QUICK | {"evacuate": ASK}))
    arc = w.stage.cloud.arc
    w.advance(30)
    arc._start({n: r == EAST for r, e in w.stage.policy.regions.items() for n in e.controls}, {})
    w.advance(100)
    w.say(east=B)
    assert w.until(w.has(Kind.APPROVAL_REQUESTED), 900, 1)
    answer(w.hand, w.state.open.request.id, who="bob", approve=True)
    assert w.until(w.has(Kind.SETTLED), 900, 1)
    w.advance(60)
    w.say(west=B)
    w.advance(60)
    w.say(east=H)
    n = w.count(Kind.APPROVAL_REQUESTED)
    assert w.until(lambda: w.count(Kind.APPROVAL_REQUESTED) > n, 3600, 1)
    if how == "stopped":
        assert commands.stand_down(w.hand, w.state.open.id, **WHO).done
    else:
        assert answer(
            w.hand, w.state.open.request.id, who="ann", approve=False, reason="do not leave West"
        ).counted
    w.advance(240)
    assert on(w, WEST) == 4


# a question between two waves
@pytest.mark.parametrize("intent", ["evacuate", "restore"])
def test_question_between_waves_that_nobody_answers_is_asked_again(intent: str) -> None:
    w = in_mid_move(intent)
    redeploy(w, changed(evacuate={"approval": "oncall"}, restore={"approval": "oncall"}))
    assert w.until(w.has(Kind.APPROVAL_EXPIRED), 1800, 10)
    assert w.until(lambda: w.count(Kind.APPROVAL_REQUESTED) > 1, 3 * 3600, 30)


def test_drill_asked_between_waves_goes_home_or_can_be_stood_down() -> None:
    w = in_mid_move("drill")
    redeploy(w, changed(evacuate={"approval": "oncall"}))
    w.advance(3600)
    assert w.state.open is None or commands.stand_down(w.hand, w.state.open.id, **WHO).done


# policy
def test_restore_from_a_region_that_the_policy_dropped() -> None:
    p = three(BEGAN | QUICK, evacuate=FREE | ONE)
    p["target"]["prefer"] = [THIRD, WEST, EAST]
    q = {
        **p,
        "regions": {r: e for r, e in p["regions"].items() if r != THIRD},
        "target": p["target"] | {"prefer": [WEST, EAST]},
    }
    w = world(**p)
    w.stage.cloud.arc._start(
        {n: r == EAST for r, e in w.stage.policy.regions.items() for n in e.controls}, {}
    )
    w.advance(70)
    w.say(east=B)
    assert w.until(w.has(Kind.SETTLED), 1500)
    redeploy(w, q)
    w.advance(200)
    w.say(east=H)
    w.advance(1800)
    assert errors(w) == []
    assert w.state.open is None


def test_slice_that_a_policy_dropped_and_took_back_comes_home() -> None:
    w = failing(**BEGAN)
    assert w.until(w.has(Kind.SETTLED), 600)
    redeploy(w, with_slices("bcd"))
    w.say(east=H)
    w.advance(3600)
    redeploy(w, BEGAN)
    w.advance(2 * 3600)
    assert on(w, EAST) == 4 or commands.restore(w.hand, EAST, **WHO).done


# hand, question, denial
def test_control_turned_off_by_hand_between_waves_of_a_restore_stays_off() -> None:
    w = restoring(QUICK | {"restore": QUICK["restore"] | {"waves": [1], "settle": "2m"}})
    w.advance(40)
    intent = next(e for e in w.events if e.kind is Kind.SHIFT_INTENDED)
    assert w.stage.kernel.now() - intent.at > 300  # too old for a late call, by its own writer's clock
    name = turn_by_hand(w, EAST, 0, on=False)
    w.advance(300)
    assert not w.controls[name]


def test_denial_counts_from_the_no() -> None:
    w = failing(**(QUICK | {"evacuate": ASK, "limits": QUICK["limits"] | {"cooldown": "1h"}}))
    assert w.until(w.has(Kind.APPROVAL_REQUESTED), 200)
    w.say(west=U)
    w.advance(240)
    assert answer(w.hand, w.state.open.request.id, who="ann", approve=False, reason="n").counted
    w.advance(1800)
    w.say(west=H)
    assert w.until(lambda: w.count(Kind.APPROVAL_REQUESTED) > 1, 1800 + 600, 10)


def test_drill_does_not_turn_back_into_silence() -> None:
    w = drilling(4)
    w.say(east=None)
    w.advance(400)
    w.say(west=B)
    w.advance(1500)
    assert on(w, EAST) == 0


def test_restore_does_not_turn_back_into_silence() -> None:
    w = restoring(QUICK | {"restore": QUICK["restore"] | {"waves": [1], "settle": "10m"}})
    w.say(west=None)
    w.advance(240)
    w.say(east=B)
    assert not w.until(w.has(Kind.TURNED_BACK), 900)


def test_a_wave_of_which_nothing_was_applied_keeps_its_target_from_being_left_no_longer() -> None:
    """Found by simulation: the shift stood intended, its target died, and both waited for ever."""
    w = failing(**(QUICK | {"evacuate": FREE | ONE}))
    assert w.until(w.has(Kind.SHIFT_VERIFIED), 400, 1)
    w.trouble = lambda sent: "refused" if sent.operation == "UpdateRoutingControlStates" else None
    assert w.until(lambda: w.count(Kind.SHIFT_INTENDED) == 2, 200, 1)
    w.say(west=B, east=H)
    w.advance(200)
    w.trouble = calm
    assert left(w, WEST)
    assert w.whole
