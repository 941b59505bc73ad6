"""People are ids in all that is kept, names in all that is shown, and nobody once their name is deleted."""

from dataclasses import replace
from typing import Any

import pytest

from controller.core.journal.kind import Kind
from controller.core.person import NAMELESS, ids_in, is_id
from controller.core.policy.validation import compiled, parse_policy
from controller.steps.context.journalling import load_state
from controller.steps.operator import commands
from controller.steps.operator.approve import answer
from controller.steps.operator.hand_to_people import hand_to_people
from controller.steps.operator.identity import NONE_KEPT, forget, identify, identify_to_stop, ids_of
from controller.steps.operator.local_records import journal_records
from tests.console.crawler import crawl, outside
from tests.console.secret_places import Tap, places
from tests.support.break_glass_line import line
from tests.support.console_world import GATE, Desk, asked_desk
from tests.support.journal_events import said
from tests.support.policy_scene import EAST, OTHER, WEST, policy_data
from tests.support.secret_search import found_in
from tests.support.world import World, failing, rebuilt

ANA = "ana@storefront.example"
SESSION = f"arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_ops_0123456789abcdef/{ANA}"
DORA, ERIKA, FRED = "dora.operator", "erika reviewer", "fred@laptop-of-fred"
NAMES = ("ana@storefront", "ben@storefront", "cem@storefront", DORA, ERIKA, "laptop-of-fred")
SUBJECTS = ("u-ana", "u-ben", "u-cem")
"""Too short to be looked for in every dress: three letters of base64 are anywhere."""
SHOWN = {"notices", "the bus", "pages", "history page", "calls to tables", "console"}
"""Where names are: what people read, the table of names, and a deployment's own file of reviewers."""
MINUTE = 60.0


def review(policy: Any) -> dict[str, Any]:
    return {"schema": "tidegate.review/v1", "digest": policy.digest, "cases": None,
            "reviewed": [{"by": ERIKA, "at": 1.0, "where": "pull request 7"}]}  # fmt: skip


def played() -> tuple[Desk, Tap]:
    """Everything that people can do is done, by page and by terminal, done and refused."""
    w = failing(evacuate=GATE)
    tap = Tap(w)
    assert w.until(w.has(Kind.APPROVAL_REQUESTED), 120)
    w.advance(2.0)
    desk = Desk(w, w.hand)
    who = identify(w.hand, DORA).id
    stale = desk.browser("u-ben")
    path, form = f"/approve/{desk.request}", stale.form(desk.request)
    desk.clock.at += 400.0
    assert stale.post(path, {**form, "answer": "deny"}).status == 403  # the sign-in is too old
    assert not commands.evacuate(w.hand, "mars-1", who=who, reason="no such").done
    assert desk.browser("u-ana").answer(desk.request, reason="seen").status == 303
    assert w.until(w.has(Kind.SETTLED), 120)
    incident = w.events[-1].draft.incident or ""
    assert commands.acknowledge(w.hand, incident, who=who, reason="looked").done
    stopped(w, who)
    assert commands.mute(w.hand, WEST, seconds=60.0, who=who, reason="noise").done
    journal_records(w.hand, [line("a", who=FRED, region=WEST, to=EAST)])
    other = parse_policy(policy_data() | {"controllers": [OTHER], "evacuate": GATE | {"waves": [1, 3]}})
    at = {"policy": compiled(other), "deployed": w.stage.kernel.now(), "review": review(other)}
    newer = rebuilt(w, **at)
    load_state(newer)
    desk = Desk(w, newer)
    ana = desk.browser("u-ana")
    assert {ana.get(path).status for path in ("/", "/history", "/policy", "/health")} == {200}
    w.advance(120)
    return desk, tap


def stopped(w: World, who: str) -> None:
    """The kill switches, and a move that is stood down, of which nobody can be told at first."""
    for turn in (commands.arm, commands.arm_fleet):
        assert turn(w.hand, on=False, who=who, reason="stop").done
        assert turn(w.hand, on=True, who=who, reason="on").done
    assert commands.drill(w.hand, WEST, who=who, reason="weekly") is not None
    opened = commands.evacuate(w.hand, WEST, who=who, reason="it fails", despite=("target-not-ready",))
    w.stage.faults.mute.add("sns")
    if opened.incident:
        assert commands.stand_down(w.hand, opened.incident, who=who, reason="over").done
    hand_to_people(w.hand, "none", who=who, reason="no such")
    w.stage.faults.mute.clear()


