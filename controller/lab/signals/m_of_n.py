"""M out of N with missing data over whole series at once: the same answers as CloudWatch's rules, one by one.

```
 codes    0 fine, 1 breaching, 2 missing           one a period, oldest first; any number of series
 range    N + 2 periods; where N real ones are in it, the newest N decide and missing data plays no part
 verdict  0 OK, 1 ALARM, 2 INSUFFICIENT_DATA, 3 as it was       ─> as it was: the last one that was not
```
Source: CloudWatch user guide, "Configuring how CloudWatch alarms treat missing data". One by one it stands in
`rehearsal.services.cloudwatch.m_of_n`.
"""

from typing import Any, Literal

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from controller.rehearsal.services.cloudwatch.m_of_n import StateValue

Codes = NDArray[np.int8]
Flags = NDArray[np.bool_]
Counts = NDArray[Any]
MOST_IN_A_BYTE = 100
Treatment = Literal["missing", "ignore", "breaching", "notBreaching"]
FINE, BREACHING, MISSING = 0, 1, 2
OK, ALARM, INSUFFICIENT, AS_IT_WAS = 0, 1, 2, 3
NAMES: tuple[StateValue, ...] = ("OK", "ALARM", "INSUFFICIENT_DATA")
EXTRA = 2


def states(codes: Codes, m: int, n: int, treat: Treatment, *, before: int = INSUFFICIENT) -> Codes:
    """The alarm's state after each period; time runs along the last axis.

    before: the state in which every series begins (CloudWatch: INSUFFICIENT_DATA).
    """
    return carried(verdicts(codes, m, n, treat), before)


def verdicts(codes: Codes, m: int, n: int, treat: Treatment) -> Codes:
    """What the rules say after each period, before "as it was". Before the first all is missing."""
    if (codes == MISSING).any():
        return _ruled(codes, m, n, treat)
    # Nothing is missing: the newest N decide, but for the first ones, which have no N behind them.
    found = (_newest(codes == BREACHING, n) >= m).view(np.int8)
    found[..., : n - 1] = _ruled(codes[..., : n - 1], m, n, treat)
    return found


def carried(found: Codes, before: int) -> Codes:
    """Each "as it was" replaced by the state before it."""
    whole = np.ascontiguousarray(found)
    first = whole[..., 0]
    first[first == AS_IT_WAS] = before
    flat = whole.reshape(-1)
    open_ = np.flatnonzero(flat == AS_IT_WAS)
    if open_.size:
        heads = np.diff(open_, prepend=-2) != 1  # no run reaches back over the beginning of its series
        flat[open_] = flat[open_[heads] - 1][np.cumsum(heads) - 1]
    return whole


def _ruled(codes: Codes, m: int, n: int, treat: Treatment) -> Codes:
    size, width = codes.shape[-1], n + EXTRA
    if size == 0:
        return codes.copy()
    lead = [(0, 0)] * (codes.ndim - 1) + [(width - 1, 0)]
    padded = np.pad(codes, lead, constant_values=MISSING)
    real, bad = padded != MISSING, padded == BREACHING
    count = _newest(real, width)[..., width - 1 :]
    red = _newest(bad, width)[..., width - 1 :]
    # Of N + 1 or N + 2 real ones the oldest one or two play no part; they stand at the range's first places.
    first, second = bad[..., :size], bad[..., 1 : size + 1]
    many = count > n
    red -= first & many
    red -= second & ((count == width) | (many & ~real[..., :size]))
    alarm = red >= m
    if treat == "notBreaching":
        return alarm.view(np.int8)
    if treat == "breaching":
        return (alarm | (red - count >= m - n)).view(np.int8)
    return _with_gaps(alarm, red, count, real, m, treat)


def _with_gaps(alarm: Flags, red: Counts, count: Counts, real: Flags, m: int, treat: Treatment) -> Codes:
    """`missing` and `ignore`: too few real ones may leave the state as it was."""
    found = alarm.view(np.int8).copy()
    left = ~alarm & (red == count)  # all that are real breach, but they are too few; or none is real
    if not left.any():
        return found
    found[left] = AS_IT_WAS
    if treat == "missing":
        found[left & (count == 0)] = INSUFFICIENT
        some = left & (count > 0)
        # A premature ALARM where the oldest real one is as old as M.
        width = real.shape[-1] - alarm.shape[-1] + 1
        age = width - sliding_window_view(real, width, axis=-1)[some].argmax(axis=-1)
        found[some] = np.where(age >= m, ALARM, AS_IT_WAS)
    return found


def _newest(flags: Flags, width: int) -> Counts:
    """How many are set among the newest `width` at each place: sums of doubled width, put together."""
    if width > MOST_IN_A_BYTE:
        sums = np.cumsum(flags, axis=-1, dtype=np.int32)
        late = sums[..., width:] - sums[..., :-width]
        sums[..., width:] = late
        return sums
    found, done = np.zeros(flags.shape, dtype=np.int8), 0
    part, size = flags.view(np.int8), 1
    while done < width:
        if width & size:
            found[..., done:] += part[..., : part.shape[-1] - done]
            done += size
        if done < width:
            longer = part.copy()
            longer[..., size:] += part[..., :-size]
            part, size = longer, size * 2
    return found
