"""The timeline of an incident: one SVG, with time to the right.

Each thing that can be seen has a lane. A function draws each lane and returns its drawing and its height.

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
The lane `share` shows for each Region the part of all requests that it served, the higher the more:

```
 share of us-east-1   ▆▆▆▆▆▆▃▁          50% -> 0%
 share of us-west-2   ▆▆▆▆▆▆▇█ · · ·    50% -> 100%     dotted: it counted nothing, which is not zero
```
"""

from collections.abc import Callable, Sequence
from textwrap import wrap

from markupsafe import Markup

from controller.audit.report.markup import GUTTER, MARGIN, WIDTH, Scale, join, sheet, tag
from controller.audit.report.wording import clock, spelled, without_repeats
from controller.readmodel.run import Bucket, Lane, Said, Share, Story, Stretch

Drawn = tuple[Markup, float]

LETTER = 6.4
"""The width of a letter at the size of the labels, roughly."""
LINE, NARROWEST = 13.0, 20
"""The height of a further line of words, and the fewest letters that a line has."""
TRAFFIC, SIGNAL, CODE, CONTROL = 58.0, 17.0, 22.0, 9.0
NUMBERS = ("1", "2", "3", "4")
MILESTONES = ("first signal", "decision", "first control moved", "last failed request")


def milestones(story: Story, scale: Scale, y: float) -> Drawn:
    """Draw up to four numbered circles; the table beside explains them."""
    reached = story.milestones
    moments = (reached.first_signal, reached.decided, reached.first_shift, reached.last_failed_request)
    found = [
        (n, what, at) for n, what, at in zip(NUMBERS, MILESTONES, moments, strict=True) if at is not None
    ]
    parts = [label("milestones", y + 18)]
    taken = [-100.0, -100.0]
    for number, what, at in sorted(found, key=lambda each: each[2]):
        x = scale.x(at)
        row = 0 if x - taken[0] >= 17 else 1
        taken[row] = x
        middle = y + 11 + 17 * row
        parts += [
            tag("line", x1=x, x2=x, y1=middle, y2=y + 40, class_="pin"),
            tag("circle", tag("title", f"{what}: {spelled(at)}"), cx=x, cy=middle, r=7.5, class_="mark"),
            tag("text", number, x=x, y=middle + 4, text_anchor="middle", class_="in"),
        ]
    return join(parts), 42.0


def steps(story: Story, scale: Scale, y: float) -> Drawn:
    """Draw the steps of the scenario in words, each in its own rows, repeats in one."""
    parts = [label("what happened", y + 12)] if story.steps else []
    top = y
    for step in without_repeats(story.steps):
        part, height = _flag(scale, step, top)
        parts.append(part)
        top += height
    return join(parts), top - y + 8


def _flag(scale: Scale, said: Said, y: float) -> Drawn:
    """Draw a flag and its words beside it: to the right, or where they do not fit, on the wider side."""
    x = scale.x(said.at)
    words = f"{clock(said.at)} {said.text}"
    right, left = scale.x(scale.last) - x - 9, x - 5 - GUTTER
    on_left = len(words) * LETTER > right and left > right
    lines = wrap(words, max(int((left if on_left else right) / LETTER), NARROWEST))
    parts = [tag("path", d=f"M{x:.1f} {y + 2:.1f}l0 11l6 -5.5z", class_="flag")]
    place, anchor = (x - 5, "end") if on_left else (x + 10, None)
    parts += [
        tag("text", line, x=place, y=y + 12 + LINE * row, text_anchor=anchor)
        for row, line in enumerate(lines)
    ]
    return join(parts), 16.0 + LINE * (len(lines) - 1)


def customers(story: Story, scale: Scale, y: float) -> Drawn:
    """Draw the requests a second by Region.

    Served requests stand on the ground; failed ones stand on top, hatched.
    """
    top = max((b.served + b.failed for buckets in story.traffic.values() for b in buckets), default=1) or 1
    parts = []
    for place, (region, buckets) in enumerate(story.traffic.items()):
        ground = y + (place + 1) * TRAFFIC
        size = (TRAFFIC - 10) / top
        whole = [b for b in buckets if b.at + story.bucket <= story.lasted]
        served = [(b.at, b.served * size) for b in whole]
        failed = [(b.at, (b.served + b.failed) * size) for b in whole]
        parts += [
            label(f"customers in {region}" if region != "no answer" else "no DNS answer", ground - 24),
            label(_felt(buckets, story.began), ground - 10, class_="lane faint"),
            tag("path", d=_area(scale, served, [(at, 0.0) for at, _ in served], ground, story.bucket),
                class_="served"),
            tag("path", d=_area(scale, failed, served, ground, story.bucket), class_="failed"),
            tag("line", x1=GUTTER, x2=scale.x(scale.last), y1=ground, y2=ground, class_="ground"),
        ]  # fmt: skip
    return join(parts), len(story.traffic) * TRAFFIC + 14


