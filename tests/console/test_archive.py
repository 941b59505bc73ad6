"""A run that is over, in the console: the same pages, nothing to do, and whatever the file holds is text."""

import re
from dataclasses import replace
from typing import Any

import pytest

from controller.console.archive import Archive, outside_of
from controller.console.http.messages import Request, Response
from controller.core.journal.event import seal
from controller.core.journal.kind import Kind
from controller.core.journal.moves import ApprovalRequested
from controller.core.journal.notes import Disarmed
from controller.entry.console_lambda import instruments
from controller.ports.errors import ControllerError
from controller.readmodel.trace import Traced
from tests.console.crawler import LINK
from tests.console.finished_run import run

ORIGIN = "http://127.0.0.1:4321"


class Reader:
    """Whoever opens the console of a trace."""

    def __init__(self, traced: Traced | None = None) -> None:
        self.log: list[Any] = []
        made = instruments(lambda: None)
        self.archive = Archive(traced or run(), origin=ORIGIN, instruments=made, log=self.log.append)

    def get(self, url: str, method: str = "GET", host: str = "127.0.0.1:4321", body: bytes = b"") -> Response:
        path, _, query = url.partition("?")
        return self.archive.handle(Request(method, path, query, {"host": host}, body=body))

    def text(self, url: str) -> str:
        page = self.get(url).body.decode()
        return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", page))


def incident() -> str:
    return next(str(e.draft.incident) for e in run().events if e.kind is Kind.INCIDENT_OPENED)


def request() -> str:
    return next(e.body.approval for e in run().events if isinstance(e.body, ApprovalRequested))


def test_every_page_is_there_without_a_form_a_script_or_a_sign_in() -> None:
    reader = Reader()
    seen: dict[str, Response] = {}
    left = ["/", f"/incidents/{incident()}", f"/approve/{request()}", "/history?at=08:02", "/history?at=zzz"]
    while left:
        url = left.pop().replace("&amp;", "&")
        if url in seen:
            continue
        seen[url] = reader.get(url)
        left += [u for u in LINK.findall(seen[url].body.decode("utf-8", "replace")) if u.startswith("/")]
    assert {url: r.status for url, r in seen.items() if r.status != 200} == {"/history?at=zzz": 400}
    assert {"/", "/history", "/policy", "/health"} < set(seen)
    for url, response in seen.items():
        assert "default-src 'none'" in response.headers["content-security-policy"]
        assert len(response.body) < 100_000, url
        for unwanted in (b"<script", b'method="post"', b"csrf", b"Sign out"):
            assert unwanted not in response.body, url


def test_it_tells_the_run_as_it_stood_at_its_end() -> None:
    reader = Reader()
    now, told = reader.text("/"), reader.text(f"/incidents/{incident()}")
    for said in (
        "A record: seed 7",
        "This is a run that is over",
        "us-east-1 was left for us-west-2",
        "0 of 4 On",
    ):
        assert said in now, said
    for said in ("settled", "share of us-east-1", "50% → 0%", "checkout seen from us-east-2", "approved"):
        assert said in told, said
    assert "approved already" in reader.text(f"/approve/{request()}")
    assert "us-east-1: approval" in reader.text("/history?at=2030-01-01T08:02Z")


def test_a_question_that_still_waited_is_shown_and_cannot_be_answered() -> None:
    waiting = [e.kind for e in run().events].index(Kind.APPROVAL_GIVEN)
    at = run().events[waiting - 1].at + 5
    reader = Reader(replace(run(), events=run().events[:waiting], until=at))
    text = reader.text(f"/approve/{request()}")
    assert "Leave us-east-1 for us-west-2?" in text
    assert "This is a record: nothing can be answered here." in text
    assert "<form" not in reader.get(f"/approve/{request()}").body.decode()


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "get"])
def test_nothing_can_be_done_whatever_is_sent(method: str) -> None:
    for path in (f"/approve/{request()}", "/signout", "/", "/signin"):
        response = Reader().get(path, method, body=b"answer=approve&csrf=x")
        assert (response.status, response.headers["allow"]) == (405, "GET, HEAD")
    assert Reader().get("/", "HEAD").body == b""


@pytest.mark.parametrize("host", ["", "evil.example", "localhost:4321", "127.0.0.1"])
def test_by_another_name_it_shows_nothing(host: str) -> None:
    response = Reader().get("/", host=host)
    assert response.status == 421
    assert b"us-east-1" not in response.body


@pytest.mark.parametrize("path", ["/static/../app.py", "/etc/passwd", "/approve/1", "/incidents/none", "/x"])
def test_there_is_nothing_else(path: str) -> None:
    assert Reader().get(path).status == 404


def test_behind_it_nothing_can_be_written_or_asked() -> None:
    deps = outside_of(run())
    acts: list[Any] = [
        lambda: deps.journal.append("storefront", run().events[0].draft, None),
        lambda: deps.evidence.record("storefront", []),
        lambda: deps.assessments.add("storefront", 1.0, {}),
        lambda: deps.switch.update([[("use1-a", True)]], deadline=1.0, fence=lambda: None),
        lambda: deps.leases.take("storefront", "me", None),
        lambda: deps.approvals.get(request()),
        lambda: deps.workflow.succeed("token", {}),
        lambda: deps.notices.send("x", "y"),
        lambda: deps.polls.poll("us-east-1", ["a"]),
        deps.new_id,
    ]
    for act in acts:
        with pytest.raises(ControllerError, match="a run that is over"):
            act()


HOSTILE = "<script>alert(1)</script>\u202e\x1b[2J\n{{7*7}} <!-- ${x}"


def test_what_the_file_says_is_text_and_nothing_else() -> None:
    draft = run().events[-1].draft
    odd = replace(draft, body=Disarmed(reason=HOSTILE), incident=None, by=HOSTILE, epoch=0)
    events = (*run().events, seal("storefront", odd, run().events[-1]))
    reader = Reader(replace(run(), name=HOSTILE, events=events))
    for path in ("/", "/history", "/health", f"/incidents/{incident()}"):
        page = reader.get(path).body.decode()
        assert "&lt;script&gt;" in page, path
        assert not re.search(r"<script|<!--|\x1b|\u202e|\b49\b ", page), path
    reader.get("/" + HOSTILE)
    assert all("\x1b" not in str(line) and "\n" not in str(line) for line in reader.log)


def test_what_does_not_fit_together_is_a_plain_page_and_no_stack() -> None:
    reader = Reader(
        replace(run(), assessments=((run().until - 1, {"decisions": 7}),), controls={"one": True})
    )
    page = reader.get("/")
    assert page.status == 500
    assert b"This cannot be shown" in page.body
    assert b"Traceback" not in page.body
    assert reader.log[-1]["why"] == "TypeError"
    assert Reader(replace(run(), controls={"one": True})).get("/").status == 200
