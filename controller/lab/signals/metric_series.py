"""The metric data of a file, and its periods as codes: fine, breaching, missing."""

import csv
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from controller.core.text import sanitize
from controller.lab.signals.m_of_n import BREACHING, FINE, MISSING, Codes

LARGEST = 128 * 1024 * 1024
LATEST = 4_102_444_800.0
COMPARE = {
    "GreaterThanThreshold": np.greater,
    "GreaterThanOrEqualToThreshold": np.greater_equal,
    "LessThanThreshold": np.less,
    "LessThanOrEqualToThreshold": np.less_equal,
}


class BadSeries(Exception):  # noqa: N818
    """The file is no metric data.

    The message is one sentence, with the line where there is one.
    """


@dataclass(frozen=True)
class Series:
    """Holds samples in order of time, in seconds since 1970."""

    times: NDArray[np.float64]
    values: NDArray[np.float64]


@dataclass(frozen=True)
class Grid:
    """Holds one value for each step, the first step beginning at `start`.

    NaN: nothing was measured.
    """

    start: float
    step: int
    values: NDArray[np.float64]


def read_bytes(path: Path) -> bytes:
    """Return the whole file, bounded. Raises `BadSeries`."""
    try:
        if not path.is_file():
            raise BadSeries("is not there, or not a regular file")
        if path.stat().st_size > LARGEST:
            raise BadSeries(f"is larger than {LARGEST >> 20} MiB")
        return path.read_bytes()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "no usable file name"
        raise BadSeries(f"cannot be read: {reason}") from error


def read_series(path: Path, wanted: str | None = None) -> Series:
    """Return the samples of a file. Raises `BadSeries`.

    The file is a CSV (timestamp,value) or GetMetricData's JSON answer. wanted: the Id of one of several
    results.
    """
    try:
        text = read_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadSeries("is not UTF-8") from error
    pairs = list(_answered(text, wanted) if text.lstrip()[:1] in ("{", "[") else _rows(text))
    if not pairs:
        raise BadSeries("holds no sample")
    both = np.array(pairs, dtype=np.float64)
    both = both[np.argsort(both[:, 0], kind="stable")]
    return Series(both[:, 0].copy(), both[:, 1].copy())


def _rows(text: str) -> Iterator[tuple[float, float]]:
    try:
        for number, row in enumerate(csv.reader(text.splitlines(), strict=True), start=1):
            if not row or (number == 1 and row[0].strip().lower() in ("timestamp", "time", "time_utc")):
                continue
            if len(row) < 2:
                raise BadSeries(f"line {number}: expected timestamp,value")
            if row[1].strip():  # a period without a value is missing, as in CloudWatch
                yield _time(row[0], f"line {number}"), _value(row[1], f"line {number}")
    except csv.Error as error:
        raise BadSeries(f"is not CSV: {error}") from error


def _answered(text: str, wanted: str | None) -> Iterator[tuple[float, float]]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadSeries("is not JSON") from error
    results = found.get("MetricDataResults") if isinstance(found, dict) else None
    if not isinstance(results, list) or not all(isinstance(each, dict) for each in results):
        raise BadSeries("has no MetricDataResults; expected the answer of GetMetricData")
    named = [each for each in results if wanted in (None, each.get("Id"))]
    if len(named) != 1:
        ids = ", ".join(sanitize(str(each.get("Id")), 40) for each in results[:20])
        raise BadSeries(f"holds {len(named)} results that may be meant, name one with --id: {ids}")
    times, values = named[0].get("Timestamps"), named[0].get("Values")
    if not isinstance(times, list) or not isinstance(values, list) or len(times) != len(values):
        raise BadSeries("Timestamps and Values must be lists of the same length")
    for number, (time, value) in enumerate(zip(times, values, strict=True), start=1):
        yield _time(str(time), f"value {number}"), _value(str(value), f"value {number}")


def _time(text: str, where: str) -> float:
    try:
        found = float(text)
    except ValueError:
        try:
            moment = datetime.fromisoformat(text.strip())
        except ValueError as error:
            raise BadSeries(f"{where}: {sanitize(text, 40)!r} is not a time") from error
        found = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    if not 0 <= found <= LATEST:
        raise BadSeries(f"{where}: {sanitize(text, 40)!r} is not a time from 1970 to 2100, in seconds")
    return found


def _value(text: str, where: str) -> float:
    try:
        found = float(text)
    except ValueError as error:
        raise BadSeries(f"{where}: {sanitize(text, 40)!r} is not a number") from error
    if not math.isfinite(found):
        raise BadSeries(f"{where}: {sanitize(text, 40)!r} is not a finite number")
    return found


def gridded(series: Series, period: int, statistic: str) -> Grid:
    """Return the statistic over the `period` seconds that end with each step.

    A step is a minute, or 10 seconds.
    """
    step = 60 if period >= 60 else 10
    start = math.floor(series.times[0] / step) * step
    places = ((series.times - start) // step).astype(np.int64)
    first = np.flatnonzero(np.diff(places, prepend=-1))  # where each step's samples begin
    size = int(places[-1]) + 1
    filled = places[first]

    def spread(parts: NDArray[Any], empty: float) -> NDArray[np.float64]:
        whole = np.full(size, empty)
        whole[filled] = parts
        return whole

    width = period // step
    counts = spread(np.diff(first, append=len(places)), 0.0)
    if statistic in ("Minimum", "Maximum"):
        ufunc, empty = (np.minimum, np.inf) if statistic == "Minimum" else (np.maximum, -np.inf)
        values = _rolled(spread(ufunc.reduceat(series.values, first), empty), width, ufunc, empty)
    else:
        values = _rolled(spread(np.add.reduceat(series.values, first), 0.0), width, np.add, 0.0)
    number = _rolled(counts, width, np.add, 0.0)
    if statistic == "Average":
        values = values / np.where(number > 0, number, 1.0)
    elif statistic == "SampleCount":
        values = number
    return Grid(float(start), step, np.where(number > 0, values, np.nan))


def _rolled(values: NDArray[np.float64], width: int, ufunc: Any, empty: float) -> NDArray[np.float64]:
    if width == 1:
        return values
    padded = np.concatenate([np.full(width - 1, empty), values])
    rolled: NDArray[np.float64] = ufunc.reduce(sliding_window_view(padded, width), axis=-1)
    return rolled


def coded(grid: Grid, config: Mapping[str, Any]) -> Codes:
    """Return each value of the grid as fine, breaching or missing."""
    with np.errstate(invalid="ignore"):
        breaches = COMPARE[config["ComparisonOperator"]](grid.values, float(config["Threshold"]))
    return np.where(np.isnan(grid.values), MISSING, np.where(breaches, BREACHING, FINE)).astype(np.int8)
