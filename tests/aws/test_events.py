"""Events from outside -> sightings, or a sentence. Never an exception, whatever comes."""

import json
import math
from collections.abc import Callable
from typing import Any

import pytest

from controller.aws.events.parse import parse
from controller.core.model import Observation, Sighting, Verdict
from tests.aws.event_parsing import NOW, refused, sns, sqs
from tests.support.corpus import corpus_files, event_schemas
from tests.support.event_samples import ALARM, CANARY, Event, changed


def seen(body: Any) -> Sighting:
    found = parse(body, NOW)
    assert isinstance(found, Sighting), found
    return found


def test_an_alarm() -> None:
    assert seen(json.dumps(ALARM)) == Sighting(
        "alarm:123456789012:us-east-1:shop 5xx",
        Observation(
            at=1795424400.5,
            received=NOW,
            verdict=Verdict.BREACHING,
            via="event",
            id="11111111-2222-3333-4444-555555555555",
            reason="Threshold Crossed: 3 datapoints",
        ),
    )


def test_a_canary() -> None:
    assert seen(json.dumps(CANARY)) == Sighting(
        "canary:123456789012:us-west-2:shop-us-east-1-checkout",
        Observation(
            at=1795424400.0,
            received=NOW,
            verdict=Verdict.BREACHING,
            via="event",
            id="bbbbbbbb-2222-3333-4444-555555555555",
            reason="canary run failed: Error: net::ERR_NAME_NOT_RESOLVED",
        ),
    )


@pytest.mark.parametrize(
    ("change", "verdict", "reason"),
    [
        ({"detail__state__value": "OK"}, Verdict.HEALTHY, "Threshold"),
        ({"detail__state__value": "INSUFFICIENT_DATA"}, Verdict.UNKNOWN, "Threshold"),
        ({"detail__state__reason": ...}, Verdict.BREACHING, "CloudWatch says ALARM"),
        ({"detail__state__reason": 7}, Verdict.BREACHING, "CloudWatch says ALARM"),
        ({"detail__state__reasonData": ...}, Verdict.BREACHING, "Threshold"),
        ({"detail__configuration": ...}, Verdict.BREACHING, "Threshold"),  # log alarms have no metrics
        ({"detail__previousState": ...}, Verdict.BREACHING, "Threshold"),
        ({"detail__muteDetail": {"mutedBy": "arn:aws:…:rule"}}, Verdict.UNKNOWN, "muted"),
        ({"detail__muteDetail": {}}, Verdict.UNKNOWN, "muted"),
        ({"detail__muteDetail": "{mutedBy: x}"}, Verdict.UNKNOWN, "muted"),
        ({"detail__muteDetail": ""}, Verdict.BREACHING, "Threshold"),  # what is left of an absent path
        ({"detail__muteDetail": None}, Verdict.BREACHING, "Threshold"),
        ({"detail__muteDetail": False}, Verdict.UNKNOWN, "muted"),
        ({"detail__state__actionsSuppressedBy": "WaitPeriod"}, Verdict.UNKNOWN, "suppressed by WaitPeriod"),
        ({"detail__state__actionsSuppressedBy": "Alarm"}, Verdict.UNKNOWN, "suppressed by Alarm"),
        ({"detail__state__actionsSuppressedBy": "Alarm\n\x1b[1mX"}, Verdict.UNKNOWN, "suppressed by Alarm X"),
        ({"detail__state__actionsSuppressedBy": ["Alarm"]}, Verdict.UNKNOWN, "suppressed by something"),
        ({"detail__state__actionsSuppressedBy": ""}, Verdict.BREACHING, "Threshold"),
        ({"detail__state__evaluationState": "EVALUATION_FAILURE"}, Verdict.UNKNOWN, "not judged"),
        ({"detail__state__evaluationState": "EVALUATION_ERROR"}, Verdict.UNKNOWN, "not judged"),
        ({"detail__state__evaluationState": "PARTIAL_DATA"}, Verdict.BREACHING, "Threshold"),
        ({"detail__previousState__actionsSuppressedBy": "Alarm"}, Verdict.BREACHING, "Threshold"),
    ],
)
def test_what_an_alarm_says(change: Event, verdict: Verdict, reason: str) -> None:
    found = seen(changed(ALARM, **change)).observation
    assert found.verdict is verdict
    assert found.reason.startswith(reason)


