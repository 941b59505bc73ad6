"""A signal's past as runs of one verdict, and for how long a count of signals has held.

```
 observations   B     B           B  H        B      (nothing more)
 runs           [breaching        )[healthy   )[breaching      )[silent ...
                ^ starts at its first observation               ^ last heard + silentAfter
```
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import inf
from typing import NamedTuple

from controller.core.model import RELAYED, Observation, Verdict

LATE = 900.0
"""Seconds. What took longer than this to reach us is old news: it counts as heard when it happened."""


@dataclass(frozen=True, slots=True)
class Run:
    """An unbroken stretch of one verdict, on the sender's clock (`start`..`end`) and on ours (`heard`..).

    confirmed: the last observation in it, on the sender's clock. `end`/`unheard` are `inf` while it lasts.
    """

    verdict: Verdict
    start: float
    heard: float
    confirmed: float
    end: float = inf
    unheard: float = inf
    reason: str = ""


def heard_at(observation: Observation) -> float:
    """When we heard it, by our clock; an event older than `LATE` does not make a signal look alive."""
    old = observation.received - observation.at > LATE
    return observation.at if old else observation.received


def runs(history: Sequence[Observation], silent_after: float, now: float) -> tuple[Run, ...]:
    """The runs of one signal, oldest first; a gap longer than `silent_after` is a run of silence.

    `history` is ordered by event time. Empty: never heard of, no runs.
    """
    past = past_of(history, silent_after)
    if past.heard is None or now - past.heard <= silent_after:
        return past.runs
    found, quiet = list(past.runs), past.heard + silent_after
    _extend(found, Run(Verdict.SILENT, quiet, quiet, now))
    return tuple(found)


class Past(NamedTuple):
    """A history up to its last observation. heard: when that was heard, None without any.

    received: the latest arrival; direct: the latest that was not relayed. Both -inf without any.
    """

    runs: tuple[Run, ...]
    heard: float | None
    received: float
    direct: float


_PASTS: dict[tuple[int, float], tuple[Sequence[Observation], Past]] = {}
MOST = 4096


def past_of(history: Sequence[Observation], silent_after: float) -> Past:
    """Worked out once for each tuple: few change between decisions. It is kept, so its id is its own."""
    if not isinstance(history, tuple):
        return _past(history, silent_after)
    key = (id(history), silent_after)
    known = _PASTS.get(key)
    if known is None or known[0] is not history:
        if len(_PASTS) >= MOST:
            _PASTS.clear()
        known = _PASTS[key] = history, _past(history, silent_after)
    return known[1]


def _past(history: Sequence[Observation], silent_after: float) -> Past:
    found: list[Run] = []
    heard: float | None = None
    muted, received, direct = False, -inf, -inf
    first, last, reason = inf, -inf, ""  # what the last run has grown by
    for seen in history:
        arrived = heard_at(seen)
        received = max(received, seen.received)
        direct = max(direct, seen.received) if seen.via != RELAYED else direct
        muted = seen.reason.startswith("muted") if seen.via == "event" else muted
        # A poll does not show that an alarm is muted; the last event did.
        verdict = Verdict.UNKNOWN if muted and seen.verdict is Verdict.BREACHING else seen.verdict
        silent = heard is not None and arrived - heard > silent_after
        if found and not silent and found[-1].verdict is verdict:
            first, last, reason = min(first, arrived), max(last, seen.at), seen.reason
        else:
            _grow(found, first, last, reason)
            if silent and heard is not None:
                _extend(found, Run(Verdict.SILENT, heard + silent_after, heard + silent_after, arrived))
            _extend(found, Run(verdict, seen.at, arrived, seen.at, reason=seen.reason))
            first, last, reason = inf, -inf, seen.reason
        heard = arrived if heard is None else max(heard, arrived)
    _grow(found, first, last, reason)
    return Past(tuple(found), heard, received, direct)


def _grow(found: list[Run], first: float, last: float, reason: str) -> None:
    """The last run goes on: said again, first heard at `first`, last confirmed at `last`."""
    if first < inf:
        _extend(found, Run(found[-1].verdict, last, first, last, reason=reason))


def _extend(found: list[Run], run: Run) -> None:
    if not found:
        found.append(run)
        return
    last = found[-1]
    if last.verdict == run.verdict:
        heard = min(last.heard, run.heard)
        found[-1] = Run(
            last.verdict, last.start, heard, max(last.confirmed, run.confirmed), reason=run.reason
        )
    else:
        heard = max(last.heard, run.heard)
        ended = Run(last.verdict, last.start, last.heard, last.confirmed, run.start, heard, last.reason)
        found[-1:] = [ended, run]


def held(
    units: Iterable[Sequence[tuple[Run, ...]]], verdict: Verdict, needed: int, now: float
) -> float | None:
    """For how long at least `needed` units have said `verdict` without a break; None: not now.

    A unit is one or more signals that count as one (an observing Region). The answer is the smaller of
    two clocks, so that neither a fast sender nor a late delivery can make time:

      sender's   last confirmation that still carried the count - first event of the stretch
      ours       now - when we first heard it
    """
    chosen = [[run for signal in unit for run in signal if run.verdict == verdict] for unit in units]
    ours = _since([[(run.heard, run.unheard) for run in unit] for unit in chosen], needed)
    if ours is None:
        return None
    if verdict is Verdict.SILENT:
        return max(0.0, now - ours)
    theirs = _since([[(run.start, run.end) for run in unit] for unit in chosen], needed)
    last = sorted(max(run.confirmed for run in unit if run.end == inf) for unit in chosen if _open(unit))
    if theirs is None or len(last) < needed:
        return None
    return max(0.0, min(last[-needed] - theirs, now - ours))


def _open(unit: Sequence[Run]) -> bool:
    return any(run.end == inf for run in unit)


def _since(units: Sequence[Sequence[tuple[float, float]]], needed: int) -> float | None:
    """Since when at least `needed` units have had an interval that covers the moment, up to the end."""
    merged = [_merge(unit) for unit in units]
    edges = sorted((moment, delta) for unit in merged for start, end in unit for moment, delta in
                   ((start, 1), (end, -1)) if moment != inf)  # fmt: skip
    count, since = 0, None
    index = 0
    while index < len(edges):
        moment = edges[index][0]
        while index < len(edges) and edges[index][0] == moment:
            count += edges[index][1]
            index += 1
        since = (moment if since is None else since) if count >= needed else None
    return since


def _merge(intervals: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    merged: list[tuple[float, float]] = []
    for start, end in sorted(intervals):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        elif end > start:
            merged.append((start, end))
    return merged
