"""Raw EventBridge events, as CloudWatch, Synthetics, AWS Health and zonal shift send them."""

import hashlib
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

ACCOUNT = "210987654321"
Event = dict[str, Any]


def moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def utc(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _event(at: float, region: str, source: str, kind: str, detail: Event, *resources: str) -> Event:
    number = f"{source}/{kind}/{region}/{at:.3f}/{'/'.join(map(str, detail.values()))}"
    return {
        "version": "0", "id": f"{abs(hash_of(number)):032x}", "detail-type": kind, "source": source,
        "account": ACCOUNT, "time": utc(at), "region": region, "resources": list(resources), "detail": detail,
    }  # fmt: skip


def hash_of(text: str) -> int:
    return int(hashlib.md5(text.encode(), usedforsecurity=False).hexdigest(), 16)


def canary(at: float, *, about: str, runs_in: str, well: bool) -> Event:
    status = ("Successful", "PASSED") if well else ("Failure", "FAILED")
    detail = {
        "account-id": ACCOUNT, "canary-name": f"storefront-{about}-checkout",
        "canary-run-id": f"{runs_in}-{about}-{at:.0f}",
        "test-run-status": status[1], "state-reason": "null" if well else '"HTTP 503"',
        "canary-run-timeline": {"started": at - 2.0, "completed": at},
    }  # fmt: skip
    return _event(at, runs_in, "aws.synthetics", f"Synthetics Canary TestRun {status[0]}", detail)


def alarm(at: float, *, region: str, part: str, value: str, before: str) -> Event:
    name = f"storefront-{region}-{part}"
    stamp = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")
    detail = {
        "alarmName": name,
        "state": {"value": value, "reason": "Threshold Crossed", "timestamp": stamp},
        "previousState": {"value": before, "reason": "Threshold Crossed"},
        "configuration": {},
    }
    arn = f"arn:aws:cloudwatch:{region}:{ACCOUNT}:alarm:{name}"
    return _event(at, region, "aws.cloudwatch", "CloudWatch Alarm State Change", detail, arn)


def health(
    at: float,
    *,
    region: str,
    service: str,
    text: str,
    began: float,
    ended: float | None = None,
    key: str = "",
) -> Event:
    def date(seconds: float) -> str:
        return format_datetime(datetime.fromtimestamp(seconds, UTC), usegmt=True)

    issue = f"AWS_{service}_OPERATIONAL_ISSUE"
    detail = {
        "eventArn": f"arn:aws:health:{region}::event/{service}/{issue}/{key or service}",
        "service": service, "eventScopeCode": "PUBLIC", "communicationId": f"{at:.0f}",
        "eventTypeCode": issue, "eventTypeCategory": "issue",
        "statusCode": "closed" if ended else "open", "eventRegion": region, "startTime": date(began),
        "lastUpdatedTime": date(at), "page": "1", "totalPages": "1",
        "eventDescription": [{"language": "en_US", "latestDescription": text}],
        **({"endTime": date(ended)} if ended else {}),
    }  # fmt: skip
    return _event(at, region, "aws.health", "AWS Health Event", detail)


def zonal_shift(at: float, *, region: str, zone: str) -> Event:
    detail = {"version": "1.0", "data": "", "metadata": {"awayFrom": zone}}
    return _event(at, region, "aws.arc-zonal-shift", "Autoshift In Progress", detail)
