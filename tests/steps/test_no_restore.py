"""A policy without `restore`: what a person is told who wants a Region home, and that it works."""

from typing import Any

from controller.core.model import Verdict
from controller.steps.operator import commands
from tests.support.break_glass_line import Machine
from tests.support.policy_scene import EAST, WEST, policy_data
from tests.support.restore_policy import HOME
from tests.support.return_scenes import evacuated
from tests.support.world import deploy, redeployed, world

WHY = {"who": "ana", "reason": "because"}
STAYS: dict[str, Any] = {"limits": policy_data()["limits"] | {"cooldown": "1h"}}


def test_without_restore_the_refusal_names_two_ways_home_and_both_work() -> None:
    w = evacuated(STAYS)
    w.say(east=Verdict.HEALTHY)
    w.advance(300)
    said = commands.restore(w.hand, EAST, **WHY)
    assert not said.done
    assert "deploy one that has, then `tidegate restore us-east-1`" in said.sentence
    assert "`tidegate break-glass us-west-2 --to us-east-1`" in said.sentence
    deps = redeployed(w, **STAYS, restore=HOME["restore"])
    deploy(w, deps)
    w.advance(70)
    assert commands.restore(deps, EAST, **WHY).done
    assert w.until(lambda: w.state.away(EAST) is None, 200)
    assert (all(w.controls.values()), w.whole) == (True, True)


def test_without_restore_break_glass_turns_the_traffic_round_and_leaves_the_other_region() -> None:
    w = evacuated(STAYS)
    w.say(east=Verdict.HEALTHY)
    w.advance(300)
    laptop = Machine(w.stage.policy, w.hand.switch, w.stage.runtime, "ana@host", "laptop", 0.0)
    assert laptop.leave(WEST, EAST) == "applied"
    laptop.journal(w.hand)
    assert all(w.controls[name] for name in w.stage.policy.regions[EAST].controls)
    assert w.state.away(EAST) is None
    assert w.state.away(WEST) is not None


def test_a_region_that_is_at_home_is_said_to_be_whatever_the_policy_lacks() -> None:
    assert "is at home" in commands.restore(world().hand, EAST, **WHY).sentence
