"""The examination of a switch of objects: what Route 53's health checkers see of them.

S3 shows us an object by our own rights, and the checkers have none. Only they tell whether they may read:

```
 404   absent, and the checker may look      control On
 200   present                               control Off
 403   denied, whatever is there             an Off would never be seen
```
AWS: Route 53 API Reference, GetHealthCheckStatus, GetCheckerIpRanges. An evacuation asks neither.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from ipaddress import IPv4Network, ip_network
from typing import Any

from controller.aws.s3_switch import CHECKERS
from controller.entry.doctor.finding import Finding, Patient, judged, short, tried
from controller.ports.errors import ControllerError
from controller.settings import Bucket, Deployment

GLOBAL = "us-east-1"
ENOUGH = 0.18
"""The share of checkers that must succeed for a check to succeed (Route 53 Developer Guide)."""
_STATUS = re.compile(r"HTTP Status Code (\d{3})")


def asks_for(config: Mapping[str, Any], bucket: Bucket, key: str) -> bool:
    """Return True where a health check asks for this object."""
    return (
        config.get("Type") == "HTTPS"
        and config.get("FullyQualifiedDomainName") == bucket.host
        and config.get("ResourcePath") == f"/{key}"
    )


def seen(patient: Patient) -> Iterator[Finding]:
    """Compare what S3 shows us with what the health checkers see."""
    check, d = "switch objects", patient.deployment
    if d.standby is None or not d.has_switch:
        yield _skipped(check, d)
        return
    watched = _objects(patient)
    try:
        states = patient.deps.switch.read(list(watched))
    except ControllerError as error:
        yield Finding(check, "", "unknown", f"cannot be read: {short(error)}")
        return

    def look() -> Finding:
        client = patient.client("route53", GLOBAL)
        pages = client.get_paginator("list_health_checks").paginate()
        checks = {c["Id"]: c["HealthCheckConfig"] for page in pages for c in page.get("HealthChecks", ())}
        amiss: dict[str, None] = {}
        silent: dict[str, None] = {}
        for control, (bucket, key) in watched.items():
            numbers = [number for number, config in checks.items() if asks_for(config, bucket, key)]
            if not numbers:
                amiss[f"no health check asks for {key} of {bucket.name}"] = None
            for number in numbers:
                codes = _codes(client.get_health_check_status(HealthCheckId=number))
                if _unheard(codes):
                    silent[control] = None
                else:
                    amiss.update(dict.fromkeys(_amiss(control, key, codes, on=states[control])))
        if silent and not amiss:
            told = f"most health checkers got no answer for {', '.join(silent)}"
            return Finding(check, "", "unknown", told)
        return judged(check, "", [*amiss], f"health checkers see all {len(watched)} as S3 shows them")

    yield tried(patient, check, "", look)


def _unheard(codes: Sequence[int | None]) -> bool:
    """Return True where fewer than half of the checkers got an answer: what they see is not known."""
    return not codes or 2 * codes.count(None) > len(codes)


def _amiss(control: str, key: str, codes: Sequence[int | None], *, on: bool) -> Iterator[str]:
    """Yield what is wrong. Route 53 counts who succeeds among all, those too that got no answer."""
    answered = [code for code in codes if code is not None]
    enough = answered.count(200) > ENOUGH * len(codes)
    if 2 * answered.count(403) > len(answered):
        yield f"health checkers may not read {key} (403): it would turn nothing Off"
    elif not on and not enough:
        told = next((str(code) for code in answered if code != 200), "no answer")
        yield f"{control} is Off in S3, and health checkers do not see {key} ({told})"
    elif on and enough:
        yield f"{control} is On in S3, and health checkers still see {key}"


def _codes(answer: Mapping[str, Any]) -> list[int | None]:
    """Return the status that each checker got; None for one that got none."""
    reports = [o.get("StatusReport", {}).get("Status", "") for o in answer["HealthCheckObservations"]]
    return [int(found[1]) if found else None for found in map(_STATUS.search, reports)]


def addresses(patient: Patient) -> Finding:
    """Examine whether the checkers still come from where the buckets let them read."""
    check, d = "health checkers", patient.deployment
    if d.standby is None or not d.has_switch:
        return _skipped(check, d)

    def look() -> Finding:
        ranges = patient.client("route53", GLOBAL).get_checker_ip_ranges()["CheckerIpRanges"]
        there = [net for net in map(ip_network, ranges) if isinstance(net, IPv4Network)]
        known = [net for net in map(ip_network, CHECKERS) if isinstance(net, IPv4Network)]
        new = [str(net) for net in there if not any(net.subnet_of(each) for each in known)]
        told = f"{len(there) - len(new)} of {len(there)} ranges of Route 53's checkers may read"
        if 2 * len(new) < len(there):
            return Finding(check, "", "ok", told)
        return Finding(check, "", "bad", f"Route 53 checks from {', '.join(new)}; {told}: upgrade tidegate")

    return tried(patient, check, "", look)


def _objects(patient: Patient) -> dict[str, tuple[Bucket, str]]:
    standby = patient.deployment.standby
    assert standby is not None
    return {
        control: (standby.bucket_by_region[region], standby.objects[control])
        for region, entry in patient.deps.policy.regions.items()
        for control in entry.controls
        if control in standby.objects
    }


def _skipped(check: str, d: Deployment) -> Finding:
    why = "moves routing controls, not objects" if d.arc is not None else "has no ARC cluster yet"
    return Finding(check, "", "skipped", f"this deployment {why}")
