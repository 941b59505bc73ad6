"""The Query protocol: a form comes in, XML goes out.

Lists are `Name.member.1`, flattened `Name.1`.
"""

import base64
import re
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl
from xml.etree.ElementTree import Element, SubElement, tostring

from botocore.model import Shape

from controller.rehearsal.service import AwsError

_MAX_FIELDS = 10_000
_MAX_DEPTH = 32
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
Tree = dict[str, Any]


def fields(text: str) -> dict[str, str]:
    try:
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=_MAX_FIELDS, errors="strict"))
    except ValueError as error:
        raise AwsError("MalformedQueryString", "The query string is malformed") from error


def members(shape: Shape | None, given: dict[str, str]) -> dict[str, Any]:
    """Return the operation's input from a form's fields.

    Texts are turned into the types of `shape`. Raises `AwsError`.
    """
    if shape is None:
        return {}
    tree: Tree = {}
    for name, value in given.items():
        steps = name.split(".")
        if len(steps) > _MAX_DEPTH or "" in steps:
            raise AwsError("MalformedQueryString", "A parameter's name is malformed")
        here = tree
        for step in steps:
            here = here.setdefault(step, {})
        here[""] = value
    found = _read(shape, tree)
    return found if isinstance(found, dict) else {}


def _read(shape: Shape, tree: Tree) -> Any:
    match shape.type_name:
        case "structure":
            read = {}
            for name, member in shape.members.items():
                branch = tree.get(member.serialization.get("name", name), tree.get(name))
                if branch is not None:
                    read[name] = _read(member, branch)
            return read
        case "list":
            return [_read(shape.member, branch) for branch in _numbered(tree.get("member", tree))]
        case "map":
            key, value = _entry_names(shape)
            pairs = _numbered(tree.get("entry", tree))
            return {
                str(pair.get(key, {}).get("", "")): _read(shape.value, pair.get(value, {})) for pair in pairs
            }
        case "integer" | "long":
            return _number(int, tree)
        case "float" | "double":
            return _number(float, tree)
        case "boolean":
            return tree.get("") == "true"
    return tree.get("", "")


def _entry_names(shape: Shape) -> tuple[str, str]:
    return shape.key.serialization.get("name", "key"), shape.value.serialization.get("name", "value")


def _numbered(tree: Tree) -> list[Tree]:
    numbers = sorted((int(step), step) for step in tree if step.isdecimal() and len(step) < 9)
    return [tree[step] for _, step in numbers]


def _number(kind: type[int] | type[float], tree: Tree) -> int | float:
    try:
        return kind(tree.get("", ""))
    except ValueError as error:
        raise AwsError("MalformedInput", "A number was expected") from error


def document(
    operation: str, wrapper: str | None, shape: Shape | None, answer: Tree, namespace: str, id_: str
) -> bytes:
    root = Element(f"{operation}Response", {"xmlns": namespace})
    if shape is not None:
        _write(root if wrapper is None else SubElement(root, wrapper), shape, answer)
    SubElement(SubElement(root, "ResponseMetadata"), "RequestId").text = id_
    return _bytes(root)


def error_document(error: AwsError, code: str, namespace: str, id_: str) -> bytes:
    root = Element("ErrorResponse", {"xmlns": namespace})
    node = SubElement(root, "Error")
    SubElement(node, "Type").text = "Sender" if error.status < 500 else "Receiver"
    SubElement(node, "Code").text = code
    SubElement(node, "Message").text = _NOT_XML.sub("\ufffd", error.message)
    SubElement(root, "RequestId").text = id_
    return _bytes(root)


def _bytes(root: Element) -> bytes:
    text: bytes = tostring(root, encoding="utf-8")
    return text


def _write(node: Element, shape: Shape, value: Any) -> None:
    match shape.type_name:
        case "structure":
            for name, member in shape.members.items():
                if value.get(name) is not None:
                    _write_member(node, member.serialization.get("name", name), member, value[name])
        case "timestamp":
            moment = datetime.fromtimestamp(value, UTC)
            node.text = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        case "boolean":
            node.text = "true" if value else "false"
        case "blob":
            node.text = base64.b64encode(value).decode()
        case _:
            node.text = _NOT_XML.sub("\ufffd", str(value))


def _write_member(parent: Element, name: str, shape: Shape, value: Any) -> None:
    flat = shape.serialization.get("flattened")
    if shape.type_name == "list":
        within = parent if flat else SubElement(parent, name)
        each_name = name if flat else shape.member.serialization.get("name", "member")
        for each in value:
            _write_member(within, each_name, shape.member, each)
    elif shape.type_name == "map":
        within = parent if flat else SubElement(parent, name)
        key_name, value_name = _entry_names(shape)
        for key, each in value.items():
            entry = SubElement(within, name if flat else "entry")
            SubElement(entry, key_name).text = _NOT_XML.sub("\ufffd", key)
            _write_member(entry, value_name, shape.value, each)
    else:
        _write(SubElement(parent, name), shape, value)
