"""When nobody was watching: the gaps between looks, of one controller and of all together."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence

from controller.core.journal import Event, Kind

LASTS = 150.0
"""Seconds for which a look counts: a controller looks once a minute, so two did not come."""
Span = tuple[float, float]


def gaps(looks: Sequence[float], begin: float, end: float) -> list[Span]:
    """Where no look counts, from `begin` to `end`. looks: moments, sorted."""
    found: list[Span] = []
    covered = begin
    for at in looks:
        if at > end:
            break
        if at > covered:
            found.append((covered, at))
        covered = max(covered, at + LASTS)
    if covered < end:
        found.append((covered, end))
    return found


def common(spans_of: Iterable[Sequence[Span]]) -> list[Span]:
    """What lies in a span of each: sorted, apart. Of nothing: nothing."""
    every = [list(spans) for spans in spans_of]
    if not every:
        return []
    left = every[0]
    for right in every[1:]:
        left = [
            (max(a, c), min(b, d)) for a, b in left for c, d in right[_from(right, a) :] if c < b and d > a
        ]
    return left


def _from(spans: Sequence[Span], at: float) -> int:
    """The first that can reach beyond `at`."""
    return max(0, bisect_right(spans, (at, float("inf"))) - 1)


def blinded(events: Iterable[Event], begin: float, end: float) -> dict[str, list[Span]]:
    """Controller Region -> the gaps that it journalled once it looked again, within the period."""
    found: dict[str, list[Span]] = {}
    for event in events:
        if event.kind is Kind.BLINDED:
            data = event.data
            span = (max(begin, float(data["from"])), min(end, float(data["to"])))
            if span[0] < span[1]:
                found.setdefault(str(data.get("who", "")), []).append(span)
    return {who: _merged(spans) for who, spans in found.items()}


def _merged(spans: Iterable[Span]) -> list[Span]:
    merged: list[Span] = []
    for a, b in sorted(spans):
        if merged and a <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(b, merged[-1][1]))
        else:
            merged.append((a, b))
    return merged


def seconds(spans: Iterable[Span]) -> float:
    return sum(b - a for a, b in spans)


def nobody(blind: Mapping[str, Sequence[Span]], controllers: Sequence[str]) -> list[Span]:
    """Where each of `controllers` was blind at once."""
    return common([blind.get(region, []) for region in controllers])
