"""Evidence minute by minute, as a controller would have folded it: each signal says a thing until another.

```
 minute     -12 … -1    0     1     2     3
 say        healthy …   breaching from minute 0      observed on the minute, heard a second later
 decided                :05   :05   :05   :05        five seconds past each minute
```
"""

from collections.abc import Callable, Mapping, Sequence

from controller.core.evidence import fold
from controller.core.holding import Kept
from controller.core.model import Observation, Signal
from controller.core.notices import KIND as HEALTH
from controller.core.notices import notice_id
from controller.lab.cases.model import SAYING

MINUTE = 60.0
HEARD = 1.0
DECIDED = 5.0

Saying = Callable[[Signal, float], str]
"""(signal, seconds since the case began; negative: before) -> a word of `Says.say`."""


class Feed:
    """What has been observed of `signals` up to the minute that was reached.

    kept: signal's id -> what is kept of it. before: for how many minutes all spoke before the case began.
    """

    def __init__(
        self, signals: Sequence[Signal], kept: Mapping[str, Kept], begins: float, before: int, saying: Saying
    ) -> None:
        self._signals = signals
        self._begins = begins
        self._saying = saying
        self._minute = -before
        self._kept = kept
        self._said: dict[str, str] = {}
        self._folded: dict[str, tuple[Observation, ...]] = {}
        self._new: dict[str, list[Observation]] = {}

    def reach(self, minute: int) -> float:
        """Observe up to and with `minute`; the moment at which that is decided about."""
        while self._minute <= minute:
            for signal in self._signals:
                self._observe(signal)
            self._minute += 1
        return self._begins + minute * MINUTE + DECIDED

    def evidence(self) -> dict[str, tuple[Observation, ...]]:
        """Signal's id -> what is remembered of it."""
        for key, new in self._new.items():
            kept = self._kept[key]
            self._folded[key] = fold(self._folded.get(key, ()), new, keep=kept.keep, gap=kept.gap)
        self._new.clear()
        return dict(self._folded)

    def _observe(self, signal: Signal) -> None:
        since = self._minute * MINUTE
        word = self._saying(signal, since)
        said, self._said[signal.id] = self._said.get(signal.id), word
        if word in ("silent", "unheard") or (signal.kind == HEALTH and not _notice(word, said)):
            return
        at = self._begins + since
        number = f"{self._minute}"
        if signal.kind == HEALTH:
            number = notice_id(notice=signal.name, zones=(), version=number)
        seen = Observation(at, at + HEARD, SAYING[word], "event", number, word)
        self._new.setdefault(signal.id, []).append(seen)


def _notice(word: str, said: str | None) -> bool:
    """AWS Health sends a notice when one opens or closes, and an update now and then; never good news."""
    return word == "breaching" or said == "breaching"


def needed_minutes(durations: Sequence[float]) -> int:
    """For how many minutes all must have been healthy before a case, so that each `for` is met."""
    return max(12, int(max(durations, default=0.0) // MINUTE) + 2)
