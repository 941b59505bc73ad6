"""The moves of a backtest: from truths over time to moves, in order.

`walk` gives the policy's moves, within the limits of the policy. `naive` gives the moves of three naive
controllers: each leaves at a condition, and comes home as soon as the condition is over.
```
 any alarm    one signal about the Region is breaching
 all alarms   every signal about it is
 3 of 5       one signal or more was breaching in three of the last five minutes
```
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil, inf

import numpy as np

from controller.core.decision.limits import open_window
from controller.core.policy.schema import Policy
from controller.lab.backtest.evaluate import Judge
from controller.lab.backtest.step_functions import (
    FALSE,
    TRUE,
    Steps,
    from_spans,
    greatest,
    least,
    negated,
    spans,
)

DAY = 86400.0
BY_HAND = 1800.0
"""Seconds without a red signal after which people bring a Region home.

They do so where the policy has no `restore`.
"""
STEP = 60.0


@dataclass(frozen=True, slots=True)
class Move:
    """Records that a Region was left at `left` for `target`.

    It came home at `home`; infinity: it did not. asked: how many approvals the move needed.
    """

    region: str
    target: str
    left: float
    home: float
    asked: int


def walk(judge: Judge, *, answered: float = 0.0) -> tuple[Move, ...]:
    """Return every evacuation that the policy makes of this past.

    People agree after `answered` seconds. Moves come one at a time, as in the journal: `limits.cooldown` and
    `evacuationsPerDay` count over all Regions. A condition that no longer holds when people agree moves
    nothing. Readiness checks other than a family's count as passed.
    """
    policy, end = judge.policy, judge.past.end
    ways = {region: _ways(judge, region) for region in policy.regions}
    homes = {region: _home(judge, region) for region in policy.regions}
    moves: list[Move] = []
    at, free = judge.past.begin, -inf
    while True:
        away = {m.region: m.home for m in moves if m.home > at}
        found = _next(policy, ways, at, away)
        if found is None or found[0] > end:
            return tuple(moves)
        moment, region, target, way = found
        allowed = _allowed(policy, moves, max(moment, free))
        if allowed > moment:
            at = allowed
            continue
        asks = policy.about(region).evacuate.approval != "none"
        if asks and answered and way.at(moment + answered) != TRUE:
            at = moment + answered
            continue
        left = moment + (answered if asks else 0.0)
        free = left + policy.limits.cooldown
        home = homes[region].next(TRUE, free if policy.about(region).restore else left)
        home = home if home <= end else inf
        restore = policy.about(region).restore
        back = restore is not None and restore.approval != "none" and home < inf
        moves.append(Move(region, target, left, home, int(asks) + int(back)))
        at = left + STEP


def _ways(judge: Judge, region: str) -> list[tuple[str, Steps]]:
    """Return the targets of a Region in order, each with a truth over time.

    It is true where the Region must be left and may be left for that target.
    """
    when = judge.when(region)
    targets = [each for each in judge.policy.about(region).target.prefer if each != region]
    return [(target, least([when, judge.fit(region, target)])) for target in targets]


def _home(judge: Judge, region: str) -> Steps:
    home = judge.home(region)
    if home is not None:
        return home
    calm = negated(greatest(judge.red(region)))
    found = [(a + BY_HAND, b) for a, b in calm.spans(TRUE)]
    return from_spans(found, judge.past.begin, inside=TRUE, outside=FALSE)


def _next(
    policy: Policy, ways: dict[str, list[tuple[str, Steps]]], after: float, away: dict[str, float]
) -> tuple[float, str, str, Steps] | None:
    """Return the next move of a serving Region as (when, Region, target, truth).

    It is the next moment at which such a Region must and may be left; None if there is none.
    """
    found: list[tuple[float, int, int, str, str, Steps]] = []
    for order, region in enumerate(policy.regions):
        begin = max(after, away.get(region, after))
        for preference, (target, way) in enumerate(ways[region]):
            at = way.next(TRUE, begin)
            if at < inf and away.get(target, -inf) <= at:
                found.append((at, order, preference, region, target, way))
    best = min(found, key=lambda each: each[:3], default=None)
    return None if best is None else (best[0], best[3], best[4], best[5])


def _allowed(policy: Policy, moves: list[Move], moment: float) -> float:
    """Return the first moment, not before `moment`, that velocity and windows allow."""
    limit = policy.limits.evacuations_per_day
    recent = [m.left for m in moves if moment - m.left < DAY]
    if len(recent) >= limit:
        moment = sorted(recent)[-limit] + DAY
    shut = open_window(policy, moment)
    while shut is not None:
        moment = shut[2]
        shut = open_window(policy, moment)
    return moment


M, N, MINUTE = 3, 5, 60.0
NAMES = ("any alarm", "all alarms", "3 of 5")


def naive(judge: Judge) -> Mapping[str, tuple[Move, ...]]:
    """Return the moves of each naive policy, by its name.

    Nobody is asked, and no limit counts.
    """
    return {name: _moves(judge, name) for name in NAMES}


def _moves(judge: Judge, name: str) -> tuple[Move, ...]:
    regions = list(judge.policy.regions)
    found = []
    for region in regions:
        other = next(each for each in regions if each != region)
        for begin, end in _condition(judge, region, name).spans(TRUE):
            found.append(Move(region, other, float(begin), float(end), 0))
    return tuple(sorted(found, key=lambda move: (move.left, move.region)))


def _condition(judge: Judge, region: str, name: str) -> Steps:
    red = judge.red(region)
    if name == "all alarms":
        return least(red)
    some = greatest(red)
    return some if name == "any alarm" else _of_minutes(some, judge.past.begin, judge.past.end)


def _of_minutes(some: Steps, begin: float, end: float) -> Steps:
    """Return the truth of "M of the last N minutes", looked at each minute."""
    first = ceil(begin / MINUTE) * MINUTE
    minutes = np.arange(first, end + MINUTE, MINUTE)
    sums = np.cumsum(some.at(minutes) == TRUE, dtype=np.int32)
    sums[N:] -= sums[:-N].copy()
    found = spans(minutes, sums >= M)
    found[found == inf] = end
    return from_spans(found, begin, inside=TRUE, outside=FALSE)
