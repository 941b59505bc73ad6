"""The examination of the DNS records against our controls, slice by slice.

Route 53 must lead customers as docs/architecture.md draws it:

```
 NAME     weighted aliases, one a slice ─> a.NAME   an alias for each Region, health check on its control
```
AWS: Route 53 API Reference, ListResourceRecordSets, ListHealthChecks, GetHostedZone.
"""

from collections.abc import Iterator, Mapping, Sequence
from string import ascii_lowercase
from typing import Any

from controller.core.text import sanitize
from controller.entry.doctor.finding import Finding, Patient, Verdict, judged, tried
from controller.entry.doctor.objects import asks_for
from controller.entry.doctor.switch import slices
from controller.settings import Deployment, Records

LONGEST_TTL = 60
"""Seconds that a customer may keep an old answer (Route 53: 60 s is advised for failover)."""
GLOBAL = "us-east-1"
"""The Region of Route 53's control plane. A person asks it; an evacuation never does."""
Sets = Sequence[Mapping[str, Any]]
Checks = Mapping[str, Mapping[str, Any]]


def record_tree(patient: Patient) -> Iterator[Finding]:
    d = patient.deployment
    records = d.records
    if records is None or not d.has_switch:
        why = "no records" if records is None else "no ARC cluster"
        yield Finding("record tree", "", "skipped", f"this deployment has {why}")
        return
    columns = slices(patient)
    read: list[Sets] = []

    def look() -> Finding:
        client = patient.client("route53", GLOBAL)
        pages = client.get_paginator("list_resource_record_sets").paginate(HostedZoneId=records.zone)
        sets = [each for page in pages for each in page["ResourceRecordSets"]]
        found = client.get_paginator("list_health_checks").paginate()
        checks = {c["Id"]: c["HealthCheckConfig"] for page in found for c in page.get("HealthChecks", ())}
        read.append(sets)
        told = f"{len(columns)} slices below {records.name}, each by its own controls"
        return judged("record tree", "", list(_amiss(sets, checks, records, d, columns)), told)

    yield tried(patient, "record tree", "", look)
    for sets in read:
        yield _ttl(sets, records, len(columns))


def _amiss(
    sets: Sets, checks: Checks, records: Records, d: Deployment, columns: Sequence[Mapping[str, str]]
) -> Iterator[str]:
    top = _named(sets, records.name)
    leads = {_plain(each.get("AliasTarget", {}).get("DNSName", "")): each for each in top}
    letters = ascii_lowercase[: len(columns)]
    wanted = {f"{letter}.{_plain(records.name)}": letter for letter in letters}
    for extra in sorted(set(leads) - set(wanted)):
        yield f"{records.name} also leads to {extra or 'an address'}, past every control"
    weights = {leads[name].get("Weight") for name in wanted if name in leads}
    if len(weights) > 1 or weights & {0, None}:
        yield f"the slices of {records.name} are not weighted alike"
    for (name, letter), column in zip(wanted.items(), columns, strict=True):
        if name not in leads:
            yield f"{records.name} does not lead to slice {letter}"
        elif not leads[name]["AliasTarget"].get("EvaluateTargetHealth"):
            yield f"slice {letter} is answered even when all of it is Off"
        yield from _slice(_named(sets, name), checks, records, d, name, column)


def _slice(
    below: Sets, checks: Checks, records: Records, d: Deployment, name: str, column: Mapping[str, str]
) -> Iterator[str]:
    latency = records.mode == "active-active"
    ranks = ("PRIMARY", "SECONDARY")
    where = {each.get("Region") if latency else each.get("Failover"): each for each in below}
    for rank, (region, control) in enumerate(column.items()):
        found = where.get(region if latency else ranks[min(rank, 1)])
        if found is None:
            yield f"{name} has no record for {region}"
            continue
        config = checks.get(found.get("HealthCheckId", ""), {})
        yield from _watched(config, d, f"{name} in {region}", region, control)
    if len(below) > len(column):
        yield f"{name} has {len(below) - len(column)} records more than Regions"


def _watched(
    config: Mapping[str, Any], d: Deployment, record: str, region: str, control: str
) -> Iterator[str]:
    """Yield what is amiss with the health check of a record."""
    if d.arc is not None:
        if config.get("Type") != "RECOVERY_CONTROL":
            yield f"{record} is watched by no routing control: {control} moves nothing"
        elif config.get("RoutingControlArn") != d.arc.controls[control]:
            yield f"{record} is watched by another control than {control}"
        elif config.get("Disabled") or config.get("Inverted"):
            yield f"the health check of {control} is disabled or inverted"
    elif d.standby is not None and control in d.standby.objects:
        key = d.standby.objects[control]
        if not asks_for(config, d.standby.bucket_by_region[region], key):
            yield f"{record} is watched by another object than {key}: {control} moves nothing"
        elif config.get("Disabled") or not config.get("Inverted"):
            yield f"the health check of {control} is disabled or not inverted"
    elif config:
        yield f"{record} is watched by a health check, and {control} has no object"


def _ttl(sets: Sets, records: Records, count: int) -> Finding:
    """Examine the records that have a TTL of their own.

    Only plain records have one. An alias takes its target's (60 s for API Gateway and load balancers).
    """
    top = _plain(records.name)
    names = (top, *(f"{letter}.{top}" for letter in ascii_lowercase[:count]))
    plain = {name: each["TTL"] for name in names for each in _named(sets, name) if "TTL" in each}
    slow = [f"{name} is remembered for {ttl} s" for name, ttl in plain.items() if ttl > LONGEST_TTL]
    return judged("record ttl", "", slow, f"nothing is remembered for longer than {LONGEST_TTL} s")


def _named(sets: Sets, name: str) -> Sets:
    """Return the address records of a name."""
    return [each for each in sets if _plain(each["Name"]) == _plain(name) and each["Type"] == "A"]


def _plain(name: str) -> str:
    return name.lower().rstrip(".")


def zone_recovery(patient: Patient) -> Finding:
    """Examine Route 53's accelerated recovery of the zone.

    While us-east-1 is impaired, records can be changed again within 60 minutes where a zone has it. An
    evacuation changes none: so a zone without it is as fit, but a person could change nothing by hand.
    """
    check, records = "zone recovery", patient.deployment.records
    if records is None:
        return Finding(check, "", "skipped", "this deployment has no records")

    def look() -> Finding:
        zone = patient.client("route53", GLOBAL).get_hosted_zone(Id=records.zone)["HostedZone"]
        status = zone.get("Features", {}).get("AcceleratedRecoveryStatus", "DISABLED")
        if zone.get("Config", {}).get("PrivateZone"):
            return Finding(check, "", "skipped", f"{records.zone} is private: it is for public zones")
        if status == "ENABLED":
            return Finding(check, "", "ok", "records can be changed within 60 minutes without us-east-1")
        if status == "DISABLED":
            told = "off: without us-east-1 nobody can change a record, which no evacuation needs"
            return Finding(check, "", "skipped", told)
        verdict: Verdict = "bad" if "FAILED" in status else "unknown"
        return Finding(
            check, "", verdict, sanitize(f"accelerated recovery of {records.zone} is {status}", 200)
        )

    return tried(patient, check, "", look)
