"""The check of input members against a botocore shape, which also normalises them.

The readers are compiled once for each shape.
"""

import base64
import binascii
import math
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from botocore.model import Shape

from controller.rehearsal.service import AwsError

Reader = Callable[[Any], Any]


class MismatchError(AwsError):
    """The input does not have the shape that the operation takes."""

    def __init__(self, wanted: str, found: object) -> None:
        super().__init__("SerializationException", f"Expected {wanted}, found {type(found).__name__}")


def compiled(shape: Shape, known: dict[str, Reader] | None = None) -> Reader:
    """Return a function from a decoded document to checked members.

    Unknown members and nulls are dropped. Raises `AwsError`: SerializationException for a wrong type,
    ValidationException for a required member that is absent.
    """
    known = {} if known is None else known
    reader = known.get(shape.name)
    if reader is None:
        if shape.type_name in ("structure", "list", "map"):
            known[shape.name] = lambda value: known[shape.name](value)  # stands in while a shape holds itself
        reader = _compile(shape, known)
        known[shape.name] = reader
    return reader


def _compile(shape: Shape, known: dict[str, Reader]) -> Reader:
    match shape.type_name:
        case "structure":
            return _structure(shape, known)
        case "list":
            return _list(compiled(shape.member, known))
        case "map":
            return _map(compiled(shape.value, known))
        case "integer" | "long":
            return _integer
        case "float" | "double":
            return _float
        case "boolean":
            return _boolean
        case "blob":
            return _blob
        case "timestamp":
            return timestamp
    return _string


def _structure(shape: Shape, known: dict[str, Reader]) -> Reader:
    members = {name: compiled(member, known) for name, member in shape.members.items()}
    required = tuple(shape.required_members)

    def read(value: Any) -> Any:
        if type(value) is not dict:
            raise MismatchError("a structure", value)
        found = {}
        for name, member in value.items():
            reader = members.get(name)
            if reader is not None and member is not None:
                found[name] = reader(member)
        for name in required:
            if name not in found:
                at = name[0].lower() + name[1:]
                raise AwsError(
                    "ValidationException",
                    f"1 validation error detected: Value null at '{at}' failed to satisfy constraint: "
                    "Member must not be null",
                )
        return found

    return read


def _list(member: Reader) -> Reader:
    def read(value: Any) -> Any:
        if type(value) is not list:
            raise MismatchError("a list", value)
        return [member(each) for each in value]

    return read


def _map(member: Reader) -> Reader:
    def read(value: Any) -> Any:
        if type(value) is not dict:
            raise MismatchError("a map", value)
        return {_string(name): member(each) for name, each in value.items() if each is not None}

    return read


def _string(value: Any) -> Any:
    if type(value) is not str:
        raise MismatchError("a string", value)
    return value


def _integer(value: Any) -> Any:
    if type(value) is float and value.is_integer():
        return int(value)
    if type(value) is not int or not -(2**63) <= value < 2**63:
        raise MismatchError("an integer", value)
    return value


def _float(value: Any) -> Any:
    if type(value) is str and value in ("NaN", "Infinity", "-Infinity"):
        return float(value)
    if type(value) not in (int, float):
        raise MismatchError("a number", value)
    try:
        return float(value)
    except OverflowError as error:
        raise MismatchError("a number", value) from error


def _boolean(value: Any) -> Any:
    if type(value) is not bool:
        raise MismatchError("a boolean", value)
    return value


def _blob(value: Any) -> Any:
    if type(value) is bytes:
        return value
    try:
        return base64.b64decode(_string(value), validate=True)
    except (binascii.Error, ValueError) as error:
        raise AwsError("SerializationException", "A blob is not in base 64") from error


def timestamp(value: Any) -> float:
    """Return seconds since 1970 from a number or an ISO 8601 text.

    Raises `AwsError` (SerializationException).
    """
    if type(value) is not str:
        seconds: float = _float(value)
        if not math.isfinite(seconds):
            raise MismatchError("a timestamp", value)
        return seconds
    try:
        moment = datetime.fromisoformat(value)
    except ValueError as error:
        raise AwsError("SerializationException", "A timestamp is not in ISO 8601") from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
