"""Waves, coming home, and turning back: the plans and the decisions."""

from dataclasses import replace
from typing import Any

import pytest

from controller.core.decision.decide import Situation, decide, may_open
from controller.core.decision.guards import GuardInput
from controller.core.decision.plan import after, below_floor, homecoming, homeward, next_wave, plan
from controller.core.decision.restore import must_turn
from controller.core.evidence.evaluation import view
from controller.core.incident.fold import fold
from controller.core.incident.state import State
from controller.core.journal.event import Event, seal
from controller.core.journal.kind import Kind
from controller.core.model import Truth
from controller.core.policy.schema import Policy
from tests.support.policy_scene import (
    ACCOUNT,
    CONFIRMED,
    EAST,
    OPENED,
    OTHER,
    T0,
    WEST,
    all_on,
    dark_east,
    evidence,
    journal,
    later,
    loaded,
    policy_data,
    situation,
    state,
    storefront,
)

FREE = {"evacuate": policy_data()["evacuate"] | {"approval": "none"}}
WELL = {"in": "source", "family": "all", "is": "healthy", "for": "5m"}
HOME: dict[str, Any] = {
    **FREE,
    "limits": {"minRegionsOn": 1, "cooldown": "5m", "evacuationsPerDay": 5},
    "restore": {"when": WELL, "approval": "none", "waves": [1, 1, 2]},
}
POLICY = storefront(**HOME)
EASTERN, WESTERN = POLICY.regions[EAST].controls, POLICY.regions[WEST].controls
BEFORE = dict.fromkeys(WESTERN, True) | dict.fromkeys(EASTERN, True)
LEFT = (
    OPENED,
    CONFIRMED,
    (Kind.SHIFT_INTENDED, {"changes": [[name, False] for name in EASTERN], "before": BEFORE}),
    (Kind.SHIFT_APPLIED, {"states": dict.fromkeys(EASTERN, False)}),
    (Kind.SHIFT_VERIFIED, {}),
    (Kind.SETTLED, {}),
)


@pytest.mark.parametrize(
    ("waves", "sizes"),
    [((1, 1, 2), [1, 1, 2]), ((1,), [1, 1, 1, 1]), ((4,), [4]), ((3,), [3, 1]), (None, [4]), ((9,), [4])],
)
def test_waves_move_whole_slices_until_none_is_left(waves: tuple[int, ...] | None, sizes: list[int]) -> None:
    controls, moved = all_on(POLICY, WEST), []
    while True:
        whole = plan(POLICY, source=EAST, target=WEST, controls=controls)
        if not whole.changes:
            break
        part = next_wave(POLICY, whole, waves, len(moved))
        controls = after(controls, part.changes)
        assert below_floor(POLICY, controls) is None
        moved.append(len({name[-1] for name, _ in part.changes}))
        assert part.left == 4 - sum(moved)
        assert part.digest == whole.digest
    assert moved == sizes


def test_home_is_where_everything_was_before_and_not_merely_on() -> None:
    before = {"use1-a": True, "use1-b": False, "usw2-a": False, "usw2-b": True}
    controls = {"use1-a": False, "use1-b": False, "usw2-a": True, "usw2-b": True}
    home = homeward(source=EAST, target=WEST, before=before, controls=controls)
    assert dict(home.changes) == {"use1-a": True, "usw2-a": False}


def away(**changes: Any) -> Any:
    """us-east-1 was left ten minutes ago and everything is well again."""
    events = journal(loaded(POLICY), *LEFT)
    calm = later(evidence(POLICY, {}, calm="H" * 20), 600)
    found = situation(POLICY, state=fold("storefront", events), evidence=calm, controls=all_on(POLICY, EAST))
    return replace(found, now=T0 + 605, **changes)


def test_a_region_that_was_left_comes_home_in_its_first_wave() -> None:
    decision = decide(away(), EAST)
    assert (decision.code, decision.action, decision.intent) == ("restore", "act", "restore")
    assert decision.plan is not None
    assert decision.plan.changes == (("use1-a", True),)
    assert decision.plan.left == 3
    assert may_open(decision)


def test_it_stays_away_until_it_has_been_well_for_long_enough_and_names_the_leaf() -> None:
    flapping = later(evidence(POLICY, {("checkout", EAST, OTHER): "H" * 15 + "B" + "H" * 4}), 600)
    decision = decide(away(evidence=flapping), EAST)
    assert (decision.code, decision.action) == ("away", "none")
    assert decision.tree is not None
    assert decision.tree.path == "restore.when"
    assert "needs 4 for 5m00s" in decision.tree.sentence
    assert not may_open(decision)


def test_what_is_not_known_brings_nothing_home() -> None:
    dim = later(evidence(POLICY, {("5xx", EAST, ""): "HHHH----"}), 600)
    decision = decide(away(evidence=dim), EAST)
    assert (decision.code, decision.action) == ("unknown", "none")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"controls": None}, "switch-unavailable"),
        ({"state": state(POLICY, *LEFT, (Kind.DISARMED, {"reason": "x"}))}, "disarmed"),
    ],
)
def test_guards_of_the_way_home(changes: dict[str, Any], code: str) -> None:
    decision = decide(away(**changes), EAST)
    assert (decision.code, decision.action) == (code, "hold")
    assert not may_open(decision)