@pytest.fixture(scope="module")
def whole() -> tuple[Desk, dict[str, str]]:
    desk, tap = played()
    return desk, places(desk, tap)


def test_a_whole_run_keeps_no_name_but_in_the_table_of_names(whole: tuple[Desk, dict[str, str]]) -> None:
    desk, found = whole
    kinds = set(desk.w.kinds)
    assert kinds >= {"ApprovalGiven", "AnswerRefused", "Muted", "Refused", "Acknowledged", "Disarmed",
                     "Armed", "BrokeGlass", "PolicyLoaded", "StoodDown", "Untold", "Told"}, kinds  # fmt: skip
    for where in found.keys() - SHOWN:
        for name in NAMES:
            assert found_in(found[where], name) == [], (where, name)
        assert not [each for each in SUBJECTS if each in found[where]], where
    assert {"tidegate-journal", "history", "log", "console's log", "audit bundle", "journal export"} <= set(
        found
    )
    assert len(ids_in(found["journal export"])) >= 6
    table = desk.w.stage.cloud.call("dynamodb", "Scan", OTHER, {"TableName": "tidegate-people"})
    names = {item["name"]["S"] for item in table["Items"] if "name" in item}
    assert {ANA, DORA, ERIKA, FRED, "u-ana"} <= names


def test_what_leaves_for_people_holds_names_and_no_id(whole: tuple[Desk, dict[str, str]]) -> None:
    desk, found = whole
    assert f"by {DORA}" in found["pages"]
    assert DORA in found["notices"]
    assert {ANA, DORA, FRED} <= {name for name in (ANA, DORA, FRED) if name in found["the bus"]}
    assert ids_in(found["pages"]) == ids_in(found["history page"]) == set()
    late = [n.text for n in desk.w.stage.cloud.outbox.notices if "could not send this" in n.text]
    assert any(DORA in text for text in late), "what waited in the journal is told by name"
    page = desk.browser("u-ana").get("/policy").body.decode()
    assert ERIKA in page
    incident = next(e.draft.incident for e in desk.w.events if e.draft.incident)
    assert (
        f"approved by {ANA} at the console (sre-oncall): seen"
        in desk.browser("u-ben").get(f"/incidents/{incident}").body.decode()
    )


def test_the_same_person_is_one_by_page_and_by_terminal() -> None:
    desk = asked_desk(approvals=two("sre-oncall"))
    w, request = desk.w, desk.request
    assert desk.browser("u-ana").answer(request).status == 303
    again = identify(w.hand, SESSION.upper().replace("ARN:AWS:STS", "arn:aws:sts"))
    told = answer(w.hand, request, who=again.id, known_as=again.name, approve=True)
    assert (told.counted, "has approved this already" in told.sentence) == (False, True)
    assert w.count(Kind.APPROVAL_GIVEN) == 1
    assert "You have approved this" in desk.browser("u-ana").get(f"/approve/{request}").body.decode()
    assert desk.browser("u-ben").answer(request).status == 303
    assert w.until(w.has(Kind.SETTLED), 120)


def two(group: str) -> dict[str, Any]:
    return {"oncall": [{"ask": [f"group:{group}"], "people": 2, "within": "15m"}]}


def test_who_asked_by_terminal_cannot_approve_by_page() -> None:
    w = failing(evacuate=GATE | {"approval": "none"}, approvals={})
    desk = Desk(w, w.hand)
    w.advance(1.0)
    asks = identify(w.hand, SESSION)
    opened = commands.evacuate(w.hand, EAST, who=asks.id, reason="I see it", despite=("target-not-ready",))
    assert opened.incident, opened.sentence
    assert w.until(w.has(Kind.APPROVAL_REQUESTED), 120), w.kinds
    w.advance(2.0)
    ana = desk.browser("u-ana")
    assert "You asked for this move" in ana.get(f"/approve/{desk.request}").body.decode()
    refused = ana.answer(desk.request)
    assert refused.status == 409
    assert f"{SESSION} asked for this evacuation" in refused.body.decode()


