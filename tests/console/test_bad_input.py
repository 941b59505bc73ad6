"""Whatever is sent: the right status, a plain page, one log line without secrets, and nothing changed."""

import json
from urllib.parse import urlencode

import pytest

from controller.console import render
from controller.console.app import log_line
from controller.console.auth.session import NAME, Sealer, Session, session_of
from controller.console.http.messages import MOST, Request
from controller.core.journal.kind import Kind
from controller.rehearsal.oidc.provider import Person
from controller.steps.operator.commands import evacuate
from tests.console.crawler import outside
from tests.support.console_world import GATE, KEY, ORIGIN, Browser, Desk, asked_desk
from tests.support.journal_events import said
from tests.support.policy_scene import EAST
from tests.support.world import world

HOSTILE = '<script>alert(1)</script>\x1b[31mred\u202egnp\r\n{"forged": "line"}\x00\'"'


SENT = {"origin": ORIGIN, "content_type": "application/x-www-form-urlencoded"}


def session(b: Browser) -> Session:
    """What the sealed cookie holds."""
    cookie = "; ".join(f"{name}={value}" for name, value in b.jar.items())
    found = session_of(Request("GET", "/", cookie=cookie), Sealer(KEY), b.desk.clock())
    assert found is not None
    return found


@pytest.fixture
def desk() -> Desk:
    return asked_desk()


def test_hundreds_of_wrong_ids_are_hundreds_of_plain_404s_one_line_each_and_nothing_changes(
    desk: Desk,
) -> None:
    b, before, events = desk.browser("u-ana"), effects(desk), desk.w.events
    form = {**b.form(desk.request), "answer": "approve"}
    desk.log.clear()
    bodies = {b.get(f"/approve/{number:032x}").body for number in range(240)}
    for number in range(30):
        path = f"/approve/{number:032x}"
        bodies.add(b.post(path, form | {"csrf": session(b).token(path)}).body)
        assert desk.browser().get(path).headers["location"] == f"/signin?to=%2Fapprove%2F{number:032x}"
    assert len(bodies) == 1
    assert b"No request of that id is known" in bodies.pop()
    assert {(line["status"], line.get("why")) for line in desk.log} == {(404, "no such request"), (303, None)}
    lines = [log_line(line) for line in desk.log]
    assert len(lines) == 300
    assert not any(secret in line for line in lines for secret in (*b.jar.values(), form["csrf"]))
    assert (effects(desk), desk.w.events) == (before, events)


def effects(desk: Desk) -> dict[str, str]:
    """What answers change; time passes meanwhile, and is looked at and assessed."""
    found = outside(desk)
    return {name: found[name] for name in ("controls", "executions", "pages", "moves")}


NOWHERE = ["/approve/", "/approve/abc", "/approve/" + "g" * 32,
     "/approve/" + "A" * 32, "/approve/" + "0" * 33, f"/approve/{'0' * 32}/{'0' * 32}",
     "/approve/../policy", "/approve/%2e%2e/policy", "/static/../app.py", "/static/..%2fapp.py", "/static/",
     "/static//etc/passwd", "/incidents/none", "/incidents/<script>", "/incidents/" + "x" * 129,
     "//evil.test", "/\x00", "/\u202eapprove", "/wp-login.php", "/.env"]  # fmt: skip


def test_an_address_that_leads_nowhere_is_a_404(desk: Desk) -> None:
    b = desk.browser("u-ana")
    for path in NOWHERE:
        response = b.send("GET", path)
        assert response.status == 404, path
        assert b"<script>alert" not in response.body
        line = log_line(desk.log[-1])
        assert line.isascii(), path
        assert "\n" not in line, path


def test_what_is_too_long_is_not_read(desk: Desk) -> None:
    b = desk.browser("u-ana")
    own = f"/approve/{desk.request}"
    assert (
        b.send("POST", own, body=b"x" * (MOST + 1), content_type="application/x-www-form-urlencoded").status
        == 413
    )
    assert (
        desk.console.handle(Request("POST", own, headers={"host": "console.test"}, too_big=True)).status
        == 413
    )
    assert b.send("GET", "/" + "a" * 5000).status == 414
    assert b.send("GET", "/", query="a" * 50_000).status == 414
    assert b.post(own, {str(n): "x" for n in range(100)}).status == 403


def test_another_host_is_another_console(desk: Desk) -> None:
    for host in ("evil.test", "", "console.test.evil.test", "127.0.0.1"):
        assert desk.browser("u-ana").send("GET", "/", host=host).status == 421


