"""The evidence of a case, minute by minute, as a controller would fold it.

Each signal says one thing until it says another.
```
 minute     -12 … -1    0     1     2     3
 say        healthy …   breaching from minute 0      observed on the minute, heard a second later
 decided                :05   :05   :05   :05        five seconds past each minute
```
Signals that say the same share one past: of a thousand signals few have a past of their own.

Readings say what readiness providers would have said: plainly good, plainly bad, or nothing.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import lru_cache
from typing import Any

from controller.core.decision.readiness import ReadinessQuery, ReadinessResult, readiness_queries
from controller.core.evidence.fold import fold
from controller.core.evidence.health_notices import KIND as HEALTH
from controller.core.evidence.health_notices import notice_id
from controller.core.evidence.timeline import History
from controller.core.model import Observation, Signal
from controller.core.policy.retention import HistoryBounds
from controller.core.policy.schema import Policy
from controller.lab.cases.model import SAYING

MINUTE = 60.0
HEARD = 1.0
DECIDED = 5.0

Script = tuple[tuple[float, str], ...]
"""(seconds since the case began, word of `Says.say` from then on).

The pairs are in the order of the file.
"""


class Feed:
    """Holds the observations of `signals`.

    scripts: signal's id -> its script; a signal without one is healthy. kept: signal's id -> how much of it
    is kept. before: for how many minutes all spoke before the case began.
    """

    def __init__(
        self,
        signals: Sequence[Signal],
        kept: Mapping[str, HistoryBounds],
        begins: float,
        before: int,
        scripts: Mapping[str, Script],
    ) -> None:
        self._begins = begins
        self._pasts = {
            signal.id: past(
                scripts.get(signal.id, ()),
                kept[signal.id],
                begins,
                before,
                signal.name if signal.kind == HEALTH else None,
            )
            for signal in signals
        }

    def decided(self, minute: int) -> float:
        """Return the moment at which `minute` is decided about."""
        return self._begins + minute * MINUTE + DECIDED

    def evidence(self, minute: int) -> dict[str, History]:
        """Return signal's id -> the observations kept of it, up to and with `minute`."""
        known = {id(each): each.until(minute) for each in self._pasts.values()}
        return {key: known[id(each)] for key, each in self._pasts.items()}


class Past:
    """Holds the observations kept of a signal at each minute, folded as they came."""

    def __init__(
        self, script: Script, kept: HistoryBounds, begins: float, before: int, notice: str | None
    ) -> None:
        self._script, self._kept, self._begins, self._notice = script, kept, begins, notice
        self._first = self._next = -before
        self._said = ""
        self._known = [History.of(())]

    def until(self, minute: int) -> History:
        while self._next <= minute:
            seen, known = self._observed(self._next), self._known[-1]
            kept = self._kept
            self._known.append(
                History.of(fold(known, [seen], keep=kept.keep, gap=kept.gap)) if seen else known
            )
            self._next += 1
        return self._known[minute - self._first + 1]

    def _observed(self, minute: int) -> Observation | None:
        since = minute * MINUTE
        word = _word(self._script, since)
        said, self._said = self._said, word
        if word in ("silent", "unheard") or (self._notice is not None and not _notified(word, said)):
            return None
        at, number = self._begins + since, f"{minute}"
        if self._notice is not None:
            number = notice_id(notice=self._notice, zones=(), version=number)
        return Observation(at, at + HEARD, SAYING[word], "event", number, word)


past = lru_cache(maxsize=64)(Past)


def _word(script: Script, since: float) -> str:
    """Return the word that a script says at `since` seconds.

    Negative seconds are before the case began.
    """
    said = [word for at, word in script if at <= since or (word == "unheard" and at == 0)]
    return said[-1] if said else "healthy"


def _notified(word: str, said: str) -> bool:
    """Return True where AWS Health sends a notice.

    It sends one when an event opens or closes, and an update now and then; never good news.
    """
    return word == "breaching" or said == "breaching"


def needed_minutes(durations: Sequence[float]) -> int:
    """Return the minutes for which all must be healthy before a case.

    So many are needed that each `for` is met.
    """
    return max(12, int(max(durations, default=0.0) // MINUTE) + 2)


KINDS = {"replication": "replication", "plan": "planEvaluation", "arc": "arcReadiness", "quotas": "quotas"}
"""A reading's kind -> the key of the check that asks for it."""

Answering = Callable[[str], str]
"""The key of a check -> `ready`, `unready` or `unknown`."""


def readings(
    asked: Sequence[ReadinessQuery], now: float, answering: Answering
) -> tuple[ReadinessResult, ...]:
    """Return one reading for each question that is answered."""
    return tuple(
        reading
        for query in asked
        if (reading := _reading(query, now, answering(KINDS[query[0]]))) is not None
    )


def questions(policy: Policy, about: Collection[str]) -> tuple[ReadinessQuery, ...]:
    """Return every question that a move between these Regions may ask."""
    found: dict[ReadinessQuery, None] = {}
    regions = [region for region in policy.regions if region in about]
    for source in regions:
        here = policy.about(source)
        checks = (*here.target.ready, *(here.restore.ready if here.restore else ()))
        for other in regions:
            if other != source:
                found |= dict.fromkeys(readiness_queries(checks, source, [other]))
                found |= dict.fromkeys(readiness_queries(checks, other, [source]))
    return tuple(found)


def _reading(query: ReadinessQuery, now: float, said: str) -> ReadinessResult | None:
    kind, name, source, target = query
    if said == "unknown":
        return None
    good = said == "ready"
    data: dict[str, dict[str, Any]] = {
        "replication": {"points": [[now - 60.0 * n, 0.5 if good else 86_400.0] for n in range(60, 0, -1)]},
        "plan": {"state": "passed" if good else "actionRequired", "evaluated": now - 60.0, "warnings": 0},
        "arc": {"state": "READY" if good else "NOT_READY", "checked": now - 60.0},
        # Bad: the target allows less than the source.
        "quotas": {"lambda": 1000.0, "apigateway": 1000.0} if good else {"lambda": 0.0, "apigateway": 0.0},
    }
    return ReadinessResult(kind, name, source, target, now, data[kind])
