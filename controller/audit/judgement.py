"""Why, in full: the evaluation tree with its signals, and the guards."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from controller.audit.markup import Markup, join, prose, tag
from controller.audit.words import clock, spelled
from controller.core.explanation import why_sentence
from controller.readmodel.run import Judgement

MARKS = {"true": ("✓ true", "good"), "false": ("✗ false", "bad"), "unknown": ("? unknown", "wait")}


def judged(judgement: Judgement, broke: float) -> Markup:
    """One decision: its sentence, its tree, its guards."""
    record = judgement.record
    tree = record.get("tree")
    return join(
        [
            tag("h3", f"{judgement.title} ({spelled(judgement.at)})"),
            tag("p", prose(why_sentence(dict(record)))),
            tag("ul", _node(tree, broke), class_="tree") if tree else None,
            _guards(record.get("checks", ())),
        ]
    )


def mark(value: object) -> Markup:
    words, class_ = MARKS.get(str(value), MARKS["unknown"])
    return tag("b", words, class_=class_)


def _node(node: Mapping[str, Any], broke: float) -> Markup:
    children = [_node(child, broke) for child in node.get("children", ())]
    seen = [tag("li", _signal(state, broke)) for state in node.get("signals", ())]
    return tag(
        "li",
        mark(node["value"]),
        Markup(" "),
        tag("code", node["path"]),
        Markup(" "),
        node["sentence"],
        tag("ul", join(seen), class_="seen") if seen else None,
        tag("ul", join(children)) if children else None,
    )


def _signal(state: Mapping[str, Any], broke: float) -> str:
    age = state.get("age_s")
    heard = "never heard of" if age is None else f"heard {float(age):.0f} s before"
    since = f" since {_moment(str(state['since']), broke)}" if state.get("since") else ""
    return f"{state['name']} from {state['observer']}: {state['verdict']}{since}, {heard}"


def _moment(stamped: str, broke: float) -> str:
    """`2030-01-01T08:07:39Z` -> `0:38`, seconds since the break; as it stands if it is no time."""
    try:
        return clock(datetime.fromisoformat(stamped).timestamp() - broke)
    except (ValueError, OverflowError):
        return stamped


def _guards(checks: Any) -> Markup | None:
    rows = [
        tag("tr", tag("td", check["guard"], class_="n"), tag("td", mark(check["value"]), class_="n"),
            tag("td", check["sentence"]))
        for check in checks
    ]  # fmt: skip
    if not rows:
        return None
    head = tag("thead", tag("tr", tag("th", "guard"), tag("th", "holds"), tag("th", "because")))
    return tag("table", head, tag("tbody", join(rows)), class_="flow")
