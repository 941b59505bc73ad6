"""Which intent stands behind a call that moves traffic."""

from controller.lab.simulate.facts import Fact
from controller.lab.simulate.record import Intent
from controller.lab.simulate.world import World

INTENT_DEADLINE = 16.0
"""Seconds after which nothing new of an intent may be sent: 15, and the way there."""


def sent_by(world: World, fact: Fact) -> Intent | None:
    """The newest intent of the controller that sends which covers all that is sent."""
    sent = fact.data["changes"].items()
    for intent in reversed(world.watch.record.intents):
        if intent.home == fact.where and sent <= intent.changes.items():
            return intent
    return None
