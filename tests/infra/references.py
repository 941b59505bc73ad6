"""Literal references within a template: names and ARNs of its own resources, and the order that they need.

CloudFormation makes resources side by side. It sees an order in `Ref`, `GetAtt`, `Sub` and `DependsOn` alone.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

NOT_ITS_OWN = ("MetricName", "StageName", "PolicyName")
"""Members that end in `Name` and name something else."""
SERVICES = {"stepfunctions": "states", "apigatewayv2": "apigateway"}
UNSEEN = {
    "AWS::IAM::Role": "Policies",
    "AWS::IAM::ManagedPolicy": "PolicyDocument",
    "AWS::Lambda::Function": "Environment",
    "AWS::CloudWatch::Dashboard": "DashboardBody",
}
"""Type -> the member whose contents AWS does not look up when the resource is made: a path either way will
do, for a function may start the machine that invokes it."""


@dataclass(frozen=True)
class Owned:
    """A name that a resource of the template has by itself."""

    owner: str
    name: str
    service: str
    telling: bool

    def is_named_in(self, text: str) -> bool:
        if self.name not in text:
            return False
        name, ends = re.escape(self.name), r"(?![\w-])(?!\.\w)"
        arn = rf"arn:[\w-]+:{self.service}:(?:[\w-]*|·):(?:\d*|·):(?:[\w-]+[:/])?{name}{ends}"
        plain = text.rstrip(".") == self.name
        within = re.search(rf'(?:"{name}"|//{name}{ends})', text)
        return bool(re.search(arn, text)) or (self.telling and bool(plain or within))


def literals(value: Any) -> Iterator[str]:
    """Yield every text, with a dot in place of what is filled in later."""
    if isinstance(value, str):
        yield re.sub(r"\$\{[^}]+\}", "·", value)
    elif isinstance(value, Mapping) and set(value) == {"Fn::Join"}:
        glue, parts = value["Fn::Join"]
        yield glue.join(part if isinstance(part, str) else "·" for part in parts)
    elif isinstance(value, Mapping):
        if not {"Ref", "Fn::GetAtt"} & set(value):
            for each in value.values():
                yield from literals(each)
    elif isinstance(value, list):
        for each in value:
            yield from literals(each)


def texts(resources: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield (logical id, text); what is filled in later stands there as `${Name}` or `${Name.Attribute}`."""
    for name, resource in resources.items():
        for text in _filled(resource.get("Properties", {})):
            yield name, text


def _filled(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for each in value:
            yield from _filled(each)
    elif isinstance(value, Mapping) and len(value) == 1 and next(iter(value)) in ("Ref", "Fn::GetAtt"):
        (found,) = value.values()
        yield f"${{{'.'.join(found) if isinstance(found, list) else found}}}"
    elif isinstance(value, Mapping) and set(value) == {"Fn::Join"}:
        glue, parts = value["Fn::Join"]
        yield glue.join(text for part in parts for text in _filled(part))
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _filled(each)


def references(value: Any) -> Iterator[str]:
    """Yield the logical ids that CloudFormation sees."""
    if isinstance(value, Mapping):
        if "Ref" in value:
            yield value["Ref"]
        if "Fn::GetAtt" in value:
            found = value["Fn::GetAtt"]
            yield found[0] if isinstance(found, list) else found.partition(".")[0]
        if "Fn::Sub" in value:
            text = value["Fn::Sub"][0] if isinstance(value["Fn::Sub"], list) else value["Fn::Sub"]
            yield from (each.partition(".")[0] for each in re.findall(r"\$\{([\w.]+)\}", text))
        for each in value.values():
            yield from references(each)
    elif isinstance(value, list):
        for each in value:
            yield from references(each)


def paths(resources: Mapping[str, Any]) -> dict[str, set[str]]:
    """Logical id -> all that is made before it."""
    direct = {}
    for name, resource in resources.items():
        stated = resource.get("DependsOn", [])
        stated = [stated] if isinstance(stated, str) else stated
        direct[name] = {*references(resource.get("Properties", {})), *stated}
    found: dict[str, set[str]] = {}
    for name in direct:
        seen, left = set(), list(direct[name])
        while left:
            each = left.pop()
            if each in direct and each not in seen:
                seen.add(each)
                left.extend(direct[each])
        found[name] = seen
    return found


def own_names(resources: Mapping[str, Any]) -> list[Owned]:
    found = []
    for owner, resource in resources.items():
        for key, value in resource.get("Properties", {}).items():
            if key.endswith("Name") and key not in NOT_ITS_OWN and isinstance(value, str):
                service = resource["Type"].split("::")[1].lower()
                found.append(Owned(owner, value.rstrip("."), SERVICES.get(service, service), telling=False))
    kinds: dict[str, set[str]] = {}
    for each in found:
        kinds.setdefault(each.name, set()).add(resources[each.owner]["Type"])
    return [
        Owned(
            e.owner, e.name, e.service, telling=len(kinds[e.name]) == 1 and bool(re.search("[-./]", e.name))
        )
        for e in found
    ]


def without_an_order(resources: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield (who names, who is named) where CloudFormation may make the second after the first."""
    before, owned = paths(resources), own_names(resources)
    for name, resource in resources.items():
        unseen = UNSEEN.get(resource["Type"])
        for key, value in resource.get("Properties", {}).items():
            if key.endswith("Name") and key not in NOT_ITS_OWN and isinstance(value, str):
                continue
            texts = list(literals(value))
            for each in owned:
                ordered = each.owner in before[name] or (key == unseen and name in before[each.owner])
                if each.owner != name and not ordered and any(map(each.is_named_in, texts)):
                    yield name, each.owner


def in_a_circle(resources: Mapping[str, Any]) -> list[str]:
    """Those that would have to be made before themselves."""
    return [name for name, before in paths(resources).items() if name in before]
