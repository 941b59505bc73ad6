"""A1 to A9 at the console: what counts, once; what does not, and says so."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from controller.console.auth.csrf import same_origin
from controller.console.auth.session import FRESH, Sealer, Session, session_of
from controller.console.http.messages import Request, Response
from controller.core.decision.approval_chain import SECOND_PERSON
from controller.core.journal.kind import Kind
from controller.core.model import Verdict
from controller.rehearsal.oidc.provider import Person
from controller.steps.operator import approve as answers
from controller.steps.operator.commands import evacuate
from tests.console.console_answers import TWO, given
from tests.support.console_world import GATE, KEY, Browser, Desk, asked_desk
from tests.support.policy_scene import EAST
from tests.support.world import stop, world

FIVE = {"oncall": [{"ask": ["group:sre-oncall"], "people": 5, "within": "15m"}]}
CROWD = {f"u-{n}": Person(f"u-{n}", f"p{n}@storefront.example", f"P{n}", ("sre-oncall",)) for n in range(9)}
Patch = pytest.MonkeyPatch


@pytest.fixture
def five() -> Desk:
    """Five must agree, so that one answer ends nothing."""
    desk = asked_desk(approvals=FIVE)
    desk.provider.people |= CROWD
    return desk


# Each guard: refused with it, counted without it, in the very same situation.


def foreign(b: Browser, request: str) -> Response:
    """The right form, sent by a page of another site."""
    form = {**b.form(request), "answer": "approve"}
    return b.post(f"/approve/{request}", form, origin="https://evil.test", sec_fetch_site="cross-site")


def unmeant(b: Browser, request: str) -> Response:
    """A form without this session's secret."""
    return b.post(f"/approve/{request}", {**b.form(request), "csrf": "0" * 64, "answer": "approve"})


def stale(b: Browser, request: str) -> Response:
    """Six minutes after the sign-in."""
    form = {**b.form(request), "answer": "approve"}
    b.desk.clock.at += FRESH + 60
    return b.post(f"/approve/{request}", form)


def outsider(b: Browser, request: str) -> Response:
    """Signed in, and of another group."""
    form = {**b.form(request), "answer": "approve"}
    assert "You are not in group:sre-oncall" in b.get(f"/approve/{request}").body.decode()
    path = f"/approve/{request}"
    return b.post(path, form | {"csrf": _csrf(b, path), "digest": _digest(b)})


def _csrf(b: Browser, path: str) -> str:
    """What a page that shows no form would have carried."""
    cookie = "; ".join(f"{name}={value}" for name, value in b.jar.items())
    session = session_of(Request("GET", "/", cookie=cookie), Sealer(KEY), b.desk.clock())
    assert session is not None
    return session.token(path)


def _digest(b: Browser) -> str:
    incident = b.desk.w.state.open
    assert incident is not None
    assert incident.request is not None
    return incident.request.digest


GUARDS: list[tuple[Callable[[Browser, str], Response], str, int, Any]] = [
    (foreign, "u-0", 403, ("controller.console.auth.csrf.same_origin", lambda *_: True)),
    (unmeant, "u-1", 403, (Session, "meant", lambda *_: True)),
    (stale, "u-2", 403, (Session, "fresh", lambda *_: True)),
    (outsider, "u-cem", 409, (answers, "_not_theirs", lambda *_: None)),
]


@pytest.mark.parametrize(
    ("attempt", "person", "status", "guard"), GUARDS, ids=lambda v: getattr(v, "__name__", "")
)
def test_a_guard_refuses_and_nothing_is_written_and_without_it_the_answer_counts(
    five: Desk, monkeypatch: Patch, attempt: Any, person: str, status: int, guard: Any
) -> None:
    before = given(five)
    response = attempt(five.browser(person), five.request)
    assert response.status == status
    assert given(five) == before
    assert five.log[-1]["why"]
    monkeypatch.setattr(*guard)
    assert attempt(five.browser(person), five.request).status == 303
    assert given(five) == before + 1


