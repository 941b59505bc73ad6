"""The scenarios in which people decide.

A safety rule is in the way, nobody answers, or another policy is deployed while they are asked.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from controller.lab.environment.environment import Stage
from controller.lab.policy_files.overlay import overlaid
from controller.lab.scenarios.actions import dark, once_asked
from controller.lab.scenarios.scenario import Act, Scenario, Step
from controller.rehearsal.services.arc.safety_rules import SafetyRule, rule_arn
from controller.steps.context.deps import Deps
from controller.steps.context.journalling import load_state

LEADS = [{"ask": ["group:sre-leads"], "people": 2, "within": "10m"}]
OVERRIDE: Mapping[str, Any] = {"approvals": {"override": LEADS}}
OTHER_WAVES: Mapping[str, Any] = {"evacuate": {"waves": [1], "settle": "10m"}}
SHADOW: Mapping[str, Any] = {"enforcement": "shadow"}
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


def _rolled_back(policy: Mapping[str, Any]) -> Act:
    """Return an act by which a policy is loaded once people are asked, and its stack is rolled back.

    So no controller has the policy that is in force.
    """

    def load(deps: Deps) -> None:
        fresh = overlaid(deps.packaged, policy)
        load_state(replace(deps, policy=fresh, deployed_with=None, deployed=deps.runtime.now()))

    return once_asked(lambda stage: stage.later(load))


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
    Scenario(
        "policy-changed",
        "while people are asked, a policy with other waves is deployed, and its stack is rolled back",
        "move",
        (
            Step(0, "{region} goes dark", dark),
            Step(0, "another policy will be loaded once people are asked", _rolled_back(OTHER_WAVES)),
        ),
    ),
    Scenario(
        "policy-changed-shadow",
        "twin: the same, but the other policy is in shadow: that binds at once",
        "stay",
        (
            Step(0, "{region} goes dark", dark),
            Step(0, "another policy will be loaded once people are asked", _rolled_back(SHADOW)),
        ),
        lasts=900,
        pages=True,
    ),
)