def test_a_form_that_says_neither_yes_nor_no_counts_for_nothing(desk: Desk) -> None:
    b, before, own = desk.browser("u-ana"), desk.w.events, f"/approve/{desk.request}"
    form = b.form(desk.request)
    for word in ("maybe", "approve\x00", "", "Approve", "approve,deny"):
        assert b.post(own, form | {"answer": word}).status == 403, word
    assert b.post(own, form).status == 403
    for doubled in ("answer=approve&answer=deny", "answer=approve&answer=approve", "answer=deny&csrf=0"):
        body = f"{urlencode(form)}&{doubled}".encode()
        assert b.send("POST", own, body=body, **SENT).status == 403, doubled
    for kind in ("application/json", "text/plain", "multipart/form-data", ""):
        assert b.post(own, form | {"answer": "approve"}, content_type=kind).status == 403, kind
    assert desk.w.events == before


def test_a_cookie_that_is_not_ours_is_no_session(desk: Desk) -> None:
    b = desk.browser("u-ana")
    form = {**b.form(desk.request), "answer": "approve"}
    for cookie in ("", "x", "a.b.c.d.e", "=;=;", "\x00", "A" * 9000, "é; ="):
        b.jar[NAME] = cookie
        assert b.get("/").status == 303, cookie
        assert b.post(f"/approve/{desk.request}", form).status == 403, cookie
    assert desk.w.count(Kind.APPROVAL_GIVEN) == 0


def test_a9_a_hostile_reason_forges_no_page_no_log_line_and_no_journal(desk: Desk) -> None:
    b, request = desk.browser("u-ana"), desk.request
    b.answer(request, "deny", HOSTILE + "x" * 4000)
    page = b.get(f"/approve/{request}").body.decode()
    assert "<script>alert" not in page
    for sign in ("\x1b", "\u202e", "\x00", "\r"):
        assert sign not in page
        assert all(sign not in log_line(line) for line in desk.log)
    denied = next(e for e in desk.w.events if str(e.kind) == "ApprovalDenied")
    assert len(said(denied)["reason"]) == 500
    assert "\n" not in said(denied)["reason"]
    assert "&lt;script&gt;" in page


def test_a9_a_hostile_name_and_reason_in_the_journal_forge_no_page() -> None:
    w = world(evacuate=GATE)
    assert evacuate(w.hand, EAST, who=f"eve{HOSTILE}", reason=f"because{HOSTILE}").done
    assert w.until(w.has(Kind.APPROVAL_REQUESTED), 30)
    w.advance(1)
    hostile = Desk(w, w.hand)
    b, incident = hostile.browser("u-ana"), w.state.open
    assert incident is not None
    for path in ("/", f"/approve/{hostile.request}", f"/incidents/{incident.id}", "/history"):
        page = b.get(path).body.decode()
        assert "eve&lt;script&gt;" in page, path
        assert "<script>alert" not in page, path
        assert not any(sign in page for sign in ("\x1b", "\u202e", "\x00", "\r")), path


def test_a9_a_hostile_person_of_the_issuer_forges_no_page_and_no_log_line(desk: Desk) -> None:
    named = '<img src=x onerror=alert(1)>"@storefront.example'
    desk.provider.people["u-eve"] = Person("u-eve", named, f"Eve{HOSTILE}", ("sre-oncall",))
    b = desk.browser("u-eve")
    b.answer(desk.request, "deny", "no")
    for path in ("/", f"/approve/{desk.request}", "/history"):
        page = b.get(path).body.decode()
        assert "&lt;img src=x onerror=alert(1)&gt;" in page, path
        assert "<img" not in page, path
    assert all(json.loads(log_line(line))["path"] for line in desk.log)
    desk.provider.people["u-eve"] = Person("u-eve", f"eve{HOSTILE}@x", "Eve", ("sre-oncall",))
    assert desk.browser().sign_in("u-eve").status == 403


def test_a9_without_escaping_a_hostile_name_is_markup(monkeypatch: pytest.MonkeyPatch) -> None:
    bare = render._environment.__wrapped__()
    bare.autoescape, bare.finalize = False, None
    monkeypatch.setattr(render, "_environment", lambda: bare)
    w = world(evacuate=GATE)
    assert evacuate(w.hand, EAST, who=f"eve{HOSTILE}", reason="because").done
    w.advance(10)
    page = Desk(w, w.hand).browser("u-ana").get("/").body.decode()
    assert "<script>alert" in page
    assert "\u202e" in page


def test_a9_a_hostile_address_is_one_plain_log_line(desk: Desk) -> None:
    desk.log.clear()
    desk.browser().send("GET", "/" + HOSTILE, query="code=s3cret&state=" + HOSTILE)
    assert len(desk.log) == 1
    line = log_line(desk.log[0])
    assert json.loads(line)["path"].startswith("/<script>")
    assert "s3cret" not in line
    assert "\\u001b" not in line


def test_what_breaks_inside_is_a_plain_page_and_the_name_of_its_kind(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    b = desk.browser("u-ana")

    def breaks(_visit: object) -> None:
        raise RuntimeError("the token is s3cret")

    from controller.console import app

    monkeypatch.setattr(app, "PAGES", ((app.PAGES[0][0], "now", breaks),))
    response = b.get("/")
    assert response.status == 500
    assert b"s3cret" not in response.body
    assert desk.log[-1]["why"] == "RuntimeError"
