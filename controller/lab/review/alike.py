"""Regions that stand alike in a policy: what one of them does, each of them does.

Everything in a policy is said of all Regions (`{region}`) but three things: what a Region says under its own
name, where canaries run, and where tidegate runs. Two Regions alike in these, and with targets alike in them,
may be swapped, and nothing that is decided changes but the names.
"""

from collections.abc import Hashable

from controller.core.policy.schema import Policy
from controller.core.policy.signals import observers_of
from controller.lab.cases.play import near


def alike(policy: Policy) -> tuple[tuple[str, ...], ...]:
    """The Regions in groups, in the order of the file."""
    groups: dict[Hashable, list[str]] = {}
    for region in policy.regions:
        groups.setdefault(_standing(policy, region), []).append(region)
    return tuple(map(tuple, groups.values()))


def _standing(policy: Policy, region: str) -> Hashable:
    entry = policy.regions[region]
    if entry.target:
        return region
    runs = [observers_of(source) for sources in policy.signals.values() for source in sources]
    own = [said.model_dump_json() if said else "" for said in (entry.evacuate, entry.restore)]
    return *own, *(
        (each in policy.controllers, *(each in observers for observers in runs))
        for each in near(policy, region)
    )
