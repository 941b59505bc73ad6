"""Audibility: how much of what `when` asks about can be heard.

```
 customer, observers: 2   a heard · b silent   1 of 2: fewer than it needs, nobody can be sure
 service, signals: 1      INSUFFICIENT_DATA    heard, and says nothing: unknown only if nobody is well
 customer, a canary       stopped              lost: nobody observes from there any more
 AWS Health               quiet                says nothing, and nobody waits for it
```
Silence and doubt are apart here: a signal that says "no data" is heard. What is muted counts as heard and
quiet.
"""

from collections.abc import Iterator, Sequence
from math import inf
from typing import NamedTuple

from controller.core.evidence.evaluation import Track, View, weigh
from controller.core.evidence.health_notices import KIND as HEALTH
from controller.core.evidence.timeline import full_since
from controller.core.model import Truth, Verdict, all_of, any_of, negate
from controller.core.policy.conditions import All, Any_, Condition, Leaf, Not, Ref
from controller.core.policy.schema import Policy

CANARY = "canary"
Units = list[list[Track]]


class Audibility(NamedTuple):
    """A condition's value without its `for`, where only what cannot be heard is unknown.

    enough: as many can be heard as it needs. since: when that ended; None: not known. sentence: what is
    missing.
    """

    value: Truth
    enough: bool
    since: float | None = None
    sentence: str = ""

    @property
    def certain(self) -> bool:
        return self.enough and self.value is not Truth.UNKNOWN


class Failing(NamedTuple):
    """A leaf of which a full quorum says so.

    since: by our clock. sentence: for people. silent: it is their silence that says so.
    """

    since: float
    sentence: str
    silent: bool = False


def failing_leaves(condition: Condition, seen: View, source: str) -> list[Failing]:
    """Return each leaf about `source` that a full quorum makes true, `for` apart.

    Leaves below `not`, and those that only AWS Health makes true, are left out.
    """
    return [
        red for leaf in _plain_leaves(condition, seen) if (red := _failing(leaf, seen, source)) is not None
    ]


def _plain_leaves(condition: Condition, seen: View) -> Iterator[Leaf]:
    match condition:
        case All(all_=children) | Any_(any_=children):
            for child in children:
                yield from _plain_leaves(child, seen)
        case Ref(condition=name):
            yield from _plain_leaves(seen.conditions[name], seen)
        case Leaf() if condition.in_ == "source" and condition.verdict is not Verdict.HEALTHY:
            yield condition


def _failing(leaf: Leaf, seen: View, source: str) -> Failing | None:
    w, units = weigh(leaf, seen, subject=source, source=source), _units(leaf, seen, source)
    if w.yes < w.wanted or not any(track.verdict is leaf.verdict for unit in units for track in unit):
        return None
    began = full_since(
        [[track.runs for track in unit] for unit in units], leaf.verdict, min(w.wanted, len(units))
    )
    noun = "signals" if leaf.observers is None else "observers"
    said = f"{w.yes} of {w.units} {noun} say {leaf.family} is {leaf.is_}"
    return Failing(seen.now if began is None else began, said, leaf.verdict is Verdict.SILENT)


def audibility(condition: Condition, seen: View, source: str, *, plain: bool) -> Audibility:
    """Return how well the condition about `source` can be heard.

    plain: a signal that is heard and says "no data" is unknown too.
    """
    match condition:
        case All(all_=children):
            parts = [audibility(child, seen, source, plain=plain) for child in children]
            deaf = [part for part in parts if not part.enough]
            return _joined(all_of(part.value for part in parts), parts, deaf, last=False)
        case Any_(any_=children):
            parts = [audibility(child, seen, source, plain=plain) for child in children]
            deaf = [] if any(part.enough for part in parts) else parts
            return _joined(any_of(part.value for part in parts), parts, deaf, last=True)
        case Not(not_=child):
            part = audibility(child, seen, source, plain=plain)
            return part._replace(value=negate(part.value))
        case Ref(condition=name):
            return audibility(seen.conditions[name], seen, source, plain=plain)
        case Leaf():
            return _of_leaf(condition, seen, source, plain=plain)


def _joined(
    value: Truth, parts: Sequence[Audibility], deaf: Sequence[Audibility], *, last: bool
) -> Audibility:
    """Return the audibility of several parts, of which `deaf` cannot be heard well enough.

    last: it cannot be heard since the last of them fell silent, else since the first.
    """
    known = [part.since for part in deaf if part.since is not None]
    since = (max(known) if last else min(known)) if known and len(known) == len(deaf) else None
    missing = deaf or [part for part in parts if part.value is Truth.UNKNOWN]
    said = "; ".join(dict.fromkeys(part.sentence for part in missing if part.sentence))
    return Audibility(value, not deaf, since, said)