def _felt(buckets: Sequence[Bucket], began: float) -> str:
    since = [b for b in buckets if b.at >= began]
    return f"{sum(b.served for b in since)} served, {sum(b.failed for b in since)} failed"


def _area(
    scale: Scale,
    upper: list[tuple[float, float]],
    lower: list[tuple[float, float]],
    ground: float,
    wide: float,
) -> Markup:
    """Return a path along the steps of `upper` and back along `lower`."""

    def corners(points: list[tuple[float, float]]) -> list[str]:
        return [
            f"{scale.x(edge):.1f} {ground - height:.1f}" for at, height in points for edge in (at, at + wide)
        ]

    outline = [*corners(upper), *reversed(corners(lower))]
    return Markup("M%sz") % "L".join(outline) if outline else Markup("M0 0")


def signals(story: Story, scale: Scale, y: float) -> Drawn:
    """Draw one lane a signal, those about the broken Region first."""
    parts: list[Markup] = []
    top = y
    for subject in sorted({lane.subject for lane in story.lanes}, key=lambda each: each != story.region):
        parts.append(label(f"signals about {subject}", top + 12, "lane faint"))
        top += SIGNAL
        for lane in (each for each in story.lanes if each.subject == subject):
            middle = top + SIGNAL / 2
            parts.append(label(_signal_name(lane, story), middle + 4))
            parts += [_verdict(scale, stretch, middle) for stretch in lane.stretches]
            top += SIGNAL
        top += 4
    return join(parts), top - y + 8


def _signal_name(lane: Lane, story: Story) -> str:
    """Return a short name, without the parts that all signals share.

    All signals of the application and the Region have those parts in common.
    """
    short = lane.name.removeprefix(f"{story.application}-").removeprefix(f"{lane.subject}-") or lane.name
    return f"{short} seen from {lane.observer}" if lane.kind == "canary" else f"{short} {lane.kind}"


def _verdict(scale: Scale, stretch: Stretch, middle: float) -> Markup:
    """Draw a verdict; height and outline differ as well as colour."""
    half = {"breaching": 6.0, "healthy": 2.0, "silent": 5.0}.get(stretch.value, 3.0)
    x, end = scale.x(stretch.start), scale.x(stretch.end)
    told = f"{stretch.value}, {clock(stretch.start)} to {clock(stretch.end)}"
    known = stretch.value in ("breaching", "healthy", "silent")
    return tag("rect", tag("title", told), x=x, y=middle - half, width=max(end - x, 1.5), height=2 * half,
               class_=f"v-{stretch.value}" if known else "v-unknown")  # fmt: skip


def decisions(story: Story, scale: Scale, y: float) -> Drawn:
    ends = [*(decision.at for decision in story.decisions[1:]), story.lasted]
    parts = [label(f"decision about {story.region}", y + 14)]
    for decision, end in zip(story.decisions, ends, strict=False):
        told = f"{decision.code}: {decision.text}"
        parts.append(_box(scale, Stretch(decision.at, end, decision.code), y, told))
    return join(parts), CODE + 6


def approvals(story: Story, scale: Scale, y: float) -> Drawn:
    asked = story.approvals()
    if not asked:
        return Markup(""), 0.0
    parts = [label("people asked", y + 14)]
    parts += [_box(scale, each, y, f"asked at {clock(each.start)}, {each.value}") for each in asked]
    last = asked[-1]
    x, words = scale.x(last.end), f"{last.value} at {clock(last.end)}"
    left = x + 8 + len(words) * LETTER > scale.x(scale.last)
    start = scale.x(last.start)
    parts.append(tag("text", words, x=start - 6 if left else x + 8, y=y + 14,
                     text_anchor="end" if left else None))  # fmt: skip
    return join(parts), CODE + 6


def _box(scale: Scale, stretch: Stretch, y: float, told: str) -> Markup:
    """Draw a framed stretch, with its name in it where that fits."""
    x, end = scale.x(stretch.start), scale.x(stretch.end)
    box = tag("rect", tag("title", told), x=x, y=y, width=max(end - x, 2.0), height=CODE - 3, class_="box")
    if end - x < len(stretch.value) * LETTER + 6:
        return box
    return join([box, tag("text", stretch.value, x=(x + end) / 2, y=y + 14, text_anchor="middle")])


