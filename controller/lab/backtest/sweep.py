"""The sweep: the same past by many variants of a policy.

Variants have other `for` and other `observers`. The picture shows false evacuations against delay, one curve
for each number of observers, as SVG and PNG.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from controller.core.policy.schema import Policy
from controller.core.policy.terms import seconds
from controller.core.policy.validation import PolicyError, compiled, parse_policy
from controller.lab.backtest.evaluate import Judge
from controller.lab.backtest.evidence import Past
from controller.lab.backtest.moves import walk
from controller.lab.backtest.score import Score, Window, score

MOST = 400
_UNIT = {"s": 1, "m": 60, "h": 3600}


class BadSweep(ValueError):  # noqa: N818
    """The text of a sweep is not understood; the message is one sentence."""


@dataclass(frozen=True, slots=True)
class Point:
    """Holds one variant and its score.

    refused: why such a policy does not load; then it has no score.
    """

    for_: str | None
    observers: int | None
    score: Score | None
    refused: str | None = None

    @property
    def name(self) -> str:
        parts = [f"for {self.for_}" if self.for_ else "", f"{self.observers} obs." if self.observers else ""]
        return ", ".join(part for part in parts if part)


def parse_sweep(text: str) -> Mapping[str, Sequence[Any]]:
    """Return the values of each key of `for=1m..10m,observers=1..3`. Raises `BadSweep`."""
    found: dict[str, Sequence[Any]] = {}
    for part in text.split(","):
        key, _, values = part.strip().partition("=")
        first, _, last = values.partition("..")
        if key in found or key not in ("for", "observers"):
            raise BadSweep(f"{key!r}: expected for=1m..10m or observers=1..3, each once")
        found[key] = _durations(first, last or first) if key == "for" else _counts(first, last or first)
    if sum(1 for _ in _variants(found)) > MOST:
        raise BadSweep(f"more than {MOST} variants")
    return found


def _durations(first: str, last: str) -> list[str]:
    try:
        low, high = seconds(first), seconds(last)
    except ValueError as error:
        raise BadSweep(f"for={first}..{last}: {error}") from error
    unit = re.sub("[0-9]", "", first)
    step = _UNIT.get(unit)
    if step is None or high < low or (high - low) / step > MOST:
        raise BadSweep(f"for={first}..{last}: expected a rising range such as 1m..10m, in steps of its unit")
    return [f"{value}{unit}" for value in range(int(low) // step, int(high) // step + 1)]


def _counts(first: str, last: str) -> list[int]:
    if not (first.isdecimal() and last.isdecimal() and 1 <= int(first) <= int(last) <= 20):
        raise BadSweep(f"observers={first}..{last}: expected a rising range from 1 to 20")
    return list(range(int(first), int(last) + 1))


def _variants(wanted: Mapping[str, Sequence[Any]]) -> Iterator[tuple[str | None, int | None]]:
    for observers in wanted.get("observers", (None,)):
        for for_ in wanted.get("for", (None,)):
            yield for_, observers


def sweep(
    policy: Policy, past: Past, labels: Sequence[Window], wanted: Mapping[str, Sequence[Any]],
    tick: Callable[[float], None] = lambda _share: None,
) -> list[Point]:  # fmt: skip
    """Return the score of each variant.

    `for` and `observers` are set in every leaf of `evacuate.when` that has them.
    """
    variants = list(_variants(wanted))
    found = []
    for number, (for_, observers) in enumerate(variants, start=1):
        try:
            other = varied(policy, for_, observers)
        except PolicyError as error:
            found.append(Point(for_, observers, None, str(error.problems[0].message)))
        else:
            moves = walk(Judge(other, past))
            named = Point(for_, observers, None).name
            found.append(Point(for_, observers, score(named, moves, labels, begin=past.begin, end=past.end)))
        tick(number / len(variants))
    return found


def varied(policy: Policy, for_: str | None, observers: int | None) -> Policy:
    """Return the policy with other numbers in `evacuate.when`. Raises `PolicyError`."""
    data = compiled(policy)
    _vary(data["evacuate"]["when"], for_, observers)
    for named in data.get("conditions", {}).values():
        _vary(named, for_, observers)
    return parse_policy(data)


def _vary(node: Any, for_: str | None, observers: int | None) -> None:
    if isinstance(node, list):
        for each in node:
            _vary(each, for_, observers)
    elif isinstance(node, dict):
        if "family" in node:
            node |= {"for": for_} if for_ and "for" in node else {}
            node |= {"observers": observers} if observers and "observers" in node else {}
        for child in node.values():
            _vary(child, for_, observers)


STYLE: dict[Any, Any] = {
    "svg.hashsalt": "tidegate",
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.25,
}
WIDE = 30.0
"""False evacuations a year up to which the scale is plain."""
MARKS = ("o", "s", "^", "D", "v", "P")


def draw(points: Sequence[Point], naive: Sequence[Score], base: Path) -> tuple[Path, Path]:
    """Write `base`.svg and `base`.png, and return their paths. Raises `OSError`.

    Variants without a delay, which answered no label, are left out.
    """
    import matplotlib as mpl

    with mpl.rc_context(STYLE):
        from matplotlib.figure import Figure

        figure = Figure(figsize=(8.0, 5.0), layout="constrained")
        axes = figure.add_subplot()
        for number, observers in enumerate(dict.fromkeys(point.observers for point in points)):
            known = [p for p in points if p.observers == observers and p.score and p.score.delay is not None]
            across = [p.score.delay / 60.0 for p in known if p.score and p.score.delay is not None]
            up = [p.score.a_year(p.score.false) for p in known if p.score]
            label = f"{observers} observer{'s' if observers != 1 else ''}" if observers else "this policy"
            axes.plot(across, up, marker=MARKS[number % len(MARKS)], label=label, zorder=3)
            for edge in (0, len(known) - 1) if known else ():
                if known[edge].for_:
                    axes.annotate(
                        f"for {known[edge].for_}",
                        (across[edge], up[edge]),
                        textcoords="offset points",
                        xytext=(6, 6),
                    )
        for each in naive:
            if each.delay is not None:
                place = (each.delay / 60.0, each.a_year(each.false))
                axes.plot(*place, "x", color="black", markersize=8, zorder=2)
                axes.annotate(each.policy, place, textcoords="offset points", xytext=(8, -4))
        axes.set_xlabel("median delay from the start of an impairment, minutes")
        axes.set_ylabel("false evacuations a year")
        shown = [*naive, *(point.score for point in points if point.score)]
        highest = max((each.a_year(each.false) for each in shown if each.delay is not None), default=0.0)
        if highest > WIDE:
            axes.set_yscale("symlog", linthresh=1.0)
            axes.yaxis.set_major_formatter("{x:g}")
        axes.set_ylim(bottom=-0.03 * min(highest, WIDE) - 0.02)
        axes.margins(x=0.08)
        axes.set_xlim(left=0)
        axes.legend(frameon=False)
        base.parent.mkdir(parents=True, exist_ok=True)
        paths = base.with_suffix(".svg"), base.with_suffix(".png")
        drawn = StringIO()
        figure.savefig(drawn, format="svg", metadata={"Date": None})
        paths[0].write_text(_bare(drawn.getvalue()), encoding="utf-8")
        figure.savefig(paths[1], dpi=120, metadata={"Software": None})
    return paths


def _bare(svg: str) -> str:
    """Return the picture alone.

    Nothing in it names an address, the tool that drew it, or a person.
    """
    picture = re.sub(r"\s*<metadata>.*?</metadata>", "", svg[svg.index("<svg") :], flags=re.DOTALL)
    return re.sub(r' xmlns:xlink="[^"]*"', "", picture).replace("xlink:href", "href")
