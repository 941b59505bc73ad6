"""A switch of objects, as templates declare it: the object that each record's health check asks for.

```
 routing.json             SliceAUsEast1 ── HealthCheckId ─> CheckUse1A ── https://BUCKET.s3.REGION…/use1-a.off
 controller-REGION.json   BUCKET ─────────────────────────────────────────┘
 ../deployments/*.json    the same names again, as the functions' package has them: these the controller uses
```
Records and controllers so get their names from different files, and a drill fails where the two disagree.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from string import ascii_lowercase
from typing import Any, Literal, TypeVar

from controller.core.policy.schema import Policy
from controller.core.policy.validation import parse_policy
from controller.rehearsal.blueprint import Blueprint
from controller.rehearsal.dns.records import Slice, Target, absolute
from controller.settings import Standby

ROUTING, CONTROLLERS = "*-routing.json", "*-controller-*.json"
HOST = re.compile(r"([a-z0-9.-]+)\.s3\.([a-z0-9-]+)\.amazonaws\.com")
T = TypeVar("T")
Place = tuple[str, str, str]


class NotDeployable(ValueError):  # noqa: N818
    """The templates lack what a controller cannot do without; the message names it."""


def objects_watched(folder: Path) -> bool:
    """Return True where the records of the templates hang on objects, not on an ARC cluster."""
    return any(check["Type"] != "RECOVERY_CONTROL" for check in _checks(_declared(folder, ROUTING)).values())


def packaged_switch(folder: Path) -> Standby | None:
    """Return the names of the objects as the functions' package has them; None for templates with ARC.

    Raises `NotDeployable`.
    """
    if not objects_watched(folder):
        return None
    return _packaged(folder, "objects", lambda deployed: Standby.model_validate(deployed["standby"]))


def packaged_policy(folder: Path) -> Policy:
    """Return the policy as the functions' package has it.

    Raises `NotDeployable`.
    """
    return _packaged(folder, "policy", lambda deployed: parse_policy(deployed["policy"]))


def _packaged(folder: Path, what: str, read: Callable[[Any], T]) -> T:
    """Return what is read of the first controller's deployment, beside the templates in `folder`."""
    file = next(iter(sorted((folder.parent / "deployments").glob("*.json"))), None)
    if file is None:
        raise NotDeployable(f"{folder.parent / 'deployments'} names no {what}: `make synth` writes it")
    try:
        return read(json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NotDeployable(f"{file} names no {what}: {type(error).__name__}") from error


def declared_switch(folder: Path, plan: Blueprint) -> dict[str, Any]:
    """Return the members of a blueprint that records and health checks declare; {} for templates with ARC.

    Raises `NotDeployable`.
    """
    if not objects_watched(folder):
        return {}
    resources = _declared(folder, ROUTING)
    places = {name: _place(name, check) for name, check in _checks(resources).items()}
    buckets = set(_buckets(folder))
    for region, bucket, _ in places.values():
        if (region, bucket) not in buckets:
            raise NotDeployable(f"no template declares the bucket {bucket} in {region}")
    records = [r["Properties"] for r in resources.values() if r["Type"] == "AWS::Route53::RecordSet"]
    watched: dict[str, Place] = {}
    slices = []
    for letter, column in zip(ascii_lowercase, zip(*plan.controls.values(), strict=True), strict=False):
        below = [r for r in records if r["Name"].startswith(f"{letter}.") and "HealthCheckId" in r]
        by_region = {record["SetIdentifier"]: record for record in below}
        for region, control in zip(plan.controls, column, strict=True):
            if region not in by_region:
                raise NotDeployable(f"no record hangs on {control}: its object moves nothing")
            watched[control] = places[by_region[region]["HealthCheckId"]["Fn::GetAtt"][0]]
        controls = dict(zip(plan.controls, column, strict=True))
        slices.append(_slice(letter, by_region, controls, plan.name, _weight(records, letter)))
    return {"standby": watched, "slices": tuple(slices)}


def _slice(
    letter: str, records: Mapping[str, Mapping[str, Any]], controls: Mapping[str, str], name: str, weight: int
) -> Slice:
    """Return a slice of the rehearsal's name, its first target first."""
    passive = any("Failover" in record for record in records.values())
    routing: Literal["latency", "failover"] = "failover" if passive else "latency"
    ranked = sorted(controls, key=lambda region: str(records[region].get("Failover", "")))
    targets = tuple(Target(r, f"{r}.{absolute(name)}", controls[r]) for r in ranked)
    return Slice(letter, targets, routing, weight)


def _weight(records: list[Any], letter: str) -> int:
    """Return the weight of a slice below the public name; 1 where that name does not lead here yet."""
    found = (r["Weight"] for r in records if r.get("SetIdentifier") == f"slice-{letter}")
    return int(next(found, 1))


def _place(name: str, check: Mapping[str, Any]) -> Place:
    """Return Region, bucket and key of the object that a health check asks for."""
    host = HOST.fullmatch(str(check.get("FullyQualifiedDomainName")))
    if host is None or check["Type"] != "HTTPS" or check.get("Inverted") is not True:
        raise NotDeployable(f"{name} is no inverted check of an object")
    return host[2], host[1], str(check.get("ResourcePath", "")).removeprefix("/")


def _buckets(folder: Path) -> Iterator[tuple[str, str]]:
    for file in folder.glob(CONTROLLERS):
        region = file.stem.rpartition("-controller-")[2]
        for resource in _read(file).values():
            if resource["Type"] == "AWS::S3::Bucket":
                yield region, str(resource["Properties"].get("BucketName"))


def _checks(resources: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: resource["Properties"]["HealthCheckConfig"]
        for name, resource in resources.items()
        if resource["Type"] == "AWS::Route53::HealthCheck"
    }


def _declared(folder: Path, pattern: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for file in sorted(folder.glob(pattern)):
        found |= _read(file)
    return found


def _read(file: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(file.read_text(encoding="utf-8"))["Resources"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NotDeployable(f"{file} is no template: {type(error).__name__}") from error
