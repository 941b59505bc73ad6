"""Memory as plain JSON, so that what one version folds can be laid beside what another does."""

import json
from dataclasses import asdict
from typing import Any

from controller.core.incident.state import State

EVENTS = ("last", "drift", "mover", "skipped")


def snapshot(state: State) -> dict[str, Any]:
    """Everything that is remembered; events only by their numbers."""
    data = asdict(state)
    for name in EVENTS:
        event = getattr(state, name, None)
        data[name] = None if event is None else event.seq
    data["intents"] = [intent.seq for intent in state.intents]
    found: dict[str, Any] = json.loads(json.dumps(data, default=_plain, sort_keys=True))
    return found


def by_number(golden: dict[str, Any]) -> dict[str, Any]:
    """A snapshot of version 0.1.0, which kept some events whole, with their numbers in their place."""
    found = {name: each["seq"] for name in EVENTS if isinstance(each := golden.get(name), dict)}
    intents = {"intents": [each["seq"] for each in golden["intents"]]} if "intents" in golden else {}
    return golden | found | intents


def _plain(value: object) -> object:
    if isinstance(value, frozenset | set):
        return sorted(value)
    raise TypeError(f"{value!r} has no JSON form")


def lacks(found: Any, golden: Any, path: str = "") -> list[str]:
    """Where `found` differs from `golden`. What only `found` has is of a later version."""
    if isinstance(golden, dict) and isinstance(found, dict):
        return [line for key in golden for line in lacks(found.get(key), golden[key], f"{path}.{key}")]
    return [] if found == golden else [f"{path}: {found!r}, and was {golden!r}"]
