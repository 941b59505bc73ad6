"""The limits on automatic moves: the policy's blackout windows, and the fleet's limit.

`limits.blackout`: windows in which nothing moves by itself.

```
 cron strikes ├──────── for ────────┤
      now ├── ahead ──┤                  a drill looks ahead by its stay: it would still be away
```

The fleet's limit: how many distinct Regions all applications together leave by themselves in a day.

```
 storefront ── us-east-1 ──┐                     limit 1:   us-east-1, whoever leaves it next    goes
 checkout ──── us-east-1 ──┴─> one Region, counted once     us-west-2, whoever would leave it    waits
```
So the limit never delays the response to a Region-wide event. It does delay a fault of ours that sees one
Region after another fail.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from controller.core.explanation import format_time
from controller.core.journal.event import Event
from controller.core.journal.notes import RegionCounted
from controller.core.journal.restoration import Restoration
from controller.core.policy.governance import windows
from controller.core.policy.schedule import previous
from controller.core.policy.schema import Policy, Window
from controller.core.text import format_duration

OpenWindow = tuple[Window, float, float]
"""A window, the time when it opens and the time when it closes (seconds since 1970)."""
DAY = 86_400.0
"""Seconds for which an evacuation counts."""


def open_window(policy: Policy, now: float, ahead: float = 0.0, *, own: bool = True) -> OpenWindow | None:
    """Return the window that is open now, or within `ahead` seconds.

    Of several it returns the one that closes last. own: see `core.policy.governance.windows`.
    """
    found: list[OpenWindow] = []
    for window, zone in windows(policy, own=own):
        opens = previous(window.cron, zone, now + ahead)
        if opens is not None and opens + window.for_ > now:
            found.append((window, opens, opens + window.for_))
    return max(found, key=lambda each: each[2], default=None)


def window_sentence(shut: OpenWindow, now: float) -> str:
    """Return a sentence that names the window, its reason and its end."""
    window, opens, closes = shut
    begins = "is open" if opens <= now else f"opens in {format_duration(opens - now)}"
    return f"a window {begins} in which nothing moves by itself: {window.reason}, until {format_time(closes)}"


@dataclass(frozen=True, slots=True)
class Fleet:
    """Fleet holds what the fleet's own journal says.

    stopped: why nothing in the whole fleet may move. left: Region -> when it was counted last.
    unread: it cannot be read, and counts as stopped. review: that it was restored, until a person has armed.
    """

    stopped: str | None = None
    left: Mapping[str, float] = field(default_factory=dict)
    unread: bool = False
    review: Restoration | None = None


def regions_counted(events: Iterable[Event]) -> dict[str, float]:
    """Return Region -> the time when the fleet last counted it as left."""
    counted: dict[str, float] = {}
    for event in events:
        if isinstance(event.body, RegionCounted):
            region = event.body.region
            counted[region] = max(event.at, counted.get(region, event.at))
    return counted


def left_today(left: Mapping[str, float], now: float) -> tuple[str, ...]:
    """Return the Regions that count at `now`, by name."""
    return tuple(sorted(region for region, at in left.items() if now - at < DAY))


def fleet_refusal(limit: int | None, left: Mapping[str, float], region: str, now: float) -> str | None:
    """Return the reason that the fleet's limit forbids leaving `region`, if it does."""
    today = left_today(left, now)
    if limit is None or region in today or len(today) < limit:
        return None
    names = ", ".join(today)
    return (
        f"the fleet left {names} in 24 h; {region} would be one more than the {limit} that the policy allows"
    )
