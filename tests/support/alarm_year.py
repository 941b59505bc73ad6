"""A policy with many alarms, and a year of their changes."""

import numpy as np

from controller.core.policy.schema import Policy
from controller.core.policy.validation import expected_signals, parse_policy
from controller.lab.backtest.evidence import BREACHING, HEALTHY, Past, past_of_changes
from tests.support.policy_scene import ACCOUNT, policy_data

T0 = 1_704_067_200.0
YEAR = 365.25 * 86400.0
NAMES = ("us-east-1", "us-west-2", "eu-west-1", "eu-central-1", "ap-south-1", "sa-east-1")


def many(*, regions: int, alarms: int, changes: int) -> tuple[Policy, Past]:
    """A policy with `alarms` alarms in each Region, a third of them the customers', and a year of changes."""
    names = NAMES[:regions]
    third = alarms // 3
    families = {"customer": range(third), "service": range(third, alarms)}
    data = policy_data() | {
        "regions": {name: {"controls": [f"{name}-a"]} for name in names},
        "signals": {
            family: [{"alarm": f"shop-{{region}}-{number}", "silentAfter": "5m"} for number in numbers]
            for family, numbers in families.items()
        },
        "target": {
            "prefer": list(names),
            "ready": [{"family": "customer", "is": "healthy", "for": "5m", "ifUnknown": "block"}],
        },
    }
    data["evacuate"] = {
        "when": {
            "all": [
                {"in": "source", "family": "customer", "is": "breaching", "signals": 2, "for": "3m"},
                {"in": "source", "family": "service", "is": "breaching", "signals": 2, "for": "2m"},
            ]
        },
        "approval": "oncall",
    }
    policy = parse_policy(data)
    rng = np.random.default_rng(3)
    shared = {name: np.sort(rng.uniform(0, YEAR, 12)) for name in names}
    changes_by_id = {}
    for signal in expected_signals(policy, ACCOUNT):
        own = np.sort(rng.uniform(0, YEAR, changes))
        begins = np.sort(np.concatenate([own, shared[signal.subject]]))
        ends = np.minimum(begins + rng.uniform(60, 1800, begins.size), np.append(begins[1:], YEAR) - 1.0)
        times = np.concatenate([[0.0], np.column_stack([begins, ends]).reshape(-1)])
        codes = np.concatenate([[HEALTHY], np.tile([BREACHING, HEALTHY], begins.size)])
        changes_by_id[signal.id] = (T0 + times, codes)
    return policy, past_of_changes(policy, changes_by_id, T0, T0 + YEAR)
