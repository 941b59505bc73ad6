"""The order within a template: whoever names another resource by a literal is made after it.

Names are fixed, so that no template refers to another Region. But CloudFormation makes resources side by
side, and sees an order in `Ref`, `GetAtt` and `DependsOn` alone:
```
 SliceA ── "a.shop.example.com" ──> SliceAUsEast1     Route 53 refuses an alias to what is not there yet
    └───────── DependsOn ──────────────────┘
```
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import aws_cdk as cdk

OWN = frozenset(
    {
        *("alarmName", "aliasName", "bucketName", "dashboardName", "domainName", "functionName", "name"),
        *("logGroupName", "queueName", "roleName", "stateMachineName", "tableName", "topicName"),
    }
)
"""The members that give a resource its own name."""
SERVICES: Mapping[str, str] = {"StepFunctions": "states"}
"""Services whose ARNs spell them otherwise than their types do."""
UNSEEN: Mapping[str, str] = {
    "AWS::IAM::Role": "policies",
    "AWS::IAM::ManagedPolicy": "policyDocument",
    "AWS::Lambda::Function": "environment",
    "AWS::CloudWatch::Dashboard": "dashboardBody",
}
"""Type -> the member in which AWS looks nothing up. A function may start the machine that invokes it: what is
named there comes first only where that makes no circle."""


@dataclass(frozen=True, slots=True)
class Named:
    """One resource: its names, what it says where AWS looks and where not, and what it refers to."""

    resource: cdk.CfnResource
    names: tuple[str, ...]
    seen: tuple[str, ...]
    unseen: tuple[str, ...]
    refers: frozenset[str]

    @property
    def service(self) -> str:
        kind = self.resource.cfn_resource_type.split("::")[1]
        return SERVICES.get(kind, kind.lower())


def order_by_names(stack: cdk.Stack) -> None:
    """Let each resource of `stack` depend on those that it names literally.

    Raises `ValueError` where two resources would have to be made before each other.
    """
    named = dict(_read(stack))
    before = {scope_id: set(each.refers) & set(named) for scope_id, each in named.items()}
    for looked_up in (True, False):
        for scope_id, each in named.items():
            for other in _mentioned(stack.region, scope_id, named, looked_up=looked_up):
                if _after(before, scope_id, other):
                    continue
                if _after(before, other, scope_id):
                    if looked_up:
                        raise ValueError(f"{stack.stack_name}: {scope_id} and {other} name each other")
                    continue
                before[scope_id].add(other)
                each.resource.add_resource_dependency(named[other].resource)


def keep_once_made(stack: cdk.Stack) -> None:
    """Let nothing that outlives the stack outlive a first try that failed."""
    for each in stack.node.find_all():
        if isinstance(each, cdk.CfnResource):
            options = each.cfn_options
            if options.deletion_policy == cdk.CfnDeletionPolicy.RETAIN:
                options.deletion_policy = cdk.CfnDeletionPolicy.RETAIN_EXCEPT_ON_CREATE


def _read(stack: cdk.Stack) -> Iterator[tuple[str, Named]]:
    every = [each for each in stack.node.find_all() if isinstance(each, cdk.CfnResource)]
    ids = {each.node.path: str(stack.resolve(each.logical_id)) for each in every}
    for each in every:
        # What is declared, before it is written: the CDK shows it to heirs of the class alone.
        members = stack.resolve(each._cfn_properties)
        unseen = UNSEEN.get(each.cfn_resource_type)
        depended = {ids[d.node.path] for d in each.obtain_dependencies() if d.node.path in ids}
        yield (
            ids[each.node.path],
            Named(
                each,
                tuple(v.rstrip(".") for k, v in members.items() if k in OWN and isinstance(v, str)),
                tuple(_texts({k: v for k, v in members.items() if k != unseen and not _own(k, v)})),
                tuple(_texts(members.get(unseen))),
                frozenset({*_references(members), *depended}),
            ),
        )


def _own(key: str, value: Any) -> bool:
    return key in OWN and isinstance(value, str)


def _mentioned(region: str, scope_id: str, named: Mapping[str, Named], *, looked_up: bool) -> Iterator[str]:
    texts = named[scope_id].seen if looked_up else named[scope_id].unseen
    for other, each in named.items():
        if other != scope_id and any(
            _mentions(text, name, each.service, region)
            for name in each.names
            for text in texts
            if name in text
        ):
            yield other


def _mentions(text: str, name: str, service: str, region: str) -> bool:
    """Return whether `text` names a resource: by its ARN here, as a whole, in quotes, or as a host.

    A name of one word, such as `tidegate`, is many things' name: there the ARN alone tells.
    """
    written, ends = re.escape(name), r"(?![\w-])(?!\.\w)"
    arn = rf"arn:[\w-]+:{service}:(?:{region})?:\d*:(?:[\w-]+[:/])?{written}{ends}"
    whole = text.rstrip(".") == name or re.search(rf'"{written}"|//{written}{ends}', text)
    return bool(re.search(arn, text) or (whole and re.search("[-./]", name)))


def _after(before: Mapping[str, set[str]], scope_id: str, other: str) -> bool:
    """Return whether `scope_id` is made after `other`, by way of however many."""
    seen: set[str] = set()
    left = [scope_id]
    while left:
        for each in before[left.pop()] - seen:
            if each == other:
                return True
            seen.add(each)
            left.append(each)
    return False


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for each in _within(value):
        yield from _texts(each)


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        if "Ref" in value:
            yield value["Ref"]
        if "Fn::GetAtt" in value:
            yield value["Fn::GetAtt"][0]
    for each in _within(value):
        yield from _references(each)


def _within(value: Any) -> list[Any]:
    if isinstance(value, Mapping):
        return list(value.values())
    return value if isinstance(value, list) else []
