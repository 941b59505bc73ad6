"""The single points of a policy: the failing of few that starts an evacuation.

One observer, one family and one Region are tried on the real core.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from controller.core.model import Signal
from controller.core.policy.schema import Policy
from controller.core.policy.validation import expected_signals
from controller.lab.cases.play import ACCOUNT, as_live, near
from controller.lab.lint.finding import Finding, in_file
from controller.lab.lint.reachability import Tries, alike, free_start

HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class Enough:
    """Holds what alone can bring an evacuation about.

    own: the Region's own word. observers, families: each of these alone.
    """

    own: bool
    observers: tuple[str, ...]
    families: tuple[str, ...]


def too_few(policy: Policy) -> Iterator[Finding]:
    """Yield the Regions that one observer, one family or their own word can evacuate."""
    live = as_live(policy)
    begins = free_start(live, HOUR)
    if begins is None:
        return
    tried = {group[0]: (_enough(live, group[0], begins, policy.enforcement), group) for group in alike(live)}
    of = {region: first for first, (_, group) in tried.items() for region in group}
    for region in live.regions:
        enough = tried[of[region]][0]
        yield from _findings(live, region, enough, swapped(near(live, of[region]), near(live, region)))


def swapped(ones: Sequence[str], others: Sequence[str]) -> Mapping[str, str]:
    """Return Regions in place of each other, so that `ones` becomes `others`."""
    there = dict(zip(ones, others, strict=True))
    left, free = [r for r in others if r not in there], [r for r in ones if r not in there.values()]
    return there | dict(zip(left, free, strict=True))


def _enough(live: Policy, region: str, begins: float, enforcement: str) -> Enough:
    signals = [s for s in expected_signals(live, ACCOUNT, [region]) if s.kind != "health"]

    tries = Tries(live, region, begins)

    def leaves(failing: Sequence[Signal]) -> bool:
        return bool(failing) and tries.moved_by(s.id for s in failing)

    own = leaves([s for s in signals if s.own])
    families = live.signals if enforcement == "live" else ()
    return Enough(
        own,
        () if own else tuple(o for o in _outside(signals, region) if leaves(_heard(signals, o))),
        tuple(family for family in families if leaves([s for s in signals if s.family == family])),
    )


def _outside(signals: Sequence[Signal], region: str) -> list[str]:
    return list(dict.fromkeys(s.observer for s in signals if not s.own and s.observer != region))


def _heard(signals: Sequence[Signal], observer: str) -> list[Signal]:
    return [s for s in signals if s.own or s.observer == observer]


def _findings(live: Policy, region: str, enough: Enough, there: Mapping[str, str]) -> Iterator[Finding]:
    at = in_file(live, region, "when")
    if enough.own:
        message = f"the Region's own instruments alone can evacuate {region}"
        yield Finding("own-word", at, message, "ask observers outside it too: `observers: 2`")
    if enough.observers:
        who = " or ".join(there.get(each, each) for each in enough.observers)
        message = f"one observer alone, {who}, with {region}'s own instruments can evacuate it"
        yield Finding("one-observer", at, message, "expected `observers: 2` or more")
    for family in enough.families:
        message = f"signals of {family} alone can evacuate {region}, and this policy is live"
        hint = "ask a second family, one that fails for other reasons"
        yield Finding("one-family", at, message, hint)