@pytest.mark.parametrize(
    ("change", "verdict", "reason"),
    [
        (
            {"detail_type": "Synthetics Canary TestRun Successful", "detail__test_run_status": "PASSED"},
            Verdict.HEALTHY,
            "canary run passed: Error",
        ),
        ({"detail__state_reason": "null"}, Verdict.BREACHING, "canary run failed"),
        ({"detail__state_reason": '"null"'}, Verdict.BREACHING, "canary run failed"),
        ({"detail__state_reason": ...}, Verdict.BREACHING, "canary run failed"),
        ({"detail__test_run_status": ...}, Verdict.BREACHING, "canary run failed"),
        (
            {"detail_type": "Synthetics Canary Status Change", "detail__current_state": "STOPPED"},
            Verdict.UNKNOWN,
            "lost observer: the canary is STOPPED",
        ),
        (
            {"detail_type": "Synthetics Canary Status Change", "detail__current_state": "ERROR"},
            Verdict.UNKNOWN,
            "lost observer: the canary is ERROR",
        ),
    ],
)
def test_what_a_canary_says(change: Event, verdict: Verdict, reason: str) -> None:
    found = seen(changed(CANARY, **change)).observation
    assert found.verdict is verdict
    assert found.reason.startswith(reason)


def test_a_run_is_known_by_its_id_and_a_status_by_the_events() -> None:
    assert seen(changed(CANARY, detail__canary_run_id=...)).observation.id == CANARY["id"]
    status = changed(CANARY, detail_type="Synthetics Canary Status Change", detail__current_state="ERROR")
    found = seen(status).observation
    assert (found.id, found.at) == (CANARY["id"], 1795424402.0)
    again = changed(CANARY, id="another-delivery")
    assert seen(again).observation.id == seen(CANARY).observation.id


@pytest.mark.parametrize(
    ("event", "change", "at"),
    [
        (ALARM, {"detail__state__timestamp": "2026-11-23T09:00:00Z"}, 1795424400.0),
        (ALARM, {"detail__state__timestamp": "2026-11-23T10:00:00.000+0100"}, 1795424400.0),
        (ALARM, {"detail__state__timestamp": "2026-11-23T09:00:00.123456789Z"}, 1795424400.123456),
        (ALARM, {"detail__state__timestamp": "2099-01-01T00:00:00Z"}, 4070908800.0),  # the future is kept
        (ALARM, {"detail__state__timestamp": ...}, 1795424402.0),
        (ALARM, {"detail__state__timestamp": None}, 1795424402.0),
        (ALARM, {"time": "never", "id": "x"}, 1795424400.5),  # not needed, not read
        (CANARY, {"detail__canary_run_timeline": ...}, 1795424402.0),
        (CANARY, {"detail__canary_run_timeline__completed": ...}, 1795424402.0),
        (CANARY, {"detail__canary_run_timeline__completed": 1795424400.25}, 1795424400.25),
    ],
)
def test_when_it_happened(event: Event, change: Event, at: float) -> None:
    assert seen(changed(event, **change)).observation.at == pytest.approx(at, abs=1e-5)


BAD_TIMES: list[object] = [
    *("", "yesterday", "2026-11-23", "2026-13-01T00:00:00Z", "2026-11-23T09:00:00", "2026-W01-1T00:00:00Z"),
    *("20261123T090000Z", "1969-12-31T23:59:59Z", "2101-01-01T00:00:00Z", "٢026-11-23T09:00:00Z"),
    *("0001-01-01T00:00:00+2359", "9999-12-31T23:59:59-2359", "2026-11-23T09:00:00+9999", 7, [], True),
]
BAD_SECONDS = [math.nan, math.inf, -math.inf, -1, -0.5, 1795424400000, 10**400, "1795424400", True, [], {}]


@pytest.mark.parametrize("value", BAD_TIMES)
def test_an_alarms_time_that_is_none(value: object) -> None:
    assert "time" in refused(changed(ALARM, detail__state__timestamp=value)).reason
    refused(changed(ALARM, detail__state__timestamp=..., time=value))


@pytest.mark.parametrize("value", BAD_SECONDS)
def test_a_canarys_time_that_is_none(value: object) -> None:
    assert "time" in refused(changed(CANARY, detail__canary_run_timeline__completed=value)).reason


