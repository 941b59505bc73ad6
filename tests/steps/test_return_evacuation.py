"""A Region that was left serves again, since the one that stood in failed too; what is home then?"""

from typing import Any

import pytest

from controller.core.incident.state import State
from controller.core.journal.kind import Kind
from controller.core.model import Verdict
from tests.support.policy_scene import EAST, WEST
from tests.support.restore_policy import HOME
from tests.support.world import World, failing

QUICK: dict[str, Any] = HOME | {"limits": HOME["limits"] | {"cooldown": "5m", "evacuationsPerDay": 9}}


def there_and_back() -> World:
    """us-east-1 fails and is left; once it is well us-west-2 fails, is left for it, and stays dark."""
    w = failing(**QUICK)
    assert w.until(w.has(Kind.SETTLED), 200)
    w.say(east=Verdict.HEALTHY, west=Verdict.BREACHING)
    assert w.until(lambda: w.count(Kind.SETTLED) == 2, 900)
    return w


def test_nothing_is_sent_to_a_region_that_is_dark_for_the_sake_of_one_that_is_well(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Found: us-east-1 came home although it served, and us-west-2, which was dark, was turned on with it."""
    w = there_and_back()
    w.advance(900)
    assert [on for name, on in w.controls.items() if name.startswith("usw2")] == [False] * 4
    w.say(west=Verdict.HEALTHY)
    assert w.until(lambda: all(w.controls.values()), 900, step=30)
    assert w.whole

    def until_restored(self: State, region: str) -> Any:
        mine = [i for i in self.incidents.values() if i.source == region and i.before]
        return mine[-1] if mine and mine[-1].intent == "evacuate" else None

    monkeypatch.setattr(State, "away", until_restored)
    again = there_and_back()
    assert again.until(again.has(Kind.RESTORE_OPENED), 600)


def test_it_is_left_again_when_it_fails_again() -> None:
    """Found: it was taken for away for ever, so nothing but its return was ever decided about it."""
    w = there_and_back()
    w.say(east=Verdict.BREACHING, west=Verdict.HEALTHY)
    assert w.until(lambda: w.count(Kind.SETTLED) == 3, 1200)
    last = list(w.state.incidents.values())[-1]
    assert (last.intent, last.source, last.target) == ("evacuate", EAST, WEST)
