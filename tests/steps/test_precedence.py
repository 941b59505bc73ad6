"""Who waits behind whom: leaving a Region comes before bringing one home, and that before a drill."""

from typing import Any

import pytest

from controller.core.decision.progress import LANDED, lands_until, yields
from controller.core.incident.state import Phase, heading
from controller.core.journal.kind import Kind
from controller.core.model import Verdict
from controller.steps.context.situation import situation
from controller.steps.incident.opening import assess_regions
from controller.steps.operator import commands
from controller.steps.operator.approve import answer
from tests.support.journal_events import said
from tests.support.policy_scene import EAST, WEST, policy_data
from tests.support.return_scenes import QUICK, RESTORE_ASKED, restore_asked, restoring
from tests.support.world import FREE, World, failing, world

SOUTH = "eu-west-1"
THREE = {"regions": policy_data()["regions"] | {SOUTH: {"controls": [f"euw1-{s}" for s in "abcd"]}},
         "target": policy_data()["target"] | {"prefer": [WEST, EAST, SOUTH]}}  # fmt: skip
DRILLS = {"stay": "30m", "abortWhen": []}


def off(w: World, region: str) -> bool:
    return not any(w.controls[name] for name in w.stage.policy.regions[region].controls)


def asking(w: World) -> bool:
    incident = w.state.open
    return incident is not None and incident.request is not None and incident.request.status == "waiting"


def test_the_region_that_carries_all_dies_while_a_return_waits_for_an_answer_and_is_left() -> None:
    w = restore_asked()
    w.advance(30)
    w.say(west=Verdict.BREACHING)
    assert w.until(lambda: off(w, WEST), 360)
    assert "storefront-us-east-1-9: makes way" in w.pages
    assert w.truth.incidents["storefront-us-east-1-9"].phase is Phase.STOOD_DOWN
    assert w.whole


def test_a_return_that_yields_takes_its_question_back() -> None:
    w = restore_asked()
    request = w.state.open.request.id  # type: ignore[union-attr]
    w.say(west=Verdict.BREACHING)
    assert w.until(lambda: off(w, WEST), 400)
    late = answer(w.hand, request, who="ann", approve=True)
    assert not late.counted


@pytest.mark.parametrize(
    ("changes", "waits_for"),
    [
        ({"limits": RESTORE_ASKED["limits"] | {"cooldown": "4h"}}, "cooldown"),
        ({"limits": RESTORE_ASKED["limits"] | {"evacuationsPerDay": 1}}, "velocity"),
    ],
)
def test_outranking_changes_the_order_and_no_limit(changes: dict[str, Any], waits_for: str) -> None:
    """us-east-1 is well again and may come home by a person's word; us-west-2 dies within the limit."""
    w = failing(**(RESTORE_ASKED | changes))
    assert w.until(w.has(Kind.SETTLED), 200)
    w.say(east=Verdict.HEALTHY)
    w.advance(400)
    assert commands.restore(w.hand, EAST, who="ben", reason="it is well").done
    assert w.until(lambda: asking(w), 120)
    opened = w.state.open.id  # type: ignore[union-attr]
    w.say(west=Verdict.BREACHING)
    w.advance(600)
    assert not off(w, WEST)
    assert w.state.open is not None
    assert w.state.open.id == opened
    codes = {c.guard: c.value for c in _decided(w, WEST).checks}
    assert codes[waits_for] == "false"


def _decided(w: World, region: str) -> Any:
    from controller.core.decision.decide import decide
    from controller.steps.context.situation import situation

    return decide(situation(w.hand, w.state, read_controls=True), region)


def test_a_disarmed_controller_ends_no_return_either() -> None:
    w = restore_asked()
    commands.arm(w.hand, on=False, who="ann", reason="release")
    w.say(west=Verdict.BREACHING)
    w.advance(600)
    assert w.state.open is not None
    assert not off(w, WEST)


def test_where_what_serves_dies_in_mid_return_the_return_is_finished_at_once() -> None:
    slowly = QUICK | {"restore": QUICK["restore"] | {"waves": [1], "settle": "9m"}}
    w = restoring(slowly)
    w.say(west=Verdict.BREACHING)
    assert w.until(lambda: not off(w, EAST) and all(w.controls[c] for c in w.controls if "use1" in c), 1200)
    waves = w.count(Kind.SHIFT_APPLIED)
    assert waves == 3  # it was left in one, and came home in two: one before us-west-2 died, the rest after


def test_a_drill_that_waits_for_its_approval_makes_way_for_its_own_region() -> None:
    gated = {"evacuate": policy_data()["evacuate"], "drills": DRILLS}
    w = world(**(QUICK | gated))
    w.advance(130)
    assert commands.drill(w.hand, EAST, who="ben", reason="training").done
    assert w.until(lambda: asking(w), 120)
    w.say(east=Verdict.BREACHING)
    assert w.until(w.has(Kind.INCIDENT_OPENED), 400)
    assert w.kinds[w.kinds.index("IncidentOpened") - 1] == Kind.STOOD_DOWN
    assert w.until(lambda: asking(w), 120)


def test_a_drill_that_stays_away_ends_where_it_stands_when_a_third_region_dies() -> None:
    w = world(**(QUICK | THREE | {"drills": DRILLS}))
    w.advance(130)
    assert commands.drill(w.hand, EAST, who="ben", reason="training").done
    assert w.until(w.has(Kind.SHIFT_VERIFIED), 200)
    w.verdicts[SOUTH] = Verdict.BREACHING
    assert w.until(lambda: off(w, SOUTH), 400)
    drill = next(i for i in w.truth.incidents.values() if i.intent == "drill")
    assert (drill.phase, drill.outcome) == (Phase.SETTLED, "interrupted")
    assert any(subject.endswith("makes way") for subject in w.pages)
    w.verdicts[SOUTH] = Verdict.HEALTHY
    assert w.until(lambda: all(w.controls.values()), 3600, step=10)
    assert w.whole


