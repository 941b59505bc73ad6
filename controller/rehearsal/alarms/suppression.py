"""Whether a composite alarm's actions are suppressed, and by what (user guide, "Alarm suppression").

```
 the alarm changes state                      the suppressor leaves ALARM
   suppressor in ALARM        -> Alarm          -> ExtensionPeriod, for that long
   it left a moment ago       -> ExtensionPeriod
   else, for the wait period  -> WaitPeriod     it enters ALARM meanwhile -> Alarm
```
"""

from collections.abc import Callable

from controller.rehearsal.alarms.model import Alarm


def suppressed_by(alarm: Alarm, find: Callable[[str], Alarm | None], now: float) -> str | None:
    """`Alarm`, `ExtensionPeriod`, `WaitPeriod`, or None where actions run."""
    name = alarm.config.get("ActionsSuppressor")
    if not name:
        return None
    suppressor = find(name)
    if suppressor is not None and suppressor.state.value == "ALARM":
        return "Alarm"
    return next((period for period, end in period_ends(alarm).items() if now < end), None)


def period_ends(alarm: Alarm) -> dict[str, float]:
    """When each period that may suppress the alarm's actions ends, seconds; the first in force counts."""
    extension = int(alarm.config.get("ActionsSuppressorExtensionPeriod") or 0)
    left = {} if alarm.suppressor_left is None else {"ExtensionPeriod": alarm.suppressor_left + extension}
    return {
        **left,
        "WaitPeriod": alarm.transitioned + int(alarm.config.get("ActionsSuppressorWaitPeriod") or 0),
    }
