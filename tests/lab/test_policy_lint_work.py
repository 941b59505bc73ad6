"""The work of a review grows with the differences in a policy, not with repetitions."""

from collections.abc import Callable
from typing import Any

import pytest

from controller.core.policy.rules import MOST_SIGNALS
from controller.core.policy.schema import Policy
from controller.core.policy.validation import PolicyError, parse_policy
from controller.lab.cases import evidence
from controller.lab.lint import reachability, review, single_points
from tests.support.policy_scene import OTHER, policy_data

SIDES = ("east", "west", "north", "south", "central")
PLACES = [f"{area}-{side}-1" for area in ("us", "eu", "ap", "sa") for side in SIDES]


def wide(regions: int, alarms: int = 2, **changes: Any) -> Policy:
    """So many Regions with one canary, seen from the first two and one outside, and so many alarms each."""
    names = PLACES[:regions]
    well = {"in": "source", "family": "all", "is": "healthy", "for": "10m"}
    return parse_policy(
        policy_data()
        | {
            "regions": {name: {"controls": [f"{name}-a"]} for name in names},
            "controllers": [OTHER],
            "signals": {
                "customer": [{"canary": "c-{region}", "runsIn": [*names[:2], OTHER], "silentAfter": "3m"}],
                "service": [{"alarm": f"a{n}-{{region}}", "silentAfter": "3m"} for n in range(alarms)],
            },
            "target": policy_data()["target"] | {"prefer": names},
            "restore": {"when": well, "approval": "none"},
        }
        | changes
    )


def counted(policy: Policy, monkeypatch: pytest.MonkeyPatch) -> tuple[int, int]:
    """How many cases a review plays, and how many observations it folds."""
    counts = {"play": 0, "fold": 0}

    def counting(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            counts[name] += 1
            return real(*args, **kwargs)

        return call

    evidence.past.cache_clear()
    with monkeypatch.context() as patch:
        patch.setattr(reachability, "play", counting("play", vars(reachability)["play"]))
        patch.setattr(evidence, "fold", counting("fold", vars(evidence)["fold"]))
        assert review(policy).proofs
    return counts["play"], counts["fold"]


def test_twenty_regions_that_stand_alike_take_the_work_of_five(monkeypatch: pytest.MonkeyPatch) -> None:
    few = counted(wide(5), monkeypatch)
    assert counted(wide(20), monkeypatch) == few
    assert few[0] <= 20


def test_fifty_alarms_that_say_the_same_are_folded_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    assert counted(wide(3, alarms=50), monkeypatch) == counted(wide(3), monkeypatch)


ONE = {"in": "source", "family": "customer", "is": "breaching", "for": "3m"}
NEVER = [{"in": "target", "family": "service", "is": "healthy"}]


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ({}, {"one-controller"}),
        ({"evacuate": {"when": ONE, "approval": "none"}}, {"one-controller", "one-observer", "one-family"}),
        ({"evacuate": policy_data()["evacuate"] | {"unless": NEVER}}, {"one-controller", "unreachable"}),
        ({"controllers": [PLACES[0], OTHER]}, set()),
    ],
)
def test_regions_that_stand_alike_are_told_of_as_though_each_was_tried(
    changes: dict[str, Any], codes: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = wide(4, **changes)
    found = review(policy)
    others = {"unused", "unchecked-return", "no-arc-readiness"}
    assert {finding.code for finding in found.findings} - others == codes
    for module in (reachability, single_points):
        monkeypatch.setattr(module, "alike", lambda live: tuple((region,) for region in live.regions))
    assert review(policy) == found


def test_more_signals_than_can_be_read_at_a_decision_are_refused() -> None:
    many = {
        family: [{"alarm": f"{family}{n}-{{region}}", "silentAfter": "3m"} for n in range(count)]
        for family, count in (("customer", 50), ("service", 50), ("third", 1))
    }
    with pytest.raises(PolicyError) as info:
        wide(20, signals=many)
    told = [str(problem) for problem in info.value.problems]
    assert any(
        f"2020 signals, Regions and observers counted; expected at most {MOST_SIGNALS}" in t for t in told
    )
    del many["third"]
    with pytest.raises(PolicyError) as info:
        wide(20, signals=many)
    assert not any("Regions and observers counted" in str(problem) for problem in info.value.problems)
