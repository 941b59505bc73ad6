"""The governance of a move: its own policy, and the one in force (S23).

```
 began     controls, Regions, waves, settle, when, unless, ready, traffic, drills: how it goes on
 in force  ┐
 began     ┴─ the tighter: shadow, windows, gates, cooldown, limits a day, floor: whether it may
```
What the policy in force removed is a guard of its own: `core.decision.removal`. Disarming and mutes are no
policy's: they are in the journal.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import PrivateAttr

from controller.core.canonical_json import ascii_digest
from controller.core.policy.schema import (
    OVERRIDE,
    Ask,
    EvacuateHere,
    Limits,
    Policy,
    RegionControls,
    RestoreHere,
    Window,
)

Gates = Mapping[str, tuple[Ask, ...]]
ShutWindow = tuple[Window, str]
"""A window in which nothing moves by itself, and its time zone."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """Bounds hold the additions of the policy in force to another.

    under: its digest. began: that policy without bounds. regated: a digest of the gates as they were
    tightened, "" where they were not. also_shut: windows that the other does not have.
    """

    under: str
    began: Policy
    regated: str
    also_shut: tuple[ShutWindow, ...]


class _BoundedPolicy(Policy):
    """A policy bounded by the one in force; it has its own digest."""

    _bounds: Bounds | None = PrivateAttr(default=None)

    @classmethod
    def made(cls, bounds: Bounds, update: Mapping[str, Any]) -> "_BoundedPolicy":
        began = bounds.began
        fields = {name: getattr(began, name) for name in Policy.model_fields} | dict(update)
        made = cls.model_construct(began.model_fields_set | update.keys(), **fields)
        made._bounds = bounds
        made.__dict__["digest"] = began.digest  # it still says how a move goes on
        return made


def bounds_of(policy: Policy) -> Bounds | None:
    return policy._bounds if isinstance(policy, _BoundedPolicy) else None


def unbounded(policy: Policy) -> Policy:
    """Return the policy without the bounds of the one in force."""
    bounds = bounds_of(policy)
    return bounds.began if bounds else policy


def regated(policy: Policy) -> str:
    """Return a digest of the gates that the policy in force tightened, or ""."""
    bounds = bounds_of(policy)
    return bounds.regated if bounds else ""


def windows(policy: Policy, *, own: bool = True) -> tuple[ShutWindow, ...]:
    """Return each window in which nothing moves by itself.

    own: the policy's own too, or only those that the policy in force adds.
    """
    bounds = bounds_of(policy)
    written = policy.limits.blackout if own else ()
    return (*((each, policy.timezone or "UTC") for each in written), *(bounds.also_shut if bounds else ()))


def governing(began: Policy, in_force: Policy) -> Policy:
    """Return the policy that began a move, bounded by the one in force.

    It has the digest of the one that began it. The same policy comes back where both are the same.
    """
    bounds, began_with = bounds_of(began), unbounded(began)
    if bounds is not None and bounds.under == in_force.digest:
        return began
    if began.digest == in_force.digest:
        return began_with
    began = began_with
    return began.derived(f"under {in_force.digest}", lambda: _bounded(began, in_force))


def _bounded(began: Policy, in_force: Policy) -> Policy:
    gates = _gates(began.approvals, in_force.approvals)
    evacuate = began.evacuate.model_copy(
        update={"approval": _stricter(gates, began.evacuate.approval, in_force.evacuate.approval)}
    )
    update: dict[str, Any] = {"approvals": gates, "evacuate": evacuate, "limits": _limits(began, in_force),
                              "regions": _regions(began, in_force, gates)}  # fmt: skip
    if began.restore is not None and in_force.restore is not None:
        name = _stricter(gates, began.restore.approval, in_force.restore.approval)
        update["restore"] = began.restore.model_copy(update={"approval": name})
    if "shadow" in (began.enforcement, in_force.enforcement):
        update["enforcement"] = "shadow"
    own, now = (_asked(each, began.approvals) for each in (began, began.model_copy(update=update)))
    also_shut = tuple(each for each in windows(in_force) if each not in windows(began))
    bounds = Bounds(in_force.digest, began, ascii_digest(now) if now != own else "", also_shut)
    return _BoundedPolicy.made(bounds, update)


def _gates(began: Gates, in_force: Gates) -> dict[str, tuple[Ask, ...]]:
    """Return each gate of either policy, as the stricter of them asks.

    Where both ask as many people, those are asked whom the policy in force names: people change groups.
    A safety rule may be set aside only where both say who is asked for it.
    """
    names = {*began, *in_force} - ({OVERRIDE} - (began.keys() & in_force.keys()))
    return {
        name: max((found[name] for found in (in_force, began) if name in found), key=_people)
        for name in sorted(names)
    }


def _people(asks: tuple[Ask, ...]) -> int:
    return max((ask.people for ask in asks), default=0)


def _stricter(gates: Gates, began: str, in_force: str) -> str:
    """Return the gate that asks more people; `none` only where both say so."""
    return max((in_force, began), key=lambda name: _people(gates.get(name, ())))


def _limits(began: Policy, in_force: Policy) -> Limits:
    own, now = began.limits, in_force.limits
    fleet = [each for each in (own.fleet_regions_per_day, now.fleet_regions_per_day) if each is not None]
    update: dict[str, Any] = {
        "cooldown": max(own.cooldown, now.cooldown),
        "evacuations_per_day": min(own.evacuations_per_day, now.evacuations_per_day),
        "min_regions_on": max(own.min_regions_on, now.min_regions_on),
    }
    return own.model_copy(update=update | ({"fleet_regions_per_day": min(fleet)} if fleet else {}))


def _regions(began: Policy, in_force: Policy, gates: Gates) -> dict[str, RegionControls]:
    """Return the Regions of the policy that began, with the stricter gates."""
    return {region: _region(region, entry, began, in_force, gates) for region, entry in began.regions.items()}


def _region(
    region: str, entry: RegionControls, began: Policy, in_force: Policy, gates: Gates
) -> RegionControls:
    own, now = began.about(region), in_force.about(region)
    name = _stricter(gates, own.evacuate.approval, now.evacuate.approval)
    words = entry.evacuate or EvacuateHere()
    update: dict[str, Any] = {"evacuate": words.model_copy(update={"approval": name})}
    if own.restore is not None and now.restore is not None:
        name = _stricter(gates, own.restore.approval, now.restore.approval)
        update["restore"] = (entry.restore or RestoreHere()).model_copy(update={"approval": name})
    return entry.model_copy(update=update)


def _asked(policy: Policy, named: Gates) -> list[object]:
    """Return all chains of asks, and those of each gate in `named`."""
    about = {region: policy.about(region) for region in policy.regions}
    chains = {
        region: [_spelt(each.chain(intent)) for intent in ("evacuate", "restore")]
        for region, each in about.items()
    }
    return [chains, {name: _spelt(policy.approvals.get(name, ())) for name in named}]


def _spelt(asks: tuple[Ask, ...]) -> list[dict[str, Any]]:
    return [ask.model_dump(mode="json") for ask in asks]
