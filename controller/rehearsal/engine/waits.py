"""When a Wait state ends."""

from typing import Any

from controller.rehearsal.engine.failures import RUNTIME, Failure
from controller.rehearsal.engine.paths import NotFound, read
from controller.rehearsal.engine.timestamps import from_iso

_MOST = 99_999_999


def seconds_at(path: str, data: Any, context: dict[str, Any], *, least: int, field: str) -> int:
    """A whole number of seconds found at a path."""
    try:
        value = read(path, data, context)
    except NotFound as exc:
        raise Failure(RUNTIME, f"Invalid path '{path}' : No results for path: {path}") from exc
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= _MOST:
        raise Failure(RUNTIME, f"The {field} '{path}' leads to no whole number from {least} to {_MOST}")
    return value


def due(state: dict[str, Any], data: Any, entered_at: float, context: dict[str, Any]) -> float:
    """Scenario time at which the state is left, seconds since 1970."""
    if "Seconds" in state:
        return entered_at + float(state["Seconds"])
    if "SecondsPath" in state:
        return entered_at + seconds_at(state["SecondsPath"], data, context, least=0, field="SecondsPath")
    if "Timestamp" in state:
        when = from_iso(state["Timestamp"])
    else:
        try:
            when = from_iso(read(state["TimestampPath"], data, context))
        except NotFound as exc:
            raise Failure(RUNTIME, f"Invalid path '{state['TimestampPath']}'") from exc
    if when is None:
        raise Failure(RUNTIME, "The TimestampPath leads to no timestamp")
    return when
