"""S23: the policy that began a move says how it goes on; it and the one in force say whether it may."""

from collections.abc import Callable

import pytest

from controller.core.decision import removal
from controller.core.incident.state import Phase
from controller.core.journal.kind import Kind
from controller.core.model import Verdict
from controller.steps.context.journalling import load_state
from controller.steps.operator import commands
from controller.steps.operator.approve import answer
from tests.steps.policy_change import (
    BEGAN,
    Data,
    Outcome,
    changed,
    codes_told,
    errors,
    in_mid_move,
    loaded,
    outcome,
    policy_of,
    redeploy,
    with_slices,
    without,
)
from tests.support.journal_events import said
from tests.support.policy_scene import EAST, WEST
from tests.support.world import World, deploy, failing
from tests.support.world_faults import Sent

SETTLED, VERIFIED = Phase.SETTLED, Phase.VERIFIED
WINDOW = {"blackout": [{"cron": "* * * * *", "for": "1h", "reason": "release"}]}
ASKED = {"evacuate": {"approval": "oncall"}, "restore": {"approval": "oncall"}}
FAST = {"evacuate": {"waves": [4], "settle": "5m"}, "restore": {"waves": [4], "settle": "5m"}}

TABLE: list[tuple[str, Data, tuple[Outcome, Outcome, Outcome]]] = [
    # What is deployed once the first slice has moved -> how an evacuation, a restore and a drill stand then.
    ("a slice that has moved is gone: the rest moves on, but a drill cannot bring that slice home",
     with_slices("bcd"),
     (Outcome(SETTLED, "", "", "abcd", ()), Outcome(SETTLED, "", "abcd", "abcd", ()),
      Outcome(VERIFIED, "succeeded", "", "abcd", ("policy-removed",)))),
    ("a slice that has not moved is gone: it stops where it is, and people are told",
     with_slices("abc"),
     (Outcome(VERIFIED, "", "bcd", "abcd", ("policy-removed",)),
      Outcome(VERIFIED, "", "a", "abcd", ("policy-removed",)),
      Outcome(VERIFIED, "", "bcd", "abcd", ("policy-removed",)))),
    ("the controls have other names: it stops where it is, and people are told",
     with_slices("abcd", {EAST: "east", WEST: "west"}),
     (Outcome(VERIFIED, "", "bcd", "abcd", ("policy-removed",)),
      Outcome(VERIFIED, "", "a", "abcd", ("policy-removed",)),
      Outcome(VERIFIED, "", "bcd", "abcd", ("policy-removed",)))),
    ("the Region itself is gone: it stops where it is, and people are told",
     without(EAST),
     (Outcome(VERIFIED, "", "bcd", "abcd", ("policy-removed",)),
      Outcome(VERIFIED, "", "a", "abcd", ("policy-removed",)),
      Outcome(VERIFIED, "", "bcd", "abcd", ("policy-removed",)))),
    ("the other Region is gone: it stops where it is, and people are told",
     without(WEST),
     (Outcome(VERIFIED, "", "bcd", "abcd", ("policy-removed",)),
      Outcome(VERIFIED, "", "a", "abcd", ("policy-removed",)),
      Outcome(VERIFIED, "", "bcd", "abcd", ("policy-removed",)))),
    ("other waves and another settle: it goes on in the waves it began with",
     changed(**FAST),
     (Outcome(SETTLED, "", "", "abcd", ()), Outcome(SETTLED, "", "abcd", "abcd", ()),
      Outcome(SETTLED, "succeeded", "abcd", "abcd", ()))),
    ("people must be asked now: they are, before the next slice moves, and silence keeps it where it is",
     changed(**ASKED),
     (Outcome(VERIFIED, "", "bcd", "abcd", ("approval-expired",)),
      Outcome(VERIFIED, "", "a", "abcd", ("approval-expired",)),
      Outcome(VERIFIED, "", "bcd", "abcd", ("approval-expired",)))),
    ("shadow now: it stops where it is, and people are told",
     changed(enforcement="shadow"),
     (Outcome(VERIFIED, "", "bcd", "abcd", ("shadow",)), Outcome(VERIFIED, "", "a", "abcd", ("shadow",)),
      Outcome(VERIFIED, "", "bcd", "abcd", ("shadow",)))),
    ("a window is open now: it stops where it is, and people are told",
     changed(timezone="UTC", limits=WINDOW),
     (Outcome(VERIFIED, "", "bcd", "abcd", ("blackout",)), Outcome(VERIFIED, "", "a", "abcd", ("blackout",)),
      Outcome(VERIFIED, "", "bcd", "abcd", ("blackout",)))),
    ("a longer cooldown: it has begun and is finished",
     changed(limits={"cooldown": "6h", "evacuationsPerDay": 1}),
     (Outcome(SETTLED, "", "", "abcd", ()), Outcome(SETTLED, "", "abcd", "abcd", ()),
      Outcome(SETTLED, "succeeded", "abcd", "abcd", ()))),
]  # fmt: skip