@pytest.mark.parametrize(
    ("event", "change", "reason"),
    [
        (ALARM, {"detail__state__value": "PANIC"}, "state value “PANIC” is not one that CloudWatch has"),
        (ALARM, {"detail__state__value": ...}, "state has no value"),
        (ALARM, {"detail__state__value": ["ALARM"]}, "a value that is no text"),
        (ALARM, {"detail__state": ...}, "detail has no state"),
        (ALARM, {"detail__state": "ALARM"}, "state that is no object"),
        (ALARM, {"detail": ...}, "The event has no detail"),
        (ALARM, {"detail": []}, "detail that is no object"),
        (ALARM, {"detail__alarmName": None}, "alarm's name is not a text"),
        (ALARM, {"detail__alarmName": ""}, "alarm's name is not a text"),
        (ALARM, {"detail__alarmName": "x" * 256}, "of 1 to 255"),
        (ALARM, {"detail__alarmName": "shop\u202e5xx"}, "“shop5xx” holds characters that cannot be seen"),
        (ALARM, {"detail__alarmName": "shop\ud8005xx"}, "holds characters that cannot be seen"),
        (ALARM, {"detail__alarmName": ..., "resources": []}, "names no alarm"),
        (ALARM, {"detail__alarmName": ..., "resources": ALARM["resources"] * 2}, "names no alarm"),
        (
            ALARM,
            {"detail__alarmName": ..., "resources": ["arn:aws:cloudwatch:r:a:insight-rule:x"]},
            "names no",
        ),
        (ALARM, {"detail__alarmName": ..., "resources": "arn:aws:cloudwatch:r:a:alarm:x"}, "names no alarm"),
        (ALARM, {"detail__alarmName": ..., "resources": ["arn:aws:sqs:r:a:q"]}, "names no alarm"),
        (ALARM, {"id": ...}, "The event has no id"),
        (ALARM, {"id": ""}, "a duplicate would not be known"),
        (ALARM, {"id": "x" * 129}, "a duplicate would not be known"),
        (ALARM, {"id": "a\nb"}, "a duplicate would not be known"),
        (ALARM, {"account": ...}, "The event has no account"),
        (ALARM, {"account": "12345678901"}, "not twelve digits"),
        (ALARM, {"account": "１２３４５６７８９０１２"}, "not twelve digits"),
        (ALARM, {"account": 123456789012}, "account that is no text"),
        (ALARM, {"region": ...}, "The event has no region"),
        (ALARM, {"region": "us-east-1\n"}, "not the name of a Region"),
        (ALARM, {"region": "us-east-1:x"}, "not the name of a Region"),
        (ALARM, {"source": "my.app"}, "comes from aws.cloudwatch alone; this one is from “my.app”"),
        (CANARY, {"source": "aws.cloudwatch"}, "comes from aws.synthetics alone"),
        (ALARM, {"source": ...}, "The event has no source"),
        (ALARM, {"detail_type": ...}, "The event has no detail-type"),
        (ALARM, {"detail_type": "Weather"}, "Unknown event type “Weather” from source “aws.cloudwatch”"),
        (ALARM, {"detail_type": "cloudwatch alarm state change"}, "Unknown event type"),
        (CANARY, {"detail__canary_name": ...}, "canary's name is not a text"),
        (CANARY, {"detail__canary_run_id": 7}, "canary-run-id that is no text"),
        (CANARY, {"detail__test_run_status": "PASSED"}, "contradicts itself"),
        (CANARY, {"detail_type": "Synthetics Canary TestRun Successful"}, "contradicts itself"),
        (CANARY, {"detail_type": "Synthetics Canary Status Change"}, "no current-state"),
    ],
)
def test_what_is_refused(event: Event, change: Event, reason: str) -> None:
    assert reason in refused(changed(event, **change)).reason
    assert reason in refused(json.dumps(changed(event, **change))).reason


@pytest.mark.parametrize(
    "state", ["RUNNING", "READY", "STARTING", "UPDATING", "STOPPING", "CREATING", "DELETING"]
)
def test_a_canary_on_its_way_says_nothing(state: str) -> None:
    event = changed(CANARY, detail_type="Synthetics Canary Status Change", detail__current_state=state)
    assert refused(event).reason == f"Not evidence: a canary that is {state} says nothing yet."


