"""Every interruption of every plan: whatever stands, each slice is On somewhere, and the goal is reached."""

import itertools
import random
from collections.abc import Iterator, Mapping

import pytest

from controller.core.decision.plan import BATCH, after, below_floor, calls, plan, serving
from controller.core.model import Plan
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


def interruptions(policy: Policy, found: Mapping[str, bool], wanted: Plan) -> Iterator[dict[str, bool]]:
    """What stands after each of the plan's calls: a call is applied whole or not at all."""
    now = dict(found)
    for call in calls(policy, wanted.changes):
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
            taken = [name for name, _ in wanted.changes]
            for now in interruptions(policy, found, wanted):
                assert below_floor(policy, now) is None
                again = plan(policy, source=source, target=target, controls=now, taken=taken)
                assert again.digest == wanted.digest
                end = after(now, again.changes)
                assert all(end[name] is on for name, on in wanted.goal)
                assert serving(policy, source, end) == 0
            assert not plan(
                policy, source=source, target=target, controls=after(found, wanted.changes)
            ).changes


def test_what_another_region_carries_stays_there() -> None:
    """Found: all slices of the target were turned On, so one that is at home elsewhere was On twice."""
    policy = estate(3, 3)
    home = {0: EAST, 1: WEST, 2: OTHER}
    found = {name: home[int(name[-1])] == name[:-2] for e in policy.regions.values() for name in e.controls}
    wanted = plan(policy, source=EAST, target=WEST, controls=found)
    assert set(wanted.goal) == {(f"{EAST}_0", False), (f"{WEST}_0", True)}


def test_a_slice_that_is_on_nowhere_is_taken_along() -> None:
    policy = estate(2, 2)
    found = {f"{EAST}_0": True, f"{EAST}_1": False, f"{WEST}_0": True, f"{WEST}_1": False}
    wanted = plan(policy, source=EAST, target=WEST, controls=found)
    assert set(wanted.changes) == {(f"{EAST}_0", False), (f"{WEST}_1", True)}


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


def test_a_call_holds_whole_slices_and_as_many_as_fit() -> None:
    policy = estate(2, 12)
    assert calls(policy, ()) == ()
    pairs = [((f"{WEST}_{n}", True), (f"{EAST}_{n}", False)) for n in range(12)]
    mixed = [change for pair in pairs for change in pair]
    random.Random(1).shuffle(mixed)
    five, ten, rest = calls(policy, mixed)
    assert five == (*(on for on, _ in pairs[:5]), *(off for _, off in pairs[:5]))
    assert (len(ten), len(rest)) == (10, 4)
    three = estate(3, 4)
    home = [(f"{region}_{n}", region == EAST) for region in REGIONS for n in range(4)]
    assert [len(call) for call in calls(three, home)] == [9, 3]


def test_slices_that_are_only_turned_off_come_last_so_that_enough_regions_serve_between_calls() -> None:
    changes = [(f"{EAST}_{n}", False) for n in range(11)] + [(f"{WEST}_11", True), (f"{EAST}_11", False)]
    assert {(f"{WEST}_11", True), (f"{EAST}_11", False)} <= set(calls(estate(2, 12), changes)[0])


def test_a_slice_with_more_changes_than_a_call_holds_is_split_on_before_off() -> None:
    policy = estate(3, 2)
    first = [(f"{EAST}_0", False), (f"{WEST}_0", False), (f"{OTHER}_0", True)]
    second = [(f"{EAST}_1", False), (f"{WEST}_1", True)]
    assert calls(policy, first + second, batch=2) == (
        ((f"{OTHER}_0", True),),
        ((f"{EAST}_0", False), (f"{WEST}_0", False)),
        ((f"{WEST}_1", True), (f"{EAST}_1", False)),
    )


def test_the_floor_counts_slices_and_regions() -> None:
    policy = estate(3, 2, floor=2)
    every = dict.fromkeys([name for entry in policy.regions.values() for name in entry.controls], True)
    assert below_floor(policy, every) is None
    alone = {name: name.startswith(WEST) for name in every}
    assert below_floor(policy, alone) == "1 Regions would be On, minRegionsOn is 2"


def test_a_control_that_cannot_be_read_makes_no_plan() -> None:
    with pytest.raises(KeyError):
        plan(estate(2, 2), source=EAST, target=WEST, controls={})
