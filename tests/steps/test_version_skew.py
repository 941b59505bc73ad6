"""Two versions at once: what this one does not know stops it, is named, and reaches people."""

import json

import pytest

from controller.core.journal.event import Event, event_of, seal
from controller.core.journal.kind import Kind
from controller.core.model import Verdict
from controller.ports.errors import JournalUnreadable
from controller.steps.operator.approve import answer
from controller.steps.payload import SCHEMAS, read_payload
from tests.support.journal_events import drafted, said
from tests.support.policy_scene import ACCOUNT, WEST, policy_data
from tests.support.world import World, deploy, failing, rebuilt, world

RINGS = {"version": "0", "id": "00000000-0000-4000-8000-000000000001", "source": "aws.cloudwatch",
         "detail-type": "CloudWatch Alarm State Change", "account": ACCOUNT, "region": WEST,
         "time": "2030-01-01T08:00:00Z",
         "detail": {"alarmName": "a-composite", "state": {"value": "OK"}}}  # fmt: skip
OLDEST = {"schema": SCHEMAS[0], "application": "storefront", "incident": "storefront-x-2", "epoch": 1}


def a_later_version_writes(w: World) -> int:
    """Append an event of a kind that only a later version knows; its number."""
    last = w.events[-1]
    draft = drafted(id_="later", kind=Kind.ESCALATED, at=w.stage.kernel.now(), by="tidegate@later",
                  data={"key": "x", "code": "later", "reason": ""})  # fmt: skip
    event: Event = seal("storefront", draft, last)
    body = event.text.replace('"Escalated"', '"Teleported"')
    item = {"application": {"S": "storefront"}, "seq": {"N": str(event.seq)}, "body": {"S": body}}
    region = w.stage.cloud.plan.controller
    w.stage.cloud.call("dynamodb", "PutItem", region, {"TableName": "tidegate-journal", "Item": item})
    return event.seq


def told(w: World) -> list[str]:
    return [n.text for n in w.stage.cloud.outbox.notices if "cannot be read" in n.subject]


def test_an_unknown_kind_stops_everything_is_named_and_pages_once() -> None:
    w = world()
    w.invoke("Observe", {"Records": [{"messageId": "1", "body": json.dumps(RINGS)}]})
    w.say(east=Verdict.BREACHING)
    number = a_later_version_writes(w)
    w.advance(400)
    assert w.moves == []
    records = [r for _, r in w.hand.assessments.between("storefront", 0, 1e11) if r["by"] == "tick"]
    said = {d["reason"] for d in records[-1]["decisions"]}
    assert said == {f"event {number} is of a kind this version does not know: 'Teleported'"}
    assert {d["code"] for d in records[-1]["decisions"]} == {"journal-unreadable"}
    assert len(told(w)) == 1
    assert f"event {number}" in told(w)[0]


def test_an_unknown_kind_in_mid_flow_holds_the_workflow_and_pages_once_for_it() -> None:
    w = failing()
    w.asleep.add("ConfirmReadiness")
    assert w.until(w.has(Kind.CONFIRMED), 90)
    payload = w.payload(next="act")
    a_later_version_writes(w)
    w.asleep.clear()
    for step in ("Assess", "ConfirmReadiness", "ShiftTraffic", "VerifyShift", "HandOver"):
        with pytest.raises(JournalUnreadable, match="does not know"):
            w.invoke(step, payload)
    before = len(w.pages)
    held = w.invoke("Escalate", {**payload, "error": {"Error": "JournalUnreadable", "Cause": "…"}})
    assert (held["next"], held["code"]) == ("hold", "journal-unreadable")
    again = w.invoke("Escalate", {**held, "error": {"Error": "JournalUnreadable", "Cause": "…"}})
    assert again["next"] == "hold"
    assert len(w.pages) == before + 1
    w.advance(300)
    assert w.moves == []


def test_a_payload_without_later_fields_is_taken_and_fields_of_the_next_version_are_left_out() -> None:
    assert read_payload(OLDEST).wait_seconds == 20
    newer = {**OLDEST, "a_field_of_the_next_version": {"deep": []}}
    assert read_payload(newer) == read_payload(OLDEST)
    assert set(SCHEMAS) == {"tidegate.incident/v1"}


def test_a_payload_of_an_unknown_schema_is_refused_by_name_held_and_paged_once() -> None:
    w = world()
    w.advance(61)
    unknown = {**OLDEST, "schema": "tidegate.incident/v9"}
    with pytest.raises(ValueError, match=r"tidegate\.incident/v9"):
        w.invoke("Assess", unknown)
    before = len(w.pages)
    held = w.invoke("Escalate", {**unknown, "error": {"Error": "PayloadUnknown", "Cause": "…"}})
    assert (held["next"], held["code"], held["schema"]) == ("hold", "payload-unknown", "tidegate.incident/v9")
    assert w.invoke("Escalate", held)["code"] == "payload-unknown"
    assert len(w.pages) == before + 1


def test_what_an_older_version_wrote_is_read_and_what_none_wrote_is_not() -> None:
    line = (seal("storefront", drafted("a", Kind.ARMED, 1.0, "ana"), None)).text
    assert event_of(line).kind is Kind.ARMED
    without = json.loads(line)
    del without["by"]
    with pytest.raises(ValueError, match="not a journal event"):
        event_of(json.dumps(without))


def holding() -> World:
    """An incident that nobody was asked about, held since the target looks no better."""
    w = failing()
    w.say(west=Verdict.BREACHING)
    assert w.until(w.has(Kind.INCIDENT_OPENED), 90)
    w.advance(60)
    assert w.count(Kind.CONFIRMED) == 0
    return w


def handed(w: World) -> list[str]:
    return [str(said(e)["reason"]) for e in w.events if e.kind is Kind.HANDED_OVER]


def deployed_anew(w: World, seconds: float) -> None:
    deploy(w, rebuilt(w, deployed=w.deps.deployed + seconds))


def test_a_newer_version_gets_a_fresh_execution_once_and_finishes() -> None:
    w = holding()
    deployed_anew(w, 100.0)
    w.advance(300)
    assert handed(w) == ["a newer version is deployed"]
    w.say(west=Verdict.HEALTHY)
    assert w.until(w.has(Kind.SETTLED), 1800)
    assert handed(w) == ["a newer version is deployed"]
    assert w.count(Kind.SHIFT_APPLIED) == 1


@pytest.mark.parametrize("seconds", [0.0, -100.0], ids=["the same", "an older"])
def test_the_same_version_and_an_older_one_hand_nothing_over(seconds: float) -> None:
    w = holding()
    deployed_anew(w, seconds)
    w.advance(300)
    assert handed(w) == []


def test_people_who_were_asked_before_a_deployment_are_not_asked_again() -> None:
    w = failing(evacuate=policy_data()["evacuate"])
    assert w.until(w.has(Kind.APPROVAL_REQUESTED), 200)
    deployed_anew(w, 100.0)
    incident = w.state.open
    assert incident is not None
    assert incident.request is not None
    assert answer(w.hand, incident.request.id, who="mia", approve=True).counted
    assert w.until(w.has(Kind.SETTLED), 900)
    assert handed(w) == []
    assert w.count(Kind.APPROVAL_REQUESTED) == 1
