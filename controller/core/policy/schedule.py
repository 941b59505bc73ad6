"""The schedule of a policy: cron expressions of five fields, in its time zone.

```
 minute hour day-of-month month day-of-week      "0 10 * * TUE"   each Tuesday at ten, summer and winter
```
As Debian's cron has it: a time that the clock skips in spring comes right after the gap, one that it shows
twice in autumn comes once, at the first.
"""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Annotated
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError
from pydantic import AfterValidator, Field

MARGIN = timedelta(hours=3)
"""More than any clock is ever turned forward or back."""
_FIELDS = r"^[0-9A-Za-z*,/#-]{1,40}( [0-9A-Za-z*,/#-]{1,40}){4}$"
_ZONE = r"^(UTC|[A-Z][A-Za-z]{0,31}(/[A-Za-z0-9_+-]{1,31}){1,2})$"
"""Other names, such as `localtime`, mean something else on each machine."""


def _checked_cron(text: str) -> str:
    """Return `text`; raise `ValueError` unless it is five fields that some moment fits."""
    if not re.fullmatch(_FIELDS, text):
        raise ValueError('expected a cron expression of five fields such as "0 10 * * TUE"')
    try:
        next(CronSim(text, datetime(2000, 1, 1)))  # noqa: DTZ001 - any calendar will do
    except CronSimError as error:
        problem = str(error).replace("Bad", "expected another")
        raise ValueError(f"{problem} in this cron expression of five fields") from error
    except StopIteration as error:
        raise ValueError("expected a cron expression that some day fits; this one never comes") from error
    return text


def _checked_zone(name: str) -> str:
    message = "expected a time zone such as Europe/Berlin or UTC"
    if not re.fullmatch(_ZONE, name):
        raise ValueError(message)
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:  # a folder of zones is none
        raise ValueError(message) from error
    return name


Cron = Annotated[str, AfterValidator(_checked_cron), Field(json_schema_extra={"pattern": _FIELDS})]
Zone = Annotated[str, AfterValidator(_checked_zone), Field(json_schema_extra={"pattern": _ZONE})]


def previous(cron: str, zone: str, now: float) -> float | None:
    """Return the last time of `cron` until `now`, in seconds since 1970.

    `now` itself counts. Returns None if there was none in the last fifty years.
    """
    return _previous(cron, zone, int(now // 60))


def following(cron: str, zone: str, now: float) -> float | None:
    """Return the next time of `cron` after `now`, in seconds since 1970.

    Returns None if there is none in the next fifty years.
    """
    return _following(cron, zone, int(now // 60))


@lru_cache(maxsize=256)
def _previous(cron: str, zone: str, minute: int) -> float | None:
    moment = 60.0 * minute
    start = _at(moment, zone)
    # Near a change of the clock, the library may pass over a time that has come: begin later.
    ahead = MARGIN if _turned(start) else timedelta(seconds=1)
    for found in CronSim(cron, start + ahead, reverse=True):
        if found.timestamp() <= moment:
            return found.timestamp()
    return None


@lru_cache(maxsize=256)
def _following(cron: str, zone: str, minute: int) -> float | None:
    moment = 60.0 * minute
    start = _at(moment, zone)
    behind = MARGIN if _turned(start) else timedelta(0)
    for found in CronSim(cron, start - behind):
        if found.timestamp() > moment:
            return found.timestamp()
    return None


def _at(moment: float, zone: str) -> datetime:
    return datetime.fromtimestamp(moment, UTC).astimezone(ZoneInfo(zone))


def _turned(start: datetime) -> bool:
    return (start - 2 * MARGIN).utcoffset() != (start + 2 * MARGIN).utcoffset()
