"""The picture of a period: one SVG, with time to the right.

Each thing that is counted has a lane.

```
 in force        ▬▬▬▬▬▬▭▭▬▬▬▬▬     thick: live and armed, thin: shadow, hollow: disarmed
 policies        ▸     ▸
 evacuations        ●     ○  ✕     filled: moved, hollow: stood down, cross: refused, triangle: put back
 nobody watching        ▒          hatched
```
Shape says everything that colour says.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial

from markupsafe import Markup

from controller.audit.availability import Span, Stretch
from controller.audit.report.markup import GUTTER, MARGIN, WIDTH, Scale, join, tag
from controller.audit.report.timeline_svg import frame, hatch
from controller.audit.statistics import Account
from controller.core.explanation import format_time
from controller.core.incident.state import GLASS
from controller.core.journal.notes import PolicyLoaded
from controller.core.text import sanitize

LANE, AXIS = 24.0, 28.0
DAY = 86_400.0
STEPS = (300.0, 900.0, 3600.0, 3 * 3600.0, 6 * 3600.0, DAY, 2 * DAY, 7 * DAY, 14 * DAY, 28 * DAY, 91 * DAY,
         364 * DAY)  # fmt: skip
MOST_TICKS = 9
Mark = tuple[float, str, str]
"""The time, the shape, and the text for a person who points at it."""
DRAWN = {
    "moved": "full", "succeeded": "full", "given": "full", "stood down": "hollow", "withdrawn": "hollow",
    "superseded": "hollow", "waiting": "square", "open": "square", "unconfirmed": "square",
    "rolled back": "triangle",
}  # fmt: skip
"""Outcome -> shape; every other (refused, denied, expired, aborted, blocked, interrupted) is a cross."""


def over_time(a: Account) -> Markup:
    """Return the whole picture, to be styled by the page around it."""
    scale = Scale(a.begin, max(a.end, a.begin + 60.0))
    rows = [
        ("in force", partial(_standing, a, scale)),
        ("policies", partial(_marks, list(_policies(a)), scale)),
        *((_NAMES[i], partial(_marks, list(_episodes(a, i)), scale)) for i in _NAMES),
        ("approvals", partial(_marks, list(_questions(a)), scale)),
        ("nobody watching", partial(_spans, a.unwatched, scale)),
        *(
            (f"{sanitize(r, 24)} blind", partial(_spans, spans, scale))
            for r, spans in sorted(a.blind.items())
        ),
    ]
    bottom = AXIS + LANE * len(rows) + 4
    parts = [
        join([_label(name, AXIS + LANE * n + 16), draw(AXIS + LANE * n + LANE / 2)])
        for n, (name, draw) in enumerate(rows)
    ]
    grid, labels = [], []
    for at, said in _ticks(a.begin, scale.last):
        x = scale.x(at)
        grid.append(tag("line", x1=x, x2=x, y1=AXIS - 4, y2=bottom, class_="grid"))
        labels.append(tag("text", said, x=x, y=AXIS - 10, class_="tick", text_anchor="middle"))
    return frame(
        join(parts),
        tag("title", f"{a.application} from {format_time(a.begin)} to {format_time(a.end)}"),
        hatch(),
        join(grid),
        join(labels),
        axis=AXIS,
        bottom=bottom,
    )


_NAMES = {"evacuate": "evacuations", "restore": "restores", "drill": "drills", GLASS: "break-glass"}


def _label(name: str, y: float) -> Markup:
    return tag("text", name, x=GUTTER - 12, y=y, class_="lane", text_anchor="end")


def _ticks(begin: float, end: float) -> Iterator[tuple[float, str]]:
    span = end - begin
    step = next((step for step in STEPS if span / step <= MOST_TICKS), STEPS[-1])
    at = -(-begin // step) * step
    while at <= end:
        when = datetime.fromtimestamp(at, UTC)
        yield at, when.strftime("%Y-%m-%d" if step >= DAY else "%m-%d %H:%M")
        at += step


def _standing(a: Account, scale: Scale, y: float) -> Markup:
    drawn = []
    for s in a.standing:
        told = f"{format_time(s.start)}: {s.enforcement or 'no policy'}, {'armed' if s.armed else 'DISARMED'}"
        x, end = scale.x(s.start), scale.x(s.end)
        class_, half = _class_of(s), 3 if s.armed and s.enforcement == "shadow" else 6
        title, width = tag("title", told), max(1.0, end - x)
        drawn.append(tag("rect", title, x=x, y=y - half, width=width, height=2 * half, class_=class_))
    return join(drawn)


def _class_of(stood: Stretch) -> str:
    if not stood.enforcement:
        return "v-unknown"
    return "c-off" if not stood.armed else "c-on" if stood.enforcement == "live" else "served"


def _spans(spans: Sequence[Span], scale: Scale, y: float) -> Markup:
    line = tag("line", x1=GUTTER, x2=WIDTH - MARGIN, y1=y, y2=y, class_="nothing")
    drawn = (
        tag("rect", tag("title", f"{format_time(a)} to {format_time(b)}"), x=scale.x(a), y=y - 6,
            width=max(2.5, scale.x(b) - scale.x(a)), height=12, class_="v-breaching")
        for a, b in spans
    )  # fmt: skip
    return join([line, *drawn])


def _policies(a: Account) -> Iterator[Mark]:
    for event in a.within:
        if isinstance(event.body, PolicyLoaded):
            told = f"{format_time(event.at)}: policy {event.body.digest[:12]}, {event.body.enforcement}"
            yield event.at, "flag", told


def _episodes(a: Account, intent: str) -> Iterator[Mark]:
    for each in a.episodes:
        if each.incident.intent == intent:
            told = f"{format_time(each.incident.opened)}: {each.incident.id}, {each.outcome}"
            yield each.incident.opened, DRAWN.get(each.outcome, "cross"), told


def _questions(a: Account) -> Iterator[Mark]:
    for each in a.questions:
        who = ", ".join(given.by for given in each.answers) or "nobody"
        told = f"{format_time(each.asked)}: {each.incident}, {each.outcome}; answered by {who}"
        yield each.asked, DRAWN.get(each.outcome, "cross"), told


def _marks(marks: Iterable[Mark], scale: Scale, y: float) -> Markup:
    line = tag("line", x1=GUTTER, x2=WIDTH - MARGIN, y1=y, y2=y, class_="grid")
    return join([line, *(shape(which, scale.x(at), y, told) for at, which, told in marks)])


def shape(which: str, x: float, y: float, told: str) -> Markup:
    title = tag("title", told)
    match which:
        case "full":
            return tag("circle", title, cx=x, cy=y, r=5, class_="mark")
        case "hollow":
            return tag("circle", title, cx=x, cy=y, r=4.5, class_="mail open")
        case "square":
            return tag("rect", title, x=x - 4.5, y=y - 4.5, width=9, height=9, class_="mail open")
        case "triangle":
            return tag("path", title, d=f"M{x:.1f} {y - 5.5:.1f}l6 10h-12z", class_="mail open")
        case "flag":
            return tag("path", title, d=f"M{x:.1f} {y - 6:.1f}l0 12l8 -6z", class_="mark")
        case _:
            return tag("path", title, d=f"M{x - 4.5:.1f} {y - 4.5:.1f}l9 9m0 -9l-9 9", class_="cross")
