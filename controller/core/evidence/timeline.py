"""The timeline of one signal: observations as columns, the past as runs.

```
 at        1000.0  1060.0  1120.8        said  "hbb"     healthy · breaching · unknown
 received  1001.2  1061.0  1120.8        via   "eep"     event · m: a muted one · poll · relay
 words     ids, reasons                                  for people, and whoever folds; read when asked for

 observations   B     B           B  H        B      (nothing more)
 runs           [breaching        )[healthy   )[breaching      )[silent ...
                ^ starts at its first observation               ^ last heard + silentAfter
```

`History` holds the columns: they are read in one go and looked at without a loop. As a sequence it is the
observations themselves, each made when it is asked for. `held` says for how long a count of signals has held.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import compress, islice
from math import inf
from operator import sub
from typing import NamedTuple, overload

from controller.core.model import RELAYED, Observation, Verdict

WORDS = {verdict[0]: verdict for verdict in Verdict}
WAYS = {"e": "event", "m": "event", "p": "poll", "r": RELAYED}
MUTED = "muted"
Words = Sequence[Sequence[str]]
"""Ids and reasons."""
LATE = 900.0
"""Seconds. An observation that took longer to reach us is old news: it counts as heard when it happened."""


class History(Sequence[Observation]):
    """Columns of one length, ordered by event time.

    `said` and `via` have a letter an observation. Never changed once it is made. past: what `past_of` made of
    it.
    """

    __slots__ = ("_observations", "_words", "at", "past", "received", "said", "via")

    def __init__(
        self, at: Sequence[float], received: Sequence[float], said: str, via: str, words: Callable[[], Words]
    ) -> None:
        self.at, self.received, self.said, self.via = at, received, said, via
        self._words: Words | Callable[[], Words] = words
        self.past: RunHistory | None = None
        self._observations: tuple[Observation, ...] | None = None

    @staticmethod
    def of(observations: Iterable[Observation]) -> "History":
        """Return the columns of `observations`, which are ordered by event time."""
        seen = tuple(observations)
        words = [each.id for each in seen], [each.reason for each in seen]
        found = History(
            [each.at for each in seen],
            [each.received for each in seen],
            "".join([each.verdict[0] for each in seen]),
            "".join(["m" if _muted(each) else each.via[0] for each in seen]),
            lambda: words,
        )
        found._observations = seen
        return found

    @property
    def words(self) -> Words:
        if callable(self._words):
            self._words = self._words()
        return self._words

    @property
    def observations(self) -> tuple[Observation, ...]:
        if self._observations is None:
            columns = zip(self.at, self.received, self.said, self.via, *self.words, strict=True)
            self._observations = tuple(
                Observation(at, received, WORDS[said], WAYS[via], id_, reason)
                for at, received, said, via, id_, reason in columns
            )
        return self._observations

    def __len__(self) -> int:
        return len(self.at)

    @overload
    def __getitem__(self, index: int) -> Observation: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Observation, ...]: ...
    def __getitem__(self, index: int | slice) -> Observation | tuple[Observation, ...]:
        return self.observations[index]

    def __iter__(self) -> Iterator[Observation]:
        return iter(self.observations)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, History):
            return self.observations == other.observations
        return self.observations == other if isinstance(other, tuple) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.observations)


def _muted(seen: Observation) -> bool:
    return seen.via == "event" and seen.reason.startswith(MUTED)


class Run(NamedTuple):
    """An unbroken stretch of one verdict, on the sender's clock and on ours.

    start..end is by the sender's clock, heard..unheard by ours. confirmed: the last observation in it, on the
    sender's clock. `end`/`unheard` are `inf` while it lasts.
    """

    verdict: Verdict
    start: float
    heard: float
    confirmed: float
    end: float = inf
    unheard: float = inf


def heard_at(observation: Observation) -> float:
    """Return the time of hearing, by our clock, seconds since 1970.

    An event older than `LATE` counts as heard when it happened: it does not make a signal look alive.
    """
    return _heard(observation.at, observation.received)


def runs(history: Sequence[Observation], silent_after: float, now: float) -> tuple[Run, ...]:
    """Return the runs of one signal, oldest first.

    A gap longer than `silent_after` (seconds) is a run of silence. `history` is ordered by event time. Empty:
    never heard of, no runs.
    """
    return past_of(history, silent_after).until(now)


class RunHistory:
    """A history up to its last observation.

    received: the latest arrival. heard: the latest hearing, old news apart; both -inf without any.
    last: the verdict that was said last, silence apart.
    """

    __slots__ = ("_runs", "heard", "history", "last", "received", "silent_after")

    def __init__(self, history: History, silent_after: float) -> None:
        self.history, self.silent_after = history, silent_after
        self._runs: tuple[Run, ...] | None = None
        received = history.received
        if not received:
            self.received = self.heard = -inf
            self.last = Verdict.UNKNOWN
            return
        self.received = self.heard = newest = max(received)
        if newest - history.at[received.index(newest)] > LATE:
            self.heard = max(map(_heard, history.at, received))
        letter = history.said[-1]
        self.last = Verdict.UNKNOWN if letter == "b" and self._muted() else WORDS[letter]

    def _muted(self) -> bool:
        """Return True where the last event came from a muted alarm.

        A poll does not show that.
        """
        via = self.history.via
        return via.rfind("m") > via.rfind("e")

    @property
    def direct(self) -> float:
        """Return the latest arrival that was not relayed; -inf without any."""
        columns = self.history
        if "r" not in columns.via:
            return self.received
        direct = (at for at, via in zip(columns.received, columns.via, strict=True) if via != "r")
        return max(direct, default=-inf)

    @property
    def arrived(self) -> Sequence[float]:
        """Return the time of hearing of each observation."""
        at, received = self.history.at, self.history.received
        if at == received or max(map(sub, received, at), default=0.0) <= LATE:
            return received
        return [*map(_heard, at, received)]

    def arrivals(self, ways: str) -> Iterable[float]:
        """Return the times of hearing by `ways`, which are letters of `via`."""
        via = self.history.via
        return self.arrived if not via.strip(ways) else compress(self.arrived, map(ways.__contains__, via))

    def now(self, now: float) -> Verdict:
        """Return the verdict of the last of `until(now)`; there must be one."""
        return Verdict.SILENT if now - self.heard > self.silent_after else self.last

    def until(self, now: float) -> tuple[Run, ...]:
        """Return the runs, and the silence since the last observation if there is one."""
        if now - self.heard <= self.silent_after or not self.runs:
            return self.runs
        found, quiet = list(self.runs), self.heard + self.silent_after
        _extend(found, Run(Verdict.SILENT, quiet, quiet, now))
        return tuple(found)

    @property
    def runs(self) -> tuple[Run, ...]:
        if self._runs is None:
            self._runs = _runs_of(self.history, self.arrived, self.silent_after)
        return self._runs


def _runs_of(columns: History, arrived: Sequence[float], silent_after: float) -> tuple[Run, ...]:
    gap = max(map(sub, islice(arrived, 1, None), arrived), default=0.0)
    if gap > silent_after or "m" in columns.via:
        return _broken(columns, arrived, silent_after)
    return _unbroken(columns, arrived)


def past_of(history: Sequence[Observation], silent_after: float) -> RunHistory:
    """Return the past of a history.

    It is worked out once for each `History`: few change between two decisions.
    """
    if not isinstance(history, History):
        return RunHistory(History.of(history), silent_after)
    if history.past is None or history.past.silent_after != silent_after:
        history.past = RunHistory(history, silent_after)
    return history.past


def _heard(at: float, received: float) -> float:
    return at if received - at > LATE else received


def _unbroken(columns: History, arrived: Sequence[float]) -> tuple[Run, ...]:
    """Return the runs of a history without silence or mutes: those of its letters."""
    at, said = columns.at, columns.said
    found: list[Run] = []
    begin, size = 0, len(said)
    while begin < size:
        letter = said[begin]
        end = size - len(said[begin:].lstrip(letter))
        heard, confirmed = min(arrived[begin:end]), max(at[begin:end])
        unheard = max(heard, arrived[end]) if end < size else inf
        ended = at[end] if end < size else inf
        found.append(Run(WORDS[letter], at[begin], heard, confirmed, ended, unheard))
        begin = end
    return tuple(found)


def _broken(columns: History, arrived: Sequence[float], silent_after: float) -> tuple[Run, ...]:
    """Return the runs of any history, one observation after the other.

    Silence and muted alarms are allowed for.
    """
    found: list[Run] = []
    heard, muted = -inf, False
    for at, came, said, via in zip(columns.at, arrived, columns.said, columns.via, strict=True):
        muted = via == "m" if via in "em" else muted
        verdict = Verdict.UNKNOWN if muted and said == "b" else WORDS[said]
        if found and came - heard > silent_after:
            _extend(found, Run(Verdict.SILENT, heard + silent_after, heard + silent_after, came))
        _extend(found, Run(verdict, at, came, at))
        heard = max(heard, came)
    return tuple(found)


def _extend(found: list[Run], run: Run) -> None:
    if not found:
        found.append(run)
        return
    last = found[-1]
    if last.verdict == run.verdict:
        heard = min(last.heard, run.heard)
        found[-1] = Run(last.verdict, last.start, heard, max(last.confirmed, run.confirmed))
    else:
        heard = max(last.heard, run.heard)
        ended = Run(last.verdict, last.start, last.heard, last.confirmed, run.start, heard)
        found[-1:] = [ended, run]


def held(
    units: Iterable[Sequence[tuple[Run, ...]]], verdict: Verdict, needed: int, now: float
) -> float | None:
    """Return the seconds for which `needed` units have said `verdict` unbroken; None: not now.

    A unit is one or more signals that count as one (an observing Region). The answer is the smaller of
    two clocks, so that neither a fast sender nor a late delivery can make time:

      sender's   last confirmation that still carried the count - first event of the stretch
      ours       now - when we first heard it
    """
    chosen = [[run for signal in unit for run in signal if run.verdict is verdict] for unit in units]
    now_ = [unit[0] for unit in chosen if len(unit) == 1 and unit[0].end == inf]
    if len(now_) + chosen.count([]) < len(chosen):
        return _held(chosen, verdict, needed, now)
    # Whoever ever said so says so now: the count began with the one that made it full.
    if len(now_) < needed:
        return None
    ours = now - sorted([run.heard for run in now_])[needed - 1]
    if verdict is Verdict.SILENT:
        return max(0.0, ours)
    since = sorted([run.start for run in now_])[needed - 1]
    return max(0.0, min(sorted([run.confirmed for run in now_])[-needed] - since, ours))


def full_since(units: Iterable[Sequence[tuple[Run, ...]]], verdict: Verdict, needed: int) -> float | None:
    """Return when `needed` units began to say `verdict` unbroken.

    By our clock; None: they do not say it now.
    """
    chosen = [[run for signal in unit for run in signal if run.verdict is verdict] for unit in units]
    return _since([[(run.heard, run.unheard) for run in unit] for unit in chosen], needed)


def _held(chosen: Sequence[Sequence[Run]], verdict: Verdict, needed: int, now: float) -> float | None:
    """Return the same from runs of `verdict` alone, also where units came and went."""
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
    """Return the start of the stretch that `needed` units cover, up to the end.

    None where it has ended.
    """
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
