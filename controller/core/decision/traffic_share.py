"""The share of all requests that each Region serves: as proof, and for display.

`prove` gives the proof that customers moved. It is about the share that a Region which was left still serves.

```
 share │███████▆▃▁            limit = its share before x slices still On / slices at first + `atMost`
       │       ┊  ▔▔▔▔▔▔▔
       └───────┴──────────> minutes, of which only whole ones after the shift count
            ShiftApplied
```
Each Region's own CloudWatch counts. One that cannot be asked, or counts nothing, is unknown and not zero.
The Region that was left is the exception: it counts as zero where it counts nothing, all can be asked, and
the others together count more than before.

`between`, `lately`, `before` and `each_minute` give the same count to show to people. A Region that was asked
and counted nothing has no share, which is not a share of zero: ALB, for one, counts no minute in which
nothing came, and a Region that is gone counts nothing either. One that could not be asked makes all unknown.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil

from controller.core.incident.state import Incident, State
from controller.core.model import Truth
from controller.core.policy.schema import Traffic

MINUTE = 60.0
PUBLISHED = 30.0
"""Seconds after its end until a minute counts: until then CloudWatch may still add to it."""
BEFORE = 300.0
"""Seconds before the first shift over which the share before is taken."""
NEWS = 240.0
"""Seconds after a shift by which a minute should have been counted, if anybody counts."""

Points = Sequence[tuple[float, float]]
"""(start of the minute, requests in it)."""


@dataclass(frozen=True, slots=True)
class Left:
    """Left is a Region that traffic leaves: `on` of its `of` slices still serve."""

    region: str
    on: int
    of: int


@dataclass(frozen=True, slots=True)
class Proof:
    """A proof says whether customers moved away from a Region.

    value: whether the share has fallen far enough. wait: it may still, so look again. share: of 1.
    """

    value: Truth
    sentence: str
    share: float | None
    wait: bool


def leaving(
    incident: Incident, controls: Mapping[str, bool], regions: Mapping[str, Sequence[str]]
) -> Left | None:
    """Return the Region that this leg takes traffic away from, or None.

    The result is None where the leg turned nothing off there: coming home, both Regions may serve.
    """
    out = incident.leg == "out" and incident.intent != "restore"
    region = incident.source if out else str(incident.target)
    names = regions.get(region, ())
    off = [name for name in names if incident.put.get(name) is False]
    on = sum(controls.get(name, False) for name in names)
    return Left(region, on, on + len(off)) if off else None


def shift_started(state: State, incident: Incident) -> float:
    """Return the time when the first shift of this leg was intended.

    Where the state no longer holds that intent, it is the time when the incident last moved on.
    """
    first = [e.at for e in state.intents if e.incident == incident.id and e.said.wave == 1]
    return first[-1] if first else incident.changed


def prove(
    rule: Traffic,
    left: Left,
    counted: Mapping[str, Points | None],
    *,
    begun: float,
    applied: float,
    now: float,
) -> Proof:
    """Return the proof that customers moved away from `left`.

    counted: Region -> its minutes; None: it could not be asked. begun: when the first shift began; minutes
    before it give the share before. applied: when the last shift was applied.
    """
    mine = counted[left.region]
    others = {region: points for region, points in counted.items() if region != left.region}
    silent = [region for region, points in counted.items() if points is None]
    minute = _newest(others, since=ceil(applied / MINUTE) * MINUTE, until=now - MINUTE - PUBLISHED)
    late = now >= applied + rule.within
    if mine is None or minute is None:
        why = f"{', '.join(silent)} cannot be asked" if silent else "no minute was counted since"
        news = mine is not None and now < applied + min(NEWS, rule.within)
        return _unknown(rule, left, why, news=news, late=late)
    elsewhere = sum(_at(points, minute) or 0.0 for points in others.values())
    own, earlier = _at(mine, minute), _before(counted, begun)
    if own is None:  # ALB, for one, counts no minute in which nothing came
        was = [earlier.get(region) for region in others]
        if None in was or silent or elsewhere <= sum(mean or 0.0 for mean in was):
            return _unknown(
                rule, left, "it counts nothing, and the others no more than before", news=not late, late=late
            )
        own = 0.0
    total = own + elsewhere
    if total <= 0:
        return _unknown(rule, left, "nobody was served anywhere", news=not late, late=late)
    share, was_share = own / total, _share({region: earlier.get(region) for region in (left.region, *others)})
    limit = rule.at_most + (1.0 if was_share is None else was_share) * left.on / left.of
    fallen = share <= limit
    if not fallen and silent:
        return _unknown(rule, left, f"{', '.join(silent)} cannot be asked", news=not late, late=late)
    compared = "" if was_share is None else f", {was_share:.0%} before"
    sentence = f"{left.region} serves {share:.0%} of all requests{compared} (at most {limit:.0%})"
    return Proof(Truth.of(fallen), sentence, share, wait=not fallen and not late)


def _unknown(rule: Traffic, left: Left, why: str, *, news: bool, late: bool) -> Proof:
    """Return a proof whose value is unknown.

    news: a count may still come. Where the policy holds what is not known, it may wait for all of `within`.
    """
    wait = not late if rule.if_unknown == "hold" else news
    return Proof(Truth.UNKNOWN, f"the share of {left.region} is not known: {why}", None, wait)


def _newest(others: Mapping[str, Points | None], *, since: float, until: float) -> float | None:
    """Return the last whole minute after the shift that another Region counted."""
    starts = [at for points in others.values() for at, _ in points or () if since <= at <= until]
    return max(starts, default=None)


def _at(points: Points | None, minute: float) -> float | None:
    return next((count for at, count in points or () if at == minute), None)


def _before(counted: Mapping[str, Points | None], begun: float) -> dict[str, float]:
    """Return Region -> requests a minute before the shift, where they were counted."""
    means: dict[str, float] = {}
    for region, points in counted.items():
        known = [count for at, count in points or () if begun - BEFORE - MINUTE <= at <= begun - MINUTE]
        if known:
            means[region] = sum(known) / len(known)
    return means


def _share(earlier: Mapping[str, float | None]) -> float | None:
    """Return the share of the first Region.

    Returns None where one of the Regions was not counted.
    """
    means = list(earlier.values())
    total = sum(mean or 0.0 for mean in means)
    return None if None in means or total <= 0 else (means[0] or 0.0) / total


Counted = Mapping[str, Points | None]
"""Region -> its minutes; None: it could not be asked."""


@dataclass(frozen=True, slots=True)
class Served:
    """Served holds each Region's part of all requests from `start` to `end`.

    parts: Region -> its part of all that was counted; None: it counted nothing.
    why: why nothing is known, where `parts` is empty.
    """

    start: float
    end: float
    parts: Mapping[str, float | None] = field(default_factory=dict)
    why: str = ""


def between(counted: Counted, start: float, end: float) -> Served:
    """Return the parts over the whole minutes between `start` and `end`."""
    silent = [region for region, points in counted.items() if points is None]
    if silent:
        return Served(start, end, why=f"{', '.join(silent)} cannot be asked")
    sums: dict[str, float | None] = {}
    for region, points in counted.items():
        known = [count for at, count in points or () if start <= at and at + MINUTE <= end]
        sums[region] = sum(known) if known else None
    total = sum(each or 0.0 for each in sums.values())
    if total <= 0:
        return Served(start, end, why="no request was counted anywhere")
    return Served(start, end, {r: None if each is None else each / total for r, each in sums.items()})


def lately(counted: Counted, now: float) -> Served:
    """Return the parts in the last minute that was counted to its end."""
    done = now - MINUTE - PUBLISHED
    starts = [at for points in counted.values() for at, _ in points or () if at <= done]
    last = max(starts, default=done)
    return between(counted, last, last + MINUTE)


def before(counted: Counted, begun: float) -> Served:
    """Return the parts in the minutes before traffic was first moved, at `begun`."""
    return between(counted, begun - BEFORE - MINUTE, begun)


def each_minute(counted: Counted, since: float, until: float) -> tuple[Served, ...]:
    """Return the parts minute by minute, for those minutes where something is known."""
    starts = sorted({at for points in counted.values() for at, _ in points or () if since <= at <= until})
    found = (between(counted, at, at + MINUTE) for at in starts if at + MINUTE + PUBLISHED <= until)
    return tuple(one for one in found if one.parts)
