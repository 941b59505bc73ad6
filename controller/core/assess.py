"""Judging evidence: signals to verdicts, the policy's conditions to a tree with a value and a sentence.

Nothing here acts, waits or asks what time it is: `now` is an argument.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import NamedTuple

from controller.core.admission import expected_signals
from controller.core.conditions import All, Any_, Condition, Leaf, Not, Ref
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
from controller.core.notices import KIND as HEALTH
from controller.core.notices import quiet, standing
from controller.core.policy import Policy
from controller.core.timeline import Run, held, past_of, runs

AHEAD = 60.0
"""Seconds. What we received later than now by more than this came before our own clock was set back."""


@dataclass(frozen=True, slots=True)
class Track:
    """One signal, its past as runs, and what it says now."""

    signal: Signal
    runs: tuple[Run, ...]
    state: SignalState


@dataclass(frozen=True, slots=True)
class View:
    """Everything that is known at one moment. `heard`: signal observer -> when it was last heard of."""

    now: float
    tracks: tuple[Track, ...]
    heard: Mapping[str, float]
    conditions: Mapping[str, Condition] = field(default_factory=dict)

    def of(self, family: str, subject: str, source: str) -> list[Track]:
        """The signals that may speak of `subject` while `source` is under judgement.

        A guest (a canary, say) that runs inside either Region is not counted: it would judge its own
        house. An alarm is the Region's own instrument and is always counted.
        """
        inside = {subject, source}
        return [
            track
            for track in self.tracks
            if family in (track.signal.family, "all")
            and track.signal.subject == subject
            and (track.signal.own or track.signal.observer not in inside)
        ]


def view(
    policy: Policy,
    account: str,
    evidence: Mapping[str, Sequence[Observation]],
    now: float,
    muted: Mapping[str, float] | None = None,
    signals: Sequence[Signal] | None = None,
) -> View:
    """What the evidence says of every signal that the policy names. Others are not looked at.

    signals: those of them to look at, where fewer matter or they are worked out already.
    muted: a signal's id or name, or the Region that it is about -> until when it says nothing (S12).
    """
    tracks = tuple(
        _track(signal, evidence.get(signal.id, ()), now, _muted_until(signal, muted or {}))
        for signal in (expected_signals(policy, account) if signals is None else signals)
    )
    heard: dict[str, float] = {}
    for signal in (track.signal for track in tracks):
        direct = past_of(evidence.get(signal.id, ()), signal.silent_after).direct
        if direct > heard.get(signal.observer, -inf):
            heard[signal.observer] = direct
    return View(now, tracks, heard, policy.conditions)


def _muted_until(signal: Signal, muted: Mapping[str, float]) -> float:
    if not muted:
        return -inf
    return max(muted.get(key, -inf) for key in (signal.id, signal.name, signal.subject))


def _track(signal: Signal, history: Sequence[Observation], now: float, muted: float = -inf) -> Track:
    if now < muted:
        reason = f"muted for another {spell(muted - now)}"
        return Track(signal, (), SignalState(signal, Verdict.UNKNOWN, None, None, reason))
    whole = past_of(history, signal.silent_after)
    if whole.received > now + AHEAD:
        reason = "our clock was set back: not known how long ago it was heard of"
        return Track(signal, (), SignalState(signal, Verdict.UNKNOWN, None, None, reason))
    if signal.kind == HEALTH:
        past = runs(standing(history, signal.silent_after, now), inf, now)
    else:
        past = runs(history, signal.silent_after, now)
    if not past or whole.heard is None:
        return Track(signal, past, SignalState(signal, Verdict.UNKNOWN, None, None, "never heard of"))
    last, age = past[-1], max(0.0, now - whole.heard)
    return Track(signal, past, SignalState(signal, last.verdict, last.start, age, last.reason))


def judge(condition: Condition, seen: View, *, source: str, target: str | None, path: str) -> Node:
    """The tree of a condition about `source` (and `target`, where a leaf says so)."""
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
    """One leaf: enough units of the family say it now, and have said it unbroken for long enough."""
    w = weigh(leaf, seen, subject=subject, source=source)
    noun = "signals" if leaf.observers is None else "observers"
    needs = f"needs {w.wanted}" + (f" for {spell(leaf.for_)}" if leaf.for_ else "")
    claim = f"{w.yes} of {w.units} {noun} say {leaf.family} of {subject} is {leaf.is_}"
    states = tuple(track.state for track in w.tracks)
    if w.lasted is not None:
        return Node(path, "leaf", w.value, f"{claim}, for {spell(w.lasted)} ({needs})", (), states)
    unclear = f"; {w.open} silent or unknown" if w.open else ""
    return Node(path, "leaf", w.value, f"{claim}{unclear} ({needs})", (), states)


class Weighed(NamedTuple):
    """A leaf's value, and what makes it: how many of how many units say so, how many are open, how many are
    wanted, for how many seconds enough have said so (None: not enough do), and whose word was heard."""

    value: Truth
    yes: int
    open: int
    units: int
    wanted: int
    lasted: float | None
    tracks: Sequence[Track]


def weigh(leaf: Leaf, seen: View, *, subject: str, source: str) -> Weighed:
    """What the evidence says to a leaf, in numbers."""
    verdict = leaf.verdict
    tracks, accusers = testifying(verdict, seen.of(leaf.family, subject, source))
    units = _units(leaf, tracks)
    wanted = _needed(leaf, units)
    yes, open_ = _told(verdict, units)
    if yes >= wanted and units:
        lasted = held([[track.runs for track in unit] for unit in units], verdict, wanted, seen.now) or 0.0
        if verdict is Verdict.HEALTHY:
            lasted = min(lasted, quiet([track.runs for track in accusers], seen.now))
        value = Truth.TRUE if lasted >= (leaf.for_ or 0.0) else Truth.FALSE
        return Weighed(value, yes, open_, len(units), wanted, lasted, tracks)
    value = Truth.UNKNOWN if yes + open_ >= wanted or not units else Truth.FALSE
    return Weighed(value, yes, open_, len(units), wanted, None, tracks)


def testifying(verdict: Verdict, tracks: Sequence[Track]) -> tuple[list[Track], list[Track]]:
    """Who may speak to the claim, and who was passed over: AWS Health only ever accuses.

    Asked whether all is well, it is a witness while it accuses, and neither for nor against once it does not.
    """
    speak: list[Track] = []
    passed: list[Track] = []
    for track in tracks:
        accuses = track.signal.kind != HEALTH or track.state.verdict is Verdict.BREACHING
        (speak if accuses or verdict is Verdict.BREACHING else passed).append(track)
    return speak, passed


def _units(leaf: Leaf, tracks: Sequence[Track]) -> list[list[Track]]:
    """What is counted: signals one by one, or signals gathered by the Region that observes."""
    if leaf.observers is None:
        return [[track] for track in tracks]
    by_observer: dict[str, list[Track]] = {}
    for track in tracks:
        by_observer.setdefault(track.signal.observer, []).append(track)
    return list(by_observer.values())


def _needed(leaf: Leaf, units: Sequence[Sequence[Track]]) -> int:
    if leaf.observers is not None:
        return leaf.observers
    if leaf.signals == "all" or (leaf.signals is None and leaf.verdict is Verdict.HEALTHY):
        return max(1, len(units))
    return leaf.signals or 1


def _told(verdict: Verdict, units: Sequence[Sequence[Track]]) -> tuple[int, int]:
    """How many units say `verdict`, and how many more might: nothing is known of one of their signals.

    Silence is known to us, so for `is: silent` only a signal that was never heard of is open.
    """
    yes = open_ = 0
    for unit in units:
        said = [track.state.verdict for track in unit]
        if verdict in said:
            yes += 1
        elif verdict is Verdict.SILENT:
            open_ += not all(track.runs for track in unit)
        else:
            open_ += Verdict.SILENT in said or Verdict.UNKNOWN in said
    return yes, open_


def spell(seconds: float) -> str:
    """`200.4` -> `3m20s`."""
    whole = int(seconds)
    hours, minutes, rest = whole // 3600, whole % 3600 // 60, whole % 60
    if hours:
        return f"{hours}h{minutes:02d}m"
    return f"{minutes}m{rest:02d}s" if minutes else f"{rest}s"
