"""What was approved is what is done: the request holds the whole plan, and no wave goes beyond it."""

import hashlib
from typing import Any

import pytest

from controller.aws.dynamodb.journal import LARGEST
from controller.core.canonical_json import canonical
from controller.core.decision import guards
from controller.core.journal.event import Event
from controller.core.journal.kind import Kind
from controller.core.journal.moves import ApprovalRequested, ShiftIntended
from controller.core.model import Check, Truth
from controller.steps.operator import commands
from controller.steps.operator.approve import Answered, answer, look_at
from tests.steps.guard_removal import by_hand
from tests.support.approval_request import GATE, question, yes
from tests.support.journal_events import said
from tests.support.policy_scene import EAST, WEST
from tests.support.world import FREE, World, failing, world

Patch = pytest.MonkeyPatch
BY_ONES = GATE | {"waves": [1], "settle": "20s"}


def asked(w: World, count: int = 1, within: float = 200.0) -> ApprovalRequested:
    """The request with that number, once people were asked."""
    assert w.until(lambda: w.count(Kind.APPROVAL_REQUESTED) >= count, within)
    w.advance(2)
    return [e.body for e in w.events if isinstance(e.body, ApprovalRequested)][count - 1]


def intents(w: World) -> list[ShiftIntended]:
    return [event.body for event in w.events if isinstance(event.body, ShiftIntended)]


def settled(w: World) -> bool:
    return w.until(w.has(Kind.SETTLED), 600)


def test_the_request_holds_every_wave_and_each_intent_names_its_digest() -> None:
    w = failing(evacuate=GATE | {"waves": [1, 3], "settle": "20s"})
    request = asked(w)
    whole = said(next(e for e in w.events if e.kind is Kind.APPROVAL_REQUESTED))["whole"]
    assert whole == {
        "source": EAST, "target": WEST,
        "waves": [{"on": [], "off": ["use1-a"]}, {"on": [], "off": ["use1-b", "use1-c", "use1-d"]}],
        "stays": {"on": [f"usw2-{s}" for s in "abcd"], "off": []},
    }  # fmt: skip
    assert request.plan == hashlib.sha256(canonical(whole).encode()).hexdigest()
    assert request.wave == 1
    yes(w, question(w))
    assert settled(w)
    assert [(intent.wave, intent.approved) for intent in intents(w)] == [(1, request.plan), (2, request.plan)]
    assert w.count(Kind.APPROVAL_REQUESTED) == 1


def test_page_notice_and_terminal_tell_the_whole_plan() -> None:
    w = failing(evacuate=BY_ONES)
    request = asked(w)
    seen = look_at(w.hand, question(w))
    assert not isinstance(seen, Answered)
    plan = f"The whole plan {request.plan[:12]} of {EAST} and {WEST}"
    told = f"{plan}: 4 routing controls in 4 waves, and no other."
    assert told in seen.lines
    assert seen.waves == (
        *(f"  wave {n}: Off use1-{s}" for n, s in enumerate("abcd", start=1)),
        "  as it is: On usw2-a, usw2-b, usw2-c, usw2-d",
    )
    notice = next(n for n in w.stage.cloud.outbox.notices if "leave us-east-1" in n.subject)
    assert told in notice.text


def test_where_nobody_is_asked_an_intent_names_nothing() -> None:
    w = failing(evacuate=FREE | {"waves": [1], "settle": "20s"})
    assert settled(w)
    assert [intent.approved for intent in intents(w)] == [""] * 4


def test_the_next_in_turn_are_asked_about_the_same_plan() -> None:
    chain = [{"ask": ["group:sre-oncall"], "people": 1, "within": "5m"},
             {"ask": ["group:sre-leads"], "people": 1, "within": "20m"}]  # fmt: skip
    w = failing(evacuate=BY_ONES, approvals={"oncall": chain})
    first, second = asked(w), asked(w, 2, within=400)
    assert (second.stage, second.plan, second.whole, second.wave) == (2, first.plan, first.whole, 1)
    yes(w, question(w))
    assert settled(w)
    assert {intent.approved for intent in intents(w)} == {first.plan}