def test_the_cooldown_binds_the_controller_and_not_a_person() -> None:
    slow = storefront(**HOME | {"limits": HOME["limits"] | {"cooldown": "1h"}})
    early = away(policy=slow, state=state(slow, *LEFT))
    assert decide(early, EAST).code == "cooldown"
    assert decide(replace(early, state=_asked_home(slow)), EAST).action == "act"


def _asked_home(policy: Policy) -> State:
    """A person asked for the Region that was left to come home."""
    restore = (Kind.RESTORE_OPENED, {"source": EAST, "target": WEST, "of": "storefront-us-east-1-2",
                                     "before": BEFORE, "requested_by": "ana"})  # fmt: skip
    events = journal(loaded(policy), *LEFT)
    more = journal(loaded(policy), *LEFT, restore)
    return fold("storefront", [*events, replace(more[-1], draft=replace(more[-1].draft, incident="back"))])


def test_a_window_binds_the_controller_on_the_way_home_and_not_a_person() -> None:
    window = {"cron": "0 8 * * *", "for": "1h", "reason": "release"}
    shut = storefront(**HOME | {"timezone": "UTC", "limits": HOME["limits"] | {"blackout": [window]}})
    early = away(policy=shut, state=state(shut, *LEFT))
    decision = decide(early, EAST)
    assert (decision.code, decision.action) == ("blackout", "hold")
    assert "release, until 2027-01-15T09:00:00Z" in decision.reason
    assert not may_open(decision)
    assert decide(replace(early, now=T0 + 3601, evidence=later(early.evidence, 3000)), EAST).code == "restore"
    assert decide(replace(early, state=_asked_home(shut)), EAST).action == "act"


def test_a_region_is_away_until_its_restore_has_settled() -> None:
    assert state(POLICY, *LEFT).away(EAST) is not None
    assert state(POLICY, *LEFT).away(WEST) is None
    assert state(POLICY, OPENED).away(EAST) is None


def left(source: str, target: str, before: dict[str, bool]) -> tuple[tuple[Kind, dict[str, Any]], ...]:
    """An evacuation that settled. before: the controls right before it."""
    went = dict.fromkeys(POLICY.regions[source].controls, False)
    went |= dict.fromkeys(POLICY.regions[target].controls, True)
    changes = [[name, on] for name, on in went.items() if before[name] is not on]
    return (
        (Kind.INCIDENT_OPENED, {"source": source}),
        (Kind.CONFIRMED, {"target": target}),
        (Kind.SHIFT_INTENDED, {"changes": changes, "before": before}),
        (Kind.SHIFT_APPLIED, {"states": went}),
        (Kind.SHIFT_VERIFIED, {}),
        (Kind.SETTLED, {}),
    )


def there_and_back(home: dict[str, bool]) -> Situation:
    """us-east-1 was left for us-west-2, and that an hour later for us-east-1; then all is well."""
    west = home | dict.fromkeys(EASTERN, False) | dict.fromkeys(WESTERN, True)
    east = home | dict.fromkeys(EASTERN, True) | dict.fromkeys(WESTERN, False)
    events: list[Event] = []
    for number, moved in enumerate((left(EAST, WEST, home), left(WEST, EAST, west))):
        chain = journal(loaded(POLICY), *moved)
        for event in chain if not events else chain[1:]:
            draft = replace(event.draft, at=event.draft.at + 3600 * number - 3600, id=f"{number}-{event.seq}")
            if draft.incident is not None:
                draft = replace(draft, incident=f"incident-{number}")
            events.append(seal("storefront", draft, events[-1] if events else None))
    calm = later(evidence(POLICY, {}, calm="H" * 20), 600)
    return replace(away(evidence=calm, state=fold("storefront", events)), controls=east)


@pytest.mark.parametrize(
    ("home", "elsewhere"),
    [(BEFORE, True), (BEFORE | dict.fromkeys(WESTERN, False), False)],
    ids=["active-active", "active-passive"],
)
def test_a_region_that_serves_again_is_not_away_whoever_brought_it_back(
    home: dict[str, bool], elsewhere: bool
) -> None:
    """Found: the restore of the first turned the second on again, dark as it was."""
    found = there_and_back(home)
    assert found.state is not None
    assert found.state.away(EAST) is None
    assert decide(found, EAST).code == "healthy"
    assert (found.state.away(WEST) is not None) is elsewhere
    second = decide(found, WEST)
    if elsewhere:  # it comes home, and what serves meanwhile stays on
        assert second.plan is not None
        assert set(second.plan.changes) == {("usw2-a", True)}
    else:
        assert second.code == "healthy"


def test_the_cooldown_on_the_way_home_runs_from_the_last_move_of_all() -> None:
    found = there_and_back(BEFORE)
    quiet = storefront(**HOME | {"limits": HOME["limits"] | {"cooldown": "65m"}})
    assert found.state is not None
    moved = replace(found.state, stand=found.state.stand | dict.fromkeys(EASTERN, False))  # still away
    left_first = decide(replace(found, state=replace(moved, policy=quiet.digest), policy=quiet), EAST)
    assert left_first.code == "cooldown"


