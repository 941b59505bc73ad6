"""The scenarios in which people decide.

A safety rule is in the way, or nobody answers.
"""

from collections.abc import Mapping
from typing import Any

from controller.lab.environment.environment import Stage
from controller.lab.scenarios.actions import dark
from controller.lab.scenarios.scenario import Scenario, Step
from controller.rehearsal.services.arc.safety_rules import SafetyRule, rule_arn

LEADS = [{"ask": ["group:sre-leads"], "people": 2, "within": "10m"}]
OVERRIDE: Mapping[str, Any] = {"approvals": {"override": LEADS}}
CHAIN: Mapping[str, Any] = {
    "evacuate": {"approval": "in-turn"},
    "approvals": {"in-turn": [{"ask": ["group:sre-oncall"], "people": 1, "within": "5m"}, *LEADS]},
}


def _forbid(stage: Stage, region: str) -> None:
    """Make a safety rule that a slice must be On in all Regions.

    Then no Region can be left any more.
    """
    slices = zip(*(entry.controls for entry in stage.policy.regions.values()), strict=True)
    every = next(iter(slices))
    rule = SafetyRule(
        "slice-1-on-everywhere", rule_arn(stage.cloud.arc.panel, 99), tuple(every), threshold=len(every)
    )
    stage.cloud.arc.add_rule(rule)
    dark(stage, region)


CONSENT = (
    Scenario(
        "safety-rule",
        "a safety rule refuses the move; two people set that one rule aside",
        "move",
        (Step(0, "{region} goes dark, and a safety rule forbids leaving it", _forbid),),
        pages=True,
        policy=OVERRIDE,
    ),
    Scenario(
        "safety-rule-denied",
        "the same, but people will not set the rule aside",
        "stay",
        (Step(0, "{region} goes dark, and a safety rule forbids leaving it", _forbid),),
        lasts=900,
        pages=True,
        policy=OVERRIDE,
        people="no override",
    ),
    Scenario(
        "approval-expires",
        "a Region is dark; two groups are asked in turn, and nobody answers",
        "stay",
        (Step(0, "{region} goes dark", dark),),
        lasts=1560,
        pages=True,
        policy=CHAIN,
        people="silent",
    ),
)