@pytest.mark.parametrize("before", [ANA, SESSION, f" {ANA.upper()}"])
def test_who_acted_by_name_before_the_upgrade_is_the_same_person_after_it(before: str) -> None:
    """A journal of format 1 holds names: what it says was written by steps that were handed names."""
    desk = asked_desk(approvals=two("sre-oncall"))
    w, request = desk.w, desk.request
    assert answer(w.hand, request, who=before, approve=True).counted
    told = desk.browser("u-ana").answer(request)
    assert (told.status, "has approved this already" in told.body.decode()) == (409, True)
    page = desk.browser("u-ana").get(f"/approve/{request}").body.decode()
    assert "You have approved this" in page
    assert w.count(Kind.APPROVAL_GIVEN) == 1
    assert desk.browser("u-ben").answer(request).status == 303


def test_a_deleted_name_is_gone_from_pages_and_notices_within_a_minute() -> None:
    desk = asked_desk()
    w = desk.w
    desk.browser("u-ana").answer(desk.request, reason="seen")
    assert w.until(w.has(Kind.SETTLED), 120)
    incident = w.events[-1].draft.incident
    shown = desk.browser("u-ben").get(f"/incidents/{incident}").body.decode()
    assert f"approved by {ANA}" in shown
    ana = w.hand.people.known(ANA)
    assert forget(w.hand, SESSION).done
    w.advance(MINUTE)
    gone = desk.browser("u-ben").get(f"/incidents/{incident}").body.decode()
    assert ANA not in gone
    assert f"approved by {ana} {NAMELESS}" in gone
    w.hand.notices.send("a page", f"by {ana}: x")
    assert w.stage.cloud.outbox.notices[-1].text.startswith(f"by {ana} {NAMELESS}: x")
    again = identify(w.hand, ANA)
    assert again.id != ana
    assert ANA not in desk.browser("u-ben").get(f"/incidents/{incident}").body.decode()


def test_the_subject_of_their_sign_in_is_deleted_with_a_name() -> None:
    desk = asked_desk()
    w = desk.w
    ben = identify(w.hand, "ben@storefront.example").id
    assert desk.browser("u-ana").answer(desk.request, reason="seen").status == 303
    assert w.until(w.has(Kind.SETTLED), 120)
    given = next(e for e in w.events if e.kind is Kind.APPROVAL_GIVEN)
    subject, ana = said(given)["subject"], given.draft.by
    assert w.hand.people.name_of(subject) == "u-ana"
    assert ids_of(w.hand, ANA) == ids_of(w.hand, ana) == (ana, subject)
    told = forget(w.hand, ANA)
    assert told.done
    assert ana in told.sentence
    assert subject in told.sentence
    assert w.hand.people.name_of(subject) is w.hand.people.name_of(ana) is None
    assert w.hand.people.name_of(ben) == "ben@storefront.example"
    assert [forget(w.hand, each).sentence for each in (ANA, ana, subject)] == [NONE_KEPT] * 3


def test_a_subject_that_was_left_behind_goes_by_the_persons_id() -> None:
    desk = asked_desk()
    w = desk.w
    assert desk.browser("u-ana").answer(desk.request, reason="seen").status == 303
    assert w.until(w.has(Kind.SETTLED), 120)
    given = next(e for e in w.events if e.kind is Kind.APPROVAL_GIVEN)
    w.hand.people.forget(ANA)  # the name alone
    assert forget(w.hand, ANA).sentence == NONE_KEPT
    assert forget(w.hand, given.draft.by).done
    assert w.hand.people.name_of(said(given)["subject"]) is None


def test_a_subject_that_has_a_say_is_not_forgotten_either() -> None:
    desk = asked_desk(approvals=two("sre-oncall"))
    w = desk.w
    assert desk.browser("u-ana").answer(desk.request).status == 303
    ana = w.hand.people.known(ANA)
    for name in (ANA, ana, SESSION):
        assert "has a say in it" in forget(w.hand, name or "").sentence
    assert w.hand.people.name_of(ids_of(w.hand, ANA)[1]) == "u-ana"


