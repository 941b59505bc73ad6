"""Worlds in which an incident waits for hours, each for another thing."""

from collections.abc import Callable
from typing import Any

from controller.core.journal.kind import Kind
from controller.core.model import Verdict
from controller.rehearsal.services.arc.safety_rules import SafetyRule, rule_arn
from controller.steps.operator import commands
from tests.support.policy_scene import EAST, WEST, policy_data
from tests.support.world import FREE, World, failing, world

NEVER: dict[str, Any] = {
    "prefer": [WEST, EAST],
    "ready": [{"replication": "nowhere", "maxLag": "30s", "ifUnknown": "block"}],
}
LONG = [{"ask": ["group:sre-oncall"], "people": 1, "within": "9h"}]
LIMITS = policy_data()["limits"]
ASK: dict[str, Any] = {"evacuate": policy_data()["evacuate"], "approvals": {"oncall": LONG}}
WHO = {"who": "ann", "reason": "x"}


def refused() -> World:
    w = failing()
    arc = w.stage.cloud.arc
    arc.add_rule(SafetyRule("b", rule_arn(arc.panel, 90), ("use1-b", "usw2-b"), threshold=2))
    return w


def cannot_send() -> World:
    w = failing()
    w.trouble = lambda sent: "refused" if sent.operation == "UpdateRoutingControlStates" else None
    return w


def target_fails() -> World:
    w = failing(evacuate=FREE | {"settle": "5m"})
    assert w.until(w.has(Kind.SHIFT_APPLIED), 200)
    w.say(west=Verdict.BREACHING)
    return w


def stays_away() -> World:
    w = world(drills={"stay": "9h"})
    w.advance(130)
    assert commands.drill(w.hand, EAST, **WHO).done
    return w


def nobody_ticks() -> World:
    w = failing(**ASK)
    assert w.until(w.has(Kind.APPROVAL_REQUESTED), 200)
    w.asleep.add("Tick")
    return w


def blind() -> World:
    w = failing(target=NEVER)
    assert w.until(w.has(Kind.INCIDENT_OPENED), 200)
    w.down.add("tidegate-evidence")
    return w


def disarmed() -> World:
    w = failing(target=NEVER)
    assert w.until(w.has(Kind.INCIDENT_OPENED), 200)
    assert commands.arm(w.hand, on=False, **WHO).done
    return w


def in_a_window() -> World:
    """It opens half a minute before the window does: a world begins at eight, and ten minutes are past."""
    window = {"cron": "2 8 * * *", "for": "9h", "reason": "release"}
    w = failing(target=NEVER, timezone="UTC", limits=LIMITS | {"blackout": [window]})
    assert w.until(w.has(Kind.INCIDENT_OPENED), 200)
    return w


def cannot_intend() -> World:
    """Everything allows it, and each time that it would intend to, the table takes no event."""
    w = failing()
    w.trouble = lambda sent: (
        "refused" if sent.operation == "PutItem" and "ShiftTraffic" in sent.step else None
    )
    return w


WAITS: dict[str, Callable[[], World]] = {
    "for readiness": lambda: failing(target=NEVER),
    "to be armed": disarmed,
    "for a window to close": in_a_window,
    "for people to answer": lambda: failing(**ASK),
    "in shadow": lambda: failing(enforcement="shadow"),
    "for the evidence": blind,
    "for a table to take its intent": cannot_intend,
    "for ARC to allow it": refused,
    "for ARC to take it": cannot_send,
    "for a wave to settle": lambda: failing(evacuate=FREE | {"settle": "9h"}),
    "for the target to be well": target_fails,
    "away in a drill": stays_away,
    "for an answer that no tick keeps alive": nobody_ticks,
}
