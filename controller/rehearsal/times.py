"""Times at the edge of the rehearsal: floats in, the spellings of AWS out."""

from datetime import UTC, datetime
from typing import Any


def epoch(value: Any, default: float) -> float:
    """Seconds since 1970 from a number, a datetime or an ISO-8601 text; `default` for None."""
    if value is None:
        return default
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
    if isinstance(value, str):
        return epoch(datetime.fromisoformat(value), default)
    return float(value)


def iso(seconds: float) -> str:
    """`2019-10-02T17:04:40Z`, as in an event's envelope."""
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def millis(seconds: float) -> str:
    """`2019-10-02T17:04:40.989+0000`, as in the detail of a CloudWatch event."""
    whole = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
    return whole.replace("+00:00", "+0000")
