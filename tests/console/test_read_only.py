"""Looking changes nothing (A2), shows everything, and is light."""

import re

import pytest

from controller.console.http.messages import Response
from controller.core.journal.kind import Kind
from controller.core.journal.notes import JournalRestored
from controller.core.policy.validation import compiled, parse_policy
from controller.rehearsal.cloud import JOURNAL
from controller.steps.context.deps import Deps
from controller.steps.context.journalling import load_state, write
from controller.steps.operator import approve as answers
from controller.steps.operator import commands
from tests.console.crawler import LINK, crawl, outside
from tests.support.console_world import Browser, Desk, asked_desk
from tests.support.policy_scene import OTHER, policy_data
from tests.support.world import rebuilt


@pytest.mark.parametrize("person", ["u-ana", "u-cem", None])
def test_a2_a_robot_that_opens_every_link_changes_nothing(person: str | None) -> None:
    desk = asked_desk()
    b = desk.browser(person)
    before = outside(desk)
    seen = crawl(b, ("OPTIONS", "HEAD", "GET"))
    assert outside(desk) == before
    assert len(seen) > (10 if person else 4)
    assert all(response.status < 500 for response in seen.values()), seen
    assert all(desk.w.count(kind) == 0 for kind in (Kind.APPROVAL_GIVEN, Kind.APPROVAL_DENIED))


def test_a2_a_console_that_is_newer_than_the_journal_writes_nothing_by_looking(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    desk = asked_desk()
    newer = Desk(desk.w, _newer(desk))
    b, request = newer.browser("u-ana"), desk.request
    before = outside(desk)
    for path in ("/", f"/approve/{request}", "/policy", "/health", "/history"):
        assert b.get(path).status == 200, path
    assert outside(desk) == before
    monkeypatch.setattr(answers, "read_state", load_state)
    b.get(f"/approve/{request}")
    assert outside(desk) != before


def _newer(desk: Desk) -> Deps:
    """The same controller with another policy, deployed now."""
    changes = {"controllers": [OTHER], "limits": policy_data()["limits"] | {"cooldown": "2h"}}
    policy = compiled(parse_policy(policy_data() | changes))
    return rebuilt(desk.w, deployed=desk.w.stage.kernel.now(), policy=policy)


def test_every_page_is_light_asks_nobody_else_and_says_what_browsers_must_not_do() -> None:
    desk = asked_desk()
    for url, response in crawl(desk.browser("u-ana")).items():
        assert len(response.body) < 100_000, url
        text = response.body.decode("utf-8", "replace")
        if response.headers.get("content-type", "").startswith("text/html"):
            for found in LINK.findall(text):
                assert found.startswith(("/", "#")), (url, found)
            assert " style=" not in text, url
            assert "<script>" not in text, url
        policy = response.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["strict-transport-security"]


def test_a_head_is_a_get_without_its_body_and_other_methods_are_refused() -> None:
    desk = asked_desk()
    b = desk.browser("u-ana")
    assert (b.send("HEAD", "/").status, b.send("HEAD", "/").body) == (200, b"")
    for method in ("OPTIONS", "PUT", "DELETE", "PATCH", "TRACE", "CONNECT", "get", "BREW"):
        response = b.send(method, f"/approve/{desk.request}")
        assert (response.status, response.headers["allow"]) == (405, "GET, HEAD")
        assert "access-control-allow-origin" not in response.headers
    assert b.post("/", {}).status == 405


def test_the_approver_finds_everything_on_one_page() -> None:
    desk = asked_desk()
    page = desk.browser("u-ana").get(f"/approve/{desk.request}").body.decode()
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", page))
    for said in (
        "Leave us-east-1 for us-west-2?",
        "Nothing has moved yet",
        "2 of 2 observers say customer of us-east-1 is breaching",
        "✗ breaching storefront-us-east-1-checkout seen from us-east-2, since",
        "4 routing controls change",
        "use1-a● On○ Off",
        "how many writes would be lost: nothing measures replication here",
        "✓ ready 1 of 1 signals say customer of us-west-2 is healthy",
        "Silence is a denial. At 08:16:00 the question ends, and traffic stays where it is.",
        "in 14m56s",
    ):
        assert said in text, said
    incident = desk.w.state.open
    assert incident is not None
    assert incident.request is not None
    code = incident.request.code
    assert page.count(code) >= 2
    assert any(code in notice.text for notice in desk.w.stage.cloud.outbox.notices)


def test_the_incident_is_told_while_it_goes_on_and_once_it_is_over() -> None:
    desk = asked_desk()
    b, request = desk.browser("u-ana"), desk.request
    incident = desk.w.state.open
    assert incident is not None
    url = f"/incidents/{incident.id}"
    assert "people are asked" in b.get(url).body.decode()
    assert f"/approve/{request}" in b.get("/").body.decode()
    b.answer(request, reason="seen")
    assert desk.w.until(desk.w.has(Kind.SETTLED), 120)
    page = b.get(url).body.decode()
    for said in (
        "settled",
        "the traffic is in us-west-2",
        "approved by ana@storefront.example at the console (sre-oncall): seen",
        "<svg",
        "use1-a is Off",
    ):
        assert said in page, said
    assert "0 of 4 On" in b.get("/").body.decode()
    assert (
        incident.id
        in b.get("/history?outcome=moved&region=us-east-1").body.decode().partition("The last events")[0]
    )
    assert "None that fits" in b.get("/history?outcome=stayed").body.decode()


def test_any_past_moment_can_be_asked_about_also_one_in_which_nobody_watched() -> None:
    b = asked_desk().browser("u-ana")
    assert "Nothing was decided from the beginning" in b.get("/history?at=2020-01-01T00:00Z").body.decode()
    now = b.get("/history?at=2030-01-01T08:01:30Z").body.decode()
    assert "us-east-1: approval" in now
    for junk in ("yesterday", "99:99", "2030-13-45", "-1e400", "%00", "\u202e"):
        assert b.get(f"/history?at={junk}").status == 400, junk


def test_when_nothing_answers_the_pages_say_what_is_not_known() -> None:
    desk = asked_desk()
    cut = Desk(desk.w, desk.w.deps)
    b = cut.browser("u-ana")
    desk.w.down |= {"tidegate-evidence", "tidegate-assessments"}
    desk.w.stage.faults.arc.update(dict.fromkeys(desk.w.stage.deployment.arc.endpoints, "refused"))  # type: ignore[union-attr]
    page = b.get("/")
    assert page.status == 200
    text = page.body.decode()
    assert "controls unreadable" in text
    assert "unknown never acts" in text
    assert "things want a look" in b.get("/health").body.decode()
    desk.w.down.add("tidegate-journal")
    gone = b.get("/")
    assert gone.status == 503
    assert "Nothing was read or written" in gone.body.decode()


def test_with_the_journal_s_table_gone_health_is_shown_and_the_other_pages_name_the_way_back() -> None:
    desk = asked_desk()
    desk.w.advance(65)
    b = desk.browser("u-ana")
    delete_journal(desk)
    health = b.get("/health")
    assert health.status == 200
    said = text_of(health)
    assert "Journal it cannot be read, so nothing moves: reading the journal of storefront" in said
    assert "docs/runbooks/journal-lost.md" in said
    assert "max retries" not in said
    for name in ("Watching last decision", "Evidence heard from", "Routing controls 8 read"):
        assert name in said, name
    for path in ("/", "/history", f"/approve/{'0' * 32}", "/policy"):
        page = b.get(path)
        assert (page.status, "The journal&#39;s table is gone" in page.body.decode()) == (503, True), path
        assert "docs/runbooks/journal-lost.md" in text_of(page)
        assert "tidegate break-glass moves traffic without it" in text_of(page)


def delete_journal(desk: Desk) -> None:
    home, name = desk.w.stage.cloud.plan.controller, {"TableName": JOURNAL}
    described = desk.w.stage.cloud.call("dynamodb", "DescribeTable", home, name)["Table"]
    others = [{"Delete": {"RegionName": each["RegionName"]}} for each in described.get("Replicas", ())]
    changes = {**name, "DeletionProtectionEnabled": False, "ReplicaUpdates": others}
    desk.w.stage.cloud.call("dynamodb", "UpdateTable", home, changes)
    desk.w.stage.cloud.call("dynamodb", "DeleteTable", home, name)


def text_of(page: Response) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.body.decode()))


