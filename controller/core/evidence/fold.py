"""The kept history of a signal: bounded, whatever the order of arrival.

```
 kept       B━━━B━━━B━━━B──H──B━━━B          B: breaching, H: healthy, left to right by event time
                ^   ^                        confirmations: both neighbours say the same; may go, as long as
                                             the gap that they leave cannot pass for silence
            ^           ^  ^  ^              the edges of runs stay: they say since when
```
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from controller.core.model import Observation


def clamp(observation: Observation) -> Observation:
    """Return the observation with `at` no later than `received`.

    Otherwise a sender's fast clock would make a verdict last longer than was seen.
    """
    return replace(observation, at=min(observation.at, observation.received))


def fold(
    history: Iterable[Observation], new: Iterable[Observation], *, keep: int = 30, gap: float = 150.0
) -> tuple[Observation, ...]:
    """Return at most `keep` observations of both, ordered by (at, id).

    The same id counts once, as first received.
    Over `keep`, the confirmation goes whose removal leaves the smallest gap. A gap wider than `gap`
    seconds is never made (give it less than the signal's `silentAfter`, or a run that was heard of all
    along would look silent in the middle); rather than that, the oldest observation goes. The one that
    arrived last always stays: it says that the signal is alive.
    """
    known: dict[str, Observation] = {}
    for seen in (*history, *new):
        first = known.get(seen.id)
        if first is None or _precedence(seen) < _precedence(first):
            known[seen.id] = seen
    kept = sorted(known.values(), key=lambda seen: (seen.at, seen.id))
    latest = max(kept, key=lambda seen: seen.received, default=None)
    while len(kept) > keep:
        candidates = [
            (left, index)
            for index in range(1, len(kept) - 1)
            if kept[index] is not latest and (left := _left_by(kept, index)) is not None and left <= gap
        ]
        if candidates:
            del kept[min(candidates)[1]]
        else:
            del kept[1 if kept[0] is latest else 0]
    return tuple(kept)


def _precedence(seen: Observation) -> tuple[float, float, str]:
    return seen.received, seen.at, seen.verdict


def _left_by(kept: Sequence[Observation], index: int) -> float | None:
    """Return the seconds between the neighbours, on the wider of both clocks.

    Returns None where the observation at `index` is not a confirmation.
    """
    before, here, after = kept[index - 1 : index + 2]
    if not before.verdict == here.verdict == after.verdict:
        return None
    return max(after.at, after.received) - min(before.at, before.received)
