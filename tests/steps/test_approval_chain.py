"""Several asks in turn, several people each: A1, A3 to A5 and A7, each with its guard taken out."""

from dataclasses import replace
from typing import Any

import pytest

from controller.core.incident import approval as requests
from controller.core.incident import fold as folding
from controller.core.incident.approval import Request
from controller.core.journal.kind import Kind
from controller.core.model import Verdict
from controller.steps.operator import approve as answers
from controller.steps.operator.approve import Answered, answer, look_at
from controller.steps.operator.commands import evacuate
from tests.support.approval_request import GATE, NO_MOVES, question, yes
from tests.support.journal_events import said
from tests.support.policy_scene import EAST
from tests.support.world import World, failing, world

Patch = pytest.MonkeyPatch
CHAIN = {
    "oncall": [
        {"ask": ["group:sre-oncall"], "people": 1, "within": "10m"},
        {"ask": ["group:sre-leads"], "people": 2, "within": "20m"},
    ]
}
TWO = {"oncall": [{"ask": ["group:sre-leads"], "people": 2, "within": "15m"}]}


def asked(approvals: dict[str, Any]) -> tuple[World, str]:
    w = failing(evacuate=GATE, approvals=approvals)
    assert w.until(w.has(Kind.APPROVAL_REQUESTED), 120)
    w.advance(2.0)
    return w, question(w)


def no(w: World, request: str, who: str = "ben") -> Answered:
    return answer(w.hand, request, who=who, approve=False)


def stage(w: World) -> int:
    incident = w.state.open
    assert incident is not None
    assert incident.request is not None
    return incident.request.stage


def test_the_next_are_asked_when_the_first_time_is_up_and_two_of_them_let_it_move() -> None:
    w, request = asked(CHAIN)
    assert w.until(lambda: stage(w) == 2, 700, step=10)
    assert question(w) == request
    assert w.count(Kind.APPROVAL_EXPIRED) == 0
    assert "1 more must agree" in yes(w, request, "ana")
    w.advance(120)
    assert w.moves == NO_MOVES
    assert yes(w, request, "ben").endswith("approved by ben")
    assert w.until(w.has(Kind.SETTLED), 120)
    requests_ = [said(e) for e in w.events if e.kind is Kind.APPROVAL_REQUESTED]
    assert [(d["stage"], d["people"], d["ask"]) for d in requests_] == [
        (1, 1, ["group:sre-oncall"]),
        (2, 2, ["group:sre-leads"]),
    ]
    assert len({d["digest"] for d in requests_}) == 1  # what is approved stays the same over the stages
    assert [said(e)["needed"] for e in w.events if e.kind is Kind.APPROVAL_GIVEN] == [1, 0]


def test_silence_after_the_last_ask_is_a_denial_after_a_reminder_in_each() -> None:
    w, request = asked(CHAIN)
    assert w.until(w.has(Kind.APPROVAL_EXPIRED), 2000, step=20)
    assert w.state.incidents
    asked_at = next(e.at for e in w.events if e.kind is Kind.APPROVAL_REQUESTED)
    expired = next(e.at for e in w.events if e.kind is Kind.APPROVAL_EXPIRED)
    assert 1800 <= expired - asked_at <= 1800 + 180
    assert [said(e)["stage"] for e in w.events if e.kind is Kind.REMINDED] == [1, 2]
    assert len([page for page in w.pages if page.startswith("reminder:")]) == 2
    assert w.until(w.has(Kind.STOOD_DOWN), 60)
    assert "ended" in yes(w, request) or "expired" in yes(w, request)
    assert (w.moves, w.count(Kind.ESCALATED)) == (NO_MOVES, 0)


def test_a_denial_by_one_of_two_is_final() -> None:
    w, request = asked(TWO)
    yes(w, request, "ana")
    assert no(w, request).counted
    assert "denied already" in yes(w, request, "cid")
    assert w.until(w.has(Kind.STOOD_DOWN), 60)
    assert w.moves == NO_MOVES


def test_one_who_approved_may_still_say_no_while_others_are_asked() -> None:
    w, request = asked(TWO)
    yes(w, request, "ana")
    assert no(w, request, "ana").counted
    assert w.until(w.has(Kind.STOOD_DOWN), 60)