def _of_leaf(leaf: Leaf, seen: View, source: str, *, plain: bool) -> Audibility:
    units = _units(leaf, seen, source)
    if leaf.in_ != "source" or not units:  # AWS Health alone, whose quiet says nothing
        found = leaf.in_ == "source" and weigh(leaf, seen, subject=source, source=source).yes > 0
        return Audibility(Truth.of(found), True)
    wanted = min(weigh(leaf, seen, subject=source, source=source).wanted, len(units))
    silent = leaf.verdict is Verdict.SILENT
    known = [any(_known(track, seen, silent=silent) for track in unit) for unit in units]
    yes = [any(track.verdict is leaf.verdict for track in unit) for unit in units]
    doubt = [any(_doubtful(track, seen, silent=silent, plain=plain) for track in unit) for unit in units]
    open_ = sum(may and not so for may, so in zip(doubt, yes, strict=True))
    value = Truth.TRUE if sum(yes) >= wanted else Truth.of(False)
    if value is not Truth.TRUE and sum(yes) + open_ >= wanted:
        value = Truth.UNKNOWN
    enough = sum(known) >= wanted
    noun = "signals" if leaf.observers is None else "observers"
    said = f"{sum(known)} of {len(units)} {noun} of {leaf.family} can be heard (needs {wanted})"
    return Audibility(value, enough, None if enough else _deaf_since(units, known, wanted), said)


def _deaf_since(units: Units, known: Sequence[bool], wanted: int) -> float | None:
    """Return when fewer than `wanted` units could be heard, by our clock.

    None: not known.
    """
    last = [inf if so else max(map(_last_word, unit)) for unit, so in zip(units, known, strict=True)]
    since = sorted(last)[len(units) - wanted]
    usable = -inf < since and not any(track.void for unit in units for track in unit)
    return since if usable else None


def _last_word(track: Track) -> float:
    """Return the time of a signal's last word, or of a canary's loss."""
    return track.past.runs[-1].heard if _lost(track) and track.past.runs else track.past.heard


def reddening(condition: Condition, seen: View, source: str) -> float | None:
    """Return since when something that the condition asks about is breaching.

    By our clock, AWS Health apart; None: nothing is.
    """
    every = (t for leaf in _plain_leaves(condition, seen) for u in _units(leaf, seen, source) for t in u)
    return min((t.runs[-1].heard for t in every if t.verdict is Verdict.BREACHING), default=None)


def plainly_well(policy: Policy, seen: View, source: str) -> bool:
    """Return True where a whole family about `source` says healthy, AWS Health apart."""
    everything = (seen.of(family, source, source) for family in policy.signals)
    families = ([track for track in family if track.signal.kind != HEALTH] for family in everything)
    return any(family and all(track.verdict is Verdict.HEALTHY for track in family) for family in families)


def _units(leaf: Leaf, seen: View, source: str) -> Units:
    """Return the units that a leaf about `source` counts, AWS Health apart."""
    bench = seen.roster.bench(leaf.family, source, source)
    places = bench.alone if leaf.observers is None else bench.by_observer
    units = [[seen.tracks[place] for place in unit] for unit in places]
    heard = ([track for track in unit if track.signal.kind != HEALTH] for unit in units)
    return [unit for unit in heard if unit]


def _known(track: Track, seen: View, *, silent: bool) -> bool:
    return _muted(track, seen) or _heard(track, seen.now) or (silent and track.verdict is Verdict.SILENT)


def _doubtful(track: Track, seen: View, *, silent: bool, plain: bool) -> bool:
    if _known(track, seen, silent=silent):
        return plain and not silent and track.verdict is Verdict.UNKNOWN and not _muted(track, seen)
    return True


def _heard(track: Track, now: float) -> bool:
    fresh = not track.void and now - track.past.heard <= track.signal.silent_after
    return fresh and not _lost(track)


def _lost(track: Track) -> bool:
    """Return True for a canary that was stopped or cannot run.

    An alarm without data is another matter: it looks, and there is nothing to see.
    """
    return track.signal.kind == CANARY and track.past.last is Verdict.UNKNOWN


def _muted(track: Track, seen: View) -> bool:
    signal = track.signal
    return any(seen.muted.get(key, -inf) > seen.now for key in (signal.id, signal.name, signal.subject))
