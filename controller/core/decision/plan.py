"""Plans: the changes from the routing controls as read now to the goal."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from controller.core.canonical_json import ascii_digest
from controller.core.journal.whole_plan import WholePlan, turned
from controller.core.model import Plan
from controller.core.policy.schema import Policy

BATCH = 10
"""Entries that ARC takes in one UpdateRoutingControlStates call."""

Change = tuple[str, bool]

SWITCH_SILENT = "the switch does not answer: no endpoint of ARC, or no bucket of its objects"
"""Sentence where the routing controls cannot be read, whichever of the two moves traffic."""


def slices(policy: Policy) -> tuple[Mapping[str, str], ...]:
    """Return each slice of traffic as Region -> its control there."""
    rows = zip(*(entry.controls for entry in policy.regions.values()), strict=True)
    return tuple(dict(zip(policy.regions, names, strict=True)) for names in rows)


def plan(
    policy: Policy, *, source: str, target: str, controls: Mapping[str, bool], taken: Collection[str] = ()
) -> Plan:
    """Return the plan that moves what `source` carries to `target`.

    Each slice that is On in `source`, or in no Region at all, is On in `target` and Off in `source`. A slice
    that other Regions carry stays as it is, in every Region.
    `controls` is name -> on for every control of the policy (KeyError if one is missing).
    taken: controls that this move has put, or intends to put. Their slices stay part of the goal once they
    are Off in `source`, so the goal is the same from the first wave to the last.
    """
    places = slices(policy)
    moving = [i for i, names in enumerate(places)
              if controls[names[source]] or not any(controls[name] for name in names.values())
              or names[source] in taken or names[target] in taken]  # fmt: skip
    goal = (
        *((places[i][target], True) for i in moving),
        *((places[i][source], False) for i in moving),
    )
    changes = tuple((name, on) for name, on in goal if controls[name] is not on)
    return Plan(source, target, changes, goal, ascii_digest([source, target, goal])[:16])


def homeward(*, source: str, target: str, before: Mapping[str, bool], controls: Mapping[str, bool]) -> Plan:
    """Return the plan that puts every control back to where it was `before`.

    before: the controls before traffic left `source` for `target`.
    """
    goal = tuple(before.items())
    changes = tuple((name, on) for name, on in goal if controls[name] is not on)
    return Plan(source, target, changes, goal, ascii_digest(["home", source, target, goal])[:16])


def homecoming(
    policy: Policy,
    *,
    source: str,
    target: str,
    home: Mapping[str, bool],
    away: Collection[str],
    controls: Mapping[str, bool],
) -> Plan:
    """Return the plan that puts `source` back as at `home`, slice by slice.

    Of other Regions none is turned on. Those that only stand in (they are Off at home) are turned off for
    each slice that comes home, but for as many as Regions of `away` are still missing there; the carrier
    `target` is turned off first. So does `source` stay On where it stands in for another itself.

    ```
    home: slice 1 East, slice 2 West; both were left for Other     East comes home: 1 East, 2 Other
    ```
    """
    goal: list[Change] = []
    for names in slices(policy):
        mine = names[source]
        left = (name for region, name in names.items() if region in away and region != source)
        missing = sum(home.get(name, False) and not controls[name] for name in left)
        others_first = (names[region] for region in sorted(names, key=lambda region: region == target))
        standing_in = [name for name in others_first if home.get(name) is False and controls[name]]
        kept = standing_in[:missing]
        if home.get(mine, controls[mine]):
            goal.append((mine, True))
            goal += [(n, False) for n in names.values() if home.get(n) is False and n not in kept]
        elif mine not in kept and any(home.get(name) and controls[name] for name in names.values()):
            goal.append((mine, False))
    changes = tuple((name, on) for name, on in goal if controls[name] is not on)
    return Plan(source, target, changes, tuple(goal), ascii_digest(["home", source, target, goal])[:16])


def next_wave(
    policy: Policy, whole: Plan, waves: Sequence[int] | None, done: int, under_way: Sequence[str] = ()
) -> Plan:
    """Return the part of a plan that the wave after `done` waves moves.

    ```
    waves [1, 1, 2], eight changes in four slices:   done 0 -> slice a   1 -> slice b   2 -> slices c, d
    ```
    under_way: controls of the wave that has begun. What is left of that wave moves, and no other slice moves
    before it is verified, also where it is all applied and nobody recorded that. `waves` of the result are
    this part and those that follow it.
    """
    place = {name: i for entry in policy.regions.values() for i, name in enumerate(entry.controls)}
    left = sorted({place.get(name, len(place)) for name, _ in whole.changes})
    begun = {place.get(name) for name in under_way}
    parts = _parts(left, waves, done, [i for i in left if i in begun] if begun else None)
    number = {i: n for n, part in enumerate(parts) for i in part}
    changes: list[list[Change]] = [[] for _ in parts]
    for change in whole.changes:
        changes[number[place.get(change[0], len(place))]].append(change)
    every = tuple(map(tuple, changes)) or ((),)
    follow = sum(map(len, parts[1:]))
    return replace(whole, changes=every[0], left=follow, waves=every)


def _parts(
    left: Sequence[int], waves: Sequence[int] | None, done: int, begun: list[int] | None
) -> list[Sequence[int]]:
    """Return the slices of each wave.

    begun: those that are left of the wave under way, if one is.
    """
    if waves is None:
        return [left]
    parts: list[Sequence[int]] = [] if begun is None else [begun]
    rest = [i for i in left if begun is None or i not in begun]
    while rest:
        many = waves[min(done + len(parts), len(waves) - 1)]
        parts.append(rest[:many])
        rest = rest[many:]
    return parts


def whole_plan(plan: Plan) -> WholePlan:
    """Return the plan with all its waves, as people are asked about it."""
    changing = {name for name, _ in plan.changes} | {name for wave in plan.waves for name, _ in wave}
    stays = turned(change for change in plan.goal if change[0] not in changing)
    waves = plan.waves or (plan.changes,)
    return WholePlan(plan.source, plan.target, tuple(turned(wave) for wave in waves if wave), stays)


def calls(policy: Policy, changes: Sequence[Change], batch: int = BATCH) -> tuple[tuple[Change, ...], ...]:
    """Return the changes as calls, all changes of a slice in one.

    ```
    nine slices of two changes:   [On 1..5, Off 1..5] [On 6..9, Off 6..9]
    ```
    So between two calls a slice stands as before or as after, and never in two Regions because of us: a rule
    that allows exactly one would refuse that. Slices that are turned on somewhere come first, so that no
    Region goes dark before the one that takes over serves.
    A slice with more changes than fit (eleven Regions or more) is split On before Off: it is On somewhere
    between the calls, and an exactly-one rule refuses the second Region.
    """
    place = {name: i for i, names in enumerate(slices(policy)) for name in names.values()}
    for name, _ in changes:
        place.setdefault(name, len(place))  # of another policy: it goes by itself
    groups: dict[int, list[Change]] = {}
    for name, on in sorted(changes, key=lambda change: (place[change[0]], not change[1])):
        groups.setdefault(place[name], []).append((name, on))
    found: list[tuple[Change, ...]] = []
    for group in sorted(groups.values(), key=lambda group: not group[0][1]):
        if found and len(found[-1]) + len(group) <= batch:
            found[-1] += tuple(group)
        elif len(group) <= batch:
            found.append(tuple(group))
        else:
            parts = [[c for c in group if c[1]], [c for c in group if not c[1]]]
            found += [tuple(part[i : i + batch]) for part in parts for i in range(0, len(part), batch)]
    return tuple(tuple(sorted(call, key=lambda change: not change[1])) for call in found)


def after(controls: Mapping[str, bool], changes: Sequence[Change]) -> dict[str, bool]:
    return {**controls, **dict(changes)}


def below_floor(policy: Policy, controls: Mapping[str, bool]) -> str | None:
    """Return the reason that these states must never stand, or None.

    Each slice must be On somewhere, and enough Regions must be On. A control whose state is not known does
    not count as On.
    """
    regions = {region: entry.controls for region, entry in policy.regions.items()}
    slices = len(next(iter(regions.values())))
    for index in range(slices):
        if not any(controls.get(names[index], False) for names in regions.values()):
            return f"slice {index + 1} would be On in no Region"
    serving = [
        region for region, names in regions.items() if any(controls.get(name, False) for name in names)
    ]
    if len(serving) < policy.limits.min_regions_on:
        return f"{len(serving)} Regions would be On, minRegionsOn is {policy.limits.min_regions_on}"
    return None


def where_it_stands(policy: Policy, stand: Mapping[str, bool]) -> str:
    """Return a sentence that says which Region carries how many slices.

    The slices are named where they are neither all nor none.
    """
    parts = []
    for region, entry in policy.regions.items():
        on = [name for name in entry.controls if stand.get(name, False)]
        named = f" ({', '.join(on)})" if 0 < len(on) < len(entry.controls) else ""
        parts.append(f"{region} carries {len(on)} of {len(entry.controls)} slices{named}")
    return f"It stands as it is: {', '.join(parts)}."


def may_carry(
    policy: Policy, region: str, controls: Mapping[str, bool] | None, stand: Mapping[str, bool]
) -> bool:
    """Return True where a Region carries traffic, or nobody knows that it does not.

    controls: as read; None: go by `stand`, the journal's. What neither knows counts as On here, since a
    Region that may serve must not be forgotten; a plan and the floor (`serving`) count it as Off.
    """
    known = stand if controls is None else controls
    return any(known.get(name, True) for name in policy.regions[region].controls)


def serving(policy: Policy, region: str, controls: Mapping[str, bool]) -> int:
    """Count the controls of a Region that are On."""
    entry = policy.regions.get(region)
    return sum(controls.get(name, False) for name in entry.controls) if entry else 0


def regions_on(policy: Policy, controls: Mapping[str, bool]) -> list[str]:
    """Return the Regions of which any control is On."""
    return [region for region in policy.regions if serving(policy, region, controls)]


def last_on(policy: Policy, region: str, controls: Mapping[str, bool]) -> str | None:
    """Return why one person alone may not leave a Region, or None.

    It is that no other is On. A Region that fails is another matter: it is left by itself as any other.
    """
    if regions_on(policy, controls) != [region]:
        return None
    return (
        f"{region} is the last Region that is On; bring another home first, or let a second person agree: "
        f"`tidegate evacuate {region} --despite target-not-ready`"
    )
