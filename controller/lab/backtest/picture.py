"""False evacuations against delay, one line for each number of observers: SVG and PNG."""

import re
from collections.abc import Sequence
from io import StringIO
from pathlib import Path
from typing import Any

from controller.lab.backtest.score import Score
from controller.lab.backtest.sweep import Point

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
    """Write `base`.svg and `base`.png; the paths. Raises `OSError`.

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
    """The picture alone: nothing that names an address, the tool that drew it, or a person."""
    picture = re.sub(r"\s*<metadata>.*?</metadata>", "", svg[svg.index("<svg") :], flags=re.DOTALL)
    return re.sub(r' xmlns:xlink="[^"]*"', "", picture).replace("xlink:href", "href")
