"""A leaf that asks for more than can ever be counted would never be true, and nobody would know."""

from collections.abc import Iterable, Iterator, Sequence

from controller.core.checks import FamilyCheck
from controller.core.conditions import Leaf
from controller.core.model import Verdict
from controller.core.policy import HealthSignal, Policy
from controller.core.problems import Path, Problem
from controller.core.sources import countable

Use = tuple[Path, Leaf | FamilyCheck, Sequence[str]]
"""(path in the file, what asks, the Regions that it may be asked about the leaving of)."""


def reach_problems(policy: Policy, used: Iterable[Use]) -> Iterator[Problem]:
    """Each leaf of `used` that asks for more signals or observers than may ever count."""
    known: dict[tuple[str, str, bool, bool, tuple[str, ...]], tuple[int, str]] = {}
    for path, leaf, sources in used:
        if leaf.family not in policy.signals:
            continue
        asks = leaf if isinstance(leaf, Leaf) else None
        of_source = asks is not None and asks.in_ == "source"
        by_observer = asks is not None and asks.observers is not None
        wanted = (asks.observers or asks.signals) if asks else None
        case = (leaf.family, leaf.is_, of_source, by_observer, tuple(sources))
        if case not in known:
            known[case] = min(
                (_counted(policy, leaf, {subject, source}, by_observer=by_observer), subject)
                for subject in policy.regions
                for source in sources
                if (subject == source) == of_source
            )
        fewest, region = known[case]
        if fewest < (wanted if isinstance(wanted, int) else 1):
            noun = "observing Regions" if by_observer else "signals"
            message = (
                f"only {fewest} {noun} of {leaf.family} can ever be counted for {region}; "
                f"{_passed_over(policy, leaf)}"
            )
            yield Problem((*path, "observers" if by_observer else "signals" if wanted else "family"), message)


def _counted(policy: Policy, leaf: Leaf | FamilyCheck, inside: set[str], *, by_observer: bool) -> int:
    found = [countable(source, inside, Verdict(leaf.is_)) for source in policy.signals[leaf.family]]
    if by_observer:
        own = any(count and not observers for count, observers in found)
        return len(frozenset[str]().union(*(observers for _, observers in found))) + own
    return sum(count for count, _ in found)


def _passed_over(policy: Policy, leaf: Leaf | FamilyCheck) -> str:
    accuses = any(isinstance(source, HealthSignal) for source in policy.signals[leaf.family])
    if accuses and leaf.is_ != "breaching":
        return f"AWS Health only ever accuses, so it never says {leaf.is_}"
    return "a canary inside a Region under judgement is not"
