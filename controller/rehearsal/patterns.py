"""EventBridge event patterns: text in, a predicate out (EventBridge user guide, "Event patterns").

```
 {"detail": {"state": ["A", {"prefix": "B"}], "$or": [{...}, {...}]}}
     keys: all must hold          values of one key: one must hold
```

An event field that is an array offers each element; elements that are objects must hold as a whole.
"""

import json
from collections.abc import Callable, Iterator
from typing import Any

from controller.rehearsal.depth import deeper_than
from controller.rehearsal.filters import InvalidPattern, leaf_test, require

__all__ = ["InvalidPattern", "compile_pattern"]

Event = dict[str, Any]
Node = Callable[[Any, Event], bool]
DEEPEST = 50


def compile_pattern(pattern: str | Event) -> Callable[[Event], bool]:
    """A predicate over whole events; raises `InvalidPattern`. Of duplicate keys the last one counts."""
    try:
        tree = json.loads(pattern) if isinstance(pattern, str) else pattern
    except (ValueError, RecursionError) as exc:
        raise InvalidPattern("Event pattern is not valid JSON, or too deep") from exc
    require(not deeper_than(tree, DEEPEST), f"nested deeper than {DEEPEST}")
    node = _object(tree, ())
    return lambda event: node(event, event)


def _object(tree: Any, path: tuple[str, ...]) -> Node:
    require(isinstance(tree, dict) and tree, f"a non-empty object is expected at /{'/'.join(path)}")
    nodes: list[Node] = []
    for key, value in tree.items():
        if key == "$or":
            require(isinstance(value, list) and len(value) > 1, "$or needs two alternatives or more")
            nodes.append(_any_of([_object(choice, path) for choice in value]))
        else:
            nodes.append(_field(key.split("."), value, path))
    return lambda here, event: all(node(here, event) for node in nodes)


def _any_of(nodes: list[Node]) -> Node:
    return lambda here, event: any(node(here, event) for node in nodes)


def _field(keys: list[str], value: Any, path: tuple[str, ...]) -> Node:
    require(len(keys) + len(path) <= DEEPEST, f"nested deeper than {DEEPEST}")
    key, path = keys[0], (*path, keys[0])
    if len(keys) > 1 or not isinstance(value, list):
        inner = _field(keys[1:], value, path) if len(keys) > 1 else _object(value, path)
        return lambda here, event: any(inner(child, event) for child in _children(here, key) or [None])
    require(value, f"an empty array matches nothing at /{'/'.join(path)}")
    absent = {"exists": False} in value
    tests = [leaf_test(item) for item in value if item != {"exists": False} or item["exists"] is not False]
    return lambda here, event: (
        any(test(leaf) for leaf in _children(here, key) if not isinstance(leaf, dict) for test in tests)
        or (absent and not any(True for _ in _leaves([event], path)))
    )


def _children(node: Any, key: str) -> list[Any]:
    """What lies under `key`, arrays unrolled; `{"a.b": 1}` counts as `{"a": {"b": 1}}`."""
    if not isinstance(node, dict):
        return []
    found = [node[key]] if key in node else []
    found += [{name[len(key) + 1 :]: node[name]} for name in node if name.startswith(key + ".")]
    flat: list[Any] = []
    stack = found[::-1]
    while stack:
        item = stack.pop()
        if isinstance(item, list):
            stack += item[::-1]
        else:
            flat.append(item)
    return flat


def _leaves(nodes: list[Any], path: tuple[str, ...]) -> Iterator[Any]:
    for key in path:
        nodes = [child for node in nodes for child in _children(node, key)]
    return (node for node in nodes if not isinstance(node, dict))
