"""What the console keeps of an answer: its door, and what the id token asserted."""

import json
from dataclasses import fields

from controller.console.auth.session import FRESH, Sealer, session_of
from controller.console.http.messages import Request
from controller.core.incident.approval import CLAIM, SignedIn
from controller.core.journal.kind import Kind
from controller.core.journal.moves import AnswerRefused, ApprovalGiven
from controller.core.person import is_id
from tests.console.console_answers import given
from tests.support.console_world import GATE, ISSUER, KEY, NOON, Desk, asked_desk

LOT = "auth0|5f12c0ffee1234567890abcd"
"""A subject by lot, which is kept; what may be a name becomes an id."""


def kept(desk: Desk) -> ApprovalGiven:
    return next(e.body for e in desk.w.events if isinstance(e.body, ApprovalGiven))


def refusals(desk: Desk) -> list[AnswerRefused]:
    return [e.body for e in desk.w.events if isinstance(e.body, AnswerRefused)]


def test_an_answer_keeps_issuer_subject_groups_and_the_time_of_the_sign_in() -> None:
    desk = asked_desk()
    desk.provider.claims = {"sub": LOT}
    ben = desk.browser("u-ben")
    desk.clock.at += 60
    assert ben.answer(desk.request, reason="seen").status == 303
    said = kept(desk)
    assert (said.door, said.issuer, said.subject) == ("console", ISSUER, LOT)
    assert (said.groups, said.signed_in) == (("sre-oncall",), NOON)  # of the groups that the policy names


def test_no_token_session_key_or_cookie_is_kept() -> None:
    desk = asked_desk()
    ben = desk.browser("u-ben")
    cookie = dict(ben.jar)
    said = "; ".join(f"{name}={value}" for name, value in cookie.items())
    session = session_of(Request("GET", "/", cookie=said), Sealer(KEY), desk.clock())
    assert session is not None
    assert {each.name for each in fields(SignedIn)} == {"door", "issuer", "subject", "groups", "at"}
    assert ben.answer(desk.request).status == 303
    texts = "".join(event.text for event in desk.w.events)
    for secret in (*cookie.values(), session.csrf, session.token(f"/approve/{desk.request}")):
        assert secret not in texts


def test_a_hostile_subject_is_bounded_and_stands_nowhere() -> None:
    desk = asked_desk()
    desk.provider.claims = {"sub": "x\r\n\x1b[31mforged\u202e" + "y" * 2_000}
    ben = desk.browser("u-ben")
    assert ben.answer(desk.request).status == 303
    assert is_id(kept(desk).subject)
    assert len(kept(desk).subject) <= CLAIM
    assert all("forged" not in event.text for event in desk.w.events)


def test_pages_show_the_door_and_the_groups() -> None:
    desk = asked_desk()
    ben, request = desk.browser("u-ben"), desk.request
    incident = desk.w.state.open
    assert incident is not None
    assert ben.answer(request, reason="seen").status == 303
    for path in (f"/incidents/{incident.id}", f"/approve/{request}"):
        assert "at the console (sre-oncall)" in ben.get(path).body.decode()


def test_a_refused_answer_is_an_event_and_the_pages_tell_it() -> None:
    desk = asked_desk()
    desk.provider.claims = {"sub": LOT}
    ben, cem, request = desk.browser("u-ben"), desk.browser("u-cem"), desk.request
    incident = desk.w.state.open
    assert incident is not None
    form = {**ben.form(request), "answer": "deny"}
    assert ben.post(f"/approve/{request}", form | {"digest": "0" * 16}).status == 409
    (refused,) = refusals(desk)
    assert (refused.approve, refused.door, refused.subject) == (False, "console", LOT)
    assert "not the one that you were shown" in refused.reason
    page = cem.get(f"/incidents/{incident.id}").body.decode()
    assert "said no, which did not count: the plan is not the one that you were shown" in page
    assert given(desk) == 0


def test_an_answer_with_an_old_sign_in_is_an_event() -> None:
    desk = asked_desk()
    ben, request = desk.browser("u-ben"), desk.request
    form = {**ben.form(request), "answer": "approve"}
    desk.clock.at += FRESH + 60
    response = ben.post(f"/approve/{request}", form)
    assert response.status == 403
    assert "This did not count" in response.body.decode()
    (refused,) = refusals(desk)
    assert refused.reason == "the sign-in was more than five minutes old"
    assert refused.signed_in == NOON


def test_a_flood_of_refused_clicks_and_a_forged_id_write_little_and_nothing() -> None:
    desk = asked_desk()
    ben, request = desk.browser("u-ben"), desk.request
    form = {**ben.form(request), "answer": "approve", "digest": "0" * 16}
    for _ in range(12):
        assert ben.post(f"/approve/{request}", form).status == 409
    assert len(refusals(desk)) == 3
    before = len(desk.w.events)
    forged = "f" * 32
    cookie = "; ".join(f"{name}={value}" for name, value in ben.jar.items())
    session = session_of(Request("GET", "/", cookie=cookie), Sealer(KEY), desk.clock())
    assert session is not None
    own = form | {"csrf": session.token(f"/approve/{forged}")}
    assert ben.post(f"/approve/{forged}", own).status == 404
    desk.clock.at += FRESH + 60
    assert ben.post(f"/approve/{forged}", own).status == 403
    assert len(desk.w.events) == before


def test_what_another_site_posts_is_no_answer_and_writes_nothing() -> None:
    desk = asked_desk()
    ben, request = desk.browser("u-ben"), desk.request
    form = {**ben.form(request), "answer": "approve"}
    before = len(desk.w.events)
    sent = ben.post(f"/approve/{request}", form, origin="https://evil.test", sec_fetch_site="cross-site")
    assert sent.status == 403
    assert ben.post(f"/approve/{request}", form | {"csrf": "0" * 64}).status == 403
    assert len(desk.w.events) == before


def test_the_page_tells_the_whole_plan() -> None:
    desk = asked_desk(evacuate={**GATE, "waves": [1], "settle": "20s"})
    ana = desk.browser("u-ana")
    page = ana.get(f"/approve/{desk.request}").body.decode()
    event = next(e for e in desk.w.events if e.kind is Kind.APPROVAL_REQUESTED)
    plan = json.loads(event.text)["data"]["plan"]
    assert f"The whole plan {plan[:12]}" in page
    assert "4 routing controls in 4 waves, and no other. Your answer is about all of it." in page
    for control in ("use1-a", "use1-b", "use1-c", "use1-d"):
        assert control in page.partition("All 4 waves")[2]
