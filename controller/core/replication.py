"""How far a table's copies lag behind, from DynamoDB's ReplicationLatency (DynamoDB metrics reference).

```
 lag  │      ▁▂▅█                       leaving  the last known lag: what would be lost, shown to who approves
      │▁▁▁▁▁▁    ▁▁▁▁▁▁▁▁▁▁▁▁           return   caught up once it has been low and unbroken for
      └──────────────────────> time              10 x the recent maximum (no metric proves it)
             a drop to 0 is a stall, not speed; nothing written, nothing measured
```
"""

from collections.abc import Sequence
from typing import Any

from controller.core.model import Answer, Truth
from controller.core.text import spell

LAST_KNOWN = 1800.0
"""Seconds that a last known lag counts when leaving: its source may be dead, and measures nothing more."""
FRESH = 300.0
"""Seconds that a lag counts on return: both Regions live, so it is measured each minute."""
RECENT = 900.0
"""Seconds over which the recent maximum is taken."""
CAUGHT_UP = 10.0
"""Times the recent maximum to wait, by AWS's advice, until what was written before has arrived."""
MINUTE = 60.0
"""Seconds that one point stands for."""

Points = Sequence[tuple[float, float]]


def judged(
    points: Sequence[Any], now: float, *, max_lag: float, path: str, name: str, source: str, target: str,
    returning: bool,
) -> Answer:  # fmt: skip
    """points: [time, lag in seconds] pairs, one a minute."""
    what = f"{name} from {source} to {target}"
    known = sorted((float(at), float(lag)) for at, lag in points)
    if not known:
        return Answer(path, Truth.UNKNOWN, f"replication of {what}: no lag is known")
    at, lag = known[-1]
    age = max(0.0, now - at - MINUTE)
    if lag <= 0:
        real = [(t, seconds) for t, seconds in known if seconds > 0]
        since = f", {spell(real[-1][1])} {spell(max(0.0, now - real[-1][0]))} ago" if real else ""
        sentence = f"replication of {what} stands still: its lag dropped to zero{since}"
        return Answer(path, Truth.UNKNOWN, sentence, age)
    seen = f"replication of {what}: {_spell(lag)} behind, as known {spell(age)} ago"
    if age > (FRESH if returning else LAST_KNOWN):
        return Answer(path, Truth.UNKNOWN, f"{seen}; that is too old", age, lag)
    if lag > max_lag:
        return Answer(path, Truth.FALSE, f"{seen} (at most {spell(max_lag)})", age, lag)
    if returning:
        left = _left(known, now, max_lag)
        if left > 0:
            sentence = f"{seen}; counts as caught up in {spell(left + 1)}"
            return Answer(path, Truth.FALSE, sentence, age, lag)
    return Answer(path, Truth.TRUE, seen, age, lag)


def _left(known: Points, now: float, max_lag: float) -> float:
    """Seconds until lag has been low, without a gap or a stall, for 10 x its recent maximum."""
    recent = [(at, lag) for at, lag in known if now - at <= RECENT]
    most = max((lag for _, lag in recent), default=0.0)
    since = recent[-1][0] if recent else now
    for (before, _), (at, lag) in reversed(list(zip([(-1e18, 0.0), *recent], recent, strict=False))):
        if lag <= 0 or lag > max_lag:
            break
        since = at
        if at - before > 2.5 * MINUTE:
            break
    return CAUGHT_UP * most - (now - since)


def _spell(lag: float) -> str:
    return f"{lag:.1f}s" if lag < 60 else spell(lag)
