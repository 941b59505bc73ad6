"""The timeline: one SVG, time to the right, one lane for each thing that can be seen.

```
 milestones ①  ②③   ④
 steps      us-east-1 goes dark
 customers  ▁▁▁××××××××▁▁      served below, failed above and hatched
 share      ▆▆▆▆▆▆▃▁           of all requests, a row a Region
 signals    ──▒▒▒▒▒┄┄┄         thin: healthy, hatched: breaching, dashed: silent, dotted: unknown
 decisions  healthy|not-confirmed|approval|evacuate
 controls   ▬▬▬▬▬▬▬▭▭▭         filled: On, hollow: Off
```
Shape says everything that colour says. Classes are styled by the page; the SVG alone is well-formed XML.
"""

from collections.abc import Callable

from controller.audit import lanes
from controller.audit.markup import Markup, join, tag
from controller.audit.scale import GUTTER, MARGIN, WIDTH, Scale
from controller.audit.share_lane import shares
from controller.audit.style import sheet
from controller.audit.words import clock
from controller.readmodel.run import Story

BEFORE = 60.0
AXIS = 26.0
Lanes = tuple[Markup, float]


def picture(story: Story) -> str:
    """The timeline as an SVG file of its own, with its style in it."""
    return timeline(story, tag("style", sheet("timeline.css")))


def timeline(story: Story, style: Markup | None = None, *, since: str = "since the break") -> Markup:
    """The whole picture; `style` where no page around it gives it one. since: what times count from."""
    scale = Scale(-BEFORE, max(story.lasted, 60.0))
    parts: list[Markup] = []
    y = AXIS
    drawn: list[Callable[[Story, Scale, float], Lanes]] = [
        lanes.milestones,
        lanes.steps,
        lanes.customers,
        shares,
        lanes.signals,
        lanes.decisions,
        lanes.approvals,
        lanes.controls,
        lanes.pages,
    ]
    for draw in drawn:
        part, height = draw(story, scale, y)
        parts.append(part)
        y += height
    bottom = y + 4
    grid = [
        tag("line", x1=scale.x(at), x2=scale.x(at), y1=AXIS - 4, y2=bottom, class_="grid" if at else "zero")
        for at in scale.ticks()
    ]
    labels = [
        tag("text", clock(at), x=scale.x(at), y=AXIS - 10, class_="tick", text_anchor="middle")
        for at in scale.ticks()
        if at > scale.first
    ]
    return tag(
        "svg",
        tag("title", f"What happened in {story.scenario}, by minutes and seconds {since}"),
        style,
        hatch(),
        join(grid),
        join(labels),
        tag("text", since, x=GUTTER - 12, y=AXIS - 10, class_="lane", text_anchor="end"),
        tag("line", x1=GUTTER, x2=WIDTH - MARGIN, y1=AXIS - 4, y2=AXIS - 4, class_="axis"),
        join(parts),
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {WIDTH:g} {bottom + 6:g}",
        role="img",
        class_="timeline",
    )


def hatch() -> Markup:
    """The pattern `#hatch`, which the style sheet fills with."""
    stripe = tag("path", d="M-1 1L1 -1M0 6L6 0M5 7L7 5", class_="stripe")
    cell = tag("rect", width=6, height=6, class_="cell")
    units = {"patternUnits": "userSpaceOnUse"}
    return tag("defs", tag("pattern", cell, stripe, id="hatch", width=6, height=6, **units))
