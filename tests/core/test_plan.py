"""Every interruption of every plan: whatever stands, each slice is On somewhere, and the goal is reached."""

import itertools
import random
from collections.abc import Iterator, Mapping

import pytest

from controller.core.decision.plan import BATCH, Change, after, below_floor, calls, plan, serving
from controller.core.policy.schema import Limits, Policy, RegionControls
from tests.support.policy_scene import EAST, OTHER, WEST, storefront

REGIONS = (EAST, WEST, OTHER)
SHIPPED = storefront()


def estate(regions: int, slices: int, floor: int = 1) -> Policy:
    """A policy with `regions` Regions of `slices` controls each, named like `us-east-1_3`."""
    entries = {
        region: RegionControls(controls=tuple(f"{region}_{number}" for number in range(slices)))
        for region in REGIONS[:regions]
    }
    limits = Limits.model_construct(min_regions_on=floor, cooldown=3600.0, evacuations_per_day=2)
    return SHIPPED.model_copy(update={"regions": entries, "limits": limits})


def states(policy: Policy, rng: random.Random) -> Iterator[dict[str, bool]]:
    """All that the safety rules allow where there are few, else a sample, the extremes among it."""
    names = [name for entry in policy.regions.values() for name in entry.controls]
    if len(names) <= 8:
        some = (
            dict(zip(names, on, strict=True)) for on in itertools.product((True, False), repeat=len(names))
        )
    else:
        some = (
            {name: rng.random() < share for name in names} for share in (0.3, 0.5, 0.7) for _ in range(12)
        )
    extremes = [dict.fromkeys(names, True)]
    extremes += [{n: n in entry.controls for n in names} for entry in policy.regions.values()]
    return (found for found in itertools.chain(extremes, some) if below_floor(policy, found) is None)


def interruptions(found: Mapping[str, bool], changes: tuple[Change, ...]) -> Iterator[dict[str, bool]]:
    """What stands after each of the plan's calls: a call is applied whole or not at all."""
    now = dict(found)
    for call in calls(changes):
        now = after(now, call)
        yield now


@pytest.mark.parametrize(
    ("regions", "slices"), [(2, n) for n in range(1, 13)] + [(3, n) for n in range(1, 13)]
)
def test_after_every_call_each_slice_is_on_somewhere_and_a_new_plan_from_there_reaches_the_goal(
    regions: int, slices: int
) -> None:
    policy, rng = estate(regions, slices), random.Random(slices)
    pairs = list(itertools.permutations(policy.regions, 2))
    for found in states(policy, rng):
        for source, target in pairs if slices < 4 else rng.sample(pairs, 2):
            wanted = plan(policy, source=source, target=target, controls=found)
            for now in interruptions(found, wanted.changes):
                assert below_floor(policy, now) is None
                again = plan(policy, source=source, target=target, controls=now)
                assert again.digest == wanted.digest
                end = after(now, again.changes)
                assert all(end[name] is on for name, on in wanted.goal)
                assert serving(policy, source, end) == 0
            assert not plan(
                policy, source=source, target=target, controls=after(found, wanted.changes)
            ).changes


def test_off_before_on_would_break_it_so_this_test_can_fail() -> None:
    policy = estate(2, 12)
    found = {name: name.startswith(EAST) for entry in policy.regions.values() for name in entry.controls}
    wanted = plan(policy, source=EAST, target=WEST, controls=found)
    wrong = sorted(wanted.changes, key=lambda change: change[1])
    assert below_floor(policy, after(found, wrong[:BATCH])) == "slice 1 would be On in no Region"


def test_other_regions_stay_as_they_are() -> None:
    policy = estate(3, 2)
    found = {name: name.endswith("0") for entry in policy.regions.values() for name in entry.controls}
    wanted = plan(policy, source=EAST, target=WEST, controls=found)
    assert not any(name.startswith(OTHER) for name, _ in wanted.changes)


def test_what_fits_goes_in_one_call_and_more_goes_on_before_off() -> None:
    ten = tuple((str(number), number % 2 == 0) for number in range(BATCH))
    assert calls(ten) == (ten,)
    assert calls(()) == ()
    many = [(str(number), number % 2 == 0) for number in range(44)]
    assert [[on for _, on in call] for call in calls(many)] == [
        [True] * 10, [True] * 10, [True] * 2, [False] * 10, [False] * 10, [False] * 2,
    ]  # fmt: skip


def test_the_floor_counts_slices_and_regions() -> None:
    policy = estate(3, 2, floor=2)
    every = dict.fromkeys([name for entry in policy.regions.values() for name in entry.controls], True)
    assert below_floor(policy, every) is None
    alone = {name: name.startswith(WEST) for name in every}
    assert below_floor(policy, alone) == "1 Regions would be On, minRegionsOn is 2"


def test_a_control_that_cannot_be_read_makes_no_plan() -> None:
    with pytest.raises(KeyError):
        plan(estate(2, 2), source=EAST, target=WEST, controls={})
