"""A picture of a stored evaluation tree, as SVG.

Each node shows its value and sentence, each leaf its signals and ages.

```
 ┌───────┐
 │ ? ALL │ all of 2: 1 true
 └─┬─────┘
   ├─ + LEAF  2 of 2 observers say …        value by sign, word and colour: none of them alone
   │     ● checkout from us-east-2: breaching since …, heard 5s ago
   └─ ? ANY   …
```
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from controller.readmodel.page_text import escaped

WIDTH = 1000
STEP = 30
LINE = 19
SMALL = 16
_BADGE = 146
_SIGNS = {"true": "+", "false": "\u2212", "unknown": "?"}
_STYLE = """
text { font-family: system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif; fill: #1c2330; }
.head { font-size: 17px; font-weight: 600 } .sub { font-size: 13px; fill: #4a5568 }
.node { font-size: 14px } .path { font-size: 12px; fill: #4a5568; font-family: ui-monospace, monospace }
.signal { font-size: 12px; fill: #2d3748 } .badge { font-size: 12px; font-weight: 600 }
.line { stroke: #a0aec0; stroke-width: 1.5; fill: none }
.true rect { fill: #1f3a68; stroke: #1f3a68 } .true .badge { fill: #ffffff }
.false rect { fill: #ffffff; stroke: #4a5568 }
.unknown rect { fill: #ffe9b8; stroke: #8a5a00; stroke-dasharray: 4 3 }
.breaching { fill: #b3261e } .healthy { fill: #1b7f4b } .silent { fill: #4a5568 } .dim { fill: #c98a00 }
"""


@dataclass(frozen=True, slots=True)
class Row:
    """A row is one node at its place.

    above: the y of its parent's badge, None at the root.
    """

    node: Mapping[str, Any]
    depth: int
    y: int
    lines: tuple[str, ...]
    above: int | None


def tree_svg(tree: Mapping[str, Any], *, title: str, subtitle: str) -> str:
    """Return an SVG document of a tree as `core.explanation.node_data` makes it.

    Text from outside is escaped.
    """
    rows: list[Row] = []
    height = _place(tree, 0, 84, None, rows) + 16
    body = "\n".join(part for row in rows for part in _drawn(row))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
        f'viewBox="0 0 {WIDTH} {height}" role="img" aria-labelledby="t d">\n'
        f'<title id="t">{escaped(title)}</title>\n<desc id="d">{escaped(subtitle)}</desc>\n'
        f"<style>{_STYLE}</style>\n"
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>\n'
        f'<text class="head" x="20" y="32">{escaped(_cut(title, 105))}</text>\n'
        f'<text class="sub" x="20" y="54">{escaped(_cut(subtitle, 140))}</text>\n{body}\n</svg>\n'
    )


def _place(node: Mapping[str, Any], depth: int, y: int, above: int | None, rows: list[Row]) -> int:
    """Give the node and its children their places; return the y below them."""
    lines = tuple(_wrapped(str(node["sentence"]), (WIDTH - _text_x(depth) - 20) // 7))
    rows.append(Row(node, depth, y, lines, above))
    below = y + LINE * (len(lines) + 1) + SMALL * len(node.get("signals", ())) + 10
    for child in node.get("children", ()):
        below = _place(child, depth + 1, below, y, rows)
    return below


def _text_x(depth: int) -> int:
    return 20 + depth * STEP + _BADGE + 14


def _drawn(row: Row) -> Iterator[str]:
    node, x, y, text_x = row.node, 20 + row.depth * STEP, row.y, _text_x(row.depth)
    if row.above is not None:
        stem = x - STEP + 12
        yield f'<path class="line" d="M{stem} {row.above + 24} V{y + 12} H{x}"/>'
    value = str(node["value"])
    yield f'<g class="{escaped(value)}"><rect x="{x}" y="{y}" width="{_BADGE}" height="24" rx="5"/>'
    word = f"{_SIGNS.get(value, '?')} {node['op']}: {value}"
    yield f'<text class="badge" x="{x + 8}" y="{y + 16}">{escaped(word)}</text></g>'
    yield f'<text class="path" x="{text_x}" y="{y + 12}">{escaped(str(node["path"]))}</text>'
    below = y + 12
    for line in row.lines:
        below += LINE
        yield f'<text class="node" x="{text_x}" y="{below}">{escaped(line)}</text>'
    for state in node.get("signals", ()):
        below += SMALL
        verdict = str(state["verdict"])
        kind = verdict if verdict in ("breaching", "healthy", "silent") else "dim"
        yield f'<circle class="{kind}" cx="{text_x + 5}" cy="{below - 4}" r="4"/>'
        told = escaped(_cut(signal_line(state), 125))
        yield f'<text class="signal" x="{text_x + 16}" y="{below}">{told}</text>'


def signal_line(state: Mapping[str, Any]) -> str:
    """Return a signal as one line of text.

    Example: `storefront-us-east-1-5xx from us-east-1: breaching since …, heard 5s ago`.
    """
    unheard = str(state.get("why", "never heard of"))
    age = unheard if state["age_s"] is None else f"heard {state['age_s']:.0f}s ago"
    since = f" since {state['since']}" if state["since"] else ""
    return f"{state['name']} from {state['observer']}: {state['verdict']}{since}, {age}"


def _wrapped(text: str, width: int) -> Iterator[str]:
    line = ""
    for word in text.split():
        if line and len(line) + 1 + len(word) > width:
            yield line
            line = word
        else:
            line = f"{line} {word}" if line else word
    yield _cut(line, 2 * width)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "\u2026"
