"""What an answer leaves behind: the door, what the sign-in asserted, and the answers that did not count."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from controller.core.incident.approval import CLAIM, GROUPS, SignedIn
from controller.core.journal.kind import Kind
from controller.core.journal.moves import AnswerRefused, ApprovalDenied, ApprovalGiven
from controller.core.model import Verdict
from controller.ports.errors import OutsideUnreachable
from controller.readmodel.run import sentence
from controller.steps.operator.approve import NO_MORE, REFUSED, REFUSED_IN_ALL, answer, refuse
from controller.steps.operator.commands import evacuate
from tests.support.approval_request import GATE, asked, question, yes
from tests.support.policy_scene import EAST
from tests.support.world import World, stop, world

BEN = SignedIn("console", "https://issuer.example", "u-ben", ("sre-oncall",), 1_900_000_000.0)


def refusals(w: World) -> list[AnswerRefused]:
    return [event.body for event in w.events if isinstance(event.body, AnswerRefused)]


def told(w: World, kind: Kind) -> str:
    return sentence([event for event in w.events if event.kind is kind][-1])


@pytest.mark.parametrize("approve", [True, False])
def test_an_answer_keeps_its_door_and_what_the_sign_in_asserted(approve: bool) -> None:
    w, request = asked()
    assert answer(w.hand, request, who="ben", approve=approve, reason="seen", by=BEN).counted
    kept = next(e.body for e in w.events if isinstance(e.body, ApprovalGiven | ApprovalDenied))
    assert (kept.door, kept.issuer, kept.subject) == ("console", "https://issuer.example", "u-ben")
    assert (kept.groups, kept.signed_in) == (("sre-oncall",), 1_900_000_000.0)
    word, kind = ("approved", Kind.APPROVAL_GIVEN) if approve else ("denied", Kind.APPROVAL_DENIED)
    assert told(w, kind) == f"{word} by ben at the console (sre-oncall): seen"


def test_a_terminal_knows_no_groups_and_no_time_and_says_so_by_leaving_them_out() -> None:
    w, request = asked()
    by = SignedIn("terminal", "sts:123456789012", "AROAEXAMPLE")
    assert answer(w.hand, request, who="ana", approve=True, by=by).counted
    assert told(w, Kind.APPROVAL_GIVEN) == "approved by ana at a terminal"
    kept = next(e.body for e in w.events if isinstance(e.body, ApprovalGiven))
    assert (kept.issuer, kept.subject, kept.groups, kept.signed_in) == (
        "sts:123456789012", "AROAEXAMPLE", (), None
    )  # fmt: skip


def test_hostile_claims_are_bounded_and_forge_no_line() -> None:
    w, request = asked()
    bad = "x\r\nforged\x1b[31m\u202e" + "y" * 100_000
    by = SignedIn("console", bad, bad, tuple(f"{n:03d}{bad}" for n in range(500)), 1.0)
    assert answer(w.hand, request, who="ana", approve=True, by=by).counted
    event = next(e for e in w.events if e.kind is Kind.APPROVAL_GIVEN)
    assert isinstance(event.body, ApprovalGiven)
    kept = (event.body.issuer, event.body.subject, *event.body.groups)
    assert len(event.body.groups) == GROUPS
    assert all(len(each) <= CLAIM and each.isprintable() for each in kept)
    assert len(event.text.encode()) < 4_000


def outsider(w: World, request: str) -> str:
    groups = ("sre-leads",)
    by = SignedIn("console", "https://issuer.example", "u-cem", groups, 1.0)
    return answer(w.hand, request, who="cem", approve=True, groups=groups, by=by).sentence


def other_plan(w: World, request: str) -> str:
    return answer(w.hand, request, who="cem", approve=True, shown="0" * 16).sentence


def too_late(w: World, request: str) -> str:
    w.asleep.add("Tick")
    w.advance(905)
    return answer(w.hand, request, who="cem", approve=False).sentence


def healed(w: World, request: str) -> str:
    w.asleep |= {"Tick", "Assess"}
    w.say(east=Verdict.HEALTHY)
    w.advance(90)
    return answer(w.hand, request, who="cem", approve=True).sentence


def superseded(w: World, request: str) -> str:
    stop(w)
    assert w.until(lambda: question(w) != request, 150)
    return answer(w.hand, request, who="cem", approve=True).sentence


def second_word(w: World, request: str) -> str:
    yes(w, request)
    return answer(w.hand, request, who="cem", approve=False).sentence


@pytest.mark.parametrize("why", [outsider, other_plan, too_late, healed, superseded, second_word])
def test_an_answer_that_did_not_count_is_an_event_with_the_reason_that_was_told(
    why: Callable[[World, str], str],
) -> None:
    w, request = asked()
    said = why(w, request)
    (refused,) = refusals(w)
    assert (refused.approval, refused.reason) == (request, said)
    event = next(e for e in w.events if e.kind is Kind.ANSWER_REFUSED)
    assert (event.draft.by, event.draft.incident) == ("cem", next(iter(w.state.incidents)))
    word = "yes" if refused.approve else "no"
    assert told(w, Kind.ANSWER_REFUSED).startswith(f"the {word} of cem")
    assert told(w, Kind.ANSWER_REFUSED).endswith(f"did not count: {said}")
    assert w.whole


def test_the_requester_s_own_yes_is_an_event_too() -> None:
    w = world(evacuate=GATE)
    assert evacuate(w.hand, EAST, who="ana", reason="drill of our own").done
    assert w.until(w.has(Kind.APPROVAL_REQUESTED), 30)
    w.advance(1)
    assert "cannot approve it" in yes(w, question(w), "ana")
    assert [refused.approve for refused in refusals(w)] == [True]


def test_a_flood_of_refused_answers_leaves_three_of_a_person_and_the_last_says_so() -> None:
    w, request = asked()
    for _ in range(20):
        assert other_plan(w, request) == "the plan is not the one that you were shown; look at it again"
    reasons = [refused.reason for refused in refusals(w)]
    assert len(reasons) == REFUSED == 3
    assert [NO_MORE in reason for reason in reasons] == [False, False, True]
    assert "ben" in yes(w, request, "ben")  # and the question is answered as ever


def test_a_flood_by_many_people_leaves_thirty_of_a_request() -> None:
    w, request = asked()
    for person in range(40):
        answer(w.hand, request, who=f"p{person}", approve=True, shown="0" * 16)
    reasons = [refused.reason for refused in refusals(w)]
    assert len(reasons) == REFUSED_IN_ALL == 30
    assert NO_MORE in reasons[-1]


def test_a_forged_request_writes_nothing() -> None:
    w, _ = asked()
    before = len(w.events)
    for forged in ("0" * 32, "", "x" * 10_000, "../\n"):
        assert answer(w.hand, forged, who="eve", approve=True).sentence == "no request of this id is known"
        refuse(w.hand, forged, who="eve", approve=True, reason="too old", by=BEN)
    assert len(w.events) == before


def test_where_a_refusal_cannot_be_written_the_answer_is_refused_all_the_same() -> None:
    w, request = asked()
    real = w.hand.journal

    class ReadOnly:
        read = staticmethod(real.read)
        follow = staticmethod(real.follow)

        def append(self, *_: object) -> None:
            raise OutsideUnreachable("no quorum")

    hand = replace(w.hand, journal=ReadOnly())
    said = answer(hand, request, who="cem", approve=True, shown="0" * 16)
    assert (said.counted, "not the one that you were shown" in said.sentence) == (False, True)
    refuse(hand, request, who="cem", approve=True, reason="too old", by=BEN)
    assert refusals(w) == []
