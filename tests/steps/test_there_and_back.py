"""S20: three Regions, slices at home in different ones, and rules that allow each slice one Region."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from controller.core.decision import decide, plan, restore
from controller.core.journal.kind import Kind
from controller.core.model import Plan
from controller.core.policy.schema import Policy
from controller.rehearsal.services.arc.safety_rules import SafetyRule, rule_arn
from controller.steps.operator import break_glass, commands
from controller.steps.workflow import shift_traffic
from tests.steps.application_shapes import THIRD, sliced
from tests.support.policy_scene import EAST, WEST, policy_data
from tests.support.world import FREE, World, world

Patch = pytest.MonkeyPatch
WHY = {"who": "ana", "reason": "because"}
REGIONS = (EAST, WEST, THIRD)
IN_TURN = [1, 1, 2]


def estate(slices: int, waves: Sequence[int] | None = None) -> World:
    """Slice n is at home in Region n modulo three, and a rule lets it be On in exactly one."""
    when = {"in": "source", "family": "all", "is": "healthy", "for": "2h"}
    sizes = {} if waves is None else {"waves": list(waves)}
    regions = sliced(slices, THIRD)["regions"]
    regions[THIRD] |= {"target": {"prefer": [EAST, WEST]}}
    w = world(
        regions=regions,
        target=policy_data()["target"] | {"prefer": [WEST, THIRD, EAST]},
        evacuate=FREE | sizes,
        restore={"when": when, "approval": "none", **sizes},
        limits=policy_data()["limits"] | {"evacuationsPerDay": 9},
    )
    arc, rows = w.stage.cloud.arc, plan.slices(w.stage.policy)
    arc._start({names[r]: r == REGIONS[n % 3] for n, names in enumerate(rows) for r in REGIONS}, {})
    for number, names in enumerate(rows):
        once = SafetyRule(f"once-{number}", rule_arn(arc.panel, 50 + number), tuple(names.values()),
                          threshold=2, inverted=True)  # fmt: skip
        arc.add_rule(once)
    w.advance(70)  # a tick has seen how it stands
    return w


def ended(w: World) -> bool:
    return w.until(lambda: w.state.open is None, 1200)


def leave(w: World, region: str) -> bool:
    done = commands.evacuate(w.hand, region, **WHY)
    assert done.done, done.sentence
    return ended(w)


def come_home(w: World, region: str) -> bool:
    done = commands.restore(w.hand, region, **WHY)
    assert done.done, done.sentence
    return ended(w)


def refused(w: World) -> list[str]:
    return [page for page in w.pages if "refused" in page]


@pytest.mark.parametrize("waves", [None, IN_TURN], ids=["at once", "in waves"])
@pytest.mark.parametrize("slices", [3, 18])
def test_a_region_is_left_and_returns_and_every_control_stands_as_before(
    slices: int, waves: list[int] | None
) -> None:
    w = estate(slices, waves)
    home = w.controls
    assert leave(w, EAST)
    assert w.controls == home | {
        name: region == WEST for names in plan.slices(w.stage.policy)[::3] for region, name in names.items()
    }
    assert come_home(w, EAST)
    assert w.controls == home
    assert (refused(w), w.count(Kind.SHIFT_REFUSED)) == ([], 0)


@pytest.mark.parametrize("waves", [None, IN_TURN], ids=["at once", "in waves"])
@pytest.mark.parametrize("order", [(EAST, WEST), (WEST, EAST)], ids=["first first", "last first"])
def test_two_regions_are_left_and_return_in_either_order(
    order: tuple[str, str], waves: list[int] | None
) -> None:
    w = estate(6, waves)
    home = w.controls
    assert leave(w, EAST)
    assert leave(w, WEST)
    assert [name for name, on in w.controls.items() if on] == list(w.stage.policy.regions[THIRD].controls)
    for region in order:
        assert come_home(w, region)
        own = [name for name in w.stage.policy.regions[region].controls if home[name]]
        assert all(w.controls[name] for name in own)
    assert w.controls == home
    assert (refused(w), w.count(Kind.SHIFT_REFUSED)) == ([], 0)


def test_a_region_that_carries_for_another_is_left_and_left_again_and_all_come_home() -> None:
    """Found: a Region that was left a second time was at home once what it then carried was On again."""
    w = estate(6)
    home = w.controls
    for region in (EAST, THIRD, EAST):
        assert leave(w, region)
    assert [name for name, on in w.controls.items() if on] == list(w.stage.policy.regions[WEST].controls)
    for region in (EAST, THIRD):
        assert come_home(w, region)
    assert w.controls == home


@pytest.mark.parametrize("waves", [None, IN_TURN], ids=["at once", "in waves"])
def test_a_drill_ends_as_it_began(waves: list[int] | None) -> None:
    w = estate(6, waves)
    home = w.controls
    done = commands.drill(w.hand, WEST, **WHY)
    assert done.done, done.sentence
    assert w.until(lambda: w.state.open is None, 7200, step=30)
    assert w.count(Kind.TURNED_BACK) == 1
    assert len(w.moves) == 8
    assert w.controls == home
    assert refused(w) == []


def glass(w: World, source: str, target: str) -> break_glass.Outcome:
    outlook = break_glass.plan_move(w.stage.policy, w.hand.switch, source=source, target=target)
    assert outlook.refusal is None
    return break_glass.move(
        w.stage.policy, w.hand.switch, w.hand.runtime, outlook, lambda body: str(body["stage"])
    )


@pytest.mark.parametrize("slices", [6, 18])
def test_break_glass_takes_what_the_region_carries_and_no_rule_refuses_it(slices: int) -> None:
    w = estate(slices)
    home = w.controls
    assert glass(w, EAST, WEST).stage == "applied"
    w.advance(70)
    moved = plan.slices(w.stage.policy)[::3]
    assert w.controls == home | {n: r == WEST for names in moved for r, n in names.items()}


def test_by_break_glass_there_and_back_is_home_where_who_took_over_had_nothing_of_its_own() -> None:
    w = estate(6)
    assert leave(w, WEST)
    found = w.controls
    assert glass(w, EAST, WEST).stage == "applied"
    assert glass(w, WEST, EAST).stage == "applied"
    assert w.controls == found


def test_what_break_glass_moved_on_comes_home_from_where_it_is() -> None:
    w = estate(6)
    home = w.controls
    assert leave(w, EAST)
    assert glass(w, WEST, THIRD).stage == "applied"
    w.advance(70)
    assert come_home(w, EAST)
    east = [n for names in plan.slices(w.stage.policy)[::3] for n in names.values()]
    assert {name: w.controls[name] for name in east} == {name: home[name] for name in east}


def everything(policy: Policy, *, source: str, target: str, controls: Mapping[str, bool], **_: Any) -> Plan:
    """The plan of old: all slices of the target, also those that the source did not carry."""
    real = plan.plan(policy, source=source, target=target, controls=controls)
    goal = (*((name, True) for name in policy.regions[target].controls),
            *((name, False) for name in policy.regions[source].controls))  # fmt: skip
    return replace(real, changes=tuple(c for c in goal if controls[c[0]] is not c[1]), goal=goal)


def torn(_policy: Policy, changes: Sequence[plan.Change]) -> list[Sequence[plan.Change]]:
    """The calls of old: all On before all Off where they do not fit in one."""
    if len(changes) <= plan.BATCH:
        return [changes]
    return [[c for c in changes if c[1] is on] for on in (True, False)]


def by_region(
    policy: Policy, *, source: str, home: Mapping[str, bool], away: Collection[str], **found: Any
) -> Plan:
    """The return of old: no stand-in is turned off before the last Region is home."""
    kept = home if not away else {name: on for name, on in home.items() if on}
    return plan.homecoming(policy, source=source, home=kept, away=away, **found)


def test_s20_without_the_guards_a_rule_refuses_our_own_plan(monkeypatch: Patch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(decide, "plan", everything)
        w = estate(3)
        assert not leave(w, EAST)
        assert refused(w)
    with monkeypatch.context() as patched:
        patched.setattr(shift_traffic, "calls", torn)
        w = estate(18)
        assert not leave(w, EAST)
        assert refused(w)
    monkeypatch.setattr(restore, "homecoming", by_region)
    w = estate(3)
    assert leave(w, EAST)
    assert leave(w, WEST)
    assert not come_home(w, EAST)
    assert refused(w)
