"""docs/config.md and the schema are those of the models.

`python -m tests.infra.test_config_page` writes both.
"""

import json
import re
import sys
from typing import Any

import jsonschema
import pytest
from ruamel.yaml import YAML

from infra.config import Config
from infra.config_reference import GLOSSARY, Key, example, keys, schema, table
from infra.project import load
from tests.support.sources import ROOT, existing

PAGE = ROOT / "docs" / "config.md"
SCHEMA = ROOT / "schemas" / "tidegate.config.v1.json"
TABLE = re.compile(r"^\| key \|.*?\n(?=\n)|^TABLE\n", re.MULTILINE | re.DOTALL)
EXAMPLE = re.compile(r"^```text\n.*?^```\n|^EXAMPLE\n", re.MULTILINE | re.DOTALL)
EVERY = list(keys())

each_file = pytest.mark.parametrize(
    "file", existing((ROOT / "infra" / "config").glob("*.yaml"), least=2), ids=lambda file: file.name
)


def text_of_schema() -> str:
    return json.dumps(schema(), indent=2, sort_keys=True) + "\n"


def test_the_page_shows_the_models_and_the_example() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert TABLE.findall(page) == [table()]
    assert EXAMPLE.findall(page) == [example()]


def test_the_published_schema_is_that_of_the_models() -> None:
    assert SCHEMA.read_text(encoding="utf-8") == text_of_schema()
    jsonschema.Draft202012Validator.check_schema(schema())


@pytest.mark.parametrize("key", EVERY, ids=lambda key: key.path)
def test_every_key_is_explained(key: Key) -> None:
    assert key.field.description or key.path in GLOSSARY, f"{key.path}: give it a line in GLOSSARY"
    assert key.meaning.rstrip(")").endswith((".", "md"))
    assert f"| `{key.path}` |" in table()


def test_nothing_is_explained_that_is_no_key() -> None:
    assert len(EVERY) >= 40
    assert set(GLOSSARY) - {key.path for key in EVERY} == set()


def described(node: Any) -> list[str]:
    found = [k for k, v in node.get("properties", {}).items() if "description" not in v]
    return found + [name for each in node.get("$defs", {}).values() for name in described(each)]


def test_an_editor_can_say_what_each_key_is() -> None:
    assert described(schema()) == []


@each_file
def test_a_shipped_configuration_loads_and_an_editor_agrees(file: Any) -> None:
    data = YAML(typ="safe", pure=True).load(file.read_text(encoding="utf-8"))
    assert list(jsonschema.Draft202012Validator(schema()).iter_errors(data)) == []
    assert load(file, deployed=1.0).config == Config.model_validate(data)


if __name__ == "__main__":
    page = PAGE.read_text(encoding="utf-8")
    page = EXAMPLE.sub(lambda _: example(), TABLE.sub(lambda _: table(), page))
    PAGE.write_text(page, encoding="utf-8")
    SCHEMA.write_text(text_of_schema(), encoding="utf-8")
    sys.stdout.write(f"{PAGE}, {SCHEMA}\n")