def test_what_an_approver_sees_names_the_code_the_silence_and_who_comes_next() -> None:
    w, request = asked(CHAIN)
    seen = look_at(w.hand, request)
    assert not isinstance(seen, Answered)
    text = "\n".join(seen.lines)
    incident = w.state.open
    assert incident is not None
    assert incident.request is not None
    assert incident.request.digest[:8] in text
    assert "Off use1-a, use1-b, use1-c, use1-d" in text
    assert "Then 2 people of group:sre-leads will be asked." in text
    notice = next(n for n in w.stage.cloud.outbox.notices if "leave us-east-1" in n.subject)
    assert f"--code {incident.request.code}" in notice.text


def test_an_approval_of_the_first_ask_does_not_count_for_the_second() -> None:
    two = [{"ask": ["group:sre-oncall"], "people": 2, "within": "5m"}, CHAIN["oncall"][1]]
    w, request = asked({"oncall": two})
    yes(w, request, "ana")
    assert w.until(lambda: stage(w) == 2, 400, step=10)
    assert "1 more must agree" in yes(w, request, "ana")
    assert w.moves == NO_MOVES


# With the guard, and without it.


def _twice(w: World, request: str) -> bool:
    for _ in range(2):
        yes(w, request, "ana")
        w.advance(1)
    w.advance(60)
    return bool(w.moves)


def test_a5_the_same_person_twice_is_one_person(monkeypatch: Patch) -> None:
    assert not _twice(*asked(TWO))

    def careless(request: Request, event: Any) -> Request:
        agreed = (*request.agreed, event.draft.by)
        status = "given" if len(agreed) == request.people else "waiting"
        return replace(request, agreed=agreed, status=status, by=event.draft.by, at=event.at)

    monkeypatch.setattr(folding, "answered", careless)
    monkeypatch.setattr(answers, "_refusal", lambda *_: None)
    assert _twice(*asked(TWO))


def _own(monkeypatch: Patch | None) -> bool:
    w = world(evacuate=GATE)
    assert evacuate(w.hand, EAST, who="ana", reason="drill of our own").done
    assert w.until(w.has(Kind.APPROVAL_REQUESTED), 30)
    w.advance(1)
    if monkeypatch:
        monkeypatch.setattr(answers, "_refusal", lambda *_: None)
    yes(w, question(w), "ana")
    w.advance(60)
    return bool(w.moves)


def test_a5_the_requester_is_no_approver(monkeypatch: Patch) -> None:
    assert not _own(None)
    assert _own(monkeypatch)


def _after_a_denial(w: World, request: str) -> bool:
    no(w, request)
    answer(w.hand, request, who="ana", approve=True)
    w.advance(60)
    return bool(w.moves)


def test_a7_a_denial_is_final(monkeypatch: Patch) -> None:
    assert not _after_a_denial(*asked(TWO | {"oncall": [TWO["oncall"][0] | {"people": 1}]}))

    def forgets(request: Request, event: Any) -> Request:
        if event.kind is Kind.APPROVAL_DENIED:
            return request
        return real(request, event)

    real = requests.answered
    monkeypatch.setattr(folding, "answered", forgets)
    assert _after_a_denial(*asked({"oncall": [TWO["oncall"][0] | {"people": 1}]}))


def _late(w: World, request: str) -> bool:
    w.asleep.add("Tick")
    w.advance(905)
    yes(w, request)
    return w.count(Kind.APPROVAL_GIVEN) > 0


def test_a4_an_expired_request_is_refused(monkeypatch: Patch) -> None:
    one = {"oncall": [TWO["oncall"][0] | {"people": 1}]}
    assert not _late(*asked(one))
    monkeypatch.setattr(answers, "_refusal", lambda *_: None)
    assert _late(*asked(one))


def _healed(w: World, request: str) -> bool:
    """The evidence is another at the click than when it was asked."""
    w.asleep |= {"Tick", "Assess"}
    w.say(east=Verdict.HEALTHY)
    w.advance(90)
    yes(w, request)
    return w.count(Kind.APPROVAL_GIVEN) > 0


def test_a3_at_the_click_the_evidence_is_judged_again(monkeypatch: Patch) -> None:
    one = {"oncall": [TWO["oncall"][0] | {"people": 1}]}
    assert not _healed(*asked(one))
    monkeypatch.setattr(answers, "_refusal", lambda *_: None)
    assert _healed(*asked(one))
