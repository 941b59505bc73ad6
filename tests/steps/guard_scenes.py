"""Situations in which one guard, or one obstacle, keeps us-east-1 from being left."""

from controller.core.journal.kind import Kind
from controller.core.model import Verdict
from controller.core.policy.validation import expected_signals
from controller.steps.context.journalling import load_state
from controller.steps.operator import commands
from controller.steps.operator.approve import answer
from controller.steps.operator.commands import arm
from tests.steps.guard_removal import by_hand
from tests.support.approval_request import asked
from tests.support.policy_scene import ACCOUNT, WEST, policy_data
from tests.support.world import FREE, World, failing, redeployed

LIMITS = policy_data()["limits"]
THIRD = "eu-west-1"
WHY = {"who": "ana", "reason": "because"}


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


def waiting() -> World:
    """A person leaves us-west-2 for us-east-1, which fails: that holds, and us-east-1 waits behind it."""
    w = failing()
    assert commands.evacuate(w.hand, WEST, **WHY).done
    return w


def target_fails() -> World:
    """us-east-1 was left; before that has settled us-west-2 fails for good, and us-east-1 is well again."""
    w = failing(evacuate=FREE | {"settle": "2m"})
    assert w.until(w.has(Kind.SHIFT_APPLIED), 120)
    w.say(east=Verdict.HEALTHY, west=Verdict.BREACHING)
    return w
