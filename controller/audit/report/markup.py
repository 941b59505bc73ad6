"""The SVG of the reports, drawn from Python values; their pages are templates.

A value that is not `Markup` already is text, made plain and escaped. There is no other way in: a picture is
made of `tag` alone, so no text of a journal can become markup.
`Scale` places moments in an SVG of fixed width, with time to the right. `sheet` reads the style sheets beside
this file.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.resources import files

from markupsafe import Markup, escape

from controller.readmodel.page_text import escaped, plain

_VOID = frozenset({"rect", "line", "path", "circle", "polygon"})
Child = str | Markup | int | float | None
Attribute = str | Markup | int | float | None


def join(parts: Iterable[Child], between: str = "") -> Markup:
    """Return `parts` one after the other, without those that are None."""
    return escape(between).join(escape(plain(part)) for part in parts if part is not None)


def tag(name: str, /, *children: Child, **attributes: Attribute) -> Markup:
    """Return `<name attributes>children</name>`.

    `class_` is `class`, `stroke_width` is `stroke-width`.
    An attribute that is None is left out. Numbers are written with at most one decimal.
    """
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_value(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    inner = "/>" if name in _VOID and not children else f">{join(children)}</{name}>"
    return Markup(f"<{name}{written}{inner}")  # noqa: S704 - the names are ours, all else is escaped above


def _value(value: Attribute) -> str:
    if isinstance(value, float):
        return f"{value:.1f}".removesuffix(".0")
    return value if isinstance(value, Markup) else escaped(value)


WIDTH, GUTTER, MARGIN = 1120.0, 262.0, 18.0
STEPS = (10, 30, 60, 120, 300, 600, 1800, 3600)
MOST_TICKS = 16


@dataclass(frozen=True, slots=True)
class Scale:
    """A scale of time, from the left edge of the plot to the right.

    first, last: seconds since the break, or since 1970, at the two edges.
    """

    first: float
    last: float

    def x(self, at: float) -> float:
        """Return the place of a moment; a moment outside is at the edge."""
        share = (min(max(at, self.first), self.last) - self.first) / max(self.last - self.first, 1.0)
        return GUTTER + share * (WIDTH - MARGIN - GUTTER)

    def ticks(self) -> Iterator[float]:
        span = self.last - self.first
        step = next((step for step in STEPS if span / step <= MOST_TICKS), STEPS[-1])
        at = -(-self.first // step) * step
        while at <= self.last:
            yield at
            at += step


def sheet(name: str) -> Markup:
    """Return a style sheet of ours."""
    return Markup(files("controller.audit.report").joinpath(name).read_text(encoding="utf-8"))  # noqa: S704
