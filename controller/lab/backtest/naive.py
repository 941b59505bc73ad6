"""What a naive controller would have done: leaves at a condition, comes home as soon as it is over.

```
 any alarm    one signal about the Region is breaching
 all alarms   every signal about it is
 3 of 5       one signal or more was breaching in three of the last five minutes
```
"""

from collections.abc import Mapping
from math import ceil, inf

import numpy as np

from controller.lab.backtest.steps import FALSE, TRUE, Steps, from_spans, greatest, least, spans
from controller.lab.backtest.truth import Judge
from controller.lab.backtest.walk import Move

M, N, MINUTE = 3, 5, 60.0
NAMES = ("any alarm", "all alarms", "3 of 5")


def naive(judge: Judge) -> Mapping[str, tuple[Move, ...]]:
    """Its moves by each of the naive policies; nobody is asked, and no limit counts."""
    return {name: _moves(judge, name) for name in NAMES}


def _moves(judge: Judge, name: str) -> tuple[Move, ...]:
    regions = list(judge.policy.regions)
    found = []
    for region in regions:
        other = next(each for each in regions if each != region)
        for begin, end in _condition(judge, region, name).spans(TRUE):
            found.append(Move(region, other, float(begin), float(end), 0))
    return tuple(sorted(found, key=lambda move: (move.left, move.region)))


def _condition(judge: Judge, region: str, name: str) -> Steps:
    red = judge.red(region)
    if name == "all alarms":
        return least(red)
    some = greatest(red)
    return some if name == "any alarm" else _of_minutes(some, judge.past.begin, judge.past.end)


def _of_minutes(some: Steps, begin: float, end: float) -> Steps:
    """M of the last N minutes, looked at each minute."""
    first = ceil(begin / MINUTE) * MINUTE
    minutes = np.arange(first, end + MINUTE, MINUTE)
    sums = np.cumsum(some.at(minutes) == TRUE, dtype=np.int32)
    sums[N:] -= sums[:-N].copy()
    found = spans(minutes, sums >= M)
    found[found == inf] = end
    return from_spans(found, begin, inside=TRUE, outside=FALSE)
