"""The size of the journal's events: what does not fit is shortened.

```
 names, digests, numbers   never touched: a policy is let in only where they fit (`core.policy.bounds`)
 a decision                its signals go first, then its tree from below, its answers, and most guards
 words                     are cut at their end, all to the same length
```
An append that is refused for its size would stand in the way of an evacuation. The assessments hold what is
left out.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from controller.core.canonical_json import ascii_json
from controller.core.journal.body import body_of, members
from controller.core.journal.event import Draft, Event, seal
from controller.core.journal.kind import Kind

LARGEST = 16_384
"""Bytes of an event."""
WORDS = frozenset({"reason", "sentence", "text", "subject", "command", "left_out"})
"""Members whose values are for people alone, wherever they stand in an event's data."""
LEFT_OUT = f"left out, since an event takes {LARGEST} bytes; the assessments hold it"
SMALLEST = 1_000
"""Bytes that suffice for any record of a decision."""
MOST_RULES = 20
"""Safety rules of one incident that people are asked about: as many as a control panel has."""

Data = dict[str, Any]
Cut = Callable[[Data], Data]


def fitted(application: str, draft: Draft, after: Event | None) -> Draft:
    """Return the draft, shortened where its event after `after` would be too large.

    One that fits is returned as it is.
    """
    fits, data = draft, members(draft.body)
    for cut in (_same, *_CUTS, *(_SHIFT_CUTS if draft.kind is Kind.SHIFT_INTENDED else ())):
        data = cut(data)
        fits = draft if cut is _same else replace(draft, body=body_of(draft.kind, data))
        if len(seal(application, fits, after).text.encode()) <= LARGEST:
            break
    return fits


def bounded_decision(data: Data, limit: int) -> Data:
    """Return a decision's data in at most `limit` bytes, if that can be.

    data: of `core.explanation.decision_data`. Code, action, Regions and the first guard that says no stay.
    """
    for cut in (_same, *_DECISION_CUTS):
        data = cut(data)
        if len(ascii_json(data)) <= limit:
            break
    return data


def clipped(text: str, limit: int) -> str:
    """Return `text` in at most `limit` bytes of JSON.

    It ends in an ellipsis where it was cut.
    """
    if len(text) <= limit and len(ascii_json(text)) - 2 <= limit:
        return text
    kept = text[:limit]
    while kept and len(ascii_json(f"{kept}…")) - 2 > limit:
        over = len(ascii_json(f"{kept}…")) - 2 - limit
        kept = kept[: -max(1, over // 12)]
    return kept.rstrip() + "…"


def _same(data: Data) -> Data:
    return data


def _clip_words(limit: int, data: Data) -> Data:
    """Return the data with each of its words in at most `limit` bytes."""
    return {key: _clip_word(key, value, limit) for key, value in data.items()}


def _clip_word(key: str, value: Any, limit: int) -> Any:
    if isinstance(value, str):
        return clipped(value, limit) if key in WORDS else value
    if isinstance(value, Mapping):
        return {name: _clip_word(str(name), each, limit) for name, each in value.items()}
    return [_clip_word(key, each, limit) for each in value] if isinstance(value, list | tuple) else value


def _bound_decision(limit: int, data: Data) -> Data:
    told = data.get("decision")
    return {**data, "decision": bounded_decision(told, limit)} if isinstance(told, dict) else data


def _without(data: Data, *names: str) -> Data:
    return {key: value for key, value in data.items() if key not in names}


def _few_overrides(data: Data) -> Data:
    """Keep the first safety rules of an intent: the approval before it has all."""
    rules = list(data.get("override", ()))
    return {**data, "override": rules[:3], "override_more": len(rules) - 3} if len(rules) > 3 else data


_CUTS: tuple[Cut, ...] = (
    partial(_bound_decision, 3000),
    partial(_clip_words, 2000),
    partial(_bound_decision, 1500),
    partial(_clip_words, 800),
    partial(_bound_decision, 700),
    partial(_clip_words, 300),
    partial(_clip_words, 120),
)
_SHIFT_CUTS: tuple[Cut, ...] = (_few_overrides,)


def _without_signals(data: Data) -> Data:
    return {**data, "tree": without_signals(data["tree"])} if "tree" in data else data


def without_signals(node: Mapping[str, Any]) -> Data:
    """Return a tree as data without its signals.

    The nodes' sentences say how many there were.
    """
    bare = _without(dict(node), "signals")
    if "children" not in node:
        return bare
    return {**bare, "children": [without_signals(child) for child in node["children"]]}


def _few_kept(data: Data) -> Data:
    """Keep the first leaves that kept the condition from being true."""
    kept = data.get("kept_by", [])
    return {**data, "kept_by": kept[:5], "kept_by_more": len(kept) - 5} if len(kept) > 5 else data


def _prune(depth: int, data: Data) -> Data:
    return {**data, "tree": _pruned(data["tree"], depth)} if "tree" in data else data


def _pruned(node: Mapping[str, Any], depth: int) -> Data:
    """Return the node without what is more than `depth` below it.

    A sentence says how much is left out.
    """
    children = node.get("children", ())
    if not children:
        return dict(node)
    if depth:
        return {**node, "children": [_pruned(child, depth - 1) for child in children]}
    count = sum(1 for _ in _below(node))
    return {**_without(dict(node), "children"), "left_out": f"{count} nodes below it: {LEFT_OUT}"}


def _below(node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for child in node.get("children", ()):
        yield child
        yield from _below(child)


def _without_tree(data: Data) -> Data:
    return {**_without(data, "tree", "kept_by"), "cut": True, "left_out": f"the tree: {LEFT_OUT}"}


def _few_answers(data: Data) -> Data:
    """Keep the first readiness answers that are not plainly good."""
    every = data.get("readiness", [])
    doubtful = [answer for answer in every if answer["value"] != "true"][:5]
    return {**data, "readiness": doubtful, "readiness_more": len(every) - len(doubtful)} if every else data


def _first_no(data: Data) -> Data:
    """Keep the guard that gave the code, of all guards, and no answer."""
    refusing = [check for check in data.get("checks", ()) if check["value"] != "true"]
    return {**_without(data, "readiness", "readiness_more"), "checks": refusing[:1]}


_DECISION_CUTS: tuple[Cut, ...] = (
    _without_signals,
    _few_kept,
    *(partial(_prune, depth) for depth in (8, 6, 5, 4)),
    _few_answers,
    partial(_clip_words, 500),
    *(partial(_prune, depth) for depth in (3, 2, 1, 0)),
    partial(_clip_words, 250),
    _without_tree,
    partial(_clip_words, 120),
    _first_no,
    partial(_clip_words, 60),
)