def test_a_browser_that_names_no_origin_is_refused() -> None:
    own = "https://console.test"
    for headers, yes in (
        ({}, False),
        ({"origin": own}, True),
        ({"origin": "null"}, False),
        ({"sec-fetch-site": "same-origin"}, True),
        ({"sec-fetch-site": "same-site"}, False),
        ({"sec-fetch-site": "none"}, False),
        ({"origin": own, "sec-fetch-site": "cross-site"}, False),
        ({"origin": f"{own}.evil.test", "sec-fetch-site": "same-origin"}, False),
    ):
        assert same_origin(Request("POST", "/", headers=headers), own) is yes, headers


# A1 to A9.


def test_a3_another_digest_than_the_one_shown_is_no_answer_to_this_plan(five: Desk) -> None:
    b, before = five.browser("u-5"), given(five)
    form = {**b.form(five.request), "answer": "approve"}
    for digest in ("", "0" * 16, form["digest"][:8], form["digest"] + "0"):
        response = b.post(f"/approve/{five.request}", form | {"digest": digest})
        assert response.status == 409
        assert "not the one that you were shown" in response.body.decode()
    assert given(five) == before


def test_a3_the_evidence_is_judged_again_at_the_click() -> None:
    desk = asked_desk()
    b = desk.browser("u-ana")
    form = {**b.form(desk.request), "answer": "approve"}
    desk.w.asleep.add("Tick")
    desk.w.say(east=Verdict.HEALTHY)
    desk.w.advance(65)
    response = b.post(f"/approve/{desk.request}", form)
    assert response.status == 409
    assert "judged again" in response.body.decode()
    assert given(desk) == 0


def test_a4_an_expired_request_says_so_and_keeps_its_record() -> None:
    desk = asked_desk()
    b, request = desk.browser("u-ana"), desk.request
    form = {**b.form(request), "answer": "approve"}
    desk.w.asleep.add("Tick")
    desk.w.advance(905)
    seen, sent = b.get(f"/approve/{request}"), b.post(f"/approve/{request}", form)
    assert (seen.status, sent.status) == (410, 409)
    for response in (seen, sent):
        page = response.body.decode()
        assert "This request has expired; silence was a denial" in page
        assert "<button" not in page.partition("<main")[2]
        assert "asked group:sre-oncall" in page
    assert given(desk) == 0


def test_a5_who_asked_for_it_cannot_approve_it_by_whatever_door_they_came() -> None:
    w = world(evacuate=GATE)
    arn = "arn:aws:sts::123456789012:assumed-role/Oncall/Ana@storefront.example"
    assert evacuate(w.hand, EAST, who=arn, reason="drill of our own").done
    assert w.until(w.has(Kind.APPROVAL_REQUESTED), 30)
    w.advance(1)
    desk = Desk(w, w.hand)
    ana, ben = desk.browser("u-ana"), desk.browser("u-ben")
    page = ana.get(f"/approve/{desk.request}").body.decode()
    assert "somebody else must approve it" in page
    assert "Approve plan" not in page
    assert ana.answer(desk.request).status == 409
    assert given(desk) == 0
    assert ben.answer(desk.request).status == 303
    assert w.until(w.has(Kind.SETTLED), 90)


def test_a5_where_two_are_asked_one_person_is_one_however_often_they_click() -> None:
    desk = asked_desk(approvals=TWO)
    ana, request = desk.browser("u-ana"), desk.request
    assert ana.answer(request, reason="seen").status == 303
    again = desk.browser("u-ana")
    assert "You have approved this. 1 more must agree" in again.get(f"/approve/{request}").body.decode()
    assert again.answer(request).status == 409
    desk.w.advance(10)
    assert not desk.w.moves
    assert desk.browser("u-ben").answer(request).status == 303
    desk.w.advance(10)
    assert len(desk.w.moves) == 4
    assert desk.w.whole


def test_a5_whose_sign_in_is_too_old_signs_in_once_more_and_answers(five: Desk) -> None:
    ana, before = five.browser("u-1"), given(five)
    refused = stale(ana, five.request)
    link = re.search(r'href="(/signin\?to=[^"]+)"', refused.body.decode())
    assert link is not None
    assert "Sign in once more" in ana.get(f"/approve/{five.request}").body.decode()
    assert ana.sign_in("u-1", to=link[1].partition("=")[2]).headers["location"] == f"/approve/{five.request}"
    assert ana.answer(five.request).status == 303
    assert given(five) == before + 1


