"""A world in which customers of us-east-1 fail, and notices that AWS Health sends to it."""

from typing import Any

from controller.core.model import Verdict
from controller.core.policy.validation import expected_signals
from tests.support.event_samples import HEALTH
from tests.support.policy_scene import ACCOUNT, EAST, OTHER, policy_data
from tests.support.world import FREE, World, world

FAILS = {"in": "source", "family": "customer", "is": "breaching", "observers": 2, "for": "3m"}
SIGNALS = {
    "customer": policy_data()["signals"]["customer"],
    "monitor": [{"event": "real-users", "runsIn": [OTHER], "silentAfter": "5m"}],
    "provider": [{"health": ["DYNAMODB", "LAMBDA"]}],
}


def dark(**leaf: Any) -> World:
    """Customers of us-east-1 fail; nobody else has said anything yet."""
    when = {"all": [FAILS, {"in": "source", "is": "breaching", **leaf}]}
    w = world(signals=SIGNALS, evacuate=FREE | {"when": when})
    canaries = [key for key in w.hand.evidence.read("storefront") if key.startswith("canary:")]
    w.verdicts |= {
        signal.id: None for signal in expected_signals(w.stage.policy, ACCOUNT) if signal.id not in canaries
    }
    w.say(east=Verdict.BREACHING)
    w.advance(400)
    return w


def notice(w: World, *, region: str = EAST, **more: Any) -> None:
    """Sent by AWS; `lastUpdatedTime` left out: the event's own time counts."""
    detail = {k: v for k, v in HEALTH["detail"].items() if k != "lastUpdatedTime"} | more
    event = {"source": "aws.health", "detail-type": HEALTH["detail-type"], "detail": detail}
    w.stage.cloud.events[region].publish(event)
