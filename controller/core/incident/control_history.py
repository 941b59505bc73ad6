"""The history of routing controls: how each stood, and since when.

```
 use1-a    On ── 08:00 ── Off ───────── 09:10 ── On          oldest first; the last one stands
                            ^ a person's record of 08:02 arrives at 09:30, and is put in its place
```
The journal's events come in its own order, whatever their clocks say. What a person did without the journal
is dated by that person's machine, so it is placed by what it read too. (AWS refuses requests that a clock
dated five minutes wrong.)
"""

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from math import inf, nextafter

History = Mapping[str, tuple[tuple[float, bool], ...]]
"""Control -> (since when, On) of each of its states, oldest first."""

KEPT = 32
"""Latest states of a control that are kept."""
NEAR = 600.0
"""Seconds that a person's clock and a controller's may differ by, and a controller may look late."""


def known(history: History, states: Mapping[str, bool]) -> History:
    """Return the history with `states` of those controls that it does not know."""
    new = {name: ((0.0, on),) for name, on in states.items() if name not in history}
    return {**history, **new} if new else history


def put(history: History, states: Mapping[str, bool], at: float) -> History:
    """Return the history after an event of the journal: the newest of all.

    at: seconds since 1970, by the clock of whoever wrote the event.
    """
    found = dict(history)
    for name, on in states.items():
        before = found.get(name, ())
        since = max(at, before[-1][0]) if before else at
        found[name] = (*before, (since, on))[-KEPT:]
    return found


def put_late(history: History, states: Mapping[str, bool], at: float) -> History:
    """Return the history with `states` in their place by time."""
    found = dict(history)
    for name, on in states.items():
        before = found.get(name, ())
        place = bisect_left([since for since, _ in before], at)
        found[name] = (*before[:place], (at, on), *before[place:])[-KEPT:]
    return found


def as_of(history: History, at: float) -> dict[str, bool]:
    """Return each control as it stood right before `at`.

    It is the oldest known state where none is older.
    """
    found = {}
    for name, states in history.items():
        place = bisect_left([since for since, _ in states], at)
        found[name] = states[max(0, place - 1)][1]
    return found


def latest(history: History, name: str) -> bool:
    return history[name][-1][1]


def now(history: History, at: float) -> float:
    """Return a time after all that is known: `at`, unless another clock was ahead."""
    newest = max((states[-1][0] for states in history.values()), default=at)
    return max(at, nextafter(newest, inf))


def placed(
    history: History, before: Mapping[str, bool], moved: Mapping[str, bool], at: float, *, fresh: bool
) -> float:
    """Return the time at which a person's move of controls has its place.

    before, moved: how they stood before the move and after it. at: by the clock of the person's machine.
    fresh: it was written down just now, so nothing that is known is later, unless a controller has seen it.
    Else it is the nearest time after which a controller saw it; or before which they stood so; or `at`.
    """
    mine = {name: history[name] for name in moved if name in history}
    if fresh and any(mine[name][-1][1] is not on for name, on in moved.items() if name in mine):
        return now(history, at)
    times = sorted({at, *_edges(mine, at)}, key=lambda each: (abs(each - at), each))
    fits = [each for each in times if as_of(mine, each).items() <= before.items()]
    seen = (each for each in fits if all(_next(mine[name], each) is moved[name] for name in mine))
    return next(iter((*seen, *fits)), at)


def _next(states: tuple[tuple[float, bool], ...], at: float) -> bool | None:
    """Return the first state that is not older than `at`, or None."""
    return next((on for since, on in states if since >= at), None)


def _edges(history: History, at: float) -> Iterator[float]:
    """Yield the times right before and right after each change that is near by."""
    for states in history.values():
        for since, _ in states:
            if abs(since - at) <= NEAR:
                yield from (since, nextafter(since, inf))