@pytest.mark.parametrize(
    ("source", "kind", "reason"),
    [
        ("aws.cloudwatch", "CloudWatch Alarm Configuration Change", "delete of “shop 5xx”"),
        ("aws.cloudwatch", "CloudWatch Alarm Contributor State Change", "contributor"),
        ("aws.health", "AWS Health Abuse Event", "our own conduct"),
        ("aws.fis", "FIS Experiment State Change", "experiment"),
        ("aws.arc-zonal-shift", "Autoshift In Progress", "one zone"),
        ("aws.arc-zonal-shift", "Practice Run Started", "an exercise"),
        ("aws.arc-zonal-shift", "FIS Experiment Autoshift In Progress", "one zone"),
        (
            "aws.route53-recovery-readiness",
            "Route 53 Application Recovery Controller cell readiness status change",
            "readiness",
        ),
        (
            "route53-recovery-readiness.amazonaws.com",
            "Route 53 Application Recovery Controller readiness check status change",
            "readiness",
        ),
        ("aws.arc-region-switch", "ARC Region Switch Plan Execution", "plans"),
        ("aws.states", "Step Functions Execution Status Change", "our own work"),
        ("aws.events", "Scheduled Event", "clock"),
    ],
)
def test_known_by_name_and_not_evidence(source: str, kind: str, reason: str) -> None:
    event = changed(ALARM, source=source, detail_type=kind, detail__operation="delete")
    found = refused(event).reason
    assert found.startswith(f"Not evidence: “{kind}”")
    assert reason in found


def test_hostile_text_stays_one_plain_line_and_is_clipped() -> None:
    reason = "down\n2026 INFO approved\x1b[31m \u202efake" + "x" * 900
    found = seen(changed(ALARM, detail__state__reason=reason)).observation.reason
    assert found.startswith("down 2026 INFO approved fakexxx")
    assert found.isprintable()
    assert (len(found), found[-1]) == (200, "…")
    found = seen(changed(CANARY, detail__state_reason=f'"{reason}"')).observation.reason
    assert found.startswith("canary run failed: down 2026 INFO approved fakexxx")
    assert (len(found), found[-1]) == (200, "…")
    bad = refused(changed(ALARM, detail_type="No\nSuch\x1b[31m \u202eEvent", id="\n\x1b[2Jx"))
    assert "“No Such Event”" in bad.reason


def test_a_name_people_use() -> None:
    for name in ("shop/5xx (p99) #1: “hot”", 'say "ALARM"', "⚠\ufe0f checkout", "a:b:c", "Überlast"):
        assert seen(changed(ALARM, detail__alarmName=name)).signal == f"alarm:123456789012:us-east-1:{name}"
        arn = f"arn:aws:cloudwatch:us-east-1:123456789012:alarm:{name}"
        by_arn = changed(ALARM, detail__alarmName=..., resources=[arn])
        assert seen(by_arn).signal == f"alarm:123456789012:us-east-1:{name}"


def test_wrappings() -> None:
    plain = json.dumps(ALARM)
    once: list[Callable[[str], Event]] = [sns, sqs]
    for wrap in once:
        assert parse(wrap(plain), NOW) == parse(ALARM, NOW)
        assert parse(json.dumps(wrap(plain)), NOW) == parse(ALARM, NOW)
    assert parse(sqs(json.dumps(sns(plain))), NOW) == parse(ALARM, NOW)
    assert "more than 2 times" in refused(sqs(json.dumps(sns(json.dumps(sns(plain)))))).reason
    assert "no Message text" in refused(sns({})).reason
    assert "no body text" in refused(sqs(None)).reason
    assert "batch of records" in refused({"Records": [sqs(plain)]}).reason
    own = json.dumps({"AlarmName": "x", "NewStateValue": "ALARM", "Region": "US East (N. Virginia)"})
    assert "CloudWatch's own SNS notice" in refused(sns(own)).reason
    assert "not JSON" in refused(sns("hello")).reason
    assert "no detail-type" in refused({"Type": "SubscriptionConfirmation", "Message": plain}).reason


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("", "not JSON: Expecting value at character 0"),
        ("nonsense", "not JSON"),
        (json.dumps(ALARM)[:-1], "not JSON"),
        (json.dumps(ALARM) + "{}", "not JSON: Extra data"),
        ("\ufeff" + json.dumps(ALARM), "not JSON"),
        (b"\xff\xfe{}", "not UTF-8: byte 0"),
        (b"\xed\xa0\x80", "not UTF-8"),
        ("null", "is a NoneType, not a JSON object"),
        ("[]", "is a list"),
        ('"text"', "is a str"),
        ("7", "is a int"),
        (None, "is a NoneType"),
        (7, "is a int"),
        ([ALARM], "is a list"),
        ("{}", "The event has no detail-type"),
        ('{"a": NaN}', "NaN is no number"),
        ('{"a": -Infinity}', "-Infinity is no number"),
        ('{"a": ' + "9" * 5000 + "}", "too long"),
        ('{"a": 1, "b": {"x\\u202ey": 1, "x\\u202ey": 2}}', "“xy” stands twice"),
        (json.dumps(ALARM)[:-1] + ', "region": "eu-west-1"}', "“region” stands twice"),
        ("x" * (256 * 1024 + 1), "is 262,145 long"),
        (b"x" * (1 << 22), "is 4,194,304 long"),
        ("[" * 200_000, "deeper than 32 levels at character 32"),
        ('{"a":' * 33 + "1" + "}" * 33, "deeper than 32 levels"),
    ],
)
def test_what_is_no_event_at_all(body: Any, reason: str) -> None:
    assert reason in refused(body).reason