@pytest.mark.parametrize("place", range(3), ids=["evacuate", "restore", "drill"])
@pytest.mark.parametrize(("says", "data", "then"), TABLE, ids=[row[0].partition(":")[0] for row in TABLE])
def test_a_policy_that_is_deployed_in_mid_move(
    says: str, data: Data, then: tuple[Outcome, Outcome, Outcome], place: int
) -> None:
    w = in_mid_move(("evacuate", "restore", "drill")[place])
    redeploy(w, data)
    w.advance(1800)
    assert outcome(w) == then[place], says
    assert errors(w) == []
    assert loaded(w) == [policy_of(BEGAN).digest, policy_of(data).digest]  # in force at once
    assert w.whole


def intents(w: World) -> list[tuple[str, int]]:
    """The policy of each intent, and how many controls it changes."""
    found = [said(e) for e in w.events if e.kind is Kind.SHIFT_INTENDED]
    return [(str(data["policy"])[:8], len(data["changes"])) for data in found]


def test_the_waves_and_the_settle_are_those_of_the_policy_that_began_it() -> None:
    w = in_mid_move("evacuate")
    redeploy(w, changed(**FAST))
    assert w.until(w.has(Kind.SETTLED), 300)
    assert intents(w) == [(policy_of(BEGAN).digest[:8], 1)] * 4


def test_a_looser_policy_lets_nobody_off_who_was_to_be_asked() -> None:
    w = failing(**changed(**ASKED))
    assert w.until(w.has(Kind.APPROVAL_REQUESTED), 200)
    redeploy(w, BEGAN)
    w.advance(120)
    assert w.moves == []
    assert yes(w) == "counted"
    assert w.until(w.has(Kind.SETTLED), 600)
    assert w.count(Kind.APPROVAL_REQUESTED) == 1


def yes(w: World, who: str = "ana") -> str:
    incident = w.state.open
    assert incident is not None
    assert incident.request is not None
    given = answer(w.hand, incident.request.id, who=who, approve=True)
    return "counted" if given.counted else given.sentence


def test_an_approval_of_one_does_not_stand_where_two_must_agree_by_now() -> None:
    w = failing(**changed(**ASKED))
    assert w.until(w.has(Kind.APPROVAL_REQUESTED), 200)
    two = [{"ask": ["group:sre-leads"], "people": 2, "within": "30m"}]
    redeploy(w, changed(**ASKED, approvals={"oncall": two}))
    assert w.until(lambda: w.count(Kind.APPROVAL_REQUESTED) == 2, 200)
    assert yes(w) == "counted"
    w.advance(60)
    assert w.moves == []
    assert yes(w, "ben") == "counted"
    assert w.until(w.has(Kind.SETTLED), 600)


def test_between_two_waves_people_say_yes_and_it_goes_on_to_its_end() -> None:
    w = in_mid_move("evacuate")
    redeploy(w, changed(**ASKED))
    assert w.until(w.has(Kind.APPROVAL_REQUESTED), 200)
    moved = len(w.moves)
    w.advance(60)
    assert len(w.moves) == moved
    assert yes(w) == "counted"
    assert w.until(w.has(Kind.SETTLED), 600)
    assert w.count(Kind.APPROVAL_REQUESTED) == 1


def test_between_two_waves_people_say_no_and_it_stays_where_it_is_until_they_take_it_over() -> None:
    w = in_mid_move("evacuate")
    redeploy(w, changed(**ASKED))
    assert w.until(w.has(Kind.APPROVAL_REQUESTED), 200)
    incident = w.state.open
    assert incident is not None
    assert incident.request is not None
    assert answer(w.hand, incident.request.id, who="ana", approve=False).counted
    w.advance(600)
    assert outcome(w) == Outcome(VERIFIED, "", "bcd", "abcd", ("approval-denied",))
    assert errors(w) == []


@pytest.mark.parametrize("data", [without(EAST), without(WEST)], ids=["its source", "its target"])
def test_what_has_moved_nothing_stands_down_where_its_region_is_gone_and_people_are_told(data: Data) -> None:
    w = failing(**changed(**ASKED))
    assert w.until(w.has(Kind.APPROVAL_REQUESTED), 200)
    redeploy(w, data)
    w.advance(300)
    first = next(iter(w.state.incidents.values()))
    assert first.phase is Phase.STOOD_DOWN
    assert f"{first.id}: stood down" in w.pages
    assert w.moves == []
    assert errors(w) == []


