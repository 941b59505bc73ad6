"""The steps of one incident, each with the seconds that it took."""

from typing import Any

from controller.core.journal.kind import Kind
from tests.support.policy_scene import EAST, WEST

STATES = {"use1-a": False}
RUN: tuple[tuple[Kind, dict[str, Any], float], ...] = (
    (Kind.INCIDENT_OPENED, {"source": EAST}, 0.0),
    (Kind.CONFIRMED, {"target": WEST}, 1.0),
    (Kind.READINESS_CONFIRMED, {}, 2.0),
    (Kind.SHIFT_INTENDED, {"changes": []}, 1.0),
    (Kind.SHIFT_APPLIED, {"states": STATES}, 4.0),
    (Kind.SHIFT_VERIFIED, {}, 40.0),
    (Kind.SETTLED, {}, 5.0),
)
"""Kind, data, seconds since the one before."""
