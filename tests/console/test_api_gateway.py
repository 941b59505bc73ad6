"""The same handlers behind an API Gateway HTTP API, payload format 2.0: events in, answers out."""

import base64
from typing import Any

import pytest

from controller.console.http.api_gateway import request_of
from controller.console.http.messages import MOST, Response
from controller.core.journal.kind import Kind
from controller.entry import console_lambda
from tests.support.console_world import Browser, Desk, asked_desk
from tests.support.journal_events import said
from tests.support.policy_scene import OTHER, WEST

HOST = "console.test"


def event(method: str, path: str, **more: Any) -> dict[str, Any]:
    http = {"method": method, "path": path}
    return {"version": "2.0", "rawPath": path, "rawQueryString": "", "headers": {"Host": HOST},
            "requestContext": {"http": http}, "isBase64Encoded": False} | more  # fmt: skip


class ByGateway(Browser):
    """A browser whose requests come as events: cookies as a list, bodies in base64, names as they please."""

    def send(self, method: str, path: str, *, query: str = "", body: bytes = b"", **headers: str) -> Response:
        named = {name.replace("_", "-").title(): value for name, value in headers.items()}
        sent = event(
            method, path, rawQueryString=query, headers={"Host": HOST} | named,
            cookies=[f"{name}={value}" for name, value in self.jar.items()],
            **({"isBase64Encoded": True, "body": base64.b64encode(body).decode()} if body else {}),
        )  # fmt: skip
        answer = console_lambda.handler(sent, None)
        assert answer["isBase64Encoded"] is True
        assert "set-cookie" not in {name.lower() for name in answer["headers"]}
        for cookie in answer["cookies"]:
            name, _, value = cookie.partition(";")[0].partition("=")
            self.jar.pop(name, None)
            if value:
                self.jar[name] = value
        return Response(answer["statusCode"], base64.b64decode(answer["body"]), answer["headers"])


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Desk:
    made = asked_desk()
    monkeypatch.setattr(console_lambda, "_deployed", lambda: made.console)
    return made


def test_one_signs_in_reads_and_approves_by_events_alone(desk: Desk) -> None:
    b, path = ByGateway(desk), f"/approve/{desk.request}"
    assert b.get(path).headers["location"] == f"/signin?to=%2Fapprove%2F{desk.request}"
    back = b.sign_in("u-ana", to=path)
    assert (back.status, back.headers["location"]) == (303, path)
    assert len(b.jar) == 1
    assert "Leave us-east-1 for us-west-2?" in b.get(path).body.decode()
    assert b.answer(desk.request, reason="größer").status == 303
    given = next(e for e in desk.w.events if e.kind is Kind.APPROVAL_GIVEN)
    by = desk.w.hand.people.name_of(given.draft.by)
    assert (by, said(given)["reason"]) == ("ana@storefront.example", "größer")
    assert b.send("HEAD", "/policy").body == b""
    assert b.send("POST", path, body=b"x" * (MOST + 1)).status == 413


def test_the_link_of_each_region_in_the_notice_opens_the_same_question_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    desk = asked_desk(controllers=[OTHER, WEST])
    for region in (OTHER, WEST):
        here = Desk(desk.w, desk.w.hands[region])
        monkeypatch.setattr(console_lambda, "_deployed", lambda here=here: here.console)
        b = ByGateway(here)
        assert b.sign_in("u-ben", to=f"/approve/{desk.request}").headers["location"].endswith(desk.request)
        page = b.get(f"/approve/{desk.request}").body.decode()
        assert "Approve plan" in page
        assert f"seen from {region}" in page


def test_a_path_in_percents_is_decoded_once(desk: Desk) -> None:
    assert request_of(event("GET", "/approve/%2e%2e%2fpolicy")).path == "/approve/../policy"
    assert request_of(event("GET", "/%252e")).path == "/%2e"
    assert ByGateway(desk).get("/approve/%2e%2e%2fpolicy").status == 404


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"rawPath": "/"},
        event("GET", "/") | {"isBase64Encoded": True, "body": "%%"},
        {"requestContext": 7},
    ],
)
def test_what_is_no_event_of_an_http_api_is_refused(broken: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="not an event"):
        request_of(broken)
