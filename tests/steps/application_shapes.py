"""Applications with a third Region or more slices, and controls moved by hand."""

from typing import Any

from tests.support.policy_scene import EAST, WEST
from tests.support.world import World

THIRD = "eu-west-1"


def sliced(slices: int, *more: str) -> dict[str, Any]:
    regions = {EAST: "use1", WEST: "usw2", THIRD: "euw1"}
    return {
        "regions": {
            region: {"controls": [f"{regions[region]}-{n:02d}" for n in range(slices)]}
            for region in (EAST, WEST, *more)
        }
    }


def by_hand(w: World, region: str, *, on: bool) -> None:
    changes = [(name, on) for name in w.stage.policy.regions[region].controls]
    calls = [changes[start : start + 10] for start in range(0, len(changes), 10)]
    for call in calls:
        w.hand.switch.update([call], deadline=w.stage.kernel.now() + 60, fence=lambda: None)
        w.advance(10)
