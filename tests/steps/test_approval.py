"""The question to people: asked once, answered once, and never the reason why a step fails."""

from controller.core.journal.kind import Kind
from controller.core.model import Verdict
from controller.rehearsal.services.arc.data_plane import ENDPOINTS
from controller.steps.operator.approve import answer
from controller.steps.operator.commands import arm, evacuate
from tests.support.approval_request import GATE, NO_MOVES, asked, question, yes
from tests.support.policy_scene import EAST
from tests.support.world import Sent, stop, world


def test_approved_it_moves_within_ten_seconds_and_settles() -> None:
    w, request = asked()
    assert yes(w, request).endswith("approved by ana")
    w.advance(10)
    assert [on for _, _, on in w.moves] == [False] * 4
    assert w.until(w.has(Kind.SETTLED), 60)
    assert w.whole


def test_denied_nothing_moves_and_it_is_not_asked_again_before_the_cooldown_ends() -> None:
    w, request = asked()
    assert answer(w.hand, request, who="ana", approve=False, reason="not now").counted
    assert w.until(w.has(Kind.STOOD_DOWN), 60)
    w.advance(3480)
    assert (w.count(Kind.APPROVAL_REQUESTED), w.moves) == (1, NO_MOVES)
    assert w.until(lambda: w.count(Kind.APPROVAL_REQUESTED) == 2, 180, step=20)


def test_silence_is_a_denial_after_fifteen_minutes() -> None:
    w, request = asked()
    w.advance(880)
    assert w.state.open is not None
    assert w.until(w.has(Kind.APPROVAL_EXPIRED), 90)
    assert w.until(w.has(Kind.STOOD_DOWN), 60)
    assert "ended" in yes(w, request) or "expired" in yes(w, request)
    assert w.moves == NO_MOVES
    assert any("nobody answered" in page for page in w.pages)


def test_an_answer_after_the_time_is_up_counts_for_nothing_even_before_anybody_noticed() -> None:
    w, request = asked()
    w.asleep.add("Tick")
    w.advance(905)
    assert "expired" in yes(w, request)
    assert w.count(Kind.APPROVAL_GIVEN) == 0


def test_approve_and_deny_at_once_one_wins_and_the_other_is_told() -> None:
    w, request = asked()
    run = w.stage.runtime
    both = [
        run.spawn(lambda who=who, yes=yes: answer(w.hand, request, who=who, approve=yes))
        for who, yes in (("ana", True), ("ben", False), ("cid", True))
    ]
    w.advance(10)
    told = [task.result() for task in both]
    assert sum(each.counted for each in told) == 1
    assert w.count(Kind.APPROVAL_GIVEN) + w.count(Kind.APPROVAL_DENIED) == 1
    assert all("already" in each.sentence for each in told if not each.counted)


def test_an_answer_whose_callback_is_lost_is_completed_by_the_tick() -> None:
    w, request = asked()
    refused = w.hand.workflow

    class Deaf:
        def __getattr__(self, name: str) -> object:
            return getattr(refused, name)

        def succeed(self, token: str, output: object, *, region: str = "") -> None:
            """The process ends before this is sent."""

    from dataclasses import replace

    assert answer(replace(w.hand, workflow=Deaf()), request, who="ana", approve=True).counted
    w.advance(5)
    assert w.moves == NO_MOVES
    assert w.until(w.has(Kind.SETTLED), 150)


def test_who_asked_for_it_cannot_approve_it_and_somebody_else_can() -> None:
    w = world(evacuate=GATE)
    opened = evacuate(w.hand, EAST, who="ana", reason="drill of our own")
    assert opened.done
    assert w.until(w.has(Kind.APPROVAL_REQUESTED), 30)
    w.advance(1)
    assert "cannot approve" in yes(w, question(w))
    assert yes(w, question(w), "ben").endswith("approved by ben")
    assert w.until(w.has(Kind.SETTLED), 90)


def test_disarmed_between_approval_and_shift_nothing_is_sent() -> None:
    w, request = asked()
    w.asleep.add("Assess")
    yes(w, request)
    arm(w.hand, on=False, who="ben", reason="hands off")
    w.asleep.discard("Assess")
    w.advance(400)
    assert w.moves == NO_MOVES
    assert not [c for c in w.calls if c.operation == "UpdateRoutingControlStates"]


def test_asked_while_no_tick_beats_the_question_stays_the_same_and_can_still_be_answered() -> None:
    """Found: after a missed heartbeat `ReadinessConfirmed` was illegal in the phase `asked`, and paged."""
    w, request = asked()
    w.asleep.add("Tick")
    w.advance(400)
    assert w.count(Kind.ESCALATED) == 0
    assert question(w) == request
    yes(w, request)
    assert w.until(w.has(Kind.SETTLED), 120)


def test_all_endpoints_hang_after_the_approval_until_it_is_too_old_then_people_are_asked_again() -> None:
    """Found: `ApprovalRequested` was illegal in the phase `shifting`; the incident never moved again."""
    w, request = asked()
    real = w.trouble

    def hang(sent: Sent) -> str | None:
        return "hung" if sent.operation == "UpdateRoutingControlStates" else real(sent)

    w.trouble = hang
    yes(w, request)
    assert w.until(w.has(Kind.SHIFT_INTENDED), 30)
    for endpoint in ENDPOINTS:
        w.stage.faults.arc[endpoint] = "hung"
    w.advance(1500)
    w.trouble = real
    w.stage.faults.arc.clear()
    assert w.moves == NO_MOVES
    assert w.until(lambda: w.count(Kind.APPROVAL_REQUESTED) == 2, 120)
    w.advance(2)
    yes(w, question(w))
    assert w.until(w.has(Kind.SETTLED), 120)
    assert len(w.moves) == 4


def test_healed_while_people_are_asked_it_stands_down_within_two_minutes_and_no_cooldown_follows() -> None:
    """Found: the question stayed for its fifteen minutes, expired, and an hour's cooldown followed."""
    w, request = asked()
    w.say(east=Verdict.HEALTHY)
    assert w.until(w.has(Kind.STOOD_DOWN), 120)
    assert "ended" in yes(w, request)
    w.say(east=Verdict.BREACHING)
    assert w.until(lambda: w.count(Kind.APPROVAL_REQUESTED) == 2, 400)


def test_the_execution_is_stopped_by_hand_while_it_asks_and_the_tick_hands_on_with_a_new_question() -> None:
    w, request = asked()
    stop(w)
    assert w.until(w.has(Kind.HANDED_OVER), 90)
    assert w.until(lambda: question(w) != request, 30)
    w.advance(2)
    assert "superseded" in yes(w, request)
    assert yes(w, question(w)).endswith("approved by ana")
    assert w.until(w.has(Kind.SETTLED), 120)