def test_what_was_opened_in_shadow_gives_way_to_a_live_policy_which_leaves_at_once() -> None:
    w = failing(**changed(enforcement="shadow"))
    assert w.until(w.has(Kind.INCIDENT_OPENED), 100)
    w.advance(120)
    assert w.moves == []
    redeploy(w, BEGAN)
    assert w.until(w.has(Kind.SETTLED), 600)
    ended = [(i.phase, i.policy) for i in w.state.incidents.values()]
    assert ended == [
        (Phase.STOOD_DOWN, policy_of(changed(enforcement="shadow")).digest),
        (SETTLED, policy_of(BEGAN).digest),
    ]


def test_what_stopped_for_a_policy_goes_on_once_the_one_before_is_deployed_again() -> None:
    w = in_mid_move("evacuate")
    redeploy(w, changed(enforcement="shadow"))
    w.advance(300)
    assert codes_told(w) == ["shadow"]
    redeploy(w, BEGAN)
    assert w.until(w.has(Kind.SETTLED), 600)
    assert outcome(w).west == "abcd"


def test_a_policy_loaded_between_intent_and_call_stops_the_call() -> None:
    """The fence: what the new policy forbids binds the wave that was just intended."""
    w = failing(**BEGAN)
    late: list[bool] = []

    def shadow_comes(_: Sent) -> None:
        if not late and w.count(Kind.SHIFT_INTENDED):
            late.append(not w.moves)
            load_state(redeploy(w, changed(enforcement="shadow")))

    w.trouble = shadow_comes
    w.advance(600)
    assert late == [True]
    assert w.moves == []


GUARDS: list[tuple[str, Callable[[], Data]]] = [("removal", lambda: with_slices("abc"))]


@pytest.mark.parametrize(("guard", "data"), GUARDS, ids=[name for name, _ in GUARDS])
def test_s23_without_the_guard_what_was_removed_is_moved(
    guard: str, data: Callable[[], Data], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(removal, "_lost", lambda *_: [])
    w = in_mid_move("evacuate")
    redeploy(w, data())
    w.advance(1800)
    assert "usw2-d" in {name for _, name, on in w.moves} | {n for n, on in w.controls.items() if on}
    assert not w.controls["use1-d"], guard


def test_s23_without_the_bounds_of_the_one_in_force_a_shadow_policy_moves_traffic(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for module in ("controller.core.decision.decide", "controller.steps.context.governance"):
        monkeypatch.setattr(f"{module}.governing", lambda began, in_force: began)
    w = in_mid_move("evacuate")
    redeploy(w, changed(enforcement="shadow"))
    w.advance(1800)
    assert not any(w.controls[f"use1-{s}"] for s in "abcd")


def test_a_policy_deployed_and_rolled_back_in_mid_move_is_no_matter_to_it() -> None:
    """A stack that was rolled back has its old policy and its old time of deployment."""
    w = in_mid_move("evacuate")
    old = w.deps
    redeploy(w, changed(limits={"cooldown": "6h"}))
    w.advance(30)
    deploy(w, old)
    assert w.until(w.has(Kind.SETTLED), 600)
    assert errors(w) == []


def test_a_person_leaves_a_region_though_every_controller_is_superseded() -> None:
    """e17: a deployment was rolled back, so that no controller has the policy in force."""
    w = failing(**BEGAN)
    w.asleep.add("Tick")
    load_state(redeploy(w, changed(limits={"cooldown": "6m"})))
    deploy(w, w.deps)
    w.asleep.clear()
    w.advance(300)
    assert w.count(Kind.INCIDENT_OPENED) == 0
    assert commands.evacuate(w.hand, EAST, who="ana", reason="it is dark").done
    assert w.until(w.has(Kind.SETTLED), 600)
    assert errors(w) == []


def test_a_superseded_controller_says_which_policy_it_has_and_to_redeploy_it() -> None:
    w = failing(**BEGAN)
    w.asleep.add("Tick")
    newer = changed(limits={"cooldown": "6m"})
    load_state(redeploy(w, newer))
    deploy(w, w.deps)
    w.asleep.clear()
    w.advance(120)
    records = [r for _, r in w.hand.assessments.between("storefront", 0, 1e11) if r["by"] == "tick"]
    east = next(d for d in records[-1]["decisions"] if d["region"] == EAST)
    assert east["code"] == "policy-superseded"
    assert policy_of(newer).digest[:8] in east["reason"]
    assert policy_of(BEGAN).digest[:8] in east["reason"]
    assert "redeploy this controller" in east["reason"]
    w.say(east=Verdict.HEALTHY)
