"""Named conditions and what a Region says otherwise: judged as if written out, refused where they mislead."""

from typing import Any

import pytest

from controller.core.decision.approval_chain import chain
from controller.core.decision.decide import decide
from controller.core.evidence.evaluation import judge, view
from controller.core.model import Truth
from controller.core.policy.schema import Policy
from controller.core.policy.validation import PolicyError, compiled, parse_policy
from tests.support.policy_scene import (
    ACCOUNT,
    CONFIRMED,
    EAST,
    OPENED,
    T0,
    WEST,
    dark_east,
    policy_data,
    situation,
    state,
    storefront,
)

FAIL = {"in": "source", "family": "customer", "is": "breaching", "observers": 2, "for": "3m"}
OWN = {"in": "source", "family": "service", "is": "breaching", "for": "2m"}
LEADS = [{"ask": ["group:leads"], "people": 2, "within": "20m"}]


def named(when: Any, **conditions: Any) -> dict[str, Any]:
    data = policy_data()
    return data | {"conditions": conditions, "evacuate": data["evacuate"] | {"when": when}}


def refused(data: dict[str, Any]) -> list[tuple[str, str]]:
    with pytest.raises(PolicyError) as info:
        parse_policy(data)
    return [(".".join(map(str, p.where)), p.message) for p in info.value.problems]


def test_a_reference_is_judged_as_what_it_names_and_the_tree_says_both_places() -> None:
    plain = storefront(evacuate=policy_data()["evacuate"] | {"when": {"all": [FAIL, {"not": OWN}]}})
    by_name = parse_policy(named({"all": [{"condition": "f"}, {"not": {"condition": "o"}}]}, f=FAIL, o=OWN))
    for policy in (plain, by_name):
        seen = view(policy, ACCOUNT, dark_east(policy), T0)
        tree = judge(policy.evacuate.when, seen, source=EAST, target=None, path="when")
        assert [child.value for child in tree.children] == [Truth.TRUE, Truth.FALSE]
    (leaf,) = tree.children[0].children
    assert (tree.children[0].path, tree.children[0].op, leaf.path) == (
        "when.all.0",
        "condition",
        "conditions.f",
    )
    assert tree.children[0].sentence == f"f: {leaf.sentence}"


@pytest.mark.parametrize(
    ("when", "conditions", "where", "words"),
    [
        ({"condition": "g"}, {"f": FAIL}, "evacuate.when.condition", "expected one of: f"),
        ({"condition": "f"}, {"f": {"any": [FAIL, {"condition": "f"}]}}, "conditions.f", "into a circle"),
        (FAIL, {"f": {"condition": "g"}, "g": {"not": {"condition": "f"}}}, "conditions.g", "into a circle"),
        (FAIL, {"f": FAIL | {"in": "target"}}, "conditions.f.in", "expected `source`"),
        (FAIL, {"f": FAIL | {"family": "nobody"}}, "conditions.f.family", "no family is named"),
        ({"condition": "f"}, {"f": FAIL | {"observers": 3}}, "conditions.f.observers", "only 2 observing"),
        ({"condition": "f", "is": "silent"}, {"f": FAIL}, "evacuate.when.is", "unknown key 'is'"),
        (FAIL, {"f": {"all": [{"all": [{"fro": 1}]}]}}, "conditions.f.all.0.all.0.fro", "unknown key"),
    ],
)
def test_what_is_refused_of_a_reference(
    when: Any, conditions: dict[str, Any], where: str, words: str
) -> None:
    told = refused(named(when, **conditions))
    assert any(at == where and words in message for at, message in told), told


def test_references_cannot_multiply() -> None:
    laughs = {f"c{n}": {"all": [{"condition": f"c{n + 1}"}] * 9} for n in range(20)} | {"c20": FAIL}
    told = refused(named({"condition": "c0"}, **laughs))
    assert any("leaves with every reference written out" in message for _, message in told)


HERE = {
    "evacuate": {"approval": "leads", "waves": [1, 1, 2], "when": FAIL},
    "target": {"prefer": [WEST]},
}


