"""M out of N with missing data, as a pure function.

Source: CloudWatch user guide, "Configuring how CloudWatch alarms treat missing data".
"""

from collections.abc import Sequence
from typing import Literal

StateValue = Literal["OK", "ALARM", "INSUFFICIENT_DATA"]
Treatment = Literal["missing", "ignore", "breaching", "notBreaching"]

EXTRA_PERIODS = 2
"""Periods beyond N that are read, to spare the use of missing ones: the evaluation range is N + 2."""


def evaluate(
    datapoints: Sequence[bool | None], m: int, n: int, treat_missing: Treatment, current: StateValue
) -> StateValue:
    """Return the state that an M-out-of-N alarm takes.

    `datapoints` is the evaluation range, oldest first: True breaches, None is missing. Where N real
    ones exist, the newest N decide and missing data plays no part:

    ```
     0 X X - X   3 of 3: the newest real three are X X X    ALARM, whatever the treatment
     - - X - -   3 of 3: one real of three, two missing     ALARM as `missing`: X is as old as M ("premature")
     - - - - X   3 of 3: the next one may be fine           as it was
    ```
    """
    real = [point for point in datapoints if point is not None]
    breaching = sum(real[-n:])
    if breaching >= m:
        return "ALARM"
    if treat_missing == "notBreaching":
        return "OK"
    if treat_missing == "breaching":
        return "ALARM" if breaching + n - len(real) >= m else "OK"
    if not real:
        return "INSUFFICIENT_DATA" if treat_missing == "missing" else current
    if breaching < len(real):
        return "OK"
    oldest = next(age for age, point in zip(range(len(datapoints), 0, -1), datapoints, strict=True) if point)
    return "ALARM" if treat_missing == "missing" and oldest >= m else current
