"""The metric samples of one Region, aggregated by second or by minute.

CloudWatch keeps them so.
"""

from bisect import bisect_left, insort
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

KEEP = 86_400.0
"""Seconds that samples are kept."""
Key = tuple[str, str, tuple[tuple[str, str], ...]]


@dataclass
class Stats:
    """The aggregate of the samples of one interval."""

    count: float
    total: float
    least: float
    most: float

    def add(self, other: "Stats") -> None:
        self.count += other.count
        self.total += other.total
        self.least, self.most = min(self.least, other.least), max(self.most, other.most)

    def value(self, statistic: str) -> float:
        """Return `Average`, `Sum`, `Minimum`, `Maximum` or `SampleCount`."""
        values = {"Sum": self.total, "Minimum": self.least, "Maximum": self.most, "SampleCount": self.count}
        return self.total / self.count if statistic == "Average" else values[statistic]


STATISTICS = ("Average", "Sum", "Minimum", "Maximum", "SampleCount")


def key(namespace: str, name: str, dimensions: Mapping[str, str]) -> Key:
    """Return a metric's identity.

    The same name with other dimensions is another metric.
    """
    return namespace, name, tuple(sorted(dimensions.items()))


@dataclass
class Series:
    """One metric: start of interval (seconds) -> the aggregate of its samples.

    starts: sorted.
    """

    starts: list[float] = field(default_factory=list)
    stats: dict[float, Stats] = field(default_factory=dict)

    def add(self, start: float, stats: Stats) -> None:
        if start in self.stats:
            self.stats[start].add(stats)
        else:
            self.stats[start] = stats
            insort(self.starts, start)

    def between(self, begin: float, end: float) -> Stats | None:
        """Return the aggregate of [begin, end); None where there are no samples."""
        found = self.starts[bisect_left(self.starts, begin) : bisect_left(self.starts, end)]
        if not found:
            return None
        whole = Stats(0.0, 0.0, float("inf"), float("-inf"))
        for start in found:
            whole.add(self.stats[start])
        return whole

    def forget(self, before: float) -> None:
        gone = bisect_left(self.starts, before)
        for start in self.starts[:gone]:
            del self.stats[start]
        del self.starts[:gone]


class Metrics:
    """The metrics of a Region."""

    def __init__(self) -> None:
        self._series: dict[Key, Series] = {}

    def add(self, metric: Key, when: float, stats: Stats, *, resolution: int, now: float) -> None:
        """Add samples of time `when`.

        resolution: 1 or 60 seconds.
        """
        series = self._series.setdefault(metric, Series())
        series.add(when - when % resolution, stats)
        series.forget(now - KEEP)

    def between(self, metric: Key, begin: float, end: float) -> Stats | None:
        series = self._series.get(metric)
        return None if series is None else series.between(begin, end)

    def listed(self) -> list[Key]:
        """Return the metrics that have samples, in order."""
        return sorted(metric for metric, series in self._series.items() if series.starts)

    def dump(self) -> list[Any]:
        return [
            [namespace, name, list(dimensions), [[at, s.count, s.total, s.least, s.most] for at, s in rows]]
            for (namespace, name, dimensions), series in self._series.items()
            for rows in [sorted(series.stats.items())]
        ]

    def restore(self, state: list[Any]) -> None:
        self._series = {}
        for namespace, name, dimensions, rows in state:
            series = self._series[key(namespace, name, dict(dimensions))] = Series()
            for at, *numbers in rows:
                series.add(at, Stats(*numbers))