def overriding(region: str = EAST, **here: Any) -> dict[str, Any]:
    data = policy_data()
    data["approvals"]["leads"] = LEADS
    data["regions"][region] |= here
    return data


def test_a_region_says_otherwise_what_it_says_and_nothing_else() -> None:
    policy = parse_policy(overriding(**HERE))
    east, west = policy.about(EAST), policy.about(WEST)
    assert west is policy
    assert (east.evacuate.approval, east.evacuate.waves, east.target.prefer) == ("leads", (1, 1, 2), (WEST,))
    assert east.evacuate.unless == policy.evacuate.unless
    assert east.target.ready == policy.target.ready
    assert east.digest == policy.digest == parse_policy(compiled(policy)).digest
    assert policy.digest != storefront(approvals=policy_data()["approvals"] | {"leads": LEADS}).digest


def test_the_decision_about_a_region_goes_by_its_own_words() -> None:
    policy = parse_policy(overriding(**HERE))
    decision = decide(situation(policy, [OPENED, CONFIRMED]), EAST)
    assert (decision.code, decision.gate) == ("approval", "leads")
    assert "2 people of group:leads" in decision.reason
    assert decision.plan is not None
    assert len(decision.plan.changes) == 1  # the target's is On already
    assert decision.tree is not None
    assert not decision.tree.children


@pytest.mark.parametrize(
    ("here", "where", "words"),
    [
        ({"evacuate": {"approval": "nobody"}}, "regions.us-east-1.evacuate.approval", "no gate is named"),
        ({"evacuate": {"cooldown": "1h"}}, "regions.us-east-1.evacuate.cooldown", "unknown key"),
        ({"target": {"prefer": ["us-west-9"]}}, "regions.us-east-1.target.prefer.0", "unknown Region"),
        ({"restore": {"approval": "leads"}}, "regions.us-east-1.restore", "no common `restore`"),
        (
            {"evacuate": {"when": {"condition": "x"}}},
            "regions.us-east-1.evacuate.when.condition",
            "no condition",
        ),
        (
            {"evacuate": {"when": {"all": [FAIL | {"observers": 3}]}}},
            "regions.us-east-1.evacuate.when.all.0.observers",
            "only 2 observing Regions",
        ),
        (
            {"target": {"ready": [{"family": "x", "is": "healthy", "ifUnknown": "block"}]}},
            "regions.us-east-1.target.ready.0.family",
            "no family is named",
        ),
    ],
)
def test_what_a_region_says_is_checked_like_the_common_words(here: Any, where: str, words: str) -> None:
    told = refused(overriding(**here))
    assert any(at == where and words in message for at, message in told), told


def test_a_leaf_must_be_reachable_only_for_those_whom_it_judges() -> None:
    """us-west-2 has fewer observers, and says so: the common leaf is not asked of it."""
    data = policy_data()
    data["signals"]["customer"][0]["runsIn"] = ["us-east-2", "us-west-2"]
    assert refused(data)[0][0] == "evacuate.when.all.0.observers"
    data["regions"][WEST] |= {"evacuate": {"when": FAIL | {"observers": 1}}}
    policy: Policy = parse_policy(data)
    assert policy.about(WEST).evacuate.when != policy.about(EAST).evacuate.when


class Later(Policy):
    """A version that knows one more key."""

    more: str | None = None


def test_a_version_that_knows_more_keys_gives_the_same_policy_the_same_digest() -> None:
    data = policy_data()
    spelt = data["evacuate"] | {"settle": "30s", "ifVerifyFails": "hold"}
    assert Later.model_validate(data).digest == storefront().digest
    assert Later.model_validate(data | {"more": "x"}).digest != storefront().digest
    assert storefront(evacuate=spelt, conditions={}).digest == storefront().digest
    assert storefront(evacuate=spelt | {"settle": "31s"}).digest != storefront().digest


def test_whoever_asks_for_an_incident_asks_its_region_s_own_gate() -> None:
    policy = parse_policy(overriding(**HERE))
    incident = state(policy, OPENED).open
    assert [ask.people for ask in chain(policy, incident)] == [2]
    assert [ask.people for ask in chain(policy, None)] == [1]
