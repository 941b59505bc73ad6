"""The policy's JSON Schema, for editors: which keys there are, what they hold, what they mean.

An editor reads it from a comment in the file's first line:
`# yaml-language-server: $schema=tidegate.policy.v1.json`. `policy check` knows more: what spans keys.
"""

from collections.abc import Mapping
from typing import Any

from controller.core.policy.schema import Policy
from controller.lab.extending import BASE, KEY
from controller.lab.glossary import GLOSSARY

SCHEMA = "tidegate.policy/v1"
_NO_WORDS = frozenset({"title", "gt"})
_CONDITION = {"$ref": "#/$defs/Condition"}


def policy_schema() -> dict[str, Any]:
    """JSON Schema 2020-12 of a policy file. A file that extends another may leave out any key."""
    raw = Policy.model_json_schema(by_alias=True)
    variants = next(p["oneOf"] for n, p in raw["$defs"]["Evacuate"]["properties"].items() if n == "when")
    tidied = _tidy({key: value for key, value in raw.items() if key != "$defs"}, variants)
    definitions = {name: _tidy(each, variants) for name, each in raw["$defs"].items()}
    needed = tidied.pop("required")
    tidied["properties"][KEY] = {"type": "string", "pattern": BASE, "description": GLOSSARY[KEY]}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA,
        "title": SCHEMA,
        **tidied,
        "anyOf": [{"required": needed}, {"required": [KEY]}],
        "$defs": {**definitions, "Condition": {"oneOf": variants}},
    }


def _tidy(node: Any, variants: list[Any]) -> Any:
    """Without what JSON Schema does not know or an editor need not say; with what each key means."""
    if isinstance(node, list):
        return [_tidy(each, variants) for each in node]
    if not isinstance(node, dict):
        return node
    if node.get("oneOf") == variants:
        return {**_CONDITION, **{k: v for k, v in node.items() if k == "description"}}
    if "anyOf" in node and {"type": "null"} in node["anyOf"]:
        rest = [each for each in node["anyOf"] if each != {"type": "null"}]
        said = {key: value for key, value in node.items() if key not in ("anyOf", "default")}
        return _tidy({**said, **(rest[0] if len(rest) == 1 else {"anyOf": rest})}, variants)
    found = {
        key: _described(value, variants) if key == "properties" else _tidy(value, variants)
        for key, value in node.items()
        if not (key in _NO_WORDS and isinstance(value, str | int | float)) and not _says_nothing(key, value)
    }
    if "patternProperties" in found:
        found["additionalProperties"] = False
    return found


def _says_nothing(key: str, value: object) -> bool:
    """A default that is not written as the file would write it."""
    return key == "default" and not isinstance(value, str)


def _described(properties: Mapping[str, Any], variants: list[Any]) -> dict[str, Any]:
    return {
        key: {**_tidy(value, variants), "description": GLOSSARY[key]} for key, value in properties.items()
    }
