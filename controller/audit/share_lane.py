"""The lane of traffic: for each Region the part of all requests that it served, the higher the more.

```
 share of us-east-1   ▆▆▆▆▆▆▃▁          50% -> 0%
 share of us-west-2   ▆▆▆▆▆▆▇█ · · ·    50% -> 100%     dotted: it counted nothing, which is not zero
```
"""

from controller.audit.lanes import Drawn, label
from controller.audit.markup import Markup, join, tag
from controller.audit.scale import Scale
from controller.audit.words import clock
from controller.readmodel.run import Share, Story

ROW, HIGH = 30.0, 22.0


def shares(story: Story, scale: Scale, y: float) -> Drawn:
    if not story.shares:
        return Markup(""), 0.0
    parts: list[Markup] = []
    for place, region in enumerate(story.regions):
        ground = y + place * ROW + HIGH
        parts += [label(f"share of {region}", ground - 11), label(_told(story, region), ground, "lane faint")]
        parts += [_bar(scale, share, region, ground) for share in story.shares]
    return join(parts), len(story.regions) * ROW + 6


def _bar(scale: Scale, share: Share, region: str, ground: float) -> Markup:
    x, end = scale.x(share.start), scale.x(share.end)
    part = share.parts.get(region)
    told = f"{region} {percent(part)}, {clock(share.start)} to {clock(share.end)}"
    if part is None:
        return tag("line", tag("title", told), x1=x, x2=end, y1=ground, y2=ground, class_="nothing")
    high = max(part * HIGH, 1.0)
    return tag("rect", tag("title", told), x=x, y=ground - high, width=max(end - x, 1.5), height=high,
               class_="served")  # fmt: skip


def _told(story: Story, region: str) -> str:
    """At first, and at last."""
    return f"{percent(story.shares[0].parts.get(region))} → {percent(story.shares[-1].parts.get(region))}"


def percent(part: float | None) -> str:
    return "counts nothing" if part is None else f"{part:.0%}"
