"""A Region that fails and is well again, over and over, while nothing moves: few incidents, few pages."""

from dataclasses import replace
from typing import Any

import pytest

from controller.core.decision.decide import decide
from controller.core.decision.recurrence import EPISODE, FLAPPING, HELD_BACK, KNOWN, STAYS, recoveries
from controller.core.incident.approval import Request
from controller.core.incident.state import Incident, Phase, State
from controller.core.journal.kind import Kind
from controller.core.journal.moves import ApprovalRequested, StoodDown
from controller.core.model import Decision, Verdict
from controller.rehearsal.services.sns import Notice
from controller.steps.context.situation import situation
from controller.steps.operator import commands
from controller.steps.operator.approve import Answered, answer, look_at
from tests.support.approval_request import GATE, question, yes
from tests.support.policy_scene import EAST, WEST, policy_data
from tests.support.world import World, world

BAD, WELL = Verdict.BREACHING, Verdict.HEALTHY


def told(w: World, word: str = "") -> list[Notice]:
    return [each for each in w.stage.cloud.outbox.notices if word in f"{each.subject}\n{each.text}"]


def gated(**changes: Any) -> World:
    w = world(evacuate=GATE, **changes)
    w.advance(600)
    return w


def flapped(times: int = KNOWN, **changes: Any) -> World:
    """A Region that has recovered by itself so often, and fails now: the next incident is open."""
    w = gated(**changes)
    for _ in range(times):
        w.say(east=BAD)
        assert w.until(lambda: w.state.open is not None, 600)
        w.advance(30)
        w.say(east=WELL)
        assert w.until(lambda: w.state.open is None, STAYS[2] + 60)
        w.advance(60)
    w.stage.cloud.outbox.notices.clear()
    w.say(east=BAD)
    assert w.until(lambda: w.state.open is not None, 600)
    w.advance(30)
    return w


def recovers(w: World) -> Incident:
    """The Region is well again; its open incident."""
    w.say(east=WELL)
    w.advance(90)
    about = w.state.open
    assert about is not None
    return about


def ends(w: World) -> list[StoodDown]:
    return [e.body for e in w.events if isinstance(e.body, StoodDown)]


def asks(w: World) -> list[ApprovalRequested]:
    return [e.body for e in w.events if isinstance(e.body, ApprovalRequested)]


def judged(w: World, region: str = EAST) -> Decision:
    return decide(situation(w.hand, w.state, read_controls=True), region)


def test_the_first_recovery_ends_the_incident_at_once() -> None:
    w = flapped(1)
    assert [end.code for end in ends(w)] == ["healthy"]


def test_the_second_keeps_it_open_for_five_minutes_and_people_are_told_what_follows() -> None:
    w = flapped(1)
    about = recovers(w)
    assert w.until(lambda: w.state.open is None, STAYS[1])
    assert w.stage.kernel.now() - about.opened >= STAYS[1]
    (page,) = told(w, "stood down")
    assert "It flaps. Should it fail again within an hour, the incident stays open" in page.text


def test_an_incident_that_stays_open_says_why_and_until_when_and_pages_nobody_of_it() -> None:
    w = flapped()
    about = recovers(w)
    w.advance(120)
    made = judged(w)
    assert (made.code, made.action) == (FLAPPING, "hold")
    assert f"{EAST} recovered by itself twice before and failed again within an hour: " in made.reason
    assert f"{about.id} stays open until" in made.reason
    assert told(w) == []
    assert w.until(lambda: w.state.open is None, STAYS[2])


def test_a_question_that_is_held_back_is_put_after_three_minutes_in_a_row_and_not_before() -> None:
    w = flapped()
    for _ in range(3):  # two minutes bad and one well: never three in a row
        recovers(w)
        w.say(east=BAD)
        assert w.until(lambda: judged(w).action == "ask", 400)
        w.advance(60)
    assert told(w, f"leave {EAST}") == []
    began = w.stage.kernel.now()
    assert w.until(lambda: bool(told(w, f"leave {EAST}")), 400)
    assert w.stage.kernel.now() - began <= HELD_BACK + 60
    (page,) = told(w, f"leave {EAST}")
    assert page.text.endswith("because the Region recovered by itself twice before.")


def test_while_it_is_well_the_question_stays_the_same_and_its_time_begins_anew() -> None:
    w = flapped(3)
    assert w.until(lambda: bool(told(w, f"leave {EAST}")), 400)
    request = question(w)
    recovers(w)
    w.advance(16 * 60)  # longer than the ask's time
    w.say(east=BAD)
    assert w.until(lambda: judged(w).action == "ask", 400)
    assert question(w) == request
    assert [said.stage for said in asks(w) if said.approval == request] == [1, 1]
    assert w.count(Kind.APPROVAL_EXPIRED) == 0
    assert isinstance(yes(w, request), str)
    assert w.until(w.has(Kind.SETTLED), 300)


