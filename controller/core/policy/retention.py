"""The number of observations that is kept of a signal, to prove a `for`.

Some `for` are too long for any number to prove.

```
 at a minute's pace    B  B  B  B  B  B  B    thinned until two gaps together are too wide to be one:
 kept                  B     B     B     B    so of any two neighbouring gaps, the sum is over `gap` - LAG
```
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import ceil

from controller.core.policy.terms import Path, Problem

FEWEST, MOST = 30, 240
"""Observations kept of a signal. At 240 its item has about 45 KB, and may not pass 64 KB."""
SOAK = 1800.0
"""Seconds of unbroken health after which a Region counts as well, where the policy names no time for it."""
SHARE = 0.8
"""The widest gap that thinning may leave, as a part of `silentAfter`."""
PACE = 60.0
"""Seconds between two observations of a signal: the tick polls once a minute."""
LAG = 60.0
"""Seconds that an observation may take to arrive; a gap is measured on the wider of two clocks."""
MARGIN = 5
"""Observations for the edges of the stretch, and for what arrived last."""


@dataclass(frozen=True, slots=True)
class HistoryBounds:
    """The bounds of the history of one signal.

    keep: the most observations. gap: the widest gap, in seconds, that thinning may leave.
    """

    keep: int = FEWEST
    gap: float = 150.0


def kept(longest: float, silent_after: float) -> HistoryBounds:
    """Return the bounds that prove a hold of `longest` seconds.

    Where no number of observations proves it, they prove as much as can be proved.
    """
    wanted = ceil(longest / _spacing(silent_after)) + MARGIN
    return HistoryBounds(max(FEWEST, min(MOST, wanted)), SHARE * silent_after)


def longest_hold(silent_after: float) -> float:
    """Return the seconds of one verdict that `MOST` observations prove in any case.

    The result is whole minutes.
    """
    return (MOST - MARGIN) * _spacing(silent_after) // 60.0 * 60.0


def hold_problems(holds: Iterable[tuple[Path, float, float]]) -> Iterator[Problem]:
    """Yield each `for` that can never be proved.

    holds: (path of a `for`, its seconds, the shortest `silentAfter` of the signals that it counts).
    """
    for path, seconds, silent_after in holds:
        most = longest_hold(silent_after)
        if seconds > most:
            held, quiet, provable = map(_short_duration, (seconds, silent_after, most))
            message = (
                f"{held} can never be proved: {MOST} observations are kept of a signal, which at "
                f"`silentAfter: {quiet}` prove {provable}; expected at most that, or a longer `silentAfter`"
            )
            yield Problem(path, message)


def _spacing(silent_after: float) -> float:
    return max(PACE, (SHARE * silent_after - LAG) / 2)


def _short_duration(seconds: float) -> str:
    return f"{seconds / 60:.0f}m" if seconds % 60 == 0 else f"{seconds:.0f}s"
