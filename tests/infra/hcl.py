"""A Terraform module as python-hcl2 reads it."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import hcl2

from tests.support.sources import existing

REFERENCE = re.compile(r"(?<![\w.\"/-])(var|aws_\w+|aws|path)\.(\w+)")


def read(folder: Path) -> dict[str, dict[str, dict[str, Any]]]:
    """Return kind of block -> address -> its body, of all files of a module."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for file in existing(folder.glob("*.tf"), least=4):
        for kind, address, body in blocks(hcl2.loads(file.read_text(encoding="utf-8"))):
            known = found.setdefault(kind, {})
            assert address not in known, f"{kind} {address} twice"
            known[address] = body
    return found


def blocks(parsed: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for kind, bodies in parsed.items():
        for body in bodies:
            yield kind, *_addressed(body)


def _addressed(body: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    labels = []
    while len(body) == 1 or (len(body) == 2 and "__is_block__" in body):
        (label,) = (key for key in body if key != "__is_block__")
        if not label.startswith('"'):
            break
        labels.append(label.strip('"'))
        body = body[label]
    return ".".join(labels), body


def texts(value: Any) -> Iterator[str]:
    """Yield every text of a body."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from texts(each)


def expressions(value: Any) -> Iterator[str]:
    """Yield what is between `${` and `}`, where `$${` is no beginning."""
    for text in texts(value):
        yield from re.findall(r"(?<!\$)\$\{([^}]*)\}", text)


def plain(value: str) -> str:
    """Return a string without its quotation marks."""
    return value.removeprefix('"').removesuffix('"')