def one_more() -> World:
    """Slice b is not in the source when people are asked; somebody turns it on there after the first wave."""
    w = failing(evacuate=BY_ONES)
    by_hand(w, ("use1-b", False))
    asked(w)
    yes(w, question(w))
    assert w.until(lambda: w.count(Kind.SHIFT_APPLIED) == 1, 60)
    by_hand(w, ("use1-b", True))
    w.advance(120)
    return w


def test_a_control_that_nobody_was_asked_about_is_not_moved_and_people_are_asked_anew() -> None:
    w = one_more()
    assert [name for _, name, _ in w.moves] == []
    second = asked(w, 2)
    assert second.whole is not None
    assert [wave.off for wave in second.whole.waves] == [("use1-b",), ("use1-c",), ("use1-d",)]
    assert second.wave == 2
    w.advance(200)
    assert w.moves == []
    yes(w, question(w), "ben")
    assert settled(w)
    first = asked(w, 1)
    named = [(intent.wave, intent.approved) for intent in intents(w)]
    assert named == [(1, first.plan), (2, second.plan), (3, second.plan), (4, second.plan)]
    assert w.whole


def test_a3_without_the_guard_what_nobody_was_asked_about_moves(monkeypatch: Patch) -> None:
    passed = Check("approval", "other-plan", Truth.TRUE, "taken out")
    monkeypatch.setattr(guards, "as_approved", lambda *_: passed)
    assert "use1-b" in {name for _, name, _ in one_more().moves}


def test_the_state_that_sends_looks_itself_and_never_moves_what_the_decision_let_through(
    monkeypatch: Patch,
) -> None:
    real = guards.approval

    def careless(f: Any, goal: Any) -> Check:
        found = real(f, goal)
        return Check("approval", "approval", Truth.TRUE, "") if found.code == "other-plan" else found

    monkeypatch.setattr(guards, "approval", careless)
    assert one_more().moves == []


def test_a_control_that_the_plan_names_as_it_is_may_be_turned_back_without_a_question() -> None:
    w = failing(evacuate=BY_ONES)
    request = asked(w)
    by_hand(w, ("usw2-b", False))
    yes(w, question(w))
    assert settled(w)
    assert ("usw2-b", True) in intents(w)[1].changes
    assert {intent.approved for intent in intents(w)} == {request.plan}
    assert w.count(Kind.APPROVAL_REQUESTED) == 1


def test_a_no_to_the_new_plan_leaves_what_has_moved_where_it_is() -> None:
    w = one_more()
    asked(w, 2)
    assert answer(w.hand, question(w), who="ben", approve=False).counted
    w.advance(300)
    assert w.moves == []
    assert w.controls["use1-a"] is False
    assert any("approval-denied" in page for page in w.pages)


def test_on_the_way_back_nobody_is_asked_and_nothing_is_named() -> None:
    w = world(evacuate=GATE, drills={"stay": "1m"})
    assert commands.drill(w.hand, EAST, who="ana", reason="rehearsal").done
    request = asked(w)
    yes(w, question(w), "ben")
    assert settled(w)
    away, home = intents(w)
    assert (away.changes[0], away.approved) == (("use1-a", False), request.plan)
    assert (home.changes[0], home.approved) == (("use1-a", True), "")


def test_a_request_at_the_bounds_of_a_policy_fits_into_an_event() -> None:
    """Three Regions of fifty slices in fifty waves, the longest names that they may have, twenty groups."""
    names = {r: [f"{r}-{n:02d}-".ljust(38, "x") for n in range(50)] for r in (EAST, WEST, "eu-west-1")}
    regions = {region: {"controls": controls} for region, controls in names.items()}
    groups = [f"group:{n:02d}".ljust(70, "g") for n in range(20)]
    ask = {"ask": groups, "people": 1, "within": "15m"}
    w = failing(evacuate=BY_ONES, regions=regions, approvals={"oncall": [ask]})
    request = asked(w)
    event: Event = next(e for e in w.events if e.kind is Kind.APPROVAL_REQUESTED)
    assert request.whole is not None
    assert len(request.whole.waves) == 50
    assert len(request.whole.controls) == 100
    assert request.decision is not None
    assert len(event.text.encode()) <= LARGEST
