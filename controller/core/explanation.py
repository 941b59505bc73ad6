"""Explanations of decisions: sentences, times and trees for people and for `--json`."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from controller.core.canonical_json import ascii_json
from controller.core.event_size import bounded_decision, without_signals
from controller.core.journal.event import LATEST
from controller.core.model import Answer, Decision, Node, Truth


def format_time(moment: float) -> str:
    """Return a time as text: `1606309200.0` -> `2020-11-25T13:00:00Z`.

    Tenths of a second appear only where there are any. What no calendar has becomes the nearest that one has:
    the number may have come from anybody.
    """
    when = datetime.fromtimestamp(round(min(max(moment, 0.0), LATEST), 1), UTC)
    tenths = f".{when.microsecond // 100000}" if when.microsecond else ""
    return when.strftime("%Y-%m-%dT%H:%M:%S") + tenths + "Z"


def flip_set(node: Node, want: Truth = Truth.TRUE) -> tuple[Node, ...]:
    """Return the fewest leaves that must change to give `node` the value `want`.

    The result is empty if the node has that value already. To become true, `all` needs every child that
    differs, and `any` its cheapest child; to become false, it is the other way round.
    """
    if node.value is want:
        return ()
    if not node.children:
        return (node,)
    if node.op == "not":
        return flip_set(node.children[0], Truth.FALSE if want is Truth.TRUE else Truth.TRUE)
    every = (node.op == "all") is (want is Truth.TRUE)
    options = [flip_set(child, want) for child in node.children]
    if every:
        return tuple(leaf for option in options for leaf in option)
    return min(options, key=len)


def grounds(node: Node) -> str:
    """Return the sentences of the true leaves that make a tree true."""
    return "; ".join(leaf.sentence for leaf in _carrying(node))


def _carrying(node: Node) -> tuple[Node, ...]:
    if node.value is not Truth.TRUE:
        return ()
    if not node.children or node.op == "not":
        return (node,)
    return tuple(leaf for child in node.children for leaf in _carrying(child))


def decision_data(decision: Decision, *, with_tree: bool = True) -> dict[str, Any]:
    """Return a decision as plain data.

    The assessments keep it, `why` reads it, and `--json` prints it.
    """
    data: dict[str, Any] = {
        "region": decision.region,
        "code": decision.code,
        "action": decision.action,
        "reason": decision.reason,
        "target": decision.target,
        "checks": [
            {"guard": c.guard, "code": c.code, "value": str(c.value), "sentence": c.sentence}
            for c in decision.checks
        ],
    }
    if decision.answers:
        lost = [answer.loss_window for answer in decision.answers if answer.loss_window is not None]
        data["gate"] = decision.gate
        data["readiness"] = [_answer_data(answer) for answer in decision.answers]
        data["loss_window_s"] = round(max(lost), 1) if lost else None
    if with_tree and decision.tree is not None:
        data["tree"] = node_data(decision.tree)
        data["kept_by"] = [
            {"path": leaf.path, "value": str(leaf.value), "sentence": leaf.sentence}
            for leaf in flip_set(decision.tree)
        ]
    return data


def _answer_data(answer: Answer) -> dict[str, Any]:
    data: dict[str, Any] = {"check": answer.check, "value": str(answer.value), "sentence": answer.sentence}
    for key, seconds in (("age_s", answer.age), ("loss_window_s", answer.loss_window)):
        if seconds is not None:
            data[key] = round(seconds, 1)
    return data | ({"ask": answer.gate} if answer.gate else {})


def decision_record(decision: Decision, limit: int = 6_000) -> dict[str, Any]:
    """Return a decision as plain data of bounded size, for the journal.

    The journal bounds its events: over `limit` characters it is shortened, as
    `core.event_size.bounded_decision` says. The assessments hold the full data.
    """
    return bounded_decision(decision_data(decision), limit)


SHORT = ("region", "code", "action", "reason", "target")
"""The members of a decision that every form of it has."""
MEMBER = 20_000
"""Characters of one member that the shortest form of a record keeps."""


def shorter_records(
    record: Mapping[str, Any], *, most: int, keep: frozenset[str] = frozenset()
) -> Iterator[Mapping[str, Any]]:
    """Yield an assessment as it is, then in ever shorter forms.

    most: bytes that the place for it holds. Codes and reasons always stay, and the members `keep`. Each cut
    says of itself what was left out.
    """
    yield record
    decisions = [dict(decision) for decision in record.get("decisions", ())]
    told = f"were left out: with them the record would have more than {most} bytes"
    bare = [each | ({"tree": without_signals(each["tree"])} if "tree" in each else {}) for each in decisions]
    yield _cut(record, bare, f"the signals of the trees {told}")
    yield _cut(record, [_only(each, (*SHORT, "checks")) for each in decisions], f"the trees {told}")
    large = sorted(key for key, value in record.items()
                   if key not in {*keep, "by", "decisions"} and len(ascii_json(value)) > MEMBER)  # fmt: skip
    left = {key: value for key, value in record.items() if key not in large}
    gone = ", ".join(["the trees", "the checks", *large])
    yield _cut(left, [_only(each, SHORT) | {"checks": []} for each in decisions], f"{gone} {told}")


def _cut(record: Mapping[str, Any], decisions: list[dict[str, Any]], told: str) -> Mapping[str, Any]:
    return {**record, "decisions": [each | {"cut": told} for each in decisions], "cut": told}


def _only(decision: Mapping[str, Any], members: Iterable[str]) -> dict[str, Any]:
    return {key: decision[key] for key in members if key in decision}


def node_data(node: Node) -> dict[str, Any]:
    data: dict[str, Any] = {
        "path": node.path,
        "op": node.op,
        "value": str(node.value),
        "sentence": node.sentence,
    }
    if node.children:
        data["children"] = [node_data(child) for child in node.children]
    if node.signals:
        data["signals"] = [
            {
                "name": state.signal.name,
                "observer": state.signal.observer,
                "verdict": str(state.verdict),
                "since": None if state.since is None else format_time(state.since),
                "age_s": None if state.age is None else round(state.age, 1),
            }
            | ({"why": state.reason} if state.age is None and state.reason else {})
            for state in node.signals
        ]
    return data


def tree_lines(data: dict[str, Any], indent: str = "") -> Iterable[str]:
    """Yield a stored tree as lines of text, one for each node and signal."""
    mark = {"true": "+", "false": "-", "unknown": "?"}[data["value"]]
    yield f"{indent}{mark} {data['path']}: {data['sentence']}"
    for state in data.get("signals", ()):
        unheard = state.get("why", "never heard of")
        age = unheard if state["age_s"] is None else f"heard {state['age_s']:.0f}s ago"
        since = f" since {state['since']}" if state["since"] else ""
        yield f"{indent}    {state['name']} from {state['observer']}: {state['verdict']}{since}, {age}"
    for child in data.get("children", ()):
        yield from tree_lines(child, indent + "  ")


def why_sentence(record: dict[str, Any]) -> str:
    """Return one sentence for one stored decision.

    It says what was done, and what prevented more.
    """
    kept = record.get("kept_by") or []
    if record["action"] == "act":
        return f"{record['region']}: {record['reason']}."
    if kept and record["code"] in ("healthy", "not-confirmed", "unknown", "flapping"):
        leaves = "; and ".join(f"`{leaf['path']}` is {leaf['value']}: {leaf['sentence']}" for leaf in kept)
        return f"{record['region']}: {record['code']}: {record['reason']}. Kept by {leaves}."
    return f"{record['region']}: {record['code']}: {record['reason']}."
