"""Judging evidence: signals to verdicts, the policy's conditions to a tree with a value and a sentence.

Nothing here acts, waits or asks what time it is: `now` is an argument.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import inf

from controller.core.admission import expected_signals
from controller.core.conditions import All, Any_, Condition, Leaf, Not, Ref
from controller.core.model import (
    RELAYED,
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
from controller.core.timeline import Run, heard_at, held, runs

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
) -> View:
    """What the evidence says of every signal that the policy names. Others are not looked at.

    muted: a signal's id or name, or the Region that it is about -> until when it says nothing (S12).
    """
    tracks = tuple(
        _track(signal, evidence.get(signal.id, ()), now, _muted_until(signal, muted or {}))
        for signal in expected_signals(policy, account)
    )
    heard: dict[str, float] = {}
    for track in tracks:
        for seen in evidence.get(track.signal.id, ()):
            observer = track.signal.observer
            if seen.via != RELAYED:
                heard[observer] = max(heard.get(observer, -inf), seen.received)
    return View(now, tracks, heard, policy.conditions)


def _muted_until(signal: Signal, muted: Mapping[str, float]) -> float:
    return max(muted.get(key, -inf) for key in (signal.id, signal.name, signal.subject))


def _track(signal: Signal, history: Sequence[Observation], now: float, muted: float = -inf) -> Track:
    if now < muted:
        reason = f"muted for another {spell(muted - now)}"
        return Track(signal, (), SignalState(signal, Verdict.UNKNOWN, None, None, reason))
    if any(seen.received > now + AHEAD for seen in history):
        reason = "our clock was set back: not known how long ago it was heard of"
        return Track(signal, (), SignalState(signal, Verdict.UNKNOWN, None, None, reason))
    if signal.kind == HEALTH:
        past = runs(standing(history, signal.silent_after, now), inf, now)
    else:
        past = runs(history, signal.silent_after, now)
    if not past:
        return Track(signal, past, SignalState(signal, Verdict.UNKNOWN, None, None, "never heard of"))
    age = now - max(heard_at(seen) for seen in history)
    return Track(
        signal, past, SignalState(signal, past[-1].verdict, past[-1].start, max(0.0, age), past[-1].reason)
    )


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
    tracks, accusers = testifying(leaf.verdict, seen.of(leaf.family, subject, source))
    states = tuple(track.state for track in tracks)
    units = _units(leaf, tracks)
    wanted, noun = _needed(leaf, units)
    yes = sum(any(t.state.verdict is leaf.verdict for t in unit) for unit in units)
    open_ = sum(_undecided(leaf.verdict, unit) for unit in units)
    needs = f"needs {wanted}" + (f" for {spell(leaf.for_)}" if leaf.for_ else "")
    claim = f"{yes} of {len(units)} {noun} say {leaf.family} of {subject} is {leaf.is_}"
    if yes >= wanted and units:
        lasted = (
            held([[track.runs for track in unit] for unit in units], leaf.verdict, wanted, seen.now) or 0.0
        )
        if leaf.verdict is Verdict.HEALTHY:
            lasted = min(lasted, quiet([track.runs for track in accusers], seen.now))
        value = Truth.of(lasted >= (leaf.for_ or 0.0))
        return Node(path, "leaf", value, f"{claim}, for {spell(lasted)} ({needs})", (), states)
    unclear = f"; {open_} silent or unknown" if open_ else ""
    value = Truth.UNKNOWN if yes + open_ >= wanted or not units else Truth.FALSE
    return Node(path, "leaf", value, f"{claim}{unclear} ({needs})", (), states)


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


def _needed(leaf: Leaf, units: Sequence[Sequence[Track]]) -> tuple[int, str]:
    if leaf.observers is not None:
        return leaf.observers, "observers"
    if leaf.signals == "all" or (leaf.signals is None and leaf.verdict is Verdict.HEALTHY):
        return max(1, len(units)), "signals"
    return leaf.signals or 1, "signals"


def _undecided(verdict: Verdict, unit: Sequence[Track]) -> bool:
    """Whether a unit that does not say `verdict` might: nothing is known of one of its signals.

    Silence is known to us, so for `is: silent` only a signal that was never heard of is open.
    """
    if any(track.state.verdict is verdict for track in unit):
        return False
    if verdict is Verdict.SILENT:
        return any(not track.runs for track in unit)
    return any(track.state.verdict in (Verdict.SILENT, Verdict.UNKNOWN) for track in unit)


def spell(seconds: float) -> str:
    """`200.4` -> `3m20s`."""
    whole = int(seconds)
    hours, minutes, rest = whole // 3600, whole % 3600 // 60, whole % 60
    if hours:
        return f"{hours}h{minutes:02d}m"
    return f"{minutes}m{rest:02d}s" if minutes else f"{rest}s"
