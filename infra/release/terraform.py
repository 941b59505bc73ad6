"""The Terraform module of a release: the same templates, each in an `aws_cloudformation_stack`.

Templates and zips are uploaded and named by address. None is written into HCL, where `${…}` of a template
would be read as Terraform's own. No part of it has been run or validated by Terraform.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path

from infra.release.order import CODE_BUCKET, Entry
from infra.zips import DIGITS

PROVIDER = ">= 5.40, < 7.0"
README = Path(__file__).with_name("terraform.md")


_END = "}\n"


class _Raw(str):
    """Text that is an expression and no string."""

    __slots__ = ()


Value = str | int | bool | Sequence["Value"] | Mapping[str, "Value"]


def module(stacks: Sequence[Entry]) -> dict[str, str]:
    """Return file name -> text of the module's folder."""
    return {
        "README.md": README.read_text(encoding="utf-8").replace("{usage}", _usage(stacks)),
        "main.tf": "\n".join([*_objects(stacks), *_stacks(stacks)]),
        "outputs.tf": "\n".join(_outputs(stacks)),
        "variables.tf": "\n".join(_variables(stacks)),
        "versions.tf": "\n".join(_versions(stacks)),
    }


def alias(account: str, region: str, stacks: Sequence[Entry]) -> str:
    """Return the name of a provider: of its Region; with the account where there are several."""
    several = len({each.place.account for each in stacks}) > 1
    return f"{region.replace('-', '_')}{f'_{account}' if several else ''}"


def _place(stack: Entry, stacks: Sequence[Entry]) -> str:
    return alias(stack.place.account, stack.place.region, stacks)


def _places(stacks: Sequence[Entry]) -> dict[str, tuple[str, str]]:
    """Return provider -> (account, Region), sorted."""
    return dict(sorted((_place(each, stacks), (each.place.account, each.place.region)) for each in stacks))


def _id(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_]", "_", name)


def _objects(stacks: Sequence[Entry]) -> Iterator[str]:
    """Yield each zip in each place that needs it, and each template, under a key that its content changes.

    An address that stays the same would be no change to Terraform, whatever lies there.
    """
    done = set()
    for stack in stacks:
        place = _place(stack, stacks)
        for name in stack.zips:
            if (place, name) not in done:
                done.add((place, name))
                yield _object(f"{place}_{_id(name.rpartition('-')[0])}", place, name, name)
        digest = sha256(stack.content).hexdigest()[:DIGITS]
        yield _object(_id(stack.name), place, f"templates/{digest}/{stack.name}.json", stack.template)


def _object(name: str, place: str, key: str, file: str) -> str:
    path = _Raw(f'"${{path.module}}/../{file}"')
    return _block(
        ("resource", "aws_s3_object", name),
        {
            "provider": _Raw(f"aws.{place}"),
            "bucket": _Raw(f"var.buckets.{place}"),
            "key": key,
            "source": path,
            "source_hash": _Raw(f"filesha256({path})"),
        },
    )


def _stacks(stacks: Sequence[Entry]) -> Iterator[str]:
    for stack in stacks:
        own, place = f"aws_s3_object.{_id(stack.name)}", _place(stack, stacks)
        address = f'"https://${{{own}.bucket}}.s3.{stack.place.region}.amazonaws.com/${{{own}.key}}"'
        needed = [f"aws_s3_object.{place}_{_id(name.rpartition('-')[0])}" for name in stack.zips]
        before = [f"aws_cloudformation_stack.{_id(name)}" for name in stack.waits_for]
        body: dict[str, Value] = {
            "provider": _Raw(f"aws.{place}"),
            "name": stack.name,
            "template_url": _Raw(address),
            "on_failure": "DELETE",
            "capabilities": list(stack.capabilities),
            "parameters": {name: _Raw(f"var.buckets.{place}") for name in stack.parameters},
            "tags": dict(stack.place.tags),
            "depends_on": [_Raw(each) for each in (*needed, *before)],
        }
        assert set(stack.parameters) <= {CODE_BUCKET}
        if stack.optional:
            body = {"count": _Raw(f"var.{_with(stack)} ? 1 : 0"), **body}
        kept = {key: value for key, value in body.items() if value not in ({}, [])}
        yield _block(("resource", "aws_cloudformation_stack", _id(stack.name)), kept)


def _variables(stacks: Sequence[Entry]) -> Iterator[str]:
    wanted = ", ".join(f"{place} = string" for place in _places(stacks))
    yield _block(
        ("variable", "buckets"),
        {
            "description": "Bucket for zips and templates, in each account and Region.",
            "type": _Raw(f"object({{ {wanted} }})"),
        },
    )

    for each in (stack for stack in stacks if stack.optional):
        yield _block(
            ("variable", _with(each)),
            {
                "description": f"Whether {each.name} is deployed: {each.optional}.",
                "type": _Raw("bool"),
                "default": False,
            },
        )


