"""The scenarios in which a Region must be left, but its target is doubtful.

The readiness of the target is known to be bad, or is not known at all.
"""

from collections.abc import Mapping
from typing import Any

from controller.lab.environment.environment import Stage
from controller.lab.scenarios.actions import dark
from controller.lab.scenarios.scenario import Scenario, Step

BREAKS, MENDED = 150.0, 900.0
READY: Mapping[str, Any] = {
    "target": {
        "ready": [
            {"family": "customer", "is": "healthy", "for": "5m", "ifUnknown": "block"},
            {"replication": "storefront-orders", "maxLag": "30s", "aboveOrUnknown": "block"},
            {"arcReadiness": "storefront-{region}", "maxAge": "5m", "ifUnknown": {"ask": "leads"}},
        ]
    },
    "approvals": {"leads": [{"ask": ["group:sre-leads"], "people": 1, "within": "15m"}]},
}


def _behind(stage: Stage, region: str) -> None:
    stage.faults.lag[region] = 600.0


def _mute(stage: Stage, _region: str) -> None:
    stage.faults.mute.add("route53-recovery-readiness")


def _plan_fails(stage: Stage, region: str) -> None:
    """Let ARC find in every other Region that the plan needs somebody's action."""
    stage.faults.unready.update(other for other in stage.policy.regions if other != region)


def _plan_passes(stage: Stage, _region: str) -> None:
    stage.faults.unready.clear()


FAILS = Step(0, "ARC Region switch evaluates the plan: action required, where traffic would go", _plan_fails)
UNREADY = (
    Scenario(
        "target-unready",
        "a Region goes dark while its writes reach the target ten minutes late; the policy blocks",
        "stay",
        (
            Step(0, "what {region} writes reaches the target ten minutes late", _behind),
            Step(BREAKS, "{region} goes dark", dark),
        ),
        breaks=BREAKS,
        lasts=1200,
        pages=True,
        policy=READY,
    ),
    Scenario(
        "readiness-silent",
        "a Region goes dark while the readiness service answers nobody; the policy asks the leads",
        "move",
        (
            Step(0, "ARC readiness checks answer nobody", _mute),
            Step(BREAKS, "{region} goes dark", dark),
        ),
        breaks=BREAKS,
        policy=READY,
    ),
    Scenario(
        "plan-fails",
        "a Region goes dark, and ARC's evaluation of the plan says that the target needs action",
        "stay",
        (FAILS, Step(BREAKS, "{region} goes dark", dark)),
        breaks=BREAKS,
        pages=True,
    ),
    Scenario(
        "plan-mended",
        "the same; after fifteen minutes the plan's evaluation passes",
        "move",
        (
            FAILS,
            Step(BREAKS, "{region} goes dark", dark),
            Step(MENDED, "the plan's evaluation passes", _plan_passes),
        ),
        breaks=BREAKS,
        lasts=1800,
        still_until=MENDED,
    ),
)
