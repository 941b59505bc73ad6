"""M out of N over whole series at once, by the rehearsal's one rule.

```
 codes    0 fine, 1 breaching, 2 missing           one a period, oldest first; any number of series
 range    N + 2 periods: each distinct one is judged once, by `evaluate`, and looked up ever after
 verdict  0 OK, 1 ALARM, 2 INSUFFICIENT_DATA, 3 as it was       ─> as it was: the last one that was not
```

The rule itself stands in `rehearsal.services.cloudwatch.m_of_n` alone (CloudWatch user guide, "Configuring
how CloudWatch alarms treat missing data").
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from controller.rehearsal.services.cloudwatch.m_of_n import EXTRA_PERIODS, StateValue, Treatment, evaluate

Codes = NDArray[np.int8]
FINE, BREACHING, MISSING = 0, 1, 2
OK, ALARM, INSUFFICIENT, AS_IT_WAS = 0, 1, 2, 3
NAMES: tuple[StateValue, ...] = ("OK", "ALARM", "INSUFFICIENT_DATA")
TABLED = 9
"""Periods of a range up to which all of them are judged beforehand: 3 to the power of that."""


def states(codes: Codes, m: int, n: int, treat: Treatment, *, before: int = INSUFFICIENT) -> Codes:
    """Return the alarm's state after each period; time runs along the last axis.

    before: the state in which every series begins (CloudWatch: INSUFFICIENT_DATA).
    """
    return carried(verdicts(codes, m, n, treat), before)


def verdicts(codes: Codes, m: int, n: int, treat: Treatment) -> Codes:
    """Return the rule's word after each period, "as it was" included.

    Before the first period all is missing.
    """
    if codes.size == 0:
        return codes.copy()
    width = n + EXTRA_PERIODS
    lead = [(0, 0)] * (codes.ndim - 1) + [(width - 1, 0)]
    padded = np.pad(codes, lead, constant_values=MISSING)
    if width <= TABLED:
        return _table(m, n, treat)[_numbered(padded, width)]
    found = np.full(codes.shape, OK, dtype=np.int8)  # the word on a range in which all is fine
    ranges = sliding_window_view(padded, width, axis=-1)
    eventful = _eventful(padded, width)
    rows = np.ascontiguousarray(ranges[eventful])
    if rows.size:
        whole = rows.view(np.dtype((np.void, width))).reshape(-1)
        _, first, place = np.unique(whole, return_index=True, return_inverse=True)
        words = [_judged(row, m, n, treat) for row in rows[first].tolist()]
        found[eventful] = np.array(words, dtype=np.int8)[place.reshape(-1)]
    return found


def carried(found: Codes, before: int) -> Codes:
    """Return the states with each "as it was" replaced by the state before it."""
    whole = np.ascontiguousarray(found)
    first = whole[..., 0]
    first[first == AS_IT_WAS] = before
    flat = whole.reshape(-1)
    open_ = np.flatnonzero(flat == AS_IT_WAS)
    if open_.size:
        heads = np.diff(open_, prepend=-2) != 1  # no run reaches back over the beginning of its series
        flat[open_] = flat[open_[heads] - 1][np.cumsum(heads) - 1]
    return whole


def _judged(row: Sequence[int], m: int, n: int, treat: Treatment) -> int:
    """Return the word on one range: `AS_IT_WAS` where it depends on the state before."""
    points = [None if code == MISSING else code == BREACHING for code in row]
    after = {evaluate(points, m, n, treat, current) for current in NAMES}
    return NAMES.index(after.pop()) if len(after) == 1 else AS_IT_WAS


@lru_cache(maxsize=32)
def _table(m: int, n: int, treat: Treatment) -> Codes:
    """Return the word on every range of N + 2 periods, by its number.

    The number is in base three, the oldest period first.
    """
    width = n + EXTRA_PERIODS
    digits = np.indices((3,) * width, dtype=np.int8).reshape(width, -1).T
    return np.array([_judged(row, m, n, treat) for row in digits.tolist()], dtype=np.int8)


def _numbered(padded: Codes, width: int) -> NDArray[np.int16]:
    size = padded.shape[-1] - width + 1
    numbers = np.zeros((*padded.shape[:-1], size), dtype=np.int16)
    for place in range(width):
        numbers *= 3
        numbers += padded[..., place : place + size]
    return numbers


def _eventful(padded: Codes, width: int) -> NDArray[Any]:
    """Return True for each range in which anything is not fine."""
    sums = np.cumsum(padded != FINE, axis=-1, dtype=np.int32)
    counts = sums[..., width - 1 :].copy()
    counts[..., 1:] -= sums[..., :-width]
    return counts > 0