def test_what_was_stopped_goes_before_what_is_open_and_nobody_is_called_to_answer_too_late() -> None:
    desk = asked_desk()
    b = desk.browser("u-ana")
    assert "Read and answer" in text_of(b.get("/"))
    desk.w.asleep |= {"Tick", "Escalate", "Assess"}
    desk.w.advance(1000)
    late = text_of(b.get("/"))
    assert "Read and answer" not in late
    assert "Watch it" in late
    assert commands.arm(desk.w.hand, on=False, who="ana", reason="the journal was lost").done
    stopped = text_of(b.get("/"))
    assert "It will not act disarmed by" in stopped
    assert "storefront-us-east-1-2 is open, and nothing of it moves." in stopped


def test_a_restored_journal_is_the_first_thing_that_now_and_health_say() -> None:
    desk = asked_desk()
    b, state = desk.browser("u-ana"), desk.w.state
    first = state.last.seq + 1 if state.last else 1
    said = JournalRestored(first=first, last=first - 1, table="copy", reason="a script")
    write(desk.w.hand, state, said, by="ana")
    assert "The journal was restored, and nobody has armed since" in text_of(b.get("/"))
    health = text_of(b.get("/health"))
    assert "the journal was restored from copy: no controller saw an event after" in health
    assert "nobody has armed since" in health
    assert commands.arm(desk.w.hand, on=True, who="ana", reason="looked").done
    after = text_of(b.get("/health"))
    assert "the journal was restored from copy" in after
    assert "nobody has armed since" not in after


def test_signed_out_every_page_leads_to_the_sign_in_and_back() -> None:
    desk = asked_desk()
    b = desk.browser()
    away = b.get(f"/approve/{desk.request}")
    assert (away.status, away.headers["location"]) == (303, f"/signin?to=%2Fapprove%2F{desk.request}")
    desk.down = True
    response = b.get(away.headers["location"])
    assert response.status == 503
    assert "tidegate approve ID" in response.body.decode()
    b = Browser(desk)
    desk.down = False
    back = b.sign_in("u-ana", f"%2Fapprove%2F{desk.request}")
    assert back.headers["location"] == f"/approve/{desk.request}"
    out = b.get("/").body.decode()
    csrf = re.search(r'name="csrf" value="([0-9a-f]+)"', out)
    assert csrf is not None
    assert b.post("/signout", {"csrf": csrf[1]}).status == 200
    assert b.get("/").status == 303


def test_six_minutes_after_the_sign_in_one_may_look_but_is_asked_to_sign_in_before_one_answers() -> None:
    desk = asked_desk()
    b = desk.browser("u-ana")
    desk.clock.at += 360
    page = b.get(f"/approve/{desk.request}").body.decode()
    assert "less than five minutes old" in page
    assert "<textarea" not in page
