"""Requests that each Region counts while traffic moves, and the policy that asks for them."""

from typing import Any

from tests.support.policy_scene import EAST, WEST
from tests.support.world import World

RULE: dict[str, Any] = {
    "namespace": "Storefront", "metric": "Requests", "atMost": "10%", "within": "6m", "ifUnknown": "proceed",
}  # fmt: skip


def counting(w: World, stubborn: float) -> None:
    """60 requests a minute in each of two Regions, then as the controls have it; `stubborn`: what stays."""
    w.stage.kernel.every(60.0, lambda: _count(w, stubborn), first_after=0.1)


def _count(w: World, stubborn: float) -> None:
    minute = w.stage.kernel.now() // 60 * 60
    on = sum(w.stage.cloud.switch.is_on(f"use1-{s}") for s in "abcd") / 4
    east = 60.0 * max(on, stubborn)
    for region, count in ((EAST, east), (WEST, 120.0 - east)):
        if region not in w.stage.faults.dark:
            w.stage.cloud.put_metric(region, "Storefront", "Requests", count, "Count", minute, {})
