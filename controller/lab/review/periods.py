"""Periods of alarms that exist: what `aws cloudwatch describe-alarms` printed, of one Region or several."""

import json
from pathlib import Path

MAX_BYTES = 16 * 1024 * 1024


class NotAlarms(ValueError):  # noqa: N818
    """The file does not hold what `describe-alarms` prints."""


def read_periods(path: Path) -> dict[str, float]:
    """Alarm's name -> its period in seconds, the longest of its metrics. Raises `NotAlarms`."""
    try:
        with path.open("rb") as stream:
            text = stream.read(MAX_BYTES + 1)
        if len(text) > MAX_BYTES:
            raise NotAlarms(f"{path}: larger than {MAX_BYTES // 1024 // 1024} MiB")
        found = json.loads(text)
        pages = found if isinstance(found, list) else [found]
        return {
            str(alarm["AlarmName"]): _period(alarm)
            for page in pages
            for alarm in page.get("MetricAlarms", ())
        }
    except OSError as error:
        raise NotAlarms(f"{path}: {error.strerror}") from error
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        if isinstance(error, NotAlarms):
            raise
        raise NotAlarms(f"{path}: expected what `aws cloudwatch describe-alarms` prints") from error


def _period(alarm: dict[str, object]) -> float:
    metrics = alarm.get("Metrics") or ()
    stats = (
        [m.get("MetricStat", m) for m in metrics if isinstance(m, dict)] if isinstance(metrics, list) else []
    )
    periods = [alarm.get("Period"), *(stat.get("Period") for stat in stats if isinstance(stat, dict))]
    return max((float(period) for period in periods if isinstance(period, int | float)), default=60.0)