def test_a7_a_denial_is_final_and_a_replayed_or_doubled_click_changes_nothing() -> None:
    desk = asked_desk()
    b, request = desk.browser("u-ana"), desk.request
    form = {**b.form(request), "reason": "not <b>now</b>"}
    assert b.post(f"/approve/{request}", {**form, "answer": "deny"}).status == 303
    for said in ("deny", "approve"):
        response = b.post(f"/approve/{request}", {**form, "answer": said})
        assert response.status == 409
        assert "denied already by ana@storefront.example" in response.body.decode()
    assert desk.w.until(desk.w.has(Kind.STOOD_DOWN), 60)
    assert b.post(f"/approve/{request}", {**form, "answer": "approve"}).status == 409
    page = b.get(f"/approve/{request}")
    assert page.status == 200
    assert re.search(r"<h1>You denied this at \d\d:\d\d:\d\d\.", page.body.decode())
    other = desk.browser("u-ben").get(f"/approve/{request}").body.decode()
    assert "<h1>This request was denied already by ana@storefront.example." in other
    incident = b.get(f"/incidents/{list(desk.w.state.incidents)[-1]}").body.decode()
    headline = incident.partition("<section")[2].partition("</section>")[0]
    assert "did not count" not in headline
    assert "did not count" in incident
    assert "not &lt;b&gt;now&lt;/b&gt;" in page.body.decode()
    assert (desk.w.count(Kind.APPROVAL_DENIED), desk.w.moves) == (1, [])


def test_a4_a_superseded_request_says_so_and_keeps_its_record() -> None:
    desk = asked_desk()
    b, request = desk.browser("u-ana"), desk.request
    form = {**b.form(request), "answer": "approve"}
    stop(desk.w)
    assert desk.w.until(lambda: desk.w.count(Kind.APPROVAL_REQUESTED) == 2, 150)
    desk.w.advance(2)
    seen, sent = b.get(f"/approve/{request}"), b.post(f"/approve/{request}", form)
    assert (seen.status, sent.status) == (410, 409)
    assert "superseded by a newer one" in seen.body.decode()
    assert "asked group:sre-oncall" in seen.body.decode()
    assert b.post(f"/approve/{desk.request}", form).status == 403  # a form of another page
    assert given(desk) == 0
    assert b.answer(desk.request).status == 303


@pytest.mark.parametrize(("person", "status"), [("u-ana", 303), ("u-cem", 409)])
def test_where_any_second_person_is_asked_it_is_one_of_the_policys_groups(person: str, status: int) -> None:
    desk = asked_desk()
    b = desk.browser(person)
    ask, patch = SECOND_PERSON, pytest.MonkeyPatch()
    with patch.context() as m:
        m.setattr(answers, "asked_now", lambda *_: ask)
        path = f"/approve/{desk.request}"
        form = {"csrf": _csrf(b, path), "digest": _digest(b), "answer": "approve"}
        assert b.post(path, form).status == status


def test_an_approval_whose_callback_is_lost_is_completed_by_the_tick() -> None:
    desk = asked_desk()

    class Deaf:
        def succeed(self, token: str, output: object, *, region: str = "") -> None:
            """The process ends before this is sent."""

    lost = Desk(desk.w, replace(desk.w.hand, workflow=Deaf()))
    assert lost.browser("u-ana").answer(desk.request).status == 303
    desk.w.advance(5)
    assert not desk.w.moves
    assert desk.w.until(desk.w.has(Kind.SETTLED), 150)


def test_who_left_the_group_since_and_who_has_no_session_cannot_answer(five: Desk) -> None:
    form = {**five.browser("u-6").form(five.request), "answer": "approve"}
    assert five.browser().post(f"/approve/{five.request}", form).status == 403
    five.provider.people["u-6"] = replace(CROWD["u-6"], groups=())
    left = five.browser("u-6")
    assert (
        left.post(
            f"/approve/{five.request}", {**form, "csrf": _csrf(left, f"/approve/{five.request}")}
        ).status
        == 409
    )
