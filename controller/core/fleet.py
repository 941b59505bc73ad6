"""The fleet's limit: how many distinct Regions all applications together leave by themselves in a day.

```
 storefront ── us-east-1 ──┐                     limit 1:   us-east-1, whoever leaves it next    goes
 checkout ──── us-east-1 ──┴─> one Region, counted once     us-west-2, whoever would leave it    waits
```
So a Region-wide event is never rationed, and a fault of ours that sees one Region after another fail is.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from controller.core.journal import Event, Kind

DAY = 86_400.0
"""Seconds that an evacuation counts."""


@dataclass(frozen=True, slots=True)
class Fleet:
    """What the fleet's own journal says.

    stopped: why nothing in the whole fleet may move. left: Region -> when it was counted last.
    """

    stopped: str | None = None
    left: Mapping[str, float] = field(default_factory=dict)


def regions_counted(events: Iterable[Event]) -> dict[str, float]:
    """Region -> when the fleet last counted it as left."""
    counted: dict[str, float] = {}
    for event in events:
        if event.kind is Kind.REGION_COUNTED:
            region = str(event.data["region"])
            counted[region] = max(event.at, counted.get(region, event.at))
    return counted


def left_today(left: Mapping[str, float], now: float) -> tuple[str, ...]:
    """The Regions that count at `now`, by name."""
    return tuple(sorted(region for region, at in left.items() if now - at < DAY))


def rationed(limit: int | None, left: Mapping[str, float], region: str, now: float) -> str | None:
    """Why the fleet's limit keeps `region` from being left; None where it does not."""
    today = left_today(left, now)
    if limit is None or region in today or len(today) < limit:
        return None
    names = ", ".join(today)
    return (
        f"the fleet left {names} in 24 h; {region} would be one more than the {limit} that the policy allows"
    )
