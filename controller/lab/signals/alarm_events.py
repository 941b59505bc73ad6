"""The `CloudWatch Alarm State Change` events of an alarm over its metric's past.

They are as CloudWatch sends them.
```
 samples ─> one value a minute over the period that ends there ─> codes ─> states ─> events where they change
            a period of k minutes makes k interleaved series: alarms are evaluated each minute
```
"""

from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import numpy as np

from controller.lab.signals.m_of_n import MISSING, NAMES, Codes, carried, verdicts
from controller.lab.signals.metric_series import Grid, Series, coded, gridded
from controller.rehearsal.service import iso
from controller.rehearsal.services.cloudwatch.alarm_events import Datapoint, reason, reason_data, state_change
from controller.rehearsal.services.cloudwatch.alarm_model import Alarm, State
from controller.rehearsal.services.cloudwatch.alarms import SETTLE
from controller.rehearsal.services.cloudwatch.m_of_n import EXTRA_PERIODS
from controller.rehearsal.services.cloudwatch.metrics import Stats

INITIAL = NAMES.index("INSUFFICIENT_DATA")


def alarm_states(codes: Codes, alarm: Alarm, step: int) -> Codes:
    """Return the alarm's state after each step of its grid."""
    width, size = alarm.period // step, codes.shape[-1]
    if width == 1:
        return carried(verdicts(codes, alarm.m, alarm.n, alarm.treatment), INITIAL)
    short = -size % width
    padded = np.concatenate([codes, np.full(short, MISSING, dtype=np.int8)])
    phases = np.ascontiguousarray(padded.reshape(-1, width).T)
    found = verdicts(phases, alarm.m, alarm.n, alarm.treatment).T.reshape(-1)[:size]
    return carried(np.ascontiguousarray(found), INITIAL)


def changes(found: Codes) -> np.ndarray[Any, np.dtype[np.intp]]:
    """Return the places at which a state differs from the one before."""
    return np.flatnonzero(np.diff(found, prepend=np.int8(INITIAL)))


def alarm_events(series: Series, alarm: Alarm, *, region: str, account: str) -> Iterator[dict[str, Any]]:
    """Yield every event, oldest first.

    Each is sent some seconds after the end of the period that decided it.
    """
    grid = gridded(series, alarm.period, str(alarm.config["Statistic"]))
    codes = coded(grid, alarm.config)
    found = alarm_states(codes, alarm, grid.step)
    for place in changes(found):
        end = grid.start + (int(place) + 1) * grid.step
        now = end + SETTLE[float(grid.step)]
        points = _points(grid, codes, alarm, int(place))
        before, value = alarm.state, NAMES[found[place]]
        why, data = reason(alarm, points, value), reason_data(alarm, points, now)
        alarm.state = State(value, why, now, data)
        alarm.transitioned = now
        event = state_change(alarm, before, now, None)
        number = sha256(f"{alarm.arn}/{now}".encode()).hexdigest()
        identity = "-".join((number[:8], number[8:12], number[12:16], number[16:20], number[20:32]))
        yield {
            "version": "0",
            "id": identity,
            "account": account,
            "time": iso(now),
            "region": region,
            **event,
        }


def _points(grid: Grid, codes: Codes, alarm: Alarm, place: int) -> list[Datapoint]:
    """Return the evaluation range that ends at `place`, oldest first."""
    width, points = alarm.period // grid.step, []
    for age in range(alarm.n + EXTRA_PERIODS - 1, -1, -1):
        at = place - age * width
        start = grid.start + (at + 1) * grid.step - alarm.period
        if at < 0 or codes[at] == MISSING:
            points.append(Datapoint(start, None, None, None))
            continue
        value = float(grid.values[at])
        points.append(Datapoint(start, Stats(1.0, value, value, value), value, bool(codes[at] == 1)))
    return points
