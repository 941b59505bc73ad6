"""The pages beyond the journal: traffic, waves, who was asked, expiry, who reviewed."""

import re
from functools import cache
from typing import Any

import pytest

from controller.core.explanation import format_time
from controller.core.journal.kind import Kind
from controller.core.model import Verdict
from controller.steps.context.journalling import load_state
from controller.steps.operator import commands
from tests.support.break_glass_line import Machine
from tests.support.console_world import GATE, Browser, Desk, asked_desk
from tests.support.policy_scene import EAST, OTHER, policy_data
from tests.support.request_counts import RULE, counting
from tests.support.world import World, rebuilt, world

ONCALL = {"ask": ["group:sre-oncall"], "people": 1, "within": "5m"}
LEADS = {"ask": ["group:sre-leads"], "people": 2, "within": "10m"}
CHAIN = {"oncall": [ONCALL, LEADS]}


def text(b: Browser, url: str) -> str:
    page = re.sub(r"<title>.*?</title>|<svg class.*?</svg>", "", b.get(url).body.decode())
    words = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))
    return re.sub(r" ([.,:;])", r"\1", words)


def incident(desk: Desk) -> str:
    return f"/incidents/{list(desk.w.state.incidents)[-1]}"


@cache
def moving() -> list[dict[str, str]]:
    """What the pages said while people were asked, after the first of two waves, and when it was over."""
    waves = GATE | {"waves": [2], "settle": "30s"}
    desk = asked_desk(traffic=RULE, evacuate=waves, approvals=CHAIN)
    counting(desk.w, 0.0)
    desk.w.advance(140)
    b = desk.browser("u-ana")
    said: list[dict[str, str]] = []

    def look() -> None:
        at = f"/history?at={format_time(desk.w.stage.kernel.now())}"
        said.append({"now": text(b, "/"), "incident": text(b, incident(desk)), "history": text(b, at)})

    look()
    said[0]["approve"] = text(b, f"/approve/{desk.request}")
    b.answer(desk.request, reason="seen")
    assert desk.w.until(desk.w.has(Kind.SHIFT_APPLIED), 600)
    said[0]["moved"] = text(b, incident(desk))
    assert desk.w.until(desk.w.has(Kind.SHIFT_VERIFIED), 600, step=0.2)
    look()
    assert desk.w.until(desk.w.has(Kind.SETTLED), 600)
    desk.w.advance(100)
    look()
    return said


def test_the_share_of_traffic_is_shown_before_and_after_for_each_region() -> None:
    asked, wave, over = moving()
    assert "Serves 50 % of all requests" in asked["now"]
    assert "Serves 25 % of all requests, 50 % before" in wave["now"]
    assert "Serves 75 % of all requests, 50 % before" in wave["now"]
    assert "us-east-1 50 % 25 % us-west-2 50 % 75 %" in wave["incident"]
    assert "us-east-1 50 % 0 % us-west-2 50 % 100 %" in over["incident"]
    assert "Serves 100 % of all requests" in over["now"]


def test_each_wave_says_what_it_flips_and_what_became_of_it() -> None:
    asked, wave, over = moving()
    first, second = "1 use1-a → ○ Off use1-b → ○ Off ", "2 use1-c → ○ Off use1-d → ○ Off "
    assert f"{first}next {second}later, each after a look" in asked["incident"]
    assert re.search(rf"{first}moved \S+ {second}next", asked["moved"])
    assert re.search(rf"{first}verified \S+ 25 % of requests stayed {second}next", wave["incident"])
    assert "later, each" not in wave["incident"]
    assert re.search(rf"{second}verified \S+ 0 % of requests stayed", over["incident"])
    assert "All 2 waves" in asked["approve"]


