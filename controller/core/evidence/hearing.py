"""The hearing of each way of looking, which says when a silence counts (S21).

A way of looking is a kind of signal: alarms, canaries, monitors' own events. That nothing is heard through it
is the silence of a Region only while other Regions are heard through it; else we may be unable to look.
```
 others, same kind   | | | | |              | | | | | | | | | |    arrivals from other observers
 this signal         | | |                                         then nothing more
 a refused look                                    x               throttled, denied: somebody answered
 its verdict         healthy..|silent|unknown..........|..|silent
                              a      b                        c
```
a: last heard + `silentAfter`. b: the others were last heard `silentAfter` ago. c: `silentAfter` after the
latest of three: it was heard, the others are heard again, a look at it was refused.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import compress, islice, pairwise
from math import inf
from operator import sub

from controller.core.evidence.timeline import Run, RunHistory, past_of
from controller.core.model import Observation, Signal, Verdict, look_at
from controller.core.text import format_duration

POLLS, DIRECT = "p", "emp"
"""Letters of `History.via`. What was relayed does not prove that its observer can be heard."""
Span = tuple[float, float]
"""The first and the last arrival of an unbroken hearing."""
Ear = tuple[tuple[Span, ...], RunHistory]
"""When others were heard without a break; the refused looks at the observer itself."""


class _Heard:
    """Holds what arrived of one kind from one observer.

    patience: the shortest `silentAfter` of its signals that still speak; infinity where none does.
    """

    def __init__(self) -> None:
        self.at: set[float] = set()
        self.patience = inf
        self._last: Iterable[float] = ()

    def add(self, arrivals: Iterable[float]) -> None:
        """Add arrivals; alarms that are polled together mostly have the same."""
        if arrivals != self._last:
            self.at.update(arrivals)
            self._last = arrivals


class Hearing:
    """A hearing says at one moment since when each kind of signal is heard.

    pasts: of each of `signals`, in the same order. evidence: where refused looks stand, by `look_at`.
    latest: what arrived after it came before our own clock was set back, and proves nothing.
    It works out what it is asked for once; where nothing is silent, that is nothing.
    """

    def __init__(
        self,
        signals: Sequence[Signal],
        pasts: Sequence[RunHistory],
        evidence: Mapping[str, Sequence[Observation]],
        now: float,
        *,
        latest: float,
    ) -> None:
        self._signals, self._pasts, self._evidence = signals, pasts, evidence
        self.now, self._latest = now, latest
        self._ears: dict[tuple[str, str, float], Ear] = {}

    def doubt(self, signal: Signal) -> str:
        """Return the reason why the silence of `signal` now may be our own.

        It is a sentence, and empty where the silence counts.
        """
        spans, looks = self._ear(signal)
        now, patience, kind = self.now, signal.silent_after, signal.kind
        if now - looks.heard <= patience:  # whoever refused us says more than that nobody is heard
            ago = format_duration(max(0.0, now - looks.heard))
            return f"we cannot look: refused {ago} ago: {looks.history[-1].reason}"
        if not spans or now - spans[-1][1] > patience:
            return f"we cannot look: no {kind} of any other Region is heard of either"
        if now - spans[-1][0] <= patience:
            ago = format_duration(max(0.0, now - spans[-1][0]))
            return f"we could not look: {kind}s of other Regions are heard of again for {ago} only"
        return ""

    def counted(self, signal: Signal, runs: Iterable[Run]) -> tuple[Run, ...]:
        """Return the runs, with silence that does not count as unknown."""
        found: list[Run] = []
        for run in runs:
            found += self.parted(signal, run) if run.verdict is Verdict.SILENT else (run,)
        return tuple(found)

    def parted(self, signal: Signal, silence: Run) -> Iterator[Run]:
        """Yield the parts of a silence: silent where it counts, else unknown."""
        ends, patience = min(silence.unheard, self.now), signal.silent_after
        (spans, looks), here = self._ear(signal), silence.heard
        parts: list[tuple[Verdict, float, float]] = []
        for begin, end in audible(here - patience, ends, patience, spans, looks.arrivals(POLLS)):
            if begin > here:
                parts.append((Verdict.UNKNOWN, here, begin))
            parts.append((Verdict.SILENT, max(begin, here), end))
            here = end
        if here < ends or not parts:
            parts.append((Verdict.UNKNOWN, here, ends))
        for verdict, begin, end in parts[:-1]:
            yield Run(verdict, begin, begin, end, end, end)
        verdict, begin, _ = parts[-1]
        yield Run(verdict, begin, begin, silence.confirmed, silence.end, silence.unheard)

    def _ear(self, signal: Signal) -> Ear:
        """Return the hearing of other observers than the signal's, and the refused looks."""
        key = signal.kind, signal.observer, signal.silent_after
        known = self._ears.get(key)
        if known is None:
            looks = [
                each for each in self._evidence.get(look_at(signal), ()) if each.received <= self._latest
            ]
            others = [h for by, h in self._heard.get(signal.kind, {}).items() if by != signal.observer]
            arrivals = sorted(set[float]().union(*(each.at for each in others)))
            arrivals = arrivals[: bisect_right(arrivals, self._latest)]
            # What slower signals confirm is thinned to their own pace: their gaps are not ours.
            slowest = min((each.patience for each in others if each.patience < inf), default=0.0)
            spans = unbroken(arrivals, max(signal.silent_after, slowest))
            known = self._ears[key] = spans, past_of(looks, inf)
        return known

    @cached_property
    def _heard(self) -> Mapping[str, Mapping[str, _Heard]]:
        """Return kind -> observer -> what arrived.

        Of a kind that is polled only polls count: its events tell of changes, so that one Region may send
        some while another has none to send.
        """
        found: dict[str, dict[str, _Heard]] = {}
        known = [
            (signal, past)
            for signal, past in zip(self._signals, self._pasts, strict=True)
            if len(past.history)
        ]
        polled = {signal.kind for signal, past in known if POLLS in past.history.via}
        for signal, past in known:
            heard = found.setdefault(signal.kind, {}).setdefault(signal.observer, _Heard())
            heard.add(past.arrivals(POLLS if signal.kind in polled else DIRECT))
            if self.now - past.heard <= signal.silent_after < heard.patience:
                heard.patience = signal.silent_after
        return found


