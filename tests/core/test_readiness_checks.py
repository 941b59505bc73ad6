"""Readiness checks in a policy: what is let in, what is refused and where."""

from typing import Any

import pytest

from controller.core.policy.validation import PolicyError, compiled, parse_policy
from tests.support.policy_scene import policy_data

FAMILY = {"family": "customer", "is": "healthy", "ifUnknown": "block"}
LAG = {"replication": "orders", "maxLag": "30s", "aboveOrUnknown": {"ask": "oncall"}}
PLAN = {"planEvaluation": "move", "maxAge": "1h", "ifUnknown": "block"}
ARC = {"arcReadiness": "shop-{region}", "maxAge": "1h", "ifUnknown": "block"}
QUOTAS = {"quotas": ["lambda"], "ifUnknown": {"ask": "oncall"}}


def data(*checks: Any) -> dict[str, Any]:
    found = policy_data()
    found["target"]["ready"] = list(checks)
    return found


def test_every_kind_is_let_in_and_written_out_to_the_same_policy() -> None:
    policy = parse_policy(data(FAMILY, LAG, PLAN, ARC, QUOTAS))
    assert parse_policy(compiled(policy)) == policy
    assert parse_policy(compiled(policy)).digest == policy.digest
    assert [type(check).__name__ for check in policy.target.ready] == [
        "FamilyCheck", "ReplicationCheck", "PlanCheck", "ArcCheck", "QuotaCheck",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("checks", "where", "words"),
    [
        ([ARC], (), "expected another check beside it"),
        ([ARC, ARC], (), "expected another check beside it"),
        ([LAG | {"aboveOrUnknown": {"ask": "x"}}], (0, "aboveOrUnknown", "ask"), "expected one of: oncall"),
        ([FAMILY, PLAN | {"ifUnknown": {"ask": "nobody"}}], (1, "ifUnknown", "ask"), "no gate is named"),
        ([FAMILY, PLAN | {"ifUnknown": "pass"}], (1, "ifUnknown"), "expected `block`"),
        ([FAMILY, PLAN | {"ifUnknown": None}], (1, "ifUnknown"), "expected `block`"),
        ([FAMILY, PLAN | {"ifUnknown": {}}], (1, "ifUnknown", "ask"), "'ask' is missing"),
        ([{"planEvaluation": "x", "maxAge": "1h"}], (0, "ifUnknown"), "'ifUnknown' is missing"),
        ([FAMILY, {k: v for k, v in PLAN.items() if k != "maxAge"}], (1, "maxAge"), "'maxAge' is missing"),
        ([FAMILY | {"ifUnknown": {"ask": "oncall"}}], (0, "ifUnknown"), "expected 'block'"),
        ([LAG | {"ifUnknown": "block"}], (0,), "exactly one of"),
        ([{k: v for k, v in LAG.items() if k != "aboveOrUnknown"}], (0,), "exactly one of"),
        ([LAG | {"maxLag": 30}], (0, "maxLag"), "expected a duration"),
        ([LAG | {"family": "customer"}], (0, "family"), "unknown key"),
        ([QUOTAS | {"quotas": ["ec2"]}], (0, "quotas", 0), "expected 'lambda' or 'apigateway'"),
        ([QUOTAS | {"quotas": []}], (0, "quotas"), "at least 1 entry"),
        (["block"], (0,), "expected a check"),
        ([{"family": "staff", "is": "healthy", "ifUnknown": "block"}], (0, "family"), "no family is named"),
    ],
)  # fmt: skip
def test_what_is_refused_and_where(checks: list[Any], where: tuple[Any, ...], words: str) -> None:
    with pytest.raises(PolicyError) as info:
        parse_policy(data(*checks))
    found = {problem.where: problem.message for problem in info.value.problems}
    assert words in found[("target", "ready", *where)]


def test_the_same_checks_guard_the_way_home() -> None:
    found = data(FAMILY)
    found["restore"] = {
        "when": {"in": "source", "family": "customer", "is": "healthy", "for": "30m"},
        "approval": "oncall",
        "ready": [{"replication": "orders", "maxLag": "5s", "ifUnknown": "block"}],
    }
    policy = parse_policy(found)
    assert policy.restore is not None
    assert policy.restore.ready[0].if_unknown == "block"
    found["restore"]["ready"] = [ARC]
    with pytest.raises(PolicyError, match=r"restore\.ready: `arcReadiness` may be stale"):
        parse_policy(found)
