"""The share of all requests that each Region serves, as each one's own CloudWatch counted them: to be shown.

The proof that customers moved is `core.share`; this is the same count, for people. A Region that was asked
and counted nothing has no share, which is not a share of zero: ALB, for one, counts no minute in which
nothing came, and a Region that is gone counts nothing either. One that could not be asked makes all unknown.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from controller.core.share import BEFORE, MINUTE, PUBLISHED, Points

Counted = Mapping[str, Points | None]
"""Region -> its minutes; None: it could not be asked."""


@dataclass(frozen=True, slots=True)
class Served:
    """parts: Region -> its part of all that was counted from `start` to `end`; None: it counted nothing.

    why: why nothing is known, where `parts` is empty.
    """

    start: float
    end: float
    parts: Mapping[str, float | None] = field(default_factory=dict)
    why: str = ""


def between(counted: Counted, start: float, end: float) -> Served:
    """Over the whole minutes that lie in it."""
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
    """In the last minute that has been counted to its end."""
    done = now - MINUTE - PUBLISHED
    starts = [at for points in counted.values() for at, _ in points or () if at <= done]
    last = max(starts, default=done)
    return between(counted, last, last + MINUTE)


def before(counted: Counted, begun: float) -> Served:
    """In the minutes before traffic was first moved, at `begun`."""
    return between(counted, begun - BEFORE - MINUTE, begun)


def each_minute(counted: Counted, since: float, until: float) -> tuple[Served, ...]:
    """One after the other, those alone of which something is known."""
    starts = sorted({at for points in counted.values() for at, _ in points or () if since <= at <= until})
    found = (between(counted, at, at + MINUTE) for at in starts if at + MINUTE + PUBLISHED <= until)
    return tuple(one for one in found if one.parts)