def unbroken(arrivals: Sequence[float], gap: float) -> tuple[Span, ...]:
    """Return the stretches of `arrivals` without a gap of more than `gap` seconds.

    arrivals: in order.
    """
    if not arrivals:
        return ()
    if max(map(sub, islice(arrivals, 1, None), arrivals), default=0.0) <= gap:
        return ((arrivals[0], arrivals[-1]),)
    wide = [b - a > gap for a, b in pairwise(arrivals)]
    firsts = (arrivals[0], *compress(arrivals[1:], wide))
    lasts = (*compress(arrivals, wide), arrivals[-1])
    return tuple(zip(firsts, lasts, strict=True))


def audible(
    heard: float, until: float, patience: float, spans: Sequence[Span], refused: Iterable[float] = ()
) -> Iterator[Span]:
    """Yield the stretches in which a silence counts, in order.

    heard, until: begin and end of the silence. patience: the signal's `silentAfter`, for which it must have
    had time to be heard. spans: when others were heard. refused: moments at which somebody answered and did
    not let us look.
    """
    first = bisect_left(spans, heard, key=lambda span: span[1])
    near = spans[first : bisect_left(spans, until, key=lambda span: span[0])]
    for point, after in pairwise([heard, *(each for each in refused if heard < each < until), until]):
        for begin, end in near:
            start, stop = max(point, begin) + patience, min(after, end + patience)
            if start < stop:
                yield start, stop