def test_nobody_is_forgotten_while_they_have_a_say_in_what_is_in_progress() -> None:
    desk = asked_desk(approvals=two("sre-oncall"))
    w = desk.w
    assert desk.browser("u-ana").answer(desk.request).status == 303
    told = forget(w.hand, ANA)
    assert (told.done, "has a say in it" in told.sentence) == (False, True)
    assert w.hand.people.known(ANA) is not None
    assert forget(w.hand, "nobody@at.all").sentence == "no name of that spelling is kept"
    assert desk.browser("u-ben").answer(desk.request).status == 303
    assert w.until(w.has(Kind.SETTLED), 120)
    assert forget(w.hand, ANA).done


HOSTILE = "<b>ana</b>\"'><script>alert(1)</script>\x1b[31m\u202e\nX-Forged: yes"


def test_a_hostile_name_forges_no_page_no_notice_and_no_line() -> None:
    desk = asked_desk()
    w = desk.w
    victim = identify(w.hand, ANA).id
    for name in (HOSTILE, victim, f"x {victim}"):
        who = identify(w.hand, name).id
        assert commands.mute(w.hand, WEST, seconds=60.0, who=who, reason="x").done
    page = desk.browser("u-ben").get("/history").body.decode()
    assert "<script>" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "\x1b" not in page
    assert page.count(ANA) == 0, "nobody is shown as somebody else"
    texts = [notice.text for notice in w.stage.cloud.outbox.notices if "for 1m00s by" in notice.text]
    assert len(texts) == 3
    assert all("\nX-Forged" not in text and "\x1b" not in text and ANA not in text for text in texts)


def test_looking_gives_nobody_an_id() -> None:
    desk = asked_desk()
    before = outside(desk)
    crawl(desk.browser("u-ana"))
    assert outside(desk) == before
    table = desk.w.stage.cloud.call("dynamodb", "Scan", OTHER, {"TableName": "tidegate-people"})
    assert table["Items"] == []


def test_where_names_cannot_be_read_pages_show_ids_and_nothing_is_answered_but_all_can_be_stopped() -> None:
    desk = asked_desk()
    w = desk.w
    alone = Desk(w, w.deps)
    ben = identify(w.hand, "ben@storefront.example").id
    assert commands.mute(w.hand, WEST, seconds=60.0, who=ben, reason="x").done
    ana = alone.browser("u-ana")
    form = ana.form(alone.request)
    w.down.add("tidegate-people")
    told = ana.post(f"/approve/{alone.request}", {**form, "answer": "approve"})
    assert (told.status, "nobody can be told apart: nothing was written" in told.body.decode()) == (503, True)
    assert w.count(Kind.APPROVAL_GIVEN) == 0
    page = ana.get(f"/approve/{alone.request}")
    assert "The table of names does not answer" in page.body.decode()
    assert "for 60 s: x" in ana.get("/history").body.decode()
    assert ben in ana.get("/history").body.decode()
    person = identify_to_stop(w.deps, ANA)
    assert is_id(person.id)
    assert commands.arm(w.deps, on=False, who=person.id, reason="stop").done
    w.down.clear()
    assert w.hand.people.name_of(person.id) is None
    assert w.state.armed is False
    assert w.hand.people.known(ANA) is None


def test_a_subject_that_says_who_it_is_becomes_an_id_and_one_by_lot_stays() -> None:
    desk = asked_desk()
    desk.browser("u-ana").answer(desk.request)
    given = next(e for e in desk.w.events if e.kind is Kind.APPROVAL_GIVEN)
    subject = said(given)["subject"]
    assert desk.w.hand.people.name_of(subject) == "u-ana"
    proof = replace(identify(desk.w.hand, ANA).proof, door="console")
    for other in ("00u1f96ECLNVOKVMUSEA", "auth0|5f7c8ec7c33c6c004bbafe82", "109876543210987654321"):
        assert identify(desk.w.hand, ANA, replace(proof, subject=other)).proof.subject == other
    own = identify(desk.w.hand, ANA, replace(proof, subject=ANA.upper()))
    assert own.proof.subject == own.id
    for other in ("samlp|corp|ana", "ana-1990123456789", "ana.schmidt@corp.example"):
        kept = identify(desk.w.hand, ANA, replace(proof, subject=other)).proof.subject
        assert desk.w.hand.people.name_of(kept) == other
