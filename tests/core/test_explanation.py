"""Sentences and the leaves that are to blame."""

import itertools
import random
from typing import Any

import pytest

from controller.core.canonical_json import ascii_json
from controller.core.decision.decide import decide
from controller.core.explanation import (
    decision_data,
    decision_record,
    flip_set,
    format_time,
    grounds,
    node_data,
    shorter_records,
    tree_lines,
    why_sentence,
)
from controller.core.model import Node, Truth, all_of, any_of, negate
from tests.support.policy_scene import EAST, evidence, policy_data, situation, storefront

FREE = storefront(evacuate=policy_data()["evacuate"] | {"approval": "none"})


def grown(rng: random.Random, path: str = "when", depth: int = 3) -> Node:
    """A random tree whose values follow from its leaves."""
    op = rng.choice(("leaf", "all", "any", "not")) if depth else "leaf"
    if op == "leaf":
        return Node(path, "leaf", rng.choice(list(Truth)), f"{path} is so")
    count = 1 if op == "not" else rng.randint(1, 3)
    return judged(op, path, tuple(grown(rng, f"{path}.{n}", depth - 1) for n in range(count)))


def judged(op: str, path: str, children: tuple[Node, ...]) -> Node:
    values = [child.value for child in children]
    value = all_of(values) if op == "all" else any_of(values) if op == "any" else negate(values[0])
    return Node(path, op, value, op, children)


def turned(node: Node, leaves: dict[str, Truth]) -> Truth:
    if not node.children:
        return leaves.get(node.path, node.value)
    values = [turned(child, leaves) for child in node.children]
    return all_of(values) if node.op == "all" else any_of(values) if node.op == "any" else negate(values[0])


def under_not(node: Node, path: str, odd: bool = False) -> bool:
    """Whether the leaf `path` stands under an odd number of `not`."""
    if node.path == path:
        return odd
    return any(
        under_not(child, path, odd != (node.op == "not"))
        for child in node.children
        if path == child.path or path.startswith(child.path + ".")
    )


@pytest.mark.parametrize("seed", range(150))
def test_turning_the_flip_set_flips_the_verdict_and_no_part_of_it_does(seed: int) -> None:
    tree = grown(random.Random(seed))
    found = flip_set(tree)
    assert bool(found) is (tree.value is not Truth.TRUE)
    wanted = {leaf.path: Truth.of(not under_not(tree, leaf.path)) for leaf in found}
    assert turned(tree, wanted) is Truth.TRUE
    for size in range(len(found)):
        for part in itertools.combinations(wanted, size):
            assert tree.value is Truth.TRUE or turned(tree, {p: wanted[p] for p in part}) is not Truth.TRUE


def test_grounds_are_the_leaves_that_carry_it() -> None:
    decision = decide(situation(FREE), EAST)
    assert decision.tree is not None
    assert "customer of us-east-1 is breaching" in grounds(decision.tree)
    assert "silent" not in grounds(decision.tree)


def test_a_decision_not_to_act_names_its_leaf_in_one_sentence() -> None:
    calm = decide(situation(FREE, evidence=evidence(FREE, {})), EAST)
    said = why_sentence(decision_data(calm))
    assert said.startswith(
        "us-east-1: healthy: every signal about us-east-1 is healthy. Kept by `when.all.0` is false"
    )
    assert "\n" not in said


def test_a_stored_tree_prints_one_line_a_node_and_a_signal() -> None:
    tree = decide(situation(FREE), EAST).tree
    assert tree is not None
    lines = list(tree_lines(node_data(tree)))
    assert lines[0].startswith("+ when: all of 2")
    assert any("heard" in line for line in lines)


def test_what_goes_into_the_journal_is_bounded_and_still_says_which_leaf() -> None:
    decision = decide(situation(FREE), EAST)
    whole = decision_record(decision, limit=100_000)
    assert whole == decision_data(decision)
    less = decision_record(decision, limit=len(ascii_json(whole)) - 1)
    assert less["tree"]["children"][0]["sentence"]
    assert '"signals":' in ascii_json(whole["tree"])
    assert '"signals":' not in ascii_json(less["tree"])
    least = decision_record(decision, limit=10)
    assert (least["cut"], "tree" in least, least["code"]) == (True, False, "evacuate")


def test_stamps_are_utc_with_tenths_only_where_there_are_any() -> None:
    assert format_time(1606309200.0) == "2020-11-25T13:00:00Z"
    assert format_time(1606309200.26) == "2020-11-25T13:00:00.3Z"


def large(signals: int) -> dict[str, Any]:
    tree = {"path": "when", "op": "any", "value": "false", "sentence": f"0 of {signals}",
            "children": [{"path": "a", "op": "leaf", "value": "false", "sentence": "none",
                          "signals": [{"name": f"alarm {n}"} for n in range(signals)]}]}  # fmt: skip
    decision = {
        "region": "us-east-1",
        "code": "not-met",
        "action": "none",
        "reason": "healthy",
        "target": None,
    }
    checks = [{"guard": "armed", "code": "armed", "value": "true", "sentence": "armed"}]
    return {"by": "tick", "decisions": [decision | {"checks": checks, "tree": tree}], "waits": {"a": 1.0}}


def test_a_record_has_shorter_forms_which_say_what_was_left_out_and_keep_codes_and_reasons() -> None:
    whole = large(3000)
    forms = list(
        shorter_records(whole | {"head": {"seq": 4}, "x": "y" * 30_000}, most=99, keep=frozenset({"head"}))
    )
    assert forms[0] == whole | {"head": {"seq": 4}, "x": "y" * 30_000}
    sizes = [len(ascii_json(dict(form))) for form in forms]
    assert sizes == sorted(sizes, reverse=True)
    for form, gone in zip(
        forms[1:], ("the signals of the trees", "the trees", "the trees, the checks, x"), strict=True
    ):
        (decision,) = form["decisions"]
        told = f"{gone} were left out: with them the record would have more than 99 bytes"
        assert form["cut"] == decision["cut"] == told
        assert (decision["code"], decision["reason"], form["head"]) == ("not-met", "healthy", {"seq": 4})
        assert form["waits"] == {"a": 1.0}
        assert why_sentence(dict(decision)) == "us-east-1: not-met: healthy."
    assert forms[1]["decisions"][0]["tree"]["children"][0]["sentence"] == "none"
    assert len(forms[2]["decisions"][0]["checks"]) == 1
    assert forms[3]["decisions"][0]["checks"] == []
    assert whole == large(3000)  # the record itself is as it was
