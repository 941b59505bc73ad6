"""AWS Health's notices: what is evidence, what is not, and the traps of their form."""

from typing import Any

import pytest

from controller.aws.events.parse import parse
from controller.aws.events.rules import HEALTH_PATHS, HEALTH_PATTERN, HEALTH_TEMPLATE
from controller.core.model import Ignored, Sighting, Verdict
from controller.rehearsal.services.eventbridge.patterns import compile_pattern
from tests.aws.event_parsing import NOW
from tests.aws.input_transformer import HOSTILE, transform
from tests.support.event_samples import HEALTH, ONE, Event, changed

UPDATED = 1795425600.0


def seen(event: Event) -> Sighting:
    found = parse(event, NOW)
    assert isinstance(found, Sighting), found
    return found


def test_an_open_notice_accuses_a_service_of_the_region_that_it_is_about() -> None:
    found = seen(HEALTH)
    assert found.signal == "health:123456789012:us-east-1:DYNAMODB"
    said = found.observation
    assert (said.verdict, said.at, said.received, said.via) == (Verdict.BREACHING, UPDATED, NOW, "event")
    assert said.reason == (
        "AWS Health: AWS_DYNAMODB_OPERATIONAL_ISSUE is open, begun Mon, 23 Nov 2026 08:00:00 GMT"
    )


def test_both_regions_copies_and_every_page_are_one_observation() -> None:
    first = seen(HEALTH).observation
    backup = changed(HEALTH, region="us-west-2", id="another", detail__backupEvent="true")
    page = changed(HEALTH, id="third", detail__page="2", detail__affectedEntities=[{"entityValue": "x"}])
    assert seen(backup).signal == seen(page).signal == seen(HEALTH).signal
    assert seen(backup).observation.id == seen(page).observation.id == first.id
    assert seen(backup).observation.via == "relay"  # it came from us-west-2: no sign of life of us-east-1
    assert seen(changed(HEALTH, detail__communicationId="abc-2")).observation.id != first.id
    other = changed(HEALTH, detail__eventArn="arn:aws:health:us-east-1::event/DYNAMODB/X/two")
    assert seen(other).observation.id != first.id


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ({"detail__statusCode": "closed"}, Verdict.UNKNOWN),
        # Says open, and is over.
        ({"detail__endTime": "Mon, 23 Nov 2026 09:10:00 GMT"}, Verdict.UNKNOWN),
        ({"detail__endTime": "2026-11-23T09:10:00Z"}, Verdict.UNKNOWN),
        ({"detail__endTime": "Thu, 01 Jan 2099 00:00:00 GMT"}, Verdict.BREACHING),  # not over yet
        ({"detail__endTime": ""}, Verdict.BREACHING),  # what a transformer leaves of an absent one
        ({"detail__eventDescription": [{"latestDescription": "[RESOLVED] Error rates"}]}, Verdict.UNKNOWN),
        ({"detail__eventDescription": ...}, Verdict.BREACHING),
        ({"detail__eventDescription": "text"}, Verdict.BREACHING),
        ({"detail__eventDescription": [None, 7, [], {"latestDescription": 9}]}, Verdict.BREACHING),
        ({"detail__eventScopeCode": "ACCOUNT_SPECIFIC"}, Verdict.BREACHING),  # an operational issue of ours
    ],
)
def test_what_a_notice_says(change: Event, verdict: Verdict) -> None:
    assert seen(changed(HEALTH, **change)).observation.verdict is verdict


@pytest.mark.parametrize(
    ("change", "zones"),
    [
        ({}, ""),
        ({"detail__eventDescription": ONE}, "use1-az4"),
        ({"detail__eventDescription": [{"latestDescription": "in one Availability Zone"}]}, "?"),
        ({"detail__eventDescription": [{"latestDescription": "in multiple Availability Zones"}]}, ""),
        ({"detail__eventDescription": [{"latestDescription": "use1-az4 and use1-az6"}]}, "use1-az4+use1-az6"),
        ({"detail__availabilityZone": "use1-az2"}, "use1-az2"),
        ({"detail__eventMetadata": {"zones": ["use1-az1"]}}, "use1-az1"),
        ({"detail__eventMetadata": "{zones:[use1-az1]}"}, "use1-az1"),  # an object inside quotation marks
    ],
)
def test_the_zones_that_a_notice_is_about(change: Event, zones: str) -> None:
    key = seen(changed(HEALTH, **change)).observation.id.partition("/")[0]
    assert key.partition("@")[2] == zones


def test_an_organisations_notice_is_about_the_member() -> None:
    found = seen(changed(HEALTH, account="999999999999"))
    assert found.signal == "health:123456789012:us-east-1:DYNAMODB"
    assert seen(changed(HEALTH, detail__affectedAccount="")).signal.startswith("health:123456789012:")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"detail__eventTypeCategory": "scheduledChange"}, "a “scheduledChange”, not an issue"),
        ({"detail__eventTypeCategory": "accountNotification"}, "not an issue"),
        ({"detail__eventTypeCategory": "investigation"}, "not an issue"),
        ({"detail__statusCode": "upcoming"}, "still to come"),
        ({"detail__statusCode": "ajar"}, "status “ajar” is not one"),
        ({"detail__eventRegion": "global"}, "about no one Region"),
        ({"detail__eventRegion": "Mars"}, "not the name of a Region"),
        ({"detail__service": "dynamo db"}, "not the name of a service"),
        ({"detail__service": ...}, "no service"),
        ({"detail__eventScopeCode": "NONE"}, "neither public nor about an account"),
        (
            {
                "detail__eventScopeCode": "ACCOUNT_SPECIFIC",
                "detail__eventTypeCode": "AWS_EC2_INSTANCE_UNHEALTHY",
                "detail__affectedEntities": [{"entityValue": "i-1"}, {"entityValue": "i-2"}],
            },
            "single resources (2 affected)",
        ),
        ({"detail__lastUpdatedTime": "Mon, 31 Feb 2026 09:20:00 GMT"}, "is not a time"),
        ({"detail__lastUpdatedTime": "Mon, 23 Noc 2026 09:20:00 GMT"}, "is not a time"),
        ({"detail__eventArn": ...}, "no eventArn"),
        ({"detail__communicationId": ..., "detail__lastUpdatedTime": ...}, "no lastUpdatedTime"),
        ({"source": "my.health"}, "comes from aws.health alone"),
    ],
)
def test_what_is_refused(change: Event, reason: str) -> None:
    found = parse(changed(HEALTH, **change), NOW)
    assert isinstance(found, Ignored)
    assert reason in found.reason


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"detail__endTime": "Mon, 23 Nov 2026 09:10:00 GMT"},
        {"detail__communicationId": ...},
        {"detail__affectedAccount": ...},
        {"detail__eventMetadata": {"zone": "use1-az1"}},
        {"detail__eventDescription": [{"latestDescription": HOSTILE}]},
        {"detail__eventTypeCategory": "scheduledChange"},
    ],
)
def test_what_the_rule_leaves_of_a_notice_says_the_same(change: Event) -> None:
    event: Any = changed(HEALTH, **change)
    assert compile_pattern(HEALTH_PATTERN)(event)
    left, whole = parse(transform(event, HEALTH_PATHS, HEALTH_TEMPLATE), NOW), parse(event, NOW)
    if isinstance(whole, Ignored):
        assert isinstance(left, Ignored)
        assert left.reason == whole.reason
    else:
        assert left == whole
