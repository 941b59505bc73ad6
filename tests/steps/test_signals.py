"""A monitor's events and AWS's notices, from the bus where they are sent to the decision that they make."""

import json
from typing import Any

import pytest

from controller.core.contracts import SIGNAL_SCHEMA, SIGNAL_SOURCE
from controller.core.journal.kind import Kind
from controller.steps.observe import WHOLE
from tests.steps.signal_world import dark, notice
from tests.support.event_samples import ONE
from tests.support.policy_scene import EAST, OTHER, WEST
from tests.support.world import World


def monitor(w: World, *, name: str = "real-users", state: str = "breaching", region: str = OTHER) -> None:
    detail = {"application": "storefront", "family": "monitor", "name": name, "region": EAST,
              "observer": OTHER, "state": state, "since": "2020-01-01T00:00:00Z"}  # fmt: skip
    entry = {"Source": SIGNAL_SOURCE, "DetailType": SIGNAL_SCHEMA, "Detail": json.dumps(detail)}
    answer = w.stage.cloud.call("events", "PutEvents", region, {"Entries": [entry]})
    assert answer["FailedEntryCount"] == 0


def records(w: World) -> list[dict[str, Any]]:
    return [r for _, r in w.hand.assessments.between("storefront", 0, 1e11) if r["by"] == "observe"]


def reasons(w: World) -> list[str]:
    return [each["reason"] for record in records(w) for each in record["ignored"]]


def code(w: World) -> str:
    return str(w.invoke("Tick")["decisions"][EAST])


def test_a_monitors_word_sent_in_another_region_makes_the_decision() -> None:
    w = dark(family="monitor")
    assert code(w) == "unknown"  # it was heard of, and is not any more: nobody knows
    monitor(w, name="other")
    monitor(w, state="healthy", region=WEST)  # forwarded to the controller's Region
    w.advance(20)
    assert (code(w), w.count(Kind.INCIDENT_OPENED)) == ("not-confirmed", 0)
    assert reasons(w) == ["the family 'monitor' has no event 'other'"]
    monitor(w, region=WEST)
    assert w.until(w.has(Kind.SETTLED), 200)
    assert w.moves


@pytest.mark.parametrize("sent_in", [EAST, WEST])
def test_a_notice_of_aws_makes_the_decision_also_when_the_regions_own_bus_is_deaf(sent_in: str) -> None:
    w = dark(family="provider")
    notice(w, eventDescription=ONE)
    notice(w, eventTypeCategory="scheduledChange")
    notice(w, service="S3", region=sent_in)
    w.advance(20)
    assert (code(w), w.count(Kind.INCIDENT_OPENED)) == ("unknown", 0)
    assert "Not evidence: AWS Health's notice is a “scheduledChange”, not an issue." in reasons(w)
    assert "not a signal that the policy names" in reasons(w)
    notice(w, region=sent_in, communicationId="abc-2")
    assert w.until(w.has(Kind.SETTLED), 200)


def test_exercises_and_experiments_reach_the_record_and_nothing_else() -> None:
    w = dark(family="monitor")
    kinds = {
        "aws.arc-zonal-shift": "Practice Run Started",
        "aws.fis": "FIS Experiment State Change",
        "aws.arc-region-switch": "ARC Region switch Plan Execution Started",
        "route53-recovery-readiness.amazonaws.com": "Route 53 ARC readiness check status change",
        "aws.cloudwatch": "CloudWatch Alarm Configuration Change",
    }
    for source, kind in kinds.items():
        detail: dict[str, Any] = {"operation": "delete"} if source == "aws.cloudwatch" else {}
        arn = f"arn:aws:cloudwatch:{EAST}:123456789012:alarm:storefront-us-east-1-5xx"
        event = {"source": source, "detail-type": kind, "resources": [arn], "detail": detail}
        w.stage.cloud.events[EAST].publish(event)
    w.advance(20)
    said = " ".join(reasons(w))
    assert all(f"“{kind}”" in said for kind in kinds.values())
    assert "delete of “storefront-us-east-1-5xx”" in said
    assert w.count(Kind.INCIDENT_OPENED) == 0


def test_a_batch_of_strangers_is_accounted_for_to_the_last_one() -> None:
    w = dark(family="monitor")
    bodies = ["nonsense"] * 30 + [f'{{"detail-type":"{n}","source":"x"}}' for n in range(60)]
    batch = {"Records": [{"messageId": "same", "body": body} for body in bodies] + [None]}
    assert w.invoke("Observe", batch)["ignored"] == 91
    record = records(w)[-1]
    more = record["ignored_more"]
    assert len(record["ignored"]) + sum(more.values()) == 91
    assert len(more) <= WHOLE + 1
