"""What is kept of each signal of a policy: enough for the longest `for` that counts it."""

from collections.abc import Iterable, Mapping

from controller.core.holding import Kept, kept
from controller.core.model import Signal
from controller.core.moves_admission import every_hold
from controller.core.policy import Policy


def kept_of(policy: Policy, signals: Iterable[Signal]) -> Mapping[str, Kept]:
    """Signal's id -> what is kept of it."""
    longest: dict[str, float] = {}
    for _, leaf, seconds in every_hold(policy):
        longest[leaf.family] = max(seconds, longest.get(leaf.family, 0.0))
    common = longest.get("all", 0.0)
    return {s.id: kept(max(common, longest.get(s.family, 0.0)), s.silent_after) for s in signals}
