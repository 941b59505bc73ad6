"""The policy's JSON Schema, for editors: the keys, their values, their meaning.

An editor reads it from a comment in the file's first line:
`# yaml-language-server: $schema=tidegate.policy.v1.json`. `policy check` knows more: what spans keys.

The glossary says what each key of the policy is, in one line: an editor shows it beside the key. In full:
docs/policy.md.
"""

from collections.abc import Mapping
from typing import Any

from controller.core.policy.schema import Policy
from controller.lab.policy_files.extends import BASE, KEY

GLOSSARY: Mapping[str, str] = {
    "tidegate": "The version of this language: 1.",
    "extends": "A file in this folder that this one builds on; two levels are laid over it, key by key.",
    "application": "The name of what one policy guards: the routing controls that move together.",
    "timezone": "The time zone in which times of day and days of the week are read, such as Europe/Berlin.",
    "enforcement": "shadow: decide and record. live: act.",
    "regions": "The Regions that are guarded, 2 to 20, each with its controls.",
    "controls": "Routing controls of the Region, one a slice of traffic; equally many in each Region.",
    "controllers": "Where tidegate runs, by rank; best three, one of them outside the guarded Regions.",
    "signals": "Families of evidence that fail for different reasons. In a leaf: how many must say so.",
    "canary": "Name of a Synthetics canary, with {region} for the Region that it tests.",
    "alarm": "Name of a CloudWatch alarm in the Region that it is about; {region} stands for it.",
    "event": "Name of a signal that another monitor sends as tidegate.signal/v1.",
    "health": "Services of which AWS Health's open notices count, such as DYNAMODB.",
    "runsIn": "The Regions from which it looks.",
    "silentAfter": "When nothing was heard of the signal for this long, it is silent.",
    "conditions": "Conditions by name, to be used again as {condition: NAME}.",
    "condition": "The name of a condition under `conditions`.",
    "evacuate": "When to leave a Region, and how.",
    "when": "The condition that must be true; it judges one Region, so `in` is `source` throughout.",
    "unless": "Leaves; if one is not plainly false, no traffic goes to that target.",
    "approval": "The gate that is asked, by its name under `approvals`, or none, written out.",
    "waves": "How many slices move at a time; the last number repeats. Left out: all at once.",
    "settle": "How long after each wave its result is looked at; at least 20s.",
    "ifVerifyFails": "hold: wait and page when the target falls ill. rollback: put everything back.",
    "all": "True if every one of these conditions is true.",
    "any": "True if one of these conditions is true.",
    "not": "True if this condition is false.",
    "in": "source: the Region to leave. target: the one to go to.",
    "family": "One of the families under `signals`, or all.",
    "is": "breaching, healthy or silent.",
    "observers": "How many distinct observing Regions must say so.",
    "for": "For how long it must have been so, or lasts, without a break.",
    "target": "Where to go.",
    "prefer": "Regions in order; the one to leave is passed over.",
    "ready": "Checks of the Region that takes the traffic; all must be true, or let people be asked.",
    "ifUnknown": "block, or {ask: GATE}; in traffic proceed or hold: what happens where nobody knows.",
    "replication": "A DynamoDB global table, by how far its copy lags behind.",
    "maxLag": "The most that it may lag.",
    "aboveOrUnknown": "As ifUnknown, and also where the lag is above maxLag.",
    "planEvaluation": "An ARC Region switch plan, by name.",
    "maxAge": "How long ago it may have been evaluated.",
    "arcReadiness": "An ARC readiness check; {region} stands for the target. Never the only check.",
    "quotas": "Services of which the target must allow at least as much as the source.",
    "traffic": "By which metric it is proved that customers moved, before a shift is called verified.",
    "namespace": "The CloudWatch namespace of the metric that counts requests.",
    "metric": "The CloudWatch metric that counts requests in each Region; its Sum each minute is read.",
    "dimensions": "Region -> the metric's dimensions there, for every Region of the policy.",
    "atMost": "The part of all requests, such as 10%, that may be left in a Region that was left.",
    "restore": "When and how a Region that was left comes home; `source` is that Region.",
    "drills": "Rehearsals in production.",
    "cron": "When it begins: five fields, minute hour day month weekday, in the policy's time zone.",
    "stay": "How long a drill stays away.",
    "abortWhen": "Leaves; where one is true, the drill goes home at once.",
    "warnAfter": "How long ago the last drill that succeeded may be, before people are told.",
    "limits": "How often, how far, and when not.",
    "minRegionsOn": "How many Regions must serve after any move.",
    "cooldown": "After a move none acts by itself for so long; after a denial none is asked again.",
    "askAgain": "After a question that nobody answered it is put again; at most half the cooldown.",
    "tellAfter": "People are told of a Region that is bad or unknown, and stands still, for so long.",
    "evacuationsPerDay": "At most so many in 24 hours, whatever the Region.",
    "fleetRegionsPerDay": "At most so many distinct Regions left in 24 hours by all applications together.",
    "blackout": "Stretches of time in which nothing moves by itself.",
    "reason": "Why, for those who read it at night.",
    "approvals": "Gates by name, each with one to five asks in turn; silence after the last is a denial.",
    "ask": "Groups, as group:NAME. In a readiness check: the name of a gate.",
    "people": "How many distinct people must approve; the requester is never among them.",
    "within": "In an ask: then the next is put; after the last it is a no. In traffic: time to fall.",
}


SCHEMA = "tidegate.policy/v1"
_NO_WORDS = frozenset({"title", "gt"})
_CONDITION = {"$ref": "#/$defs/Condition"}


def policy_schema() -> dict[str, Any]:
    """Return the JSON Schema 2020-12 of a policy file.

    A file that extends another may leave out any key.
    """
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
    """Return the schema tidied for editors, with the meaning of each key.

    It leaves out what JSON Schema does not know or an editor need not say.
    """
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
    """Return True for a default that is not written as in the file."""
    return key == "default" and not isinstance(value, str)


def _described(properties: Mapping[str, Any], variants: list[Any]) -> dict[str, Any]:
    return {
        key: {**_tidy(value, variants), "description": GLOSSARY[key]} for key, value in properties.items()
    }