def controls(story: Story, scale: Scale, y: float) -> Drawn:
    """Draw a thin bar for each routing control: filled On, hollow Off."""
    parts = []
    row = 0.0
    for region, names in story.regions.items():
        middle = y + row + len(names) * CONTROL / 2
        parts.append(label(f"routing controls {region}", middle + 4))
        for place, name in enumerate(names):
            top = y + row + place * CONTROL
            for stretch in _states(story, name, scale):
                x, end = scale.x(stretch.start), scale.x(stretch.end)
                told = f"{name} is {stretch.value}, {clock(stretch.start)} to {clock(stretch.end)}"
                parts.append(tag("rect", tag("title", told), x=x, y=top, width=max(end - x, 1.5),
                                 height=CONTROL - 3, class_=f"c-{stretch.value.lower()}"))  # fmt: skip
        row += max(len(names) * CONTROL, 18.0) + 8
    return join(parts), row + 4


def _states(story: Story, name: str, scale: Scale) -> list[Stretch]:
    on, since = story.before.get(name, True), scale.first
    found = []
    for shift in story.shifts:
        if shift.control == name:
            found.append(Stretch(since, shift.at, "On" if on else "Off"))
            on, since = shift.on, shift.at
    return [*found, Stretch(since, story.lasted, "On" if on else "Off")]


def pages(story: Story, scale: Scale, y: float) -> Drawn:
    if not story.pages:
        return Markup(""), 0.0
    parts = [label("pages sent", y + 13)]
    for page in story.pages:
        x = scale.x(page.at)
        told = tag("title", f"{clock(page.at)} {page.code}")
        parts.append(tag("path", told, d=f"M{x - 6:.1f} {y + 4:.1f}h12v9h-12zl6 5l6 -5", class_="mail"))
    return join(parts), 22.0


def label(words: str, y: float, class_: str = "lane") -> Markup:
    room = int((GUTTER - 14) / LETTER) + 2
    short = words if len(words) <= room else words[: room - 1] + "…"
    return tag("text", short, x=GUTTER - 12, y=y, class_=class_, text_anchor="end")


ROW, HIGH = 30.0, 22.0


def shares(story: Story, scale: Scale, y: float) -> Drawn:
    if not story.shares:
        return Markup(""), 0.0
    parts: list[Markup] = []
    for place, region in enumerate(story.regions):
        ground = y + place * ROW + HIGH
        parts += [
            label(f"share of {region}", ground - 11),
            label(_share_summary(story, region), ground, "lane faint"),
        ]
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


def _share_summary(story: Story, region: str) -> str:
    """Return the first and the last share."""
    return f"{percent(story.shares[0].parts.get(region))} → {percent(story.shares[-1].parts.get(region))}"


def percent(part: float | None) -> str:
    return "counts nothing" if part is None else f"{part:.0%}"


BEFORE = 60.0
AXIS = 26.0
Lanes = tuple[Markup, float]


def picture(story: Story) -> str:
    """Return the timeline as an SVG file of its own, with its style."""
    return timeline(story, tag("style", sheet("timeline.css")))


def timeline(story: Story, style: Markup | None = None, *, since: str = "since the break") -> Markup:
    """Return the whole picture.

    `style`: given where no page around the picture brings one.
    since: the moment that times count from, in words.
    """
    scale = Scale(story.began - BEFORE, max(story.lasted, 60.0))
    parts: list[Markup] = []
    y = AXIS
    drawn: list[Callable[[Story, Scale, float], Lanes]] = [
        milestones,
        steps,
        customers,
        shares,
        signals,
        decisions,
        approvals,
        controls,
        pages,
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
    return frame(
        join(parts),
        tag("title", f"What happened in {story.scenario}, by minutes and seconds {since}"),
        style,
        hatch(),
        join(grid),
        join(labels),
        tag("text", since, x=GUTTER - 12, y=AXIS - 10, class_="lane", text_anchor="end"),
        axis=AXIS,
        bottom=bottom,
    )


def frame(parts: Markup, *before: Markup | str | None, axis: float, bottom: float) -> Markup:
    """Return a picture of lanes: what comes `before`, the axis at y `axis`, the parts.

    bottom: the y at which the lanes end.
    """
    return tag(
        "svg",
        *before,
        tag("line", x1=GUTTER, x2=WIDTH - MARGIN, y1=axis - 4, y2=axis - 4, class_="axis"),
        parts,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {WIDTH:g} {bottom + 6:g}",
        role="img",
        class_="timeline",
    )


def hatch() -> Markup:
    """Return the pattern `#hatch`, with which the style sheet fills."""
    stripe = tag("path", d="M-1 1L1 -1M0 6L6 0M5 7L7 5", class_="stripe")
    cell = tag("rect", width=6, height=6, class_="cell")
    units = {"patternUnits": "userSpaceOnUse"}
    return tag("defs", tag("pattern", cell, stripe, id="hatch", width=6, height=6, **units))