def test_a_drill_whose_own_region_dies_on_the_way_out_goes_at_once() -> None:
    slow = {"evacuate": FREE | {"waves": [1], "settle": "5m"}, "drills": DRILLS}
    w = world(**(QUICK | slow))
    w.advance(130)
    assert commands.drill(w.hand, EAST, who="ben", reason="training").done
    assert w.until(w.has(Kind.SHIFT_APPLIED), 200)
    w.say(east=Verdict.BREACHING)
    assert w.until(lambda: off(w, EAST), 700)
    assert w.count(Kind.SHIFT_APPLIED) == 2


def test_a_drill_on_its_way_back_makes_no_way_for_its_own_region_which_is_empty() -> None:
    w = world(**(QUICK | {"drills": DRILLS | {"stay": "1m"}}))
    w.advance(130)
    assert commands.drill(w.hand, EAST, who="ben", reason="training").done
    assert w.until(w.has(Kind.TURNED_BACK), 400)
    assert commands.arm(w.hand, on=False, who="ana", reason="wait").done
    w.say(east=Verdict.BREACHING)
    w.advance(400)
    assert commands.arm(w.hand, on=True, who="ana", reason="go on").done
    # An event arrives: nobody has read the controls.
    assert assess_regions(w.hand, situation(w.hand, w.state, read_controls=False), w.state).opened is None
    w.advance(200)
    assert off(w, EAST)
    assert w.state.open is not None
    assert w.state.open.intent == "drill"
    assert not w.count(Kind.INCIDENT_OPENED)
    w.say(east=Verdict.HEALTHY)
    assert w.until(lambda: all(w.controls.values()), 600)


def test_a_drill_turns_back_from_a_region_that_must_be_left_also_without_abort_conditions() -> None:
    w = world(**(QUICK | {"drills": DRILLS, "target": policy_data()["target"]}))
    w.advance(130)
    assert commands.drill(w.hand, EAST, who="ben", reason="training").done
    assert w.until(w.has(Kind.SHIFT_VERIFIED), 200)
    w.say(west=Verdict.BREACHING)
    assert w.until(lambda: all(w.controls[c] for c in w.controls if "use1" in c), 500)


CATCH_UP = [{"replication": "orders", "maxLag": "5s", "ifUnknown": "block"}]


def test_into_a_region_that_has_not_come_home_nothing_moves_unless_its_data_has_caught_up() -> None:
    """Nobody measures the lag of the table here: two people may say that it does not matter."""
    w = failing(**(RESTORE_ASKED | {"restore": RESTORE_ASKED["restore"] | {"ready": CATCH_UP}}))
    assert w.until(w.has(Kind.SETTLED), 200)
    w.say(east=Verdict.HEALTHY, west=Verdict.HEALTHY)
    w.advance(3700)
    w.say(west=Verdict.BREACHING)
    w.advance(900)
    assert not off(w, WEST)
    assert "target-not-ready" in [said(e).get("code") for e in w.events if e.kind is Kind.ESCALATED]
    incident = w.state.open
    assert incident is not None
    commands.stand_down(w.hand, incident.id, who="ann", reason="by hand")
    done = commands.evacuate(w.hand, WEST, who="ann", reason="it is dark", despite=["target-not-ready"])
    assert done.done
    assert w.until(lambda: asking(w), 200)
    request = w.state.open.request.id  # type: ignore[union-attr]
    assert answer(w.hand, request, who="ben", approve=True, groups=["sre-oncall"]).counted
    assert w.until(lambda: off(w, WEST), 200)


def test_a_person_leaves_a_region_while_a_return_waits_for_an_answer() -> None:
    w = restore_asked()
    turned = {name for name, on in w.controls.items() if on}
    assert turned
    assert commands.evacuate(w.hand, EAST, who="ann", reason="x").sentence.startswith(f"{EAST} carries no")
    w2 = failing(**(RESTORE_ASKED | THREE))
    assert w2.until(w2.has(Kind.SETTLED), 200)
    w2.say(east=Verdict.HEALTHY)
    assert w2.until(lambda: asking(w2), 2 * 3600, step=10)
    assert commands.evacuate(w2.hand, SOUTH, who="ann", reason="it looks ill to me").done
    assert w2.until(lambda: off(w2, SOUTH), 200)


def test_what_was_sent_before_has_landed_or_is_lost_before_the_contrary_is_sent() -> None:
    w = restoring(QUICK)
    incident = w.state.open or list(w.state.incidents.values())[-1]
    last = w.state.intents[-1]
    other = next(i for i in w.state.incidents.values() if i.id != incident.id)
    assert lands_until(w.state, other) <= other.opened + LANDED
    assert last.incident == incident.id


def test_who_yields_to_whom() -> None:
    w = restoring(QUICK | {"restore": QUICK["restore"] | {"waves": [1], "settle": "9m"}})
    policy, now = w.stage.policy, w.stage.kernel.now()
    restore = w.state.open
    assert restore is not None
    assert heading(restore) == (WEST, EAST)
    assert not yields(policy, restore, WEST, w.controls, now)  # it is the way out: it is finished
    assert not yields(policy, restore, EAST, w.controls, now)  # it turns back by itself
    assert yields(policy, restore, SOUTH, w.controls, now)
