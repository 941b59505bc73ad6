"""What other tools are told: each event keeps to the published schema, and holds no secret.

`python -m tests.core.test_announce` writes the schema anew.
"""

import json
from pathlib import Path
from typing import Any

import jsonschema

from controller.core.contracts import CHANGES, DECISION_SCHEMA, DecisionEvent
from controller.core.journal.kind import Kind
from controller.steps.operator.approve import answer
from controller.steps.operator.commands import arm
from tests.support.approval_request import asked
from tests.support.world import World, failing

FILE = Path(__file__).parents[2] / "schemas" / "tidegate.decision.v1.json"
QUIET = {"NoticeDeferred", "PolicyLoaded", "ReadinessConfirmed", "ReadinessDenied", "RegionCounted"}


def schema() -> dict[str, Any]:
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": DECISION_SCHEMA,
        **DecisionEvent.model_json_schema(by_alias=True),
    }


def heard(w: World) -> list[dict[str, Any]]:
    """From now on, the details of what is published on the controller's bus."""
    found: list[dict[str, Any]] = []
    bus = w.stage.cloud.events[w.stage.cloud.plan.controller]
    whole = bus.publish

    def publish(event: dict[str, Any]) -> str:
        if event.get("detail-type") == DECISION_SCHEMA:
            found.append(event["detail"])
        return whole(event)

    bus.publish = publish  # type: ignore[method-assign] - an ear on the wire's far side
    return found


def check(w: World, found: list[dict[str, Any]]) -> None:
    """Each valid, each of a journal event, one for each event that others may act on."""
    published = json.loads(FILE.read_text(encoding="utf-8"))
    for each in found:
        jsonschema.validate(each, published, jsonschema.Draft202012Validator)
    told = [(each["sequence"], each["id"]) for each in found]
    assert sorted(told) == [(e.seq, e.draft.id) for e in w.events if str(e.kind) in CHANGES]


def test_the_published_schema_is_the_one_in_the_code() -> None:
    assert json.loads(FILE.read_text(encoding="utf-8")) == schema()


def test_every_change_of_an_evacuation_is_announced_once_in_the_published_form() -> None:
    w = failing()
    found = heard(w)
    assert w.until(w.has(Kind.SETTLED), 200)
    w.advance(5)
    check(w, found)
    assert [each["change"] for each in found][:2] == ["opened", "confirmed"]
    assert {"intended", "applied", "verified", "settled"} <= {each["change"] for each in found}


def test_questions_answers_and_the_kill_switch_are_announced_and_no_token_with_them() -> None:
    w, request = asked()
    found = heard(w)
    assert answer(w.hand, request, who="ana", approve=False, reason="not\x1b[31m now").counted
    arm(w.hand, on=False, who="ana", reason="stop")
    arm(w.hand, on=True, who="ana", reason="go on")
    w.advance(60)
    assert {"answered", "disarmed", "armed", "stood_down"} <= {each["change"] for each in found}
    denied = next(each for each in found if each["change"] == "answered")
    assert (denied["code"], denied["by"]) == ("denied", "ana")
    assert "\x1b" not in json.dumps(found, ensure_ascii=False)
    approval = w.hand.approvals.get(request)
    assert approval is not None
    assert approval.token not in json.dumps(found)


def test_a_bus_that_does_not_answer_delays_nothing() -> None:
    w = failing()
    w.trouble = lambda sent: "refused" if sent.service == "events" else None
    assert w.until(w.has(Kind.SETTLED), 120)


def test_every_kind_is_announced_or_quiet_on_purpose() -> None:
    assert {str(kind) for kind in Kind} - set(CHANGES) - QUIET <= {
        "Reminded",
        "Refused",
        "AnswerRefused",
        "Blinded",
    }


if __name__ == "__main__":
    FILE.write_text(json.dumps(schema(), indent=2, sort_keys=True) + "\n", encoding="utf-8")
