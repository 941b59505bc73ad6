"""The EventBridge event patterns: text in, a predicate out.

EventBridge user guide, "Event patterns".

```
 {"detail": {"state": ["A", {"prefix": "B"}], "$or": [{...}, {...}]}}
     keys: all must hold          values of one key: one must hold
```

An event field that is an array offers each element; elements that are objects must hold as a whole.
A content filter tests one value of an event against one value of a pattern.
JSON from outside may nest to a limited depth: a deeper one is refused before anything recurses into it.
"""

import ipaddress
import json
import operator
from collections.abc import Callable, Iterator
from itertools import groupby
from typing import Any

Test = Callable[[Any], bool]
COMPARE = {"=": operator.eq, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


class InvalidPattern(Exception):  # noqa: N818
    """A pattern that AWS refuses (`InvalidEventPatternException`)."""


def require(holds: object, reason: str) -> None:
    """Raise `InvalidPattern` with `reason` unless `holds`."""
    if not holds:
        raise InvalidPattern(f"Event pattern is not valid. Reason: {reason}")


def leaf_test(item: Any) -> Test:
    """Return the test that one match value stands for.

    Raises `InvalidPattern`.
    """
    if item is None or isinstance(item, bool):
        return lambda leaf: leaf is item
    if not isinstance(item, dict):
        require(isinstance(item, (str, int, float)), "not a string, number, boolean or null")
        return lambda leaf: not isinstance(leaf, bool) and leaf == item
    require(len(item) == 1, "one operator an object")
    [(name, operand)] = item.items()
    require(name in OPERATORS, f"unrecognized match type {name}")
    return OPERATORS[name](operand)


def _string(make: Callable[[str], Callable[[str], bool]], *, folding: bool = False) -> Callable[[Any], Test]:
    """Return an operator on a string.

    folding: also on `{"equals-ignore-case": string}`.
    """

    def operator_of(operand: Any) -> Test:
        fold = folding and isinstance(operand, dict) and list(operand) == ["equals-ignore-case"]
        wanted = operand["equals-ignore-case"] if fold else operand
        require(isinstance(wanted, str), "the operand must be a string")
        test = make(wanted.lower() if fold else wanted)
        return lambda leaf: isinstance(leaf, str) and test(leaf.lower() if fold else leaf)

    return operator_of


def _equals_ignore_case(wanted: str) -> Callable[[str], bool]:
    return lambda text: text.lower() == wanted.lower()


def _wildcard(wanted: str) -> Callable[[str], bool]:
    """Return a test that searches the segments from left to right.

    It takes linear time for any text.
    """
    segments, rest = [""], iter(wanted)
    for char in rest:
        if char == "*":
            segments.append("")
            continue
        escaped = next(rest, "") if char == "\\" else ""
        require(char != "\\" or escaped in ("*", "\\"), "a backslash escapes * or itself")
        segments[-1] += escaped or char
    require("" not in segments[1:-1], "consecutive wildcards")
    runs = [sum(1 for _ in run) for _, run in groupby(sorted(part[0] for part in segments[1:] if part))]
    require(max(runs, default=0) < 5, "too complex: too many wildcards before the same character")

    def test(text: str) -> bool:
        if len(segments) == 1:
            return text == segments[0]
        first, last = segments[0], segments[-1]
        if not text.startswith(first):
            return False
        at = len(first)
        for part in segments[1:-1]:
            found = text.find(part, at)
            if found < 0:
                return False
            at = found + len(part)
        return len(text) - at >= len(last) and text.endswith(last)

    return test


def _numeric(operand: Any) -> Test:
    require(isinstance(operand, list) and len(operand) in (2, 4), "numeric takes one or two comparisons")
    names, bounds = operand[::2], operand[1::2]
    require(all(isinstance(name, str) and name in COMPARE for name in names), "unknown comparison")
    require(all(_is_number(bound) and abs(bound) <= 5e9 for bound in bounds), "a number is expected")
    if len(names) == 2:
        require(names[0][0] == ">" and names[1][0] == "<" and bounds[0] < bounds[1], "not a range")
    pairs = list(zip(names, bounds, strict=True))
    return lambda leaf: _is_number(leaf) and all(COMPARE[name](leaf, bound) for name, bound in pairs)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _cidr(operand: Any) -> Test:
    require(isinstance(operand, str) and operand.count("/") == 1, "malformed CIDR")
    try:
        network = ipaddress.ip_network(operand, strict=False)
    except ValueError as exc:
        raise InvalidPattern("Event pattern is not valid. Reason: malformed CIDR") from exc

    def test(leaf: Any) -> bool:
        try:
            return isinstance(leaf, str) and ipaddress.ip_address(leaf) in network
        except ValueError:
            return False

    return test


def _anything_but(operand: Any) -> Test:
    if isinstance(operand, dict):
        require(len(operand) == 1, "one operator an object")
        [(name, inner)] = operand.items()
        require(name in NEGATABLE, f"anything-but does not know {name}")
        items = inner if isinstance(inner, list) else [inner]
        require(items and all(isinstance(text, str) for text in items), "strings are expected")
        require(name not in ("prefix", "suffix") or "" not in items, "an empty prefix or suffix")
        tests = [NEGATABLE[name](text) for text in items]
    else:
        items = operand if isinstance(operand, list) else [operand]
        strings, numbers = all(isinstance(i, str) for i in items), all(_is_number(i) for i in items)
        require(items and (strings or numbers), "strings or numbers are expected, not both")
        tests = [leaf_test(text) for text in items]
    return lambda leaf: not any(test(leaf) for test in tests)


def _exists(operand: Any) -> Test:
    require(operand is True, "exists is true or false")
    return lambda _leaf: True


NEGATABLE: dict[str, Callable[[Any], Test]] = {
    "prefix": _string(lambda wanted: lambda text: text.startswith(wanted)),
    "suffix": _string(lambda wanted: lambda text: text.endswith(wanted)),
    "equals-ignore-case": _string(_equals_ignore_case),
    "wildcard": _string(_wildcard),
}
OPERATORS: dict[str, Callable[[Any], Test]] = {
    **NEGATABLE,
    "prefix": _string(lambda wanted: lambda text: text.startswith(wanted), folding=True),
    "suffix": _string(lambda wanted: lambda text: text.endswith(wanted), folding=True),
    "numeric": _numeric,
    "cidr": _cidr,
    "anything-but": _anything_but,
    "exists": _exists,
}


def deeper_than(value: Any, most: int) -> bool:
    """Return True where `value` nests more than `most` levels.

    It does not recurse itself.
    """
    level = [value]
    for _ in range(most + 1):
        level = [child for item in level for child in _inside(item)]
    return bool(level)


def _inside(item: Any) -> list[Any]:
    if isinstance(item, dict):
        return list(item.values())
    return item if isinstance(item, list) else []


__all__ = ["InvalidPattern", "compile_pattern"]

Event = dict[str, Any]
Node = Callable[[Any, Event], bool]
DEEPEST = 50


def compile_pattern(pattern: str | Event) -> Callable[[Event], bool]:
    """Return a predicate over whole events.

    Raises `InvalidPattern`. Of duplicate keys the last one counts.
    """
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
    """Return the values under `key`, with arrays unrolled.

    `{"a.b": 1}` counts as `{"a": {"b": 1}}`.
    """
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
