"""Offline work on a year of signals, beside what people would write by themselves.

Call `bench(say)`; rows whose peer is not installed (promtool) are left out with a notice.
"""

import json
import resource
import shutil
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context

import numpy as np

from controller.lab.backtest.evaluate import Judge
from controller.lab.backtest.moves import walk
from controller.lab.signals.alarm_history import read_history
from controller.lab.signals.m_of_n import MISSING, states
from controller.rehearsal.services.cloudwatch.m_of_n import EXTRA_PERIODS, StateValue, evaluate
from tests.bench import promtool
from tests.support.alarm_year import many


def bench(say: Callable[[str], None]) -> bool:
    """Print one table a subject; whether every bound held."""
    good = [_m_of_n(say), _year(say), _history(say)]
    if shutil.which("promtool") is None:
        say("210 series x 7 days beside `promtool test rules`: left out, promtool is not installed\n")
    else:
        good.append(promtool.bench(say))
    return all(good)


def _timed(work: Callable[[], object]) -> float:
    """Processor seconds of the quickest of seven."""
    found = []
    for _ in range(7):
        began = time.process_time()
        work()
        found.append(time.process_time() - began)
    return min(found)


def _m_of_n(say: Callable[[str], None]) -> bool:
    import pandas as pd  # type: ignore[import-untyped]

    rng = np.random.default_rng(1)
    codes = (rng.random((210, 10_080)) < 0.1).astype(np.int8)
    codes[rng.random(codes.shape) < 0.02] = MISSING
    m, n = 3, 5

    def plain() -> list[StateValue]:
        state: StateValue = "INSUFFICIENT_DATA"
        found = []
        width = n + EXTRA_PERIODS
        points = [None if code == MISSING else bool(code) for code in codes[0]]
        padded = [None] * (width - 1) + points
        for end in range(width, len(padded) + 1):
            state = evaluate(padded[end - width : end], m, n, "missing", state)
            found.append(state)
        return found

    def with_pandas() -> pd.Series:
        series = pd.Series(codes[0])
        real, red = series != MISSING, series == 1
        width = n + EXTRA_PERIODS
        count, bad = real.rolling(width, 1).sum(), red.rolling(width, 1).sum()
        first = red.shift(width - 1, fill_value=False) & (count > n)
        second = red.shift(width - 2, fill_value=False)
        second &= (count == width) | ((count > n) & ~real.shift(width - 1, fill_value=False))
        bad = bad - first.astype(int) - second.astype(int)
        state = pd.Series(pd.NA, index=series.index, dtype="object")
        state[(bad < m) & (bad < count)] = "OK"
        state[bad >= m] = "ALARM"
        state[count == 0] = "INSUFFICIENT_DATA"
        return state.ffill()

    ours = _timed(lambda: states(codes, m, n, "missing"))
    loop, pandas = _timed(plain) * len(codes), _timed(with_pandas) * len(codes)
    say(f"M of N with missing data, {codes.shape[0]} series of {codes.shape[1]} minutes (3 of 5):")
    say(f"  tidegate              {ours:>9.4f} s")
    say(f"  plain Python loop     {loop:>9.3f} s   x {loop / ours:>6.0f} (bound 25) {_ok(loop / ours >= 25)}")
    ratio = pandas / ours
    say(f"  pandas {pd.__version__:<14} {pandas:>9.3f} s   x {ratio:>6.0f} (bound 10) {_ok(ratio >= 10)}\n")
    return loop / ours >= 25 and ratio >= 10


def _year(say: Callable[[str], None]) -> bool:
    with get_context("spawn").Pool(1) as alone:  # its memory is its own
        series, changes, whole, megabytes = alone.apply(_year_alone)
    say(f"A year of {series} series from {changes} transitions, to evacuations:")
    bounds = f"(bound 2) {_ok(whole < 2)}, {megabytes:.0f} MB (bound 300) {_ok(megabytes < 300)}"
    say(f"  {whole:.2f} s {bounds}\n")
    return whole < 2 and megabytes < 300


def _year_alone() -> tuple[int, int, float, float]:
    """Series, transitions, seconds, and megabytes of the whole process at its largest."""
    began = time.process_time()
    policy, past = many(regions=6, alarms=33, changes=200)
    made = time.process_time() - began
    changes = sum(len(line.said.times) for line in past.lines)
    took = _timed(lambda: walk(Judge(policy, past)))
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return len(past.lines), changes, made + took, megabytes


def _history(say: Callable[[str], None]) -> bool:
    """20,000 changes as DescribeAlarmHistory tells of them, to (when, alarm, from, to)."""
    point = {"timestamp": "2024-05-06T10:00:00.000+0000", "sampleCount": 60.0, "value": 9.0}
    recent = {"version": "1.0", "recentDatapoints": [9.0, 8.5, 1.0], "evaluatedDatapoints": [point] * 3}
    state = {"stateReason": "Threshold Crossed: 2 out of the last 3 datapoints", "stateReasonData": recent}
    old, new = {"stateValue": "OK", **state}, {"stateValue": "ALARM", **state}
    inner = json.dumps({"version": "1.0", "oldState": old, "newState": new})
    item = {
        "AlarmName": "storefront-us-east-1-5xx", "AlarmType": "MetricAlarm",
        "Timestamp": "2024-05-06T10:00:05.250000+00:00", "HistoryItemType": "StateUpdate",
        "HistorySummary": "Alarm updated from OK to ALARM", "HistoryData": inner,
    }  # fmt: skip
    begun = datetime(2024, 5, 6, tzinfo=UTC)
    times = [(begun - timedelta(seconds=60.25 * number)).isoformat() for number in range(20_000)]
    items = [item | {"Timestamp": when} for when in times]
    data = json.dumps({"AlarmHistoryItems": items}).encode()

    def with_json() -> list[tuple[float, str, str, str]]:
        found = []
        for each in json.loads(data)["AlarmHistoryItems"]:
            if each["HistoryItemType"] == "StateUpdate":
                told = json.loads(each["HistoryData"])
                at = datetime.fromisoformat(each["Timestamp"]).timestamp()
                states_ = told["oldState"]["stateValue"], told["newState"]["stateValue"]
                found.append((at, each["AlarmName"], *states_))
        return found

    same = [(c.at, c.name, c.before, c.after) for c in read_history(data)] == sorted(with_json())
    ours, theirs = _timed(lambda: read_history(data)), _timed(with_json)
    ratio = theirs / ours
    alike = "the same" if same else "NOT the same"
    say(f"An alarm history of 20000 changes, {len(data) / 1e6:.0f} MB, {alike}:")
    say(f"  tidegate              {ours:>9.4f} s")
    say(f"  json, twice an item   {theirs:>9.3f} s   x {ratio:>6.1f} (bound 4) {_ok(ratio >= 4 and same)}\n")
    return ratio >= 4 and same


def _ok(good: bool) -> str:
    return "ok" if good else "NO"


__all__ = ["bench", "many"]