def _with(stack: Entry) -> str:
    """Return the name of the variable that asks for an optional stack: `with_routing`."""
    return f"with_{_id(stack.name.rpartition('-')[2])}"


def _outputs(stacks: Sequence[Entry]) -> Iterator[str]:
    ids = {
        each.name: _Raw(f"one(aws_cloudformation_stack.{_id(each.name)}[*].id)")
        if each.optional
        else _Raw(f"aws_cloudformation_stack.{_id(each.name)}.id")
        for each in stacks
    }
    yield _block(("output", "stacks"), {"description": "Name of a stack -> its id.", "value": ids})


def _versions(stacks: Sequence[Entry]) -> Iterator[str]:
    aliases = ", ".join(f"aws.{place}" for place in _places(stacks))
    yield (
        'terraform {\n  required_version = ">= 1.3"\n\n  required_providers {\n    aws = {\n'
        f'      source                = "hashicorp/aws"\n      version               = "{PROVIDER}"\n'
        f"      configuration_aliases = [{aliases}]\n    }}\n  }}\n}}\n"
    )


def _usage(stacks: Sequence[Entry]) -> str:
    places = _places(stacks)
    providers = "\n".join(_provider(place, account, region) for place, (account, region) in places.items())
    called = _block(
        ("module", "tidegate"),
        {
            "source": "./release/terraform",
            "providers": {f"aws.{place}": _Raw(f"aws.{place}") for place in places},
            "buckets": {place: _bucket(*where, stacks) for place, where in places.items()},
        },
    )
    return f"{providers}\n{called}"


def _bucket(account: str, region: str, stacks: Sequence[Entry]) -> str:
    """Return a name for the example: all accounts of the world share the names of buckets."""
    several = len({each.place.account for each in stacks}) > 1
    return f"NAME-{account}-{region}" if several else f"NAME-{region}"


def _provider(place: str, account: str, region: str) -> str:
    """Return a provider, with two ways to the account's credentials for whoever needs one."""
    body = {"alias": place, "region": region, "allowed_account_ids": [account]}
    text = _block(("provider", "aws"), body)
    ways = (
        f'  # profile     = "NAME"    # of {account}, or:\n'
        f'  # assume_role {{ role_arn = "arn:aws:iam::{account}:role/NAME" }}\n'
    )
    return f"{text.removesuffix(_END)}{ways}{_END}"


def _block(words: Sequence[str], body: Mapping[str, Value]) -> str:
    head = " ".join([words[0], *(json.dumps(word) for word in words[1:])])
    return f"{head} {{\n{''.join(_members(body, 1))}}}\n"


def _members(body: Mapping[str, Value], depth: int) -> Iterator[str]:
    """Yield a line for each member, with the signs of equality below each other, as `terraform fmt` does."""
    inset = "  " * depth
    for run in _runs(body):
        width = max(len(key) for key in run)
        for key in run:
            yield f"{inset}{key:<{width}} = {_value(body[key], depth)}\n"


def _runs(body: Mapping[str, Value]) -> Iterator[list[str]]:
    """Yield keys whose values stand on one line together, and each other by itself."""
    run: list[str] = []
    for key, value in body.items():
        if isinstance(value, Mapping) or (isinstance(value, Iterable) and _long(value)):
            yield from [run] if run else []
            run = []
            yield [key]
        else:
            run.append(key)
    if run:
        yield run


def _long(value: object) -> bool:
    return isinstance(value, list) and len(value) > 1


def _value(value: Value, depth: int) -> str:
    if isinstance(value, _Raw):
        return str(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, Mapping):
        quoted = {
            key if re.fullmatch(r"[A-Za-z_][\w.]*", key) else _quoted(key): v for key, v in value.items()
        }
        return f"{{\n{''.join(_members(quoted, depth + 1))}{'  ' * depth}}}"
    assert isinstance(value, list)
    if not _long(value):
        return f"[{', '.join(_value(each, depth) for each in value)}]"
    inset = "  " * (depth + 1)
    lines = "".join(f"{inset}{_value(each, depth + 1)},\n" for each in value)
    return f"[\n{lines}{'  ' * depth}]"


def _quoted(text: str) -> str:
    """Return a string of HCL: what would begin an interpolation or a directive is written twice."""
    return re.sub(r"([$%])\{", r"\1\1{", json.dumps(text, ensure_ascii=False))
