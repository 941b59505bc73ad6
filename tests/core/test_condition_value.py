"""A condition's value alone is the value of its tree, and a decision without a tree is the same decision."""

import random
from dataclasses import replace
from typing import Any

import pytest
from pydantic import TypeAdapter

from controller.core.decision.decide import decide
from controller.core.evidence.evaluation import judge, truth, view
from controller.core.model import Observation, Truth, Verdict, look_id
from controller.core.policy.conditions import Condition
from tests.support.policy_scene import (
    ACCOUNT,
    CONFIRMED,
    EAST,
    OPENED,
    OTHER,
    T0,
    WEST,
    all_on,
    dark_east,
    evidence,
    situation,
    storefront,
)

CONDITIONS: TypeAdapter[Condition] = TypeAdapter(Condition)
NAMED = {
    "fail": {"in": "source", "family": "customer", "is": "breaching", "observers": 2, "for": "3m"},
    "odd": {"not": {"any": [{"condition": "fail"}, {"in": "source", "family": "service", "is": "silent"}]}},
}
POLICY = storefront(conditions=NAMED)


def drawn(rng: random.Random, depth: int = 3) -> dict[str, Any]:
    """A random condition; leaves about a target too, which no policy's `when` may have."""
    kind = rng.choice(["all", "any", "not", "condition", "leaf"]) if depth else "leaf"
    if kind in ("all", "any"):
        return {kind: [drawn(rng, depth - 1) for _ in range(rng.randint(1, 3))]}
    if kind == "not":
        return {"not": drawn(rng, depth - 1)}
    if kind == "condition":
        return {"condition": rng.choice(list(NAMED))}
    leaf: dict[str, Any] = {
        "in": rng.choice(["source", "source", "target"]),
        "family": rng.choice(["customer", "service", "all"]),
        "is": rng.choice(["breaching", "healthy", "silent"]),
    }
    how = rng.choice(["observers", "signals", None])
    if how:
        leaf[how] = rng.choice([1, 2, "all"] if how == "signals" else [1, 2])
    return leaf | ({"for": rng.choice(["1m", "3m", "10m"])} if rng.random() < 0.7 else {})


def minutes(rng: random.Random) -> str:
    words = [rng.choice("HHHBB?-") * rng.randint(1, 6) for _ in range(5)]
    return "".join(words)[:14]


def refused(region: str, ago: float) -> dict[str, tuple[Observation, ...]]:
    look = Observation(T0 - ago, T0 - ago, Verdict.UNKNOWN, "poll", "refused", "Rate exceeded")
    return {look_id(kind="alarm", account=ACCOUNT, observer=region): (look,)}


def test_the_value_alone_is_the_value_of_the_tree() -> None:
    rng, met = random.Random(5), dict.fromkeys(Truth, 0)
    for _ in range(100):
        said = {(name, region, by): minutes(rng) for name in ("checkout", "5xx", "latency", "writes")
                for region in (EAST, WEST) for by in (EAST, WEST, OTHER)}  # fmt: skip
        looks = refused(rng.choice([EAST, WEST]), rng.choice([0, 100, 170, 300]))
        now = T0 + rng.choice([5, 200, 400])
        looked = view(POLICY, ACCOUNT, evidence(POLICY, said) | looks, now)
        for _ in range(10):
            condition = CONDITIONS.validate_python(drawn(rng))
            target = rng.choice([WEST, None])
            value = truth(condition, looked, source=EAST, target=target)
            assert value is judge(condition, looked, source=EAST, target=target, path="x").value
            met[value] += 1
    assert min(met.values()) > 60, met


@pytest.mark.parametrize("drafts", [(), (OPENED,), (OPENED, CONFIRMED)])
def test_a_decision_without_a_tree_is_the_same_decision(drafts: tuple[Any, ...]) -> None:
    p = storefront()
    for seen in (dark_east(p), evidence(p, {}), evidence(p, {("5xx", EAST, ""): "B" * 12}), {}, None):
        for controls in (all_on(p), all_on(p, EAST), None):
            found = situation(p, drafts, evidence=seen, controls=controls)
            for region in p.regions:
                whole = decide(found, region)
                assert decide(found, region, tree=False) == replace(whole, tree=None)