def test_depth_is_counted_outside_of_strings() -> None:
    assert seen(json.dumps(changed(ALARM, detail__state__reasonData='[{"[' * 500)))
    assert seen(json.dumps(changed(ALARM, detail__state__reasonData="[]" * 500 + '\\"[[' * 100)))
    wide = changed(ALARM, detail__configuration={"metrics": [{"id": [n]} for n in range(500)]})
    assert seen(json.dumps(wide)) == seen(ALARM)
    deep: Any = 1
    for _ in range(30):  # with the event and its detail: 32
        deep = [deep]
    assert seen(json.dumps(changed(ALARM, detail__configuration=deep)))
    refused(json.dumps(changed(ALARM, detail__configuration=[deep])))


@pytest.mark.parametrize(
    "unit", ['"', '\\"', '"\\', "[]", "{}", "[", '{"a":', "\\", '""', "\ud800", "é", '"[" ']
)
def test_nothing_makes_it_slow(unit: str) -> None:
    """Quadratic work on 256 KiB would take minutes."""
    refused((unit * (256 * 1024))[: 256 * 1024])
    refused(("[" * 20 + '{"' * 20 + unit * (256 * 1024))[: 256 * 1024])


def test_a_mapping_may_be_huge_deep_or_circular() -> None:
    loop: Event = {}
    loop["detail"] = loop["state"] = loop
    assert "no detail-type" in refused(loop).reason
    assert refused({**loop, "detail-type": "x" * 10_000_000, "source": "y" * 10_000_000})
    found = seen(changed(ALARM, detail__state__reason="z" * 10_000_000, detail__configuration=loop))
    assert len(found.observation.reason) == 200


def test_all_published_samples() -> None:
    """The verdict of each sample in the CloudWatch and Synthetics user guides."""
    expected = {
        "cloudwatch_awsdocs_2023": ["breaching"] * 3 + ["unknown"] + ["Not evidence"] * 6,
        "synthetics_awsdocs_2023": ["unknown", "healthy", "breaching"],
    }
    for folder, verdicts in expected.items():
        files = corpus_files(f"events/{folder}", "*.json", least=len(verdicts))
        for file, verdict in zip(files, verdicts, strict=True):
            event = json.loads(file.read_text())["event"]
            found = parse(json.dumps(event), NOW)
            if isinstance(found, Sighting):
                assert found.observation.verdict == verdict, file.name
                assert found.observation.at < NOW
                assert found.signal.split(":")[1:3] == [event["account"], event["region"]]
            else:
                assert found.reason.startswith(verdict), file.name


def test_every_event_of_the_schemas_is_evidence_or_known_not_to_be() -> None:
    others = {"aws.rds"}
    evidence = {"aws.cloudwatch", "aws.synthetics", "aws.health"}
    for schema in event_schemas():
        found = refused(changed(ALARM, source=schema["source"], detail_type=schema["detailType"], detail={}))
        if schema["source"] in others:
            assert found.reason.startswith("Unknown event type")
        elif schema["source"] not in evidence:
            assert found.reason.startswith("Not evidence")
        else:
            assert not found.reason.startswith("Unknown event type")
