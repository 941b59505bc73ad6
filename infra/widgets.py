"""CloudWatch's dashboard bodies: graphs, numbers, logs, and where they stand.

AWS: CloudWatch API Reference, "Dashboard body structure and syntax".
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

Metric = list[Any]
Widget = dict[str, Any]
WIDE, TALL, WHOLE = 12, 6, 24


@dataclass(frozen=True, slots=True)
class Row:
    """One graph. stat: as CloudWatch names it (`Sum`, `p90`). view: `singleValue` shows the newest number."""

    title: str
    stat: str
    metrics: tuple[Metric, ...]
    view: Literal["timeSeries", "singleValue"] = "timeSeries"


def metric(region: str, *parts: str, label: str = "") -> Metric:
    """Namespace, name, then dimensions, each a name and a value."""
    return [*parts, {"region": region, "label": label or f"{region} {parts[1]}"}]


def share(regions: Iterable[str], *parts: str) -> tuple[Metric, ...]:
    """Percent of a sum, Region by Region: who serves, whatever the traffic."""
    places = list(regions)
    every = "+".join(f"FILL(m{number},0)" for number in range(len(places)))
    hidden = [[*parts, {"region": r, "id": f"m{n}", "visible": False}] for n, r in enumerate(places)]
    shown = [
        [{"expression": f"100*FILL(m{n},0)/({every})", "label": r, "id": f"e{n}"}]
        for n, r in enumerate(places)
    ]
    return (*hidden, *shown)


def graph(row: Row, region: str) -> Widget:
    properties = {"title": row.title, "region": region, "view": row.view, "stat": row.stat, "period": 60,
                  "metrics": list(row.metrics)}  # fmt: skip
    return {"type": "metric", "width": WIDE, "height": TALL, "properties": properties}


def text(markdown: str) -> Widget:
    return {"type": "text", "width": WHOLE, "height": 2, "properties": {"markdown": markdown}}


def table(title: str, region: str, query: str) -> Widget:
    properties = {"title": title, "region": region, "view": "table", "query": query}
    return {"type": "log", "width": WHOLE, "height": TALL, "properties": properties}


def body(widgets: Iterable[Widget]) -> dict[str, Any]:
    return {"start": "-PT3H", "periodOverride": "inherit", "widgets": list(_placed(widgets))}


def _placed(widgets: Iterable[Widget]) -> Iterator[Widget]:
    """Left to right, top to bottom."""
    x = y = row = 0
    for widget in widgets:
        if x + widget["width"] > WHOLE:
            x, y, row = 0, y + row, 0
        yield {**widget, "x": x, "y": y}
        x, row = x + widget["width"], max(row, widget["height"])
