"""The curve of an outage as a picture: the share moved, by second."""

from collections.abc import Iterator, Sequence

from controller.lab.fleet.outage import Outcome
from controller.readmodel.page_text import escaped

LEFT, TOP, WIDE, HIGH = 64, 56, 880, 300
BEGIN, STEP = 180, 20
STROKES = (
    ("#0072b2", ""),
    ("#0072b2", "7 4"),
    ("#d55e00", ""),
    ("#d55e00", "7 4"),
    ("#1c2330", ""),
    ("#cc79a7", "2 3"),
)
STYLE = (
    "text { font-family: system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif; fill: #1c2330 }"
    " .head { font-size: 17px; font-weight: 600 } .tick { font-size: 12px; fill: #4a5568 }"
    " .name { font-size: 13px } .grid { stroke: #e2e8f0 } .axis { stroke: #4a5568 }"
)


def picture(outcomes: Sequence[Outcome]) -> str:
    """Return an SVG of all curves, each named with its first and last second."""
    end = max(int(outcome.moved[-1]) for outcome in outcomes) // STEP * STEP + STEP
    height = TOP + HIGH + 64 + 22 * len(outcomes)
    scale = WIDE / (end - BEGIN)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {LEFT + WIDE + 40} {height}" role="img" '
        f'aria-label="Share of each fleet that has moved, by seconds since the Region went dark">',
        f"<style>{STYLE}</style>",
        f'<rect width="{LEFT + WIDE + 40}" height="{height}" fill="#ffffff"/>',
        f'<text class="head" x="{LEFT}" y="28">Moved, by seconds since the Region went dark</text>',
        *_grid(end, scale),
    ]
    for (colour, dash), (number, outcome) in zip(STROKES, enumerate(outcomes), strict=False):
        stroke = f'stroke="{colour}" stroke-width="2"' + (f' stroke-dasharray="{dash}"' if dash else "")
        y = TOP + HIGH + 62 + 22 * number
        lines += [
            f'<path d="{_steps(outcome, scale)}" fill="none" {stroke}/>',
            f'<line x1="{LEFT}" y1="{y - 4}" x2="{LEFT + 36}" y2="{y - 4}" {stroke}/>',
            f'<text class="name" x="{LEFT + 46}" y="{y}">{escaped(_name(outcome))}</text>',
        ]
    return "\n".join([*lines, "</svg>", ""])


def _grid(end: int, scale: float) -> Iterator[str]:
    for share in range(0, 101, 25):
        y = TOP + HIGH - HIGH * share / 100
        yield f'<line class="grid" x1="{LEFT}" y1="{y:.0f}" x2="{LEFT + WIDE}" y2="{y:.0f}"/>'
        yield f'<text class="tick" x="{LEFT - 8}" y="{y + 4:.0f}" text-anchor="end">{share} %</text>'
    for second in range(BEGIN, end + 1, STEP):
        x = LEFT + (second - BEGIN) * scale
        yield f'<text class="tick" x="{x:.0f}" y="{TOP + HIGH + 18}" text-anchor="middle">{second} s</text>'
    yield f'<line class="axis" x1="{LEFT}" y1="{TOP + HIGH}" x2="{LEFT + WIDE}" y2="{TOP + HIGH}"/>'


def _steps(outcome: Outcome, scale: float) -> str:
    path = [f"M{LEFT + (outcome.moved[0] - BEGIN) * scale:.1f} {TOP + HIGH}"]
    for number, at in enumerate(outcome.moved, start=1):
        x, y = LEFT + (at - BEGIN) * scale, TOP + HIGH - HIGH * number / len(outcome.moved)
        path.append(f"H{x:.1f}V{y:.1f}")
    return "".join(path)


def _name(outcome: Outcome) -> str:
    return f"{outcome.fleet.name}: first {outcome.moved[0]:.0f} s, last {outcome.moved[-1]:.0f} s"