def test_who_only_stood_in_is_turned_off_as_each_slice_comes_home() -> None:
    home = BEFORE | dict.fromkeys(WESTERN, False)
    controls = home | dict.fromkeys(EASTERN, False) | dict.fromkeys(WESTERN, True)
    back = homecoming(POLICY, source=EAST, target=WEST, home=home, away=(), controls=controls)
    assert set(back.changes) == {(n, True) for n in EASTERN} | {(n, False) for n in WESTERN}


def test_who_also_stands_in_for_another_region_that_is_away_stays_on() -> None:
    third = storefront(**HOME | {"regions": {
        EAST: {"controls": ["use1-a", "use1-b"]}, WEST: {"controls": ["usw2-a", "usw2-b"]},
        OTHER: {"controls": ["use2-a", "use2-b"]}}})  # fmt: skip
    home = {"use1-a": True, "use1-b": True, "usw2-a": True, "usw2-b": False, "use2-a": False, "use2-b": False}
    controls = dict.fromkeys(home, False) | {"use2-a": True, "use2-b": True}

    def back(source: str, away: str) -> set[tuple[str, bool]]:
        found = homecoming(third, source=source, target=OTHER, home=home, away=(away,), controls=controls)
        return set(found.changes)

    # Slice a is at home in both Regions: it stays On in the third until the second is back as well.
    assert back(EAST, WEST) == {("use1-a", True), ("use1-b", True), ("use2-b", False)}
    assert back(WEST, EAST) == {("usw2-a", True)}


DRILLS = {"stay": "5m", "abortWhen": [{"in": "target", "family": "customer", "is": "breaching"}]}
DRILLED = (
    (Kind.DRILL_OPENED, {"source": EAST, "requested_by": "ana"}),
    CONFIRMED,
    *LEFT[2:5],
)


def drilling(seen: dict[str, Any], *, seconds: float) -> tuple[str, str] | None:
    policy = storefront(**FREE | {"drills": DRILLS})
    held = state(policy, *DRILLED)
    assert held.open is not None
    found = GuardInput(
        policy, EAST, T0 + seconds, OTHER, held, held.open,
        view(policy, ACCOUNT, seen, T0 + seconds), all_on(policy, EAST),
    )  # fmt: skip
    return must_turn(found, held.open)


def test_a_drill_stays_and_then_goes_home() -> None:
    calm = evidence(POLICY, {})
    assert drilling(calm, seconds=100) is None
    assert drilling(later(calm, 300), seconds=301) == ("succeeded", "stayed in us-west-2 for 5m01s")


def test_a_drill_goes_home_at_once_when_its_target_falls_ill() -> None:
    turn = drilling(evidence(POLICY, {("checkout", WEST, OTHER): "HHHHHHHHHHBB"}), seconds=10)
    assert turn is not None
    assert turn[0] == "failed"


def turned_back(**changes: Any) -> Situation:
    """A drill that failed, at the moment in which its Region has to come home."""
    policy = storefront(**FREE | {"drills": DRILLS} | changes)
    turned = (*DRILLED, (Kind.TURNED_BACK, {"outcome": "failed", "reason": "x"}))
    nothing_known = {("checkout", WEST, OTHER): "HHHHHHHHHHHH", ("checkout", EAST, ""): "------------"}
    return situation(policy, state=state(policy, *turned), evidence=evidence(policy, nothing_known),
                     controls=all_on(policy, EAST))  # fmt: skip


def test_turned_back_neither_evidence_nor_people_are_asked() -> None:
    decision = decide(turned_back(), EAST)
    assert (decision.code, decision.action) == ("going-home", "act")
    assert decision.plan is not None
    assert dict(decision.plan.changes) == dict.fromkeys(EASTERN, True)
    assert [c.guard for c in decision.checks if c.value is Truth.TRUE] == [
        "armed",
        "policy",
        "not cut off",
        "eligible",
        "floor",
        "takes back",
    ]


def test_turned_back_nothing_is_brought_into_a_region_that_must_be_left() -> None:
    decision = decide(replace(turned_back(), evidence=dark_east(POLICY)), EAST)
    assert (decision.code, decision.action) == ("target-failing", "hold")


def test_turned_back_while_cut_off_or_in_shadow_nothing_moves() -> None:
    """Found: a controller that heard of nobody, and one in shadow, turned controls on."""
    home = turned_back()
    alone = decide(replace(home, evidence={}), EAST)
    assert (alone.code, alone.action) == ("cut-off", "hold")
    watching = decide(turned_back(enforcement="shadow"), EAST)
    assert (watching.code, watching.action) == ("shadow", "hold")


def test_a_drill_is_no_evacuation_of_the_day_and_starts_no_cooldown() -> None:
    ended = state(POLICY, *DRILLED, (Kind.TURNED_BACK, {"outcome": "succeeded"}), (Kind.SETTLED, {}))
    assert ended.shifted == ()
    assert ended.last_moved() is None
    assert ended.away(EAST) is None
