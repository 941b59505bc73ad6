"""The availability of the controllers, and the standing of the application, over time.

Availability: the gaps between looks, of one controller and of all together.
Standing: armed or not, in shadow or live; by the application's journal and the fleet's.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from controller.core.decision.precedence import TICKS_APART
from controller.core.journal.event import Event
from controller.core.journal.notes import Armed, Blinded, Disarmed, PolicyLoaded

LASTS = TICKS_APART
"""Seconds for which a look counts. A controller looks once a minute, so after them two looks are missing."""
Span = tuple[float, float]


def gaps(looks: Sequence[float], begin: float, end: float) -> list[Span]:
    """Return the spans from `begin` to `end` in which no look counts.

    looks: moments, sorted.
    """
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
    """Return the spans that lie in a span of each sequence.

    They are sorted and do not touch. No sequences give no spans.
    """
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
    """Return the index of the first span that can reach beyond `at`."""
    return max(0, bisect_right(spans, (at, float("inf"))) - 1)


def blinded(events: Iterable[Event], begin: float, end: float) -> dict[str, list[Span]]:
    """Return controller Region -> the gaps that it journalled, within the period.

    A controller journals a gap once it looks again.
    """
    found: dict[str, list[Span]] = {}
    for event in events:
        if isinstance(event.body, Blinded):
            span = (max(begin, event.body.from_), min(end, event.body.to))
            if span[0] < span[1]:
                found.setdefault(event.body.who, []).append(span)
    return {who: _merged(spans) for who, spans in found.items()}


def without(spans: Sequence[Span], away: Iterable[Span]) -> list[Span]:
    """Return the spans without what lies in a span of `away`. Both are sorted."""
    left = list(spans)
    for c, d in away:
        left = [span for a, b in left for span in ((a, min(b, c)), (max(a, d), b)) if span[0] < span[1]]
    return left


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
    """Return the spans in which all of `controllers` were blind at once."""
    return common([blind.get(region, []) for region in controllers])


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of time in which the application's standing did not change.

    enforcement: "" before any policy was in force. armed: by its own switch and the fleet's.
    """

    start: float
    end: float
    armed: bool
    enforcement: str

    @property
    def seconds(self) -> float:
        return self.end - self.start


def stretches(
    events: Sequence[Event], fleet: Sequence[Event], begin: float, end: float
) -> tuple[Stretch, ...]:
    """Return the stretches from `begin` to `end`, without a gap."""
    return tuple(_stretches(events, fleet, begin, end))


def _stretches(
    events: Sequence[Event], fleet: Sequence[Event], begin: float, end: float
) -> Iterator[Stretch]:
    own, whole, enforcement, since = True, True, "", begin
    changes = [(each, False) for each in events if isinstance(each.body, Armed | Disarmed | PolicyLoaded)]
    changes += [(each, True) for each in fleet if isinstance(each.body, Armed | Disarmed)]
    for event, of_fleet in sorted(changes, key=lambda change: change[0].at):
        at = min(max(event.at, begin), end)
        if at > since:
            yield Stretch(since, at, own and whole, enforcement)
            since = at
        if isinstance(event.body, PolicyLoaded):
            enforcement = event.body.enforcement
        elif of_fleet:
            whole = isinstance(event.body, Armed)
        else:
            own = isinstance(event.body, Armed)
    if end > since:
        yield Stretch(since, end, own and whole, enforcement)


def enforced(standing: Sequence[Stretch], at: float) -> str:
    """Return the enforcement of the policy in force at `at`."""
    return next((s.enforcement for s in standing if s.start <= at < s.end), "")
