"""Windows in which nothing moves by itself: `limits.blackout`.

```
 cron strikes ├──────── for ────────┤
      now ├── ahead ──┤                  a drill looks ahead by its stay: it would still be away
```
"""

from controller.core.explanation import stamp
from controller.core.limits import Window
from controller.core.policy import Policy
from controller.core.schedule import previous
from controller.core.text import spell

Open = tuple[Window, float, float]
"""A window, when it opens and when it closes (seconds since 1970)."""


def open_window(policy: Policy, now: float, ahead: float = 0.0) -> Open | None:
    """The window that is open now, or within `ahead` seconds; of several the one that closes last."""
    found: list[Open] = []
    for window in policy.limits.blackout:
        opens = previous(window.cron, policy.timezone or "UTC", now + ahead)
        if opens is not None and opens + window.for_ > now:
            found.append((window, opens, opens + window.for_))
    return max(found, key=lambda each: each[2], default=None)


def window_told(shut: Open, now: float) -> str:
    """Which window it is, why, and until when."""
    window, opens, closes = shut
    begins = "is open" if opens <= now else f"opens in {spell(opens - now)}"
    return f"a window {begins} in which nothing moves by itself: {window.reason}, until {stamp(closes)}"