def test_who_was_asked_and_what_expires_when() -> None:
    asked, wave, over = moving()
    assert re.search(r"group:sre-oncall plan \w{8} 08:06:00, in 2m\d\ds .*waiting", asked["incident"])
    assert "the question. Then 2 people of group:sre-leads will be asked." in asked["incident"]
    assert re.search(r"ana@storefront.example approved \d\d:\d\d:\d\d", wave["incident"])
    assert "the question." not in wave["incident"]
    assert re.search(r"in 5m\d\ds: the wait until customers have moved. People are asked", asked["moved"])
    assert re.search(r"in 58m\d\ds: the cooldown. It may move by itself", over["incident"])


def test_an_approver_reads_what_the_target_serves_and_that_nobody_compares_quotas() -> None:
    asked = moving()[0]["approve"]
    assert "? unknown whether us-west-2 has room for it: nothing compares quotas here." in asked
    assert "us-west-2 serves 50 % of all requests now" in asked


def test_a_region_that_was_left_is_no_alarm_and_the_page_says_how_it_comes_home() -> None:
    over = moving()[2]["now"]
    assert "us-east-1 was left for us-west-2 us-west-2 carries its traffic." in over
    assert "The policy has no restore: deploy one that has, then tidegate restore us-east-1; or" in over
    assert "tidegate break-glass us-west-2 --to us-east-1." in over
    assert "✗ shared cause us-east-1 may fail as well" in over


def left_by_hand() -> World:
    """us-east-1 was left by break-glass, and the journal knows it."""
    w = world(limits=policy_data()["limits"] | {"cooldown": "1h"})
    w.advance(70)
    laptop = Machine(w.stage.policy, w.hand.switch, w.stage.runtime)
    assert laptop.leave(EAST) == "applied"
    laptop.journal(w.hand)
    w.advance(130)
    return w


def test_the_page_and_the_command_agree_that_one_person_does_not_leave_the_last_region() -> None:
    w = left_by_hand()
    said = text(Desk(w, w.hand).browser("u-ana"), "/")
    refused = commands.evacuate(w.hand, "us-west-2", who="ana", reason="because")
    assert "us-west-2 could be left for us-east-1 now by two people, not by itself" in said
    assert not refused.done
    assert f"✗ by one person {refused.sentence.replace('`', '')}" in said


def test_a_past_moment_says_by_which_policy_and_what_had_been_left() -> None:
    asked, _, over = moving()
    for said, left in ((asked["history"], "no Region"), (over["history"], "us-east-1 for us-west-2")):
        assert re.search(rf"Policy in force then \w{{12}} Kill switch then armed Left then {left}", said)
    assert "ApprovalRequested asked group:sre-oncall" in asked["history"]
    assert "not the one of now" not in asked["history"]


def test_a_region_that_went_dark_had_its_share_before_the_trouble_began() -> None:
    w = world(traffic=RULE, evacuate=GATE)
    counting(w, 0.0)
    w.advance(960)
    w.say(east=Verdict.BREACHING)
    w.stage.faults.dark.add(EAST)
    assert w.until(w.has(Kind.APPROVAL_REQUESTED), 900)
    w.advance(130)
    b = Desk(w, w.hand).browser("u-ana")
    said = text(b, incident(Desk(w, w.hand)))
    assert "us-east-1 50 % counts nothing us-west-2 50 % 100 %" in said
    assert "Counts no requests, 50 % before" in text(b, "/")


@cache
def unasked() -> dict[str, str]:
    """Two asks went by without an answer; nothing counts requests."""
    desk = asked_desk(approvals=CHAIN)
    b = desk.browser("u-ana")
    first = text(b, "/")
    assert desk.w.until(desk.w.has(Kind.APPROVAL_EXPIRED), 1000)
    return {"now": first, "incident": text(b, incident(desk))}


def test_every_turn_of_a_chain_is_told() -> None:
    said = unasked()["incident"]
    assert re.search(r"group:sre-oncall plan \w{8} 08:06:0\d reminded \S+ nobody answered in time; the", said)
    assert re.search(r"2 people of group:sre-leads plan \w{8} 08:17:\d\d reminded \S+ nobody", said)


def test_where_nothing_counts_requests_the_pages_say_so_and_show_no_share() -> None:
    said = unasked()
    assert "The share of requests is not measured: the policy names no traffic." in said["now"]
    assert "It is not measured" in said["incident"]
    assert "Serves" not in said["now"]


