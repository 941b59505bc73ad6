"""The published schema is the code's, takes every good policy, and refuses what an editor can know is wrong.

`python -m tests.lab.test_policy_schema` writes it anew.
"""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from controller.core.policy.terms import Strict
from controller.lab.policy_files import extends
from controller.lab.policy_files.json_schema import GLOSSARY, policy_schema
from controller.lab.policy_files.yaml import read_yaml
from tests.support.shipped_policy import SHIPPED, language_keys

FILE = Path(__file__).parents[2] / "schemas" / "tidegate.policy.v1.json"
VALIDATOR = jsonschema.Draft202012Validator(policy_schema())
DATA = read_yaml(SHIPPED.read_text(encoding="utf-8")).data


def test_the_published_schema_is_the_one_in_the_code() -> None:
    assert json.loads(FILE.read_text(encoding="utf-8")) == policy_schema()
    jsonschema.Draft202012Validator.check_schema(policy_schema())


def test_every_key_of_the_language_is_explained_in_a_line() -> None:
    assert set(GLOSSARY) == language_keys()
    assert issubclass(extends.Based, Strict)
    for key, line in GLOSSARY.items():
        assert line.endswith("."), key
        assert len(line) <= 110, key


def described(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.get("properties", {}).items():
            if "description" not in value:
                yield key
        for value in node.values():
            yield from described(value)
    elif isinstance(node, list):
        for value in node:
            yield from described(value)


def test_an_editor_can_say_what_each_key_is_and_nothing_is_null() -> None:
    assert list(described(policy_schema())) == []
    assert "null" not in json.dumps(policy_schema())


def test_the_shipped_policy_and_one_that_extends_it_are_taken() -> None:
    assert list(VALIDATOR.iter_errors(DATA)) == []
    assert list(VALIDATOR.iter_errors({"extends": "storefront.yaml", "limits": DATA["limits"]})) == []
    named = copy.deepcopy(DATA) | {"conditions": {"c": DATA["evacuate"]["when"]}}
    named["evacuate"]["when"] = {"all": [{"condition": "c"}, {"not": {"condition": "c"}}]}
    named["regions"]["us-east-1"]["evacuate"] = {"approval": "none", "waves": [1]}
    assert list(VALIDATOR.iter_errors(named)) == []


def nodes(data: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    for key, value in data.items() if isinstance(data, dict) else enumerate(data):
        yield (*path, key)
        if isinstance(value, dict | list):
            yield from nodes(value, (*path, key))


@pytest.mark.parametrize("path", list(nodes(DATA)), ids=lambda path: ".".join(map(str, path)))
def test_a_wrong_kind_anywhere_is_seen_in_the_editor(path: tuple[Any, ...]) -> None:
    for wrong in (None, True, -1, [[]], {"zz": 1}):
        data = copy.deepcopy(DATA)
        holder = data
        for part in path[:-1]:
            holder = holder[part]
        holder[path[-1]] = wrong
        assert not VALIDATOR.is_valid(data), wrong


if __name__ == "__main__":
    FILE.write_text(json.dumps(policy_schema(), indent=2, sort_keys=True) + "\n", encoding="utf-8")
