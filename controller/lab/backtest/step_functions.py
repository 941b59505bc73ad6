"""Functions of time that change at moments: the arithmetic of a backtest.

```
 times   [t0      t1        t2        ]      value i holds from times[i] until times[i + 1], the last for ever
 values  [ 1  |    0    |    2   ...  ]      before t0 nothing is asked
```
Truths are 0 false, 1 unknown, 2 true, so that Kleene's `all` is the least and `any` the greatest.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

FALSE, UNKNOWN, TRUE = 0, 1, 2
Times = NDArray[np.float64]
Values = NDArray[Any]


@dataclass(frozen=True)
class Steps:
    """A function of time; `times` rises strictly, and equal neighbours are allowed."""

    times: Times
    values: Values

    def at(self, moments: Times | float) -> Any:
        """Return the values at `moments`, none of them before the first time."""
        return self.values[np.maximum(np.searchsorted(self.times, moments, side="right") - 1, 0)]

    def spans(self, value: int) -> Values:
        """Return (begin, end) pairs of the unbroken stretches of `value`.

        The last one may end at infinity.
        """
        return spans(self.times, self.values == value)

    def next(self, value: int, after: float) -> float:
        """Return the first moment not before `after` with `value`; infinity if never."""
        place = max(int(np.searchsorted(self.times, after, side="right")) - 1, 0)
        found = np.flatnonzero(self.values[place:] == value)
        return max(after, float(self.times[place + found[0]])) if found.size else np.inf


def constant(value: int, begin: float) -> Steps:
    return Steps(np.array([begin]), np.array([value], dtype=np.int8))


def spans(times: Times, flags: NDArray[np.bool_]) -> Values:
    """Return the unbroken stretches in which `flags` hold."""
    edges = np.diff(flags.astype(np.int8), prepend=0, append=0)
    begins, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    return np.column_stack([times[begins], np.append(times, np.inf)[ends]])


def from_spans(
    found: Sequence[tuple[float, float]] | Values, begin: float, *, inside: int, outside: int
) -> Steps:
    """Return the function that is `inside` during the stretches and `outside` else.

    The stretches do not overlap.
    """
    pairs = np.asarray(found, dtype=np.float64).reshape(-1, 2)
    pairs = pairs[pairs[:, 0] < pairs[:, 1]]
    times = np.concatenate([[begin], pairs.reshape(-1)])
    values = np.concatenate([[outside], np.tile([inside, outside], len(pairs))]).astype(np.int8)
    order = np.argsort(times, kind="stable")
    times, values = times[order], values[order]
    last = np.append(np.diff(times) > 0, True) & np.isfinite(times)  # of equal moments the last one counts
    return Steps(times[last], values[last])


def moments(parts: Sequence[Steps]) -> Times:
    """Return every moment at which one of the parts changes."""
    return np.unique(np.concatenate([part.times for part in parts]))


def sampled(parts: Sequence[Steps], times: Times) -> Values:
    """Return one row for each part: its values at `times`."""
    return np.stack([part.at(times) for part in parts])


def least(parts: Sequence[Steps]) -> Steps:
    """Return Kleene's `all` of the parts."""
    times = moments(parts)
    return tidy(Steps(times, sampled(parts, times).min(axis=0)))


def greatest(parts: Sequence[Steps]) -> Steps:
    """Return Kleene's `any` of the parts."""
    times = moments(parts)
    return tidy(Steps(times, sampled(parts, times).max(axis=0)))


def negated(part: Steps) -> Steps:
    return Steps(part.times, (TRUE - part.values).astype(np.int8))


def tidy(part: Steps) -> Steps:
    """Return the same function without moments at which nothing changes."""
    kept = np.append(True, part.values[1:] != part.values[:-1])
    return Steps(part.times[kept], part.values[kept])
