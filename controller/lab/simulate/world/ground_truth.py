"""The ground truth of the simulated world: what is so, and since when.

Every decision is measured by it.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf


@dataclass
class Truth:
    """Holds spans of time in which something was so.

    Spans are kept by what and where ("dark", "us-east-1"), and may overlap.
    """

    now: Callable[[], float]
    spans: dict[tuple[str, str], list[list[float]]] = field(default_factory=lambda: defaultdict(list))

    def begin(self, what: str, where: str) -> Callable[[], None]:
        """Begin a span now; a call of the result ends it."""
        span = [self.now(), inf]
        self.spans[what, where].append(span)

        def end() -> None:
            span[1] = min(span[1], self.now())

        return end

    def seconds(self, what: tuple[str, ...], where: str, window: float) -> float:
        """Return how many of the last `window` seconds any of `what` was so."""
        now, total, reached = self.now(), 0.0, self.now() - window
        spans = sorted((span for w in what for span in self.spans.get((w, where), ())), key=lambda s: s[0])
        for since, until in spans:
            begin, end = max(since, reached), min(until, now)
            if end > begin:
                total, reached = total + end - begin, end
        return total

    def unbroken(self, what: tuple[str, ...], where: str) -> float:
        """Return for how many seconds one of them has been so without a break.

        They count up to now; 0 if it is not so now.
        """
        now, since = self.now(), self.now()
        spans = sorted((span for w in what for span in self.spans.get((w, where), ())), key=lambda s: -s[1])
        for begin, end in spans:
            if end >= since and begin < since:
                since = begin
        return now - since if any(begin <= now < end for begin, end in spans) else 0.0
