"""Plans: the changes from the routing controls as read now to the goal."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from controller.core.journal import digest
from controller.core.model import Plan
from controller.core.policy.schema import Policy

BATCH = 10
"""Entries that ARC takes in one UpdateRoutingControlStates call."""

Change = tuple[str, bool]


def plan(policy: Policy, *, source: str, target: str, controls: Mapping[str, bool]) -> Plan:
    """Return the plan that moves all traffic from `source` to `target`.

    Every slice is On in `target` and Off in `source`; other Regions stay as they are.
    `controls` is name -> on for every control of the policy (KeyError if one is missing).
    """
    goal = (
        *((name, True) for name in policy.regions[target].controls),
        *((name, False) for name in policy.regions[source].controls),
    )
    changes = tuple((name, on) for name, on in goal if controls[name] is not on)
    return Plan(source, target, changes, goal, digest([source, target, goal])[:16])


def homeward(*, source: str, target: str, before: Mapping[str, bool], controls: Mapping[str, bool]) -> Plan:
    """Return the plan that puts every control back to where it was `before`.

    before: the controls before traffic left `source` for `target`.
    """
    goal = tuple(before.items())
    changes = tuple((name, on) for name, on in goal if controls[name] is not on)
    return Plan(source, target, changes, goal, digest(["home", source, target, goal])[:16])


def homecoming(
    policy: Policy,
    *,
    source: str,
    target: str,
    home: Mapping[str, bool],
    release: bool,
    controls: Mapping[str, bool],
) -> Plan:
    """Return the plan that puts `source` back as it stood at `home`.

    Of other Regions none is turned on. release: whether a Region that only replaced `source` (it was off at
    home) is turned off where `source` is on.
    """
    own = policy.regions[source].controls
    goal = [(name, home.get(name, controls[name])) for name in own]
    for region, entry in policy.regions.items():
        if release and region != source:
            pairs = zip(entry.controls, own, strict=True)
            goal += [(name, False) for name, mine in pairs if home.get(mine) and home.get(name) is False]
    changes = tuple((name, on) for name, on in goal if controls[name] is not on)
    return Plan(source, target, changes, tuple(goal), digest(["home", source, target, goal])[:16])


def next_wave(
    policy: Policy, whole: Plan, waves: Sequence[int] | None, done: int, under_way: Sequence[str] = ()
) -> Plan:
    """Return the part of a plan that the wave after `done` waves moves.

    ```
    waves [1, 1, 2], eight changes in four slices:   done 0 -> slice a   1 -> slice b   2 -> slices c, d
    ```
    under_way: controls of the wave that has begun. What is left of that wave moves, and no other slice moves
    before it is verified, also where it is all applied and nobody recorded that.
    """
    if waves is None:
        return whole
    place = {name: i for entry in policy.regions.values() for i, name in enumerate(entry.controls)}
    slices = sorted({place[name] for name, _ in whole.changes})
    moving = slices[: waves[min(done, len(waves) - 1)]]
    if under_way:
        moving = [i for i in slices if i in {place[name] for name in under_way}]
    changes = tuple(change for change in whole.changes if place[change[0]] in moving)
    return replace(whole, changes=changes, left=len(slices) - len(moving))


def calls(changes: Sequence[Change], batch: int = BATCH) -> tuple[tuple[Change, ...], ...]:
    """Return the changes as calls: one call if they fit, else On before Off.

    ```
    fits:      [On On On Off Off Off]
    does not:  [On x10] [On ..] | [Off x10] [Off ..]      between two calls every slice is On somewhere
    ```
    """
    if len(changes) <= batch:
        return (tuple(changes),) if changes else ()
    ordered = [[c for c in changes if c[1]], [c for c in changes if not c[1]]]
    return tuple(tuple(part[i : i + batch]) for part in ordered for i in range(0, len(part), batch))


def after(controls: Mapping[str, bool], changes: Sequence[Change]) -> dict[str, bool]:
    return {**controls, **dict(changes)}


def below_floor(policy: Policy, controls: Mapping[str, bool]) -> str | None:
    """Return the reason that these states must never stand, or None.

    Each slice must be On somewhere, and enough Regions must be On.
    """
    regions = {region: entry.controls for region, entry in policy.regions.items()}
    slices = len(next(iter(regions.values())))
    for index in range(slices):
        if not any(controls[names[index]] for names in regions.values()):
            return f"slice {index + 1} would be On in no Region"
    serving = [region for region, names in regions.items() if any(controls[name] for name in names)]
    if len(serving) < policy.limits.min_regions_on:
        return f"{len(serving)} Regions would be On, minRegionsOn is {policy.limits.min_regions_on}"
    return None


def where_it_stands(policy: Policy, stand: Mapping[str, bool]) -> str:
    """Return a sentence that says which Region carries how many slices."""
    parts = []
    for region, entry in policy.regions.items():
        on = sum(stand.get(name, False) for name in entry.controls)
        parts.append(f"{region} carries {on} of {len(entry.controls)} slices")
    return f"It stands as it is: {', '.join(parts)}."


def serving(policy: Policy, region: str, controls: Mapping[str, bool]) -> int:
    """Count the controls of a Region that are On."""
    return sum(controls[name] for name in policy.regions[region].controls)
