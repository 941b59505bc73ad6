"""The evaluation of evidence: signals to verdicts, conditions to values and trees.

```
 evidence ─> view ─┬─ judge ─> a tree: each node its value, its signals, its sentence
                   └─ truth ─> the value alone
```

Nothing here acts, waits or asks what time it is: `now` is an argument. Most decisions are about Regions that
are well, and some only need to know so: `truth` is for those. The tests hold the two against each other on
random conditions and evidence.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import inf
from typing import NamedTuple

from controller.core.evidence.health_notices import KIND as HEALTH
from controller.core.evidence.health_notices import quiet, standing
from controller.core.evidence.hearing import Hearing
from controller.core.evidence.registry import Roster, roster_of
from controller.core.evidence.timeline import History, Run, RunHistory, held, past_of
from controller.core.model import (
    Node,
    Observation,
    Signal,
    SignalState,
    Truth,
    Verdict,
    all_of,
    any_of,
    negate,
)
from controller.core.policy.conditions import All, Any_, Condition, Leaf, Not, Ref
from controller.core.policy.schema import Policy
from controller.core.text import format_duration

AHEAD = 60.0
"""Seconds. An arrival later than now by more than this came before our own clock was set back."""


class _Track(NamedTuple):
    signal: Signal
    past: RunHistory
    now: float
    hearing: Hearing
    verdict: Verdict
    void: str = ""
    blind: str = ""


class Track(_Track):
    """One signal and its verdict now.

    void: why nothing that was heard of it counts; empty: it does. blind: why its silence now does not count,
    since it may be our own inability to look; what was heard of it before counts.
    """

    @cached_property
    def _heard(self) -> RunHistory:
        """Return the part of the past that counts; notices together give one verdict."""
        if self.signal.kind != HEALTH:
            return self.past
        return RunHistory(History.of(standing(self.past.history, self.signal.silent_after, self.now)), inf)

    def judged(self) -> "Track":
        """Return the same track with the verdict that its notices give together."""
        return Track(*self._replace(verdict=self.runs[-1].verdict))

    def doubted(self) -> "Track":
        """Return the same track, unknown where its silence does not count (S21)."""
        blind = self.hearing.doubt(self.signal)
        return Track(*self._replace(verdict=Verdict.UNKNOWN, blind=blind)) if blind else self

    @cached_property
    def runs(self) -> tuple[Run, ...]:
        """Return its runs, oldest first; none where nothing counts."""
        if self.void:
            return ()
        found = self._heard.until(self.now)
        return self.hearing.counted(self.signal, found) if _falls_silent(found) else found

    @cached_property
    def state(self) -> SignalState:
        if self.void:
            return SignalState(self.signal, Verdict.UNKNOWN, None, None, self.void)
        last, age = self.runs[-1], max(0.0, self.now - self.past.heard)
        _, reasons = self._heard.history.words
        reason = self.blind or ("" if last.verdict is Verdict.SILENT else reasons[-1])
        return SignalState(self.signal, last.verdict, last.start, age, reason)


def _falls_silent(runs: Sequence[Run]) -> bool:
    return any(run.verdict is Verdict.SILENT for run in runs)


def _track(signal: Signal, past: RunHistory, hearing: Hearing, now: float, muted: float) -> Track:
    if now < muted:
        void = f"muted for another {format_duration(muted - now)}"
    elif past.received > now + AHEAD:
        void = "our clock was set back: not known how long ago it was heard of"
    elif past.received == -inf:
        void = "never heard of"
    else:
        found = Track(signal, past, now, hearing, past.now(now))
        if found.verdict is Verdict.SILENT and signal.kind != HEALTH:
            return found.doubted()
        return found if signal.kind != HEALTH else found.judged()
    return Track(signal, past, now, hearing, Verdict.UNKNOWN, void)


@dataclass(frozen=True, eq=False)
class View:
    """All evidence at one moment, read as verdicts."""

    now: float
    roster: Roster
    evidence: Mapping[str, Sequence[Observation]]
    muted: Mapping[str, float]
    conditions: Mapping[str, Condition] = field(default_factory=dict)

    @cached_property
    def tracks(self) -> tuple[Track, ...]:
        known, now, muted, signals = self.evidence, self.now, self.muted, self.roster.signals
        pasts = [past_of(known.get(each.id, ()), each.silent_after) for each in signals]
        hearing = Hearing(signals, pasts, known, now, latest=now + AHEAD)
        return tuple(
            [
                _track(each, past, hearing, now, _muted_until(each, muted) if muted else -inf)
                for each, past in zip(signals, pasts, strict=True)
            ]
        )

    @cached_property
    def heard(self) -> Mapping[str, float]:
        """Return observer -> the last time that anything proves it was heard of."""
        found: dict[str, float] = {}
        for track in self.tracks:
            observer = track.signal.observer
            if track.past.direct > found.get(observer, -inf):
                found[observer] = track.past.direct
        return found

    def of(self, family: str, subject: str, source: str) -> list[Track]:
        """Return the signals that may speak of `subject` while `source` is judged (`Roster.bench`)."""
        tracks = self.tracks
        return [tracks[place] for place in self.roster.bench(family, subject, source).places]


def view(
    policy: Policy,
    account: str,
    evidence: Mapping[str, Sequence[Observation]],
    now: float,
    muted: Mapping[str, float] | None = None,
    roster: Roster | None = None,
) -> View:
    """Return the evidence as verdicts of every signal that the policy names.

    Others are not looked at.

    roster: of the signals to look at, where fewer matter.
    muted: a signal's id or name, or the Region that it is about -> until when it says nothing (S12).
    """
    return View(now, roster or roster_of(policy, account), evidence, muted or {}, policy.conditions)


def _muted_until(signal: Signal, muted: Mapping[str, float]) -> float:
    return max(muted.get(key, -inf) for key in (signal.id, signal.name, signal.subject))


def judge(condition: Condition, seen: View, *, source: str, target: str | None, path: str) -> Node:
    """Return the tree of a condition about `source`.

    A leaf may be about `target` instead.
    """
    match condition:
        case All(all_=children):
            nodes = _judge_each(children, seen, source, target, f"{path}.all")
            value = all_of(node.value for node in nodes)
            return Node(path, "all", value, _count(nodes, "all of"), nodes)
        case Any_(any_=children):
            nodes = _judge_each(children, seen, source, target, f"{path}.any")
            value = any_of(node.value for node in nodes)
            return Node(path, "any", value, _count(nodes, "any of"), nodes)
        case Not(not_=child):
            node = judge(child, seen, source=source, target=target, path=f"{path}.not")
            return Node(path, "not", negate(node.value), f"not: {node.sentence}", (node,))
        case Ref(condition=name):
            node = judge(seen.conditions[name], seen, source=source, target=target, path=f"conditions.{name}")
            return Node(path, "condition", node.value, f"{name}: {node.sentence}", (node,))
        case Leaf():
            subject = source if condition.in_ == "source" else target
            if subject is None:
                return Node(path, "leaf", Truth.UNKNOWN, "there is no target Region to look at")
            return judge_leaf(condition, seen, subject=subject, source=source, path=path)


def _judge_each(
    children: Sequence[Condition], seen: View, source: str, target: str | None, path: str
) -> tuple[Node, ...]:
    return tuple(
        judge(child, seen, source=source, target=target, path=f"{path}.{index}")
        for index, child in enumerate(children)
    )


def _count(nodes: Sequence[Node], words: str) -> str:
    true = sum(node.value is Truth.TRUE for node in nodes)
    return f"{words} {len(nodes)}: {true} true"


def judge_leaf(leaf: Leaf, seen: View, *, subject: str, source: str, path: str) -> Node:
    """Return the node of one leaf.

    It is true where enough units of the family say it now, and have said it unbroken for long enough.
    """
    w = weigh(leaf, seen, subject=subject, source=source)
    noun = "signals" if leaf.observers is None else "observers"
    needs = f"needs {w.wanted}" + (f" for {format_duration(leaf.for_)}" if leaf.for_ else "")
    claim = f"{w.yes} of {w.units} {noun} say {leaf.family} of {subject} is {leaf.is_}"
    states = tuple(track.state for track in w.tracks)
    if w.lasted is not None:
        return Node(path, "leaf", w.value, f"{claim}, for {format_duration(w.lasted)} ({needs})", (), states)
    unclear = f"; {w.open} silent or unknown" if w.open else ""
    return Node(path, "leaf", w.value, f"{claim}{unclear} ({needs})", (), states)


class Weighed(NamedTuple):
    """A leaf's value, and the numbers that make it.

    How many of how many units say so, how many are open, how many are wanted, for how many seconds enough
    have said so (None: not enough do), and whose word was heard.
    """

    value: Truth
    yes: int
    open: int
    units: int
    wanted: int
    lasted: float | None
    tracks: Sequence[Track]


def weigh(leaf: Leaf, seen: View, *, subject: str, source: str) -> Weighed:
    """Return the answer of the evidence to a leaf, in numbers."""
    verdict, tracks = Verdict(leaf.is_), seen.tracks
    bench = seen.roster.bench(leaf.family, subject, source)
    heard: Sequence[Track] = [tracks[place] for place in bench.places]
    accusers: Sequence[Track] = ()
    if bench.accuses:
        heard, accusers = testifying(verdict, heard)
        units = _units(leaf, heard)
    else:
        places = bench.alone if leaf.observers is None else bench.by_observer
        units = [[tracks[place] for place in unit] for unit in places]
    wanted = _needed(leaf, units)
    yes, open_ = _count_units(verdict, units)
    if yes >= wanted and units:
        lasted = held([[track.runs for track in unit] for unit in units], verdict, wanted, seen.now) or 0.0
        if verdict is Verdict.HEALTHY:
            lasted = min(lasted, quiet([track.runs for track in accusers], seen.now))
        value = Truth.TRUE if lasted >= (leaf.for_ or 0.0) else Truth.FALSE
        return Weighed(value, yes, open_, len(units), wanted, lasted, heard)
    value = Truth.UNKNOWN if yes + open_ >= wanted or not units else Truth.FALSE
    return Weighed(value, yes, open_, len(units), wanted, None, heard)


def testifying(verdict: Verdict, tracks: Sequence[Track]) -> tuple[list[Track], list[Track]]:
    """Return the tracks that may speak to the claim: AWS Health only ever accuses.

    Asked whether all is well, it is a witness while it accuses, and neither for nor against once it does not.
    """
    speak: list[Track] = []
    passed: list[Track] = []
    for track in tracks:
        accuses = track.signal.kind != HEALTH or track.verdict is Verdict.BREACHING
        (speak if accuses or verdict is Verdict.BREACHING else passed).append(track)
    return speak, passed


def _units(leaf: Leaf, tracks: Sequence[Track]) -> list[list[Track]]:
    """Return the units to count: signals, or signals gathered by their observing Region."""
    if leaf.observers is None:
        return [[track] for track in tracks]
    by_observer: dict[str, list[Track]] = {}
    for track in tracks:
        by_observer.setdefault(track.signal.observer, []).append(track)
    return list(by_observer.values())


def _needed(leaf: Leaf, units: Sequence[Sequence[Track]]) -> int:
    if leaf.observers is not None:
        return leaf.observers
    if leaf.signals == "all" or (leaf.signals is None and leaf.is_ == "healthy"):
        return max(1, len(units))
    return leaf.signals or 1


def _count_units(verdict: Verdict, units: Sequence[Sequence[Track]]) -> tuple[int, int]:
    """Return how many units say `verdict`, and how many more might.

    More might where nothing is known of one of their signals.

    Silence is known to us, so for `is: silent` only a signal is open that was never heard of, or that we
    cannot look at.
    """
    yes = open_ = 0
    for unit in units:
        said = [track.verdict for track in unit]
        if verdict in said:
            yes += 1
        elif verdict is Verdict.SILENT:
            open_ += any(track.void or track.blind for track in unit)
        else:
            open_ += Verdict.SILENT in said or Verdict.UNKNOWN in said
    return yes, open_


def truth(condition: Condition, seen: View, *, source: str, target: str | None = None) -> Truth:
    """Return the value of `judge(condition, …)`.

    Of an `all` or `any` no more is looked at than decides it.
    """
    match condition:
        case Leaf():
            subject = source if condition.in_ == "source" else target
            if subject is None:
                return Truth.UNKNOWN
            return weigh(condition, seen, subject=subject, source=source).value
        case All(all_=children):
            return _first(Truth.FALSE, children, seen, source, target)
        case Any_(any_=children):
            return _first(Truth.TRUE, children, seen, source, target)
        case Not(not_=child):
            return negate(truth(child, seen, source=source, target=target))
        case Ref(condition=name):
            return truth(seen.conditions[name], seen, source=source, target=target)


def _first(
    decides: Truth, children: Sequence[Condition], seen: View, source: str, target: str | None
) -> Truth:
    """Return `decides` if any child has that value.

    Else unknown if any is unknown, else the other.
    """
    doubt = False
    for child in children:
        value = truth(child, seen, source=source, target=target)
        if value is decides:
            return value
        doubt = doubt or value is Truth.UNKNOWN
    return Truth.UNKNOWN if doubt else negate(decides)
