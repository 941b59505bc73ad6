"""One event of each kind that reaches a controller, as its source sends it, and copies with other fields."""

from copy import deepcopy
from typing import Any

from controller.core.contracts import SIGNAL_SCHEMA, SIGNAL_SOURCE

DETAIL: dict[str, Any] = {
    "application": "storefront",
    "family": "customer",
    "name": "real-users.checkout",
    "region": "us-east-1",
    "observer": "eu-west-1",
    "state": "breaching",
    "since": "2026-11-23T09:00:00Z",
    "reason": "38 % of checkouts fail",
}
EVENT: dict[str, Any] = {
    "id": "77777777-2222-3333-4444-555555555555",
    "detail-type": SIGNAL_SCHEMA,
    "source": SIGNAL_SOURCE,
    "account": "123456789012",
    "time": "2026-11-23T09:03:00Z",
    "region": "eu-west-1",
    "detail": DETAIL,
}
Event = dict[str, Any]
ALARM: Event = {
    "version": "0",
    "id": "11111111-2222-3333-4444-555555555555",
    "detail-type": "CloudWatch Alarm State Change",
    "source": "aws.cloudwatch",
    "account": "123456789012",
    "time": "2026-11-23T09:00:02Z",
    "region": "us-east-1",
    "resources": ["arn:aws:cloudwatch:us-east-1:123456789012:alarm:shop 5xx"],
    "detail": {
        "alarmName": "shop 5xx",
        "state": {
            "value": "ALARM",
            "reason": "Threshold Crossed: 3 datapoints",
            "reasonData": '{"version":"1.0"}',
            "timestamp": "2026-11-23T09:00:00.500+0000",
        },
        "previousState": {"value": "OK", "timestamp": "2026-11-23T08:00:00.000+0000"},
        "configuration": {
            "metrics": [{"id": "m1", "expression": "m2/m3", "label": "rate", "returnData": True}]
        },
    },
}
CANARY: Event = {
    "version": "0",
    "id": "aaaaaaaa-2222-3333-4444-555555555555",
    "detail-type": "Synthetics Canary TestRun Failure",
    "source": "aws.synthetics",
    "account": "123456789012",
    "time": "2026-11-23T09:00:02Z",
    "region": "us-west-2",
    "resources": [],
    "detail": {
        "account-id": "123456789012",
        "canary-id": "c-1",
        "canary-name": "shop-us-east-1-checkout",
        "canary-run-id": "bbbbbbbb-2222-3333-4444-555555555555",
        "test-run-status": "FAILED",
        "state-reason": '"Error: net::ERR_NAME_NOT_RESOLVED "',
        "canary-run-timeline": {"started": 1795424390, "completed": 1795424400},
        "message": "Test run result is generated successfully",
    },
}


def changed(event: Event, **paths: Any) -> Event:
    """A copy with `a__b=value` set; `...` takes the field out. A single underscore stands for `-`."""
    event = deepcopy(event)
    for path, value in paths.items():
        *holders, key = [part.replace("_", "-") for part in path.split("__")]
        at = event
        for holder in holders:
            at = at[holder]
        if value is ...:
            at.pop(key, None)
        else:
            at[key] = value
    return event


HEALTH: Event = {
    "version": "0",
    "id": "99999999-2222-3333-4444-555555555555",
    "detail-type": "AWS Health Event",
    "source": "aws.health",
    "account": "123456789012",
    "time": "2026-11-23T09:20:02Z",
    "region": "us-east-1",
    "resources": [],
    "detail": {
        "eventArn": "arn:aws:health:us-east-1::event/DYNAMODB/AWS_DYNAMODB_OPERATIONAL_ISSUE/one",
        "service": "DYNAMODB",
        "eventTypeCode": "AWS_DYNAMODB_OPERATIONAL_ISSUE",
        "eventTypeCategory": "issue",
        "eventScopeCode": "PUBLIC",
        "communicationId": "abc-1",
        "startTime": "Mon, 23 Nov 2026 08:00:00 GMT",
        "lastUpdatedTime": "Mon, 23 Nov 2026 09:20:00 GMT",
        "statusCode": "open",
        "eventRegion": "us-east-1",
        "eventDescription": [
            {"language": "en_US", "latestDescription": "Increased error rates in the US-EAST-1 Region."}
        ],
        "affectedEntities": [],
        "page": "1",
        "totalPages": "1",
        "affectedAccount": "123456789012",
    },
}
ONE = [{"language": "en_US", "latestDescription": "Packet loss in a single Availability Zone (use1-az4)."}]
