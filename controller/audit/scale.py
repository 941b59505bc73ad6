"""Time to the right, in an SVG of fixed width."""

from collections.abc import Iterator
from dataclasses import dataclass

WIDTH, GUTTER, MARGIN = 1120.0, 262.0, 18.0
STEPS = (10, 30, 60, 120, 300, 600, 1800, 3600)
MOST_TICKS = 16


@dataclass(frozen=True, slots=True)
class Scale:
    """first, last: seconds since the break at the left and the right edge of the plot."""

    first: float
    last: float

    def x(self, at: float) -> float:
        """Where a moment is; what lies outside is at the edge."""
        share = (min(max(at, self.first), self.last) - self.first) / max(self.last - self.first, 1.0)
        return GUTTER + share * (WIDTH - MARGIN - GUTTER)

    def ticks(self) -> Iterator[float]:
        span = self.last - self.first
        step = next((step for step in STEPS if span / step <= MOST_TICKS), STEPS[-1])
        at = -(-self.first // step) * step
        while at <= self.last:
            yield at
            at += step
