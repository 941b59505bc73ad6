"""A policy with a schedule of drills, and a world in which it begins one."""

from typing import Any

from tests.support.world import World, world

ABORT = [{"in": "target", "family": "customer", "is": "breaching"}]
DRILLS: dict[str, Any] = {
    "timezone": "UTC",
    "drills": {"cron": "2 8 * * *", "stay": "3m", "abortWhen": ABORT},
}


def drilled(**changes: Any) -> World:
    """A world whose schedule strikes two minutes after it begins; well over, but for `changes`."""
    return world(**DRILLS | changes)
