"""The register of signals: the Regions of each, and the history that is kept.

`roster_of` gives the signals that may speak of a Region. It is worked out once for a policy's signals, since
they rarely change. `why_unnamed` says why something that claims to be evidence is none of this policy's.
`kept_of` says what is kept of each signal: enough for the longest `for` that counts it.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from controller.core.evidence.health_notices import KIND as HEALTH
from controller.core.model import Signal
from controller.core.policy.retention import SOAK, HistoryBounds, kept
from controller.core.policy.rules import every_hold
from controller.core.policy.schema import Policy
from controller.core.policy.signals import signals_of
from controller.core.policy.validation import expected_signals
from controller.core.text import sanitize

UNNAMED = "not a signal that the policy names"


class Bench(NamedTuple):
    """A bench holds the places in the roster of the signals that may speak.

    alone: the same places in units of one. by_observer: the same places in units of one observer.
    accuses: one of the signals only ever accuses, so that who speaks depends on what it says.
    """

    places: tuple[int, ...]
    alone: tuple[tuple[int, ...], ...]
    by_observer: tuple[tuple[int, ...], ...]
    accuses: bool


class Roster:
    def __init__(self, signals: Sequence[Signal]) -> None:
        self.signals = tuple(signals)
        self.named = frozenset(signal.id for signal in self.signals)
        self._benches: dict[tuple[str, str, str], Bench] = {}

    def bench(self, family: str, subject: str, source: str) -> Bench:
        """Return the signals that may speak of `subject` while `source` is under judgement.

        A guest (a canary, say) that runs inside either Region is not counted: it would judge the Region
        that it depends on. An alarm is the Region's own instrument and is always counted.
        """
        key = (family, subject, source)
        known = self._benches.get(key)
        if known is None:
            known = self._benches[key] = self._bench(family, subject, source)
        return known

    def _bench(self, family: str, subject: str, source: str) -> Bench:
        places = tuple(
            place
            for place, signal in enumerate(self.signals)
            if family in (signal.family, "all")
            and signal.subject == subject
            and (signal.own or signal.observer not in (subject, source))
        )
        by_observer: dict[str, list[int]] = {}
        for place in places:
            by_observer.setdefault(self.signals[place].observer, []).append(place)
        accuses = any(self.signals[place].kind == HEALTH for place in places)
        return Bench(
            places, tuple((place,) for place in places), tuple(map(tuple, by_observer.values())), accuses
        )


def roster_of(policy: Policy, account: str) -> Roster:
    """Return the roster of every signal that the policy names.

    It is made once a policy and account.
    """
    return policy.derived(f"roster of {account}", lambda: Roster(expected_signals(policy, account)))


def why_unnamed(signal: str, policy: Policy, account: str) -> str:
    """Return one sentence that says why the policy does not name `signal`.

    signal: the id of a sighting that is not among the expected ones.
    """
    kind, _, rest = signal.partition(":")
    sender, _, rest = rest.partition(":")
    observer, _, name = rest.partition(":")
    if sender != account:
        return f"it comes from account {sanitize(sender, 20)}; only {account} counts"
    if kind != "event":
        return UNNAMED
    application, family, subject, called = (*name.split("/", 3), "", "", "")[:4]
    if application != policy.application:
        return f"{sanitize(application, 64)!r} is not the application that this policy guards"
    if subject not in policy.regions:
        return f"{sanitize(subject, 40)} is not a Region that the policy guards"
    if family not in policy.signals:
        return f"the policy has no family {sanitize(family, 64)!r}"
    named = [
        signal
        for source in policy.signals[family]
        for signal in signals_of(
            source, application=application, family=family, subject=subject, account=account
        )
        if signal.kind == kind
    ]
    if called not in {signal.name for signal in named}:
        return f"the family {family!r} has no event {sanitize(called, 64)!r}"
    return (
        f"the policy does not have {sanitize(called, 64)!r} of {subject} seen from {sanitize(observer, 40)}"
    )


def kept_of(policy: Policy, signals: Iterable[Signal]) -> Mapping[str, HistoryBounds]:
    """Return signal's id -> what is kept of it."""
    longest: dict[str, float] = {}
    for _, leaf, seconds in every_hold(policy):
        longest[leaf.family] = max(seconds, longest.get(leaf.family, 0.0))
    untimed = any(policy.return_time(region) is None for region in policy.regions)
    common = max(longest.get("all", 0.0), SOAK if untimed else 0.0)
    return {s.id: kept(max(common, longest.get(s.family, 0.0)), s.silent_after) for s in signals}
