"""Who may speak of which Region: worked out once for a policy's signals, since they rarely change."""

from collections.abc import Sequence
from typing import NamedTuple

from controller.core.admission import expected_signals
from controller.core.model import Signal
from controller.core.notices import KIND as HEALTH
from controller.core.policy import Policy


class Bench(NamedTuple):
    """Places in the roster of those who may speak, and of the same in units: one by one, or by observer.

    accuses: one of them only ever accuses, so that who speaks hangs on what it says.
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
        """The signals that may speak of `subject` while `source` is under judgement.

        A guest (a canary, say) that runs inside either Region is not counted: it would judge its own
        house. An alarm is the Region's own instrument and is always counted.
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


_ROSTERS: dict[tuple[object, ...], tuple[object, Roster]] = {}
MOST = 64


def roster_of(policy: Policy, account: str, signals: Sequence[Signal] | None = None) -> Roster:
    """Of every signal that the policy names, or of `signals`. What it is made of is kept with it, so that
    nothing else gets its id."""
    key: tuple[object, ...] = (id(policy.signals), id(policy.regions), policy.application, account)
    if signals is not None:
        key = (id(signals),)
    known = _ROSTERS.get(key)
    if known is None:
        if len(_ROSTERS) >= MOST:
            _ROSTERS.clear()
        named = expected_signals(policy, account) if signals is None else signals
        known = _ROSTERS[key] = ((policy, signals), Roster(named))
    return known[1]
