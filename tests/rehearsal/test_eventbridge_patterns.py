"""The pattern matcher against AWS's own verdicts, and against hostile input."""

import json
from typing import Any

import json5
import pytest

from controller.rehearsal.service import AwsError, Call
from controller.rehearsal.services.eventbridge.patterns import InvalidPattern, compile_pattern
from controller.rehearsal.services.eventbridge.rules import Rules
from tests.support.corpus import ROOT, corpus, corpus_files

VECTORS = sorted(path.name for path in (ROOT / "event_patterns").glob("*.json5")) or ["absent"]


def test_the_verdicts_of_aws_are_all_there() -> None:
    assert [file.name for file in corpus_files("event_patterns", "*.json5", least=75)] == VECTORS


@pytest.mark.parametrize("name", VECTORS)
def test_same_verdict_as_aws(name: str) -> None:
    case = json5.loads((corpus("event_patterns") / name).read_text())
    params = {"EventPattern": json.dumps(case["EventPattern"]), "Event": json.dumps(case["Event"])}
    ask = Rules("us-east-1").operations["TestEventPattern"]
    call = Call("events", "TestEventPattern", "us-east-1", params)
    if "_EXC" in name:
        with pytest.raises(InvalidPattern):
            compile_pattern(case["EventPattern"])
        with pytest.raises(AwsError, match="InvalidEventPatternException"):
            ask(call)
    else:
        assert compile_pattern(case["EventPattern"])(case["Event"]) is ("_NEG" not in name)
        assert ask(call) == {"Result": "_NEG" not in name}


def test_of_duplicate_keys_the_last_counts() -> None:
    text = (corpus("event_patterns") / "complex_multi_key_event_pattern.json").read_text()
    matches = compile_pattern(text)
    assert matches({"detail": {"location": "eu-north"}})
    assert not matches({"detail": {"location": "us-east"}})


@pytest.mark.parametrize(
    ("pattern", "event", "verdict"),
    [
        ({"a": [{"exists": False}]}, {"b": 1}, True),
        ({"a": [{"exists": False}]}, {"a": None}, False),
        ({"a": {"b": [{"exists": False}]}}, {}, True),
        ({"a": {"b": [{"exists": False}]}}, {"a": [{"c": 1}, {"b": 2}]}, False),
        ({"a": [{"exists": False}, "x"]}, {"a": "x"}, True),
        ({"a": {"x": [1], "y": [2]}}, {"a": [{"x": 1, "y": 0}, {"x": 0, "y": 2}]}, False),
        ({"a": {"x": [1], "y": [2]}}, {"a": [{"x": 1, "y": 2}]}, True),
        ({"a.b": [1]}, {"a": {"b": 1}}, True),
        ({"a": [1]}, {"a": True}, False),
        ({"a": [True]}, {"a": 1}, False),
        ({"a": [0]}, {"a": False}, False),
        ({"a": [None]}, {"a": None}, True),
        ({"a": [{"wildcard": "x*"}]}, {"a": "xyz"}, True),
        ({"a": [{"wildcard": "*x"}]}, {"a": "xyz"}, False),
        ({"a": [{"wildcard": "ab*ba"}]}, {"a": "aba"}, False),
        ({"a": [{"wildcard": "a\\*b"}]}, {"a": "a*b"}, True),
        ({"a": [{"wildcard": "a\\*b"}]}, {"a": "axb"}, False),
        ({"a": [{"anything-but": ["x", "y"]}]}, {"a": ["x", "z"]}, True),
        ({"$or": [{"a": [1]}, {"b": [2]}]}, {"b": 2}, True),
        ({"c": [3], "$or": [{"a": [1]}, {"b": [2]}]}, {"b": 2}, False),
    ],
)
def test_verdict(pattern: dict[str, Any], event: dict[str, Any], verdict: bool) -> None:
    assert compile_pattern(pattern)(event) is verdict
    assert compile_pattern(json.dumps(pattern))(event) is verdict


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        "{",
        "[]",
        "{}",
        '"text"',
        '{"a": "text"}',
        '{"a": {}}',
        '{"a": [[1]]}',
        '{"a": [{"exists": "yes"}]}',
        '{"a": [{"exists": 0}]}',
        '{"a": [{"prefix": "x", "suffix": "y"}]}',
        '{"a": [{"regex": "x"}]}',
        '{"a": [{"numeric": ["~", 1]}]}',
        '{"a": [{"numeric": [[], 1]}]}',
        '{"a": [{"wildcard": "a**b"}]}',
        '{"a": [{"anything-but": [1, "x"]}]}',
        '{"a": [{"anything-but": []}]}',
        '{"$or": [{"a": [1]}]}',
        '{"a":' * 5000 + "[1]" + "}" * 5000,
        '{"$or": [{"a": [1]},' * 300 + '{"a": [1]}' + "]}" * 300,
        '{"' + "a." * 3000 + 'a": [1]}',
        '{"a":' * 60 + "[1]" + "}" * 60,
    ],
)
def test_refused(pattern: str) -> None:
    with pytest.raises(InvalidPattern):
        compile_pattern(pattern)


def test_a_hostile_text_is_matched_in_linear_time() -> None:
    matches = compile_pattern({"a": [{"wildcard": "*a*b*c"}]})
    assert not matches({"a": "ab" * 100_000})
