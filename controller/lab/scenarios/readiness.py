"""The scenarios in which a Region must be left, but its target is doubtful.

The readiness of the target is known to be bad, or is not known at all.
"""

from collections.abc import Mapping
from typing import Any

from controller.lab.environment.environment import Stage
from controller.lab.scenarios.actions import dark
from controller.lab.scenarios.scenario import Scenario, Step

BREAKS = 150.0
READY: Mapping[str, Any] = {
    "target": {
        "ready": [
            {"family": "customer", "is": "healthy", "for": "5m", "ifUnknown": "block"},
            {"replication": "storefront", "maxLag": "30s", "aboveOrUnknown": "block"},
            {"arcReadiness": "storefront-{region}", "maxAge": "5m", "ifUnknown": {"ask": "leads"}},
        ]
    },
    "approvals": {"leads": [{"ask": ["group:sre-leads"], "people": 1, "within": "15m"}]},
}


def _behind(stage: Stage, region: str) -> None:
    stage.faults.lag[region] = 600.0


def _mute(stage: Stage, _region: str) -> None:
    stage.faults.mute.add("route53-recovery-readiness")


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
)
