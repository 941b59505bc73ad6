"""The order of a release: where each stack stands, what of it is uploaded, and what it waits for."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from infra.grants import HANDS
from infra.project import Project

SCHEMA = "tidegate.order/v1"
BODY = 51_200
"""Bytes of a template that CloudFormation takes in a request; a longer one lies in a bucket."""
MOST_BYTES, MOST_RESOURCES = 1_000_000, 500
"""Of one template (CloudFormation User Guide, "Understand CloudFormation quotas")."""
NAMED = ("RoleName", "ManagedPolicyName", "UserName", "GroupName", "InstanceProfileName")
"""IAM's resources with a name of their own need `CAPABILITY_NAMED_IAM`."""
CODE_BUCKET = "CodeBucket"
NOT_IN_SHADOW = "not needed in shadow; an ARC cluster costs money"
"""Why `routing` can be left out, as long as no arc.json names its cluster."""
PARAMETERS = {CODE_BUCKET: "a bucket in the stack's own account and Region that holds its zips"}


class TooLarge(ValueError):  # noqa: N818
    """CloudFormation would refuse a template for its size."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a stack belongs, as the cloud assembly says."""

    account: str
    region: str
    tags: Mapping[str, str]
    protected: bool


@dataclass(frozen=True, slots=True)
class Entry:
    """One stack of a release. uploaded: whether a request could not hold its template. optional: why it
    is not deployed unless it is named, else empty."""

    name: str
    place: Place
    template: str
    content: bytes
    capabilities: tuple[str, ...]
    parameters: tuple[str, ...]
    zips: tuple[str, ...]
    waits_for: tuple[str, ...]
    optional: str = ""

    @property
    def uploaded(self) -> bool:
        return len(self.content) > BODY

    def data(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "account": self.place.account,
            "region": self.place.region,
            "template": self.template,
            **_measured(self.content),
            "upload": self.uploaded,
            "capabilities": list(self.capabilities),
            "parameters": list(self.parameters),
            "zips": list(self.zips),
            "waitsFor": list(self.waits_for),
            "tags": dict(self.place.tags),
            "protected": self.place.protected,
            **({"optional": self.optional} if self.optional else {}),
        }


def written(name: str, template: Mapping[str, Any], *, short: bool) -> str:
    """Return the template's text. short: without spaces where a request could not hold it otherwise.

    Raises `TooLarge` for more than one stack may have.
    """
    count = len(template["Resources"])
    if count > MOST_RESOURCES:
        raise TooLarge(
            f"{name}: {count} resources, and CloudFormation takes {MOST_RESOURCES} in one stack: "
            "guard fewer Regions by one policy, or give it fewer signals and slices"
        )
    text = json.dumps(template, indent=1) + "\n"
    if short and len(text.encode()) > BODY:
        text = json.dumps(template, separators=(",", ":")) + "\n"
    size = len(text.encode())
    if size > MOST_BYTES:
        raise TooLarge(
            f"{name}: a template of {size:,} bytes, and CloudFormation takes {MOST_BYTES:,}: "
            "guard fewer Regions by one policy, or give it fewer signals and slices"
        )
    return text


def stack_names(project: Project, made: Collection[str]) -> list[str]:
    """Return those that were made in the pipeline's order.

    The home Region's keys come first, and a standby before what it stands by for. A switch that can wait
    comes last.
    """
    later = project.switch_later
    policy, called = project.policy, project.names.stack
    wished = [
        *(called("keys", region) for region in _keys(project)),
        *(called("audit-copy"), called("state")),
        *(called(f"{place}-access") for place in HANDS),
        *(called("controller", region) for region in reversed(policy.controllers)),
        *(called("application", region) for region in reversed(tuple(policy.regions))),
        *(called("endpoint", region) for region in reversed(tuple(policy.regions))),
        *(() if later else (called("routing"),)),
        *(called("probes", region) for region in reversed(project.probed)),
        *((called("routing"),) if later else ()),
    ]
    return [name for name in wished if name in made]


def optional(project: Project) -> dict[str, str]:
    """Return stack -> why it is deployed only where somebody names it."""
    return {project.names.stack("routing"): NOT_IN_SHADOW} if project.switch_later else {}


def _keys(project: Project) -> list[str]:
    home = project.config.home
    return [home, *(region for region in project.policy.controllers if region != home)]


def entries(
    names: Sequence[str], places: Mapping[str, Place], folder: Path, why: Mapping[str, str]
) -> list[Entry]:
    """Return the stacks of a release in their order.

    folder: with `templates` and the zips. why: those that are `optional`.
    """
    zips = sorted(file.name for file in folder.glob("*.zip"))
    made = [
        _entry(name, places[name], folder, zips, _before(names, number)) for number, name in enumerate(names)
    ]
    return [replace(each, optional=why.get(each.name, "")) for each in made]


def _entry(name: str, place: Place, folder: Path, zips: Sequence[str], before: tuple[str, ...]) -> Entry:
    template = f"templates/{name}.json"
    content = (folder / template).read_bytes()
    plain = json.loads(content)
    needed = tuple(each for each in zips if each.encode() in content)
    return Entry(
        name, place, template, content, tuple(_capabilities(plain)), tuple(plain.get("Parameters", {})),
        needed, before,
    )  # fmt: skip


def _before(names: Sequence[str], number: int) -> tuple[str, ...]:
    """Return what a stack waits for: the one before it. Replicas of a key wait for the first keys alone."""
    keys = [name for name in names if "-keys-" in name]
    if names[number] in keys:
        return tuple(keys[:1]) if names[number] != keys[0] else ()
    if 0 < number == len(keys):
        return tuple(keys[1:] or keys)
    return tuple(names[number - 1 : number])


def _capabilities(template: Mapping[str, Any]) -> Iterator[str]:
    ours = [each for each in template["Resources"].values() if each["Type"].startswith("AWS::IAM::")]
    if any(set(NAMED) & set(each.get("Properties", {})) for each in ours):
        yield "CAPABILITY_NAMED_IAM"
    elif ours:
        yield "CAPABILITY_IAM"


def order(application: str, stacks: Sequence[Entry], folder: Path) -> dict[str, Any]:
    """Return what `order.json` holds."""
    return {
        "schema": SCHEMA,
        "application": application,
        "parameters": PARAMETERS,
        "buckets": [
            {
                "account": account,
                "region": region,
                "zips": [{"file": name, **_measured((folder / name).read_bytes())} for name in held],
            }
            for (account, region), held in buckets(stacks).items()
        ],
        "stacks": [each.data() for each in stacks],
    }


def buckets(stacks: Sequence[Entry]) -> dict[tuple[str, str], list[str]]:
    """Return (account, Region) -> the zips that stacks there name; only where one is needed at all."""
    found: dict[tuple[str, str], set[str]] = {}
    for each in stacks:
        if each.zips or each.parameters or each.uploaded:
            found.setdefault((each.place.account, each.place.region), set()).update(each.zips)
    return {place: sorted(held) for place, held in sorted(found.items())}


def _measured(content: bytes) -> dict[str, Any]:
    return {"bytes": len(content), "sha256": sha256(content).hexdigest()}