def test_who_agreed_before_its_time_began_anew_has_agreed() -> None:
    approvals = {"oncall": [{"ask": ["group:sre-leads"], "people": 2, "within": "15m"}]}
    w = flapped(3, approvals=policy_data()["approvals"] | approvals)
    yes(w, question(w), "ana")
    recovers(w)
    w.advance(16 * 60)
    w.say(east=BAD)
    assert w.until(lambda: judged(w).action == "ask", 400)
    assert w.count(Kind.SHIFT_INTENDED) == 0
    yes(w, question(w), "ben")
    assert w.until(w.has(Kind.SETTLED), 300)


def test_an_answer_counts_while_it_is_well_and_moves_nothing_until_it_fails_again() -> None:
    w = flapped()
    request = question(w)
    recovers(w)
    asked = look_at(w.hand, request)
    assert not isinstance(asked, Answered)
    assert asked.title == f"Leave {EAST} for {WEST}?"
    assert len(asked.changes) == 4
    assert asked.why.endswith("An approval counts for 15m00s, should it fail again")
    assert asked.silence.startswith("While it is well nobody's silence is a denial")
    assert "approved by ana" in yes(w, request)
    w.advance(60)
    assert w.moves == []
    w.say(east=BAD)
    assert w.until(w.has(Kind.SETTLED), 600)


def test_in_the_minute_in_which_its_time_begins_anew_an_answer_is_put_off_and_no_denial() -> None:
    w = flapped(3)
    assert w.until(lambda: bool(told(w, f"leave {EAST}")), 400)
    request = question(w)
    recovers(w)
    about = w.state.open
    assert about is not None
    assert about.request is not None
    w.asleep.add("Tick")
    w.advance(about.request.expires - w.stage.kernel.now() + 1)
    assert "begins anew within a minute: answer then" in yes(w, request)
    w.asleep.clear()
    w.advance(70)
    assert "approved by ana" in yes(w, request)


def test_a_no_while_it_is_well_ends_it_and_is_a_no() -> None:
    w = flapped()
    request = question(w)
    recovers(w)
    assert answer(w.hand, request, who="ana", approve=False).counted
    assert w.until(lambda: w.state.open is None, 120)
    assert next(reversed(w.state.incidents.values())).refused
    w.say(east=BAD)
    w.advance(600)
    assert judged(w).code == "refused"


def test_another_region_that_fails_is_asked_about_at_once() -> None:
    w = flapped()
    about = recovers(w)
    w.say(west=BAD)
    assert w.until(lambda: w.state.open is not None and w.state.open.source == WEST, 900)
    assert w.state.incidents[about.id].phase is Phase.STOOD_DOWN


def test_a_person_who_wants_to_leave_it_need_not_end_it_first() -> None:
    w = flapped()
    about = recovers(w)
    done = commands.evacuate(w.hand, EAST, who="ann", reason="enough of it")
    assert done.done, done.sentence
    now = w.state.open
    assert now is not None
    assert (now.requested_by, now.source) == ("ann", EAST)
    assert w.state.incidents[about.id].phase is Phase.STOOD_DOWN


OLD = Incident("a-1", EAST, Phase.STOOD_DOWN, 1000.0, "tidegate@x", 1, changed=1300.0)
NOW = Incident("a-9", EAST, Phase.OPEN, 1300.0 + EPISODE, "tidegate@x", 2)
REQUEST = Request("r", "d", 0.0, status="expired")


def counted(*earlier: Incident, now: Incident = NOW) -> int:
    known = (*earlier, now)
    return recoveries(State("a", incidents={incident.id: incident for incident in known}), now)


def test_recoveries_count_within_an_hour_of_the_next_and_not_a_second_longer() -> None:
    assert counted(OLD) == 1
    assert counted(replace(OLD, changed=OLD.changed - 1)) == 0


def test_recoveries_are_counted_to_three() -> None:
    row = [replace(OLD, id=f"a-{n}", opened=1000.0 + n, changed=1300.0) for n in range(5)]
    assert [counted(*row[:n]) for n in range(6)] == [0, 1, 2, 3, 3, 3]


@pytest.mark.parametrize(
    "other",
    [
        {"source": WEST},
        {"intent": "drill"},
        {"requested_by": "ann"},
        {"stopped_by": "ann"},
        {"put": {"use1-a": False}},
        {"phase": Phase.SETTLED},
    ],
)
def test_what_a_person_began_or_ended_or_what_moved_is_no_recovery(other: dict[str, Any]) -> None:
    assert counted(replace(OLD, **other)) == 0


def test_a_question_that_nobody_answered_is_no_recovery_and_ends_no_row() -> None:
    unanswered = replace(OLD, id="a-2", opened=1400.0, changed=1500.0, request=REQUEST)
    assert counted(unanswered) == 0
    assert counted(OLD, unanswered) == 1