def test_a_region_that_cannot_be_asked_makes_the_shares_unknown_and_costs_one_look_a_minute() -> None:
    desk = asked_desk(traffic=RULE)
    counting(desk.w, 0.0)
    desk.w.advance(100)
    desk.w.stage.faults.apis_dark.add(EAST)
    b, begun = desk.browser("u-ana"), desk.w.stage.kernel.now()
    assert "The share of requests is not known: us-east-1 cannot be asked." in text(b, "/")
    waited = desk.w.stage.kernel.now() - begun
    for _ in range(5):
        text(b, "/")
    assert desk.w.stage.kernel.now() - begun < 2 * waited + 1


def test_in_calm_one_reads_whether_each_region_could_be_left_and_what_would_hold_it() -> None:
    w = world(evacuate=GATE)
    w.advance(70)
    b = Desk(w, w.hand).browser("u-ana")
    said = text(b, "/")
    assert "us-east-1 could be left for us-west-2 now: ✓ ready 1 of 1 signals" in said
    assert "Last drill none yet Next drill 2030-01-02T09:00:00Z" in said
    page = b.get("/policy").body.decode()
    assert "\n  &#34;when&#34;: {\n    &#34;all&#34;: [\n      {" in page
    w.say(west=Verdict.BREACHING)
    w.advance(65)
    said = text(b, "/")
    assert "us-east-1 could be left for no Region now: ✗ shared cause us-west-2 may fail as well" in said


REVIEW: dict[str, Any] = {
    "schema": "tidegate.review/v1",
    "reviewed": [{"by": "dana <script>", "at": 1_893_000_000.0, "where": "https://git.example/pr/12"}],
    "cases": {"passed": 19, "idle": 11, "percent": 98.2, "more": 3, "never": {"a.b.1": ["unknown"]}},
}


@pytest.mark.parametrize("of_this", [True, False], ids=["its own", "of another policy"])
def test_the_policy_page_tells_who_reviewed_it_and_what_its_cases_cover(of_this: bool) -> None:
    w = world(evacuate=GATE)
    w.advance(5)
    changed = {**w.stage.deployment.policy, "controllers": [OTHER], "timezone": "Europe/Paris"}
    fresh = {"deployed": w.stage.kernel.now(), "policy": changed}
    digest = rebuilt(w, **fresh).policy.digest
    deps = rebuilt(w, **fresh, review=REVIEW | {"digest": digest if of_this else "0" * 64})
    load_state(deps)
    said = text(Desk(w, deps).browser("u-ana"), "/policy")
    assert digest in said
    assert "In force since 2030-01-01T08:00:0" in said
    assert said.count("Not recorded.") == (0 if of_this else 2)
    for words in (
        "dana &lt;script&gt;, 2029-12-26T",
        "19 worked cases passed; in 11 of them nothing may move. They saw 98 % of true",
        "a.b.1 was never unknown and 3 more",
    ):
        assert (words in said) is of_this, words


def test_a_move_by_break_glass_has_its_page_and_is_among_the_incidents_and_asks_nobody() -> None:
    w = left_by_hand()
    b = Desk(w, w.hand).browser("u-ana")
    page = text(b, incident(Desk(w, w.hand)))
    assert "Break-glass: leave us-east-1 for us-west-2: settled" in page
    assert "ana@host: us-east-1 -&gt; us-west-2, applied: console is down" in page
    assert re.search(r"1 use1-a → ○ Off use1-b → ○ Off use1-c → ○ Off use1-d → ○ Off moved \S+", page)
    assert "the cooldown. It may move by itself; tidegate ack ends it sooner" in page
    assert "Who was asked" not in page
    assert "us-east-1 was left for us-west-2" in text(b, "/")
    every, moved = text(b, "/history?intent=break-glass"), text(b, "/history?outcome=unconfirmed")
    assert "Incidents (1)" in every
    assert "None that fits" in moved
