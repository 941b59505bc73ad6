"""What is truly so in the simulated world, and since when: the measure of every decision."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf


@dataclass
class Truth:
    """Spans of time in which something was so, by what and where ("dark", "us-east-1"). Spans may overlap."""

    now: Callable[[], float]
    spans: dict[tuple[str, str], list[list[float]]] = field(default_factory=lambda: defaultdict(list))

    def begin(self, what: str, where: str) -> Callable[[], None]:
        """It is so from now on; the answer ends it."""
        span = [self.now(), inf]
        self.spans[what, where].append(span)

        def end() -> None:
            span[1] = min(span[1], self.now())

        return end

    def seconds(self, what: tuple[str, ...], where: str, window: float) -> float:
        """For how many of the last `window` seconds any of `what` was so."""
        now, total, reached = self.now(), 0.0, self.now() - window
        spans = sorted((span for w in what for span in self.spans.get((w, where), ())), key=lambda s: s[0])
        for since, until in spans:
            begin, end = max(since, reached), min(until, now)
            if end > begin:
                total, reached = total + end - begin, end
        return total

    def unbroken(self, what: tuple[str, ...], where: str) -> float:
        """For how many seconds up to now one of them has been so without a break; 0 if it is not so now."""
        now, since = self.now(), self.now()
        spans = sorted((span for w in what for span in self.spans.get((w, where), ())), key=lambda s: -s[1])
        for begin, end in spans:
            if end >= since and begin < since:
                since = begin
        return now - since if any(begin <= now < end for begin, end in spans) else 0.0
