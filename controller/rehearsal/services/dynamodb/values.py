"""The attribute values of DynamoDB: `{"N": "12"}` and its nine siblings.

They are validated here; numbers are exact, and sizes are counted.
Limits from the DynamoDB developer guide, "Service quotas" and "Supported data types".

Keys are bytes that sort as DynamoDB sorts: strings by UTF-8, numbers by value, binary by byte.
A partition key is prefixed with a hash, so that a scan visits partitions in no useful order, as AWS does.
"""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Context, Decimal, DecimalException
from functools import lru_cache
from typing import Any

from controller.rehearsal.services.dynamodb.errors import bad_parameter, invalid

Value = dict[str, Any]  # {"S": str} | {"N": str} | {"B": bytes} | ... : one member
Item = dict[str, Value]

MAX_ITEM_BYTES = 400 * 1024
MAX_DEPTH = 32
EXACT = Context(prec=80)  # wide enough that + and - of two 38-digit numbers lose nothing near each other
_TYPES = frozenset(("S", "N", "B", "BOOL", "NULL", "M", "L", "SS", "NS", "BS"))
_SET_NAMES = {"SS": "string", "NS": "number", "BS": "binary"}


@lru_cache(maxsize=4096)
def canonical_number(text: str) -> str:
    """Return the number `text` in the form that DynamoDB gives back.

    It has no leading or trailing zeros, and no exponent. Raises `AwsError` (ValidationException).
    """
    if text.isdecimal() and len(text) <= 38 and text.isascii() and (text[0] != "0" or text == "0"):
        return text
    try:
        number = Decimal(text)
    except DecimalException as error:
        message = f"The parameter cannot be converted to a numeric value: {text[:60]}"
        raise invalid(message) from error
    if not number.is_finite() or not text.isascii() or "_" in text or text != text.strip():
        raise invalid(f"The parameter cannot be converted to a numeric value: {text[:60]}")
    return number_text(number)


def number_text(number: Decimal) -> str:
    if not number:
        return "0"
    sign, digits, exponent = number.as_tuple()
    if not isinstance(exponent, int):
        raise invalid("The parameter cannot be converted to a numeric value")
    figures = "".join(map(str, digits)).lstrip("0")
    trimmed = figures.rstrip("0")
    exponent += len(figures) - len(trimmed)
    if len(trimmed) > 38:
        raise invalid("Attempting to store more than 38 significant digits in a Number")
    magnitude = exponent + len(trimmed) - 1
    if magnitude > 125:
        raise invalid(
            "Number overflow. Attempting to store a number with magnitude larger than supported range"
        )
    if magnitude < -130:
        raise invalid(
            "Number underflow. Attempting to store a number with magnitude smaller than supported range"
        )
    return format(Decimal((sign, tuple(map(int, trimmed)), exponent)), "f")


def type_of(value: Value) -> str:
    """Return the value's type name.

    Refuses a value with no or several members.
    """
    if len(value) == 1:
        for name in value:
            if name in _TYPES:
                return name
    if len(value) > 1:
        raise invalid(
            "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the "
            "supported datatypes"
        )
    raise invalid("Supplied AttributeValue is empty, must contain exactly one of the supported datatypes")


def checked(value: Value, depth: int = 0) -> Value:
    """Return `value` with numbers in canonical form.

    Raises `AwsError` (ValidationException).
    """
    kind = type_of(value)
    if kind in ("S", "B", "BOOL"):
        return value
    if kind == "N":
        return {"N": canonical_number(value["N"])}
    if kind == "NULL":
        if value["NULL"] is not True:
            raise bad_parameter("Null attribute value types must have the value of true")
        return value
    if depth >= MAX_DEPTH:
        raise invalid("Nesting Levels have exceeded supported limits")
    if kind == "M":
        return {"M": {name: checked(member, depth + 1) for name, member in value["M"].items()}}
    if kind == "L":
        return {"L": [checked(member, depth + 1) for member in value["L"]]}
    return {kind: _checked_set(kind, value[kind])}


def _checked_set(kind: str, members: list[Any]) -> list[Any]:
    if not members:
        raise bad_parameter(f"An {_SET_NAMES[kind]} set  may not be empty")
    found = [canonical_number(member) for member in members] if kind == "NS" else members
    if len(set(found)) != len(found):
        raise bad_parameter("Input collection contains duplicates.")
    return found


def checked_item(item: Mapping[str, Value]) -> Item:
    return {name: checked(value, 1) for name, value in item.items()}


def same(one: Value | None, other: Value | None) -> bool:
    """Return True where a condition takes two values for equal.

    Their types are equal; sets have no order.
    """
    if one is None or other is None:
        return one is other
    if one == other:
        return True
    kind = type_of(one)
    if kind not in other:
        return False
    if kind in _SET_NAMES:
        return set(one[kind]) == set(other[kind])
    if kind == "L":
        return len(one["L"]) == len(other["L"]) and all(map(same, one["L"], other["L"]))
    if kind == "M":
        return one["M"].keys() == other["M"].keys() and all(
            same(one["M"][k], other["M"][k]) for k in one["M"]
        )
    return False


def size_of(value: Value) -> int:
    """Return the bytes that `value` counts for (developer guide, "Item sizes")."""
    for kind, content in value.items():
        match kind:
            case "S":
                return len(content) if content.isascii() else len(content.encode("utf-8", "surrogatepass"))
            case "N":
                return _number_size(content)
            case "B":
                return len(content)
            case "M":
                return 3 + sum(len(name.encode()) + size_of(member) + 1 for name, member in content.items())
            case "L":
                return 3 + sum(size_of(member) + 1 for member in content)
            case "SS":
                return sum(len(member.encode()) for member in content)
            case "NS":
                return sum(map(_number_size, content))
            case "BS":
                return sum(map(len, content))
    return 1


def _number_size(text: str) -> int:
    return min(21, (len(text.lstrip("-").replace(".", "")) + 1) // 2 + 1 + text.startswith("-"))


def item_size(item: Item) -> int:
    return sum(
        (len(name) if name.isascii() else len(name.encode())) + size_of(value) for name, value in item.items()
    )


_BIAS = 200  # exponents run from -130 to 125
_NINES = bytes.maketrans(b"0123456789", b"9876543210")


@dataclass(frozen=True, slots=True)
class KeySchema:
    """Names and types (S, N, B) of a table's key attributes.

    sort: empty where there is none.
    """

    partition: str
    partition_type: str
    sort: str = ""
    sort_type: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        return (self.partition, self.sort) if self.sort else (self.partition,)

    def of_item(self, item: Item) -> tuple[bytes, bytes]:
        """Return partition and sort key of a whole item.

        Refuses an item without them.
        """
        partition = _encoded(item, self.partition, self.partition_type)
        sort = _encoded(item, self.sort, self.sort_type) if self.sort else b""
        return hashed(partition), sort

    def of_key(self, key: Any) -> tuple[bytes, bytes]:
        """Return partition and sort key of a `Key` argument.

        It must hold the key attributes and nothing else.
        """
        if len(key) != len(self.names) or any(name not in key for name in self.names):
            raise invalid("The provided key element does not match the schema")
        for name, kind in zip(self.names, (self.partition_type, self.sort_type), strict=False):
            if kind not in key[name]:
                raise invalid("The provided key element does not match the schema")
        return self.of_item(key)

    def pick(self, item: Item) -> Item:
        return {name: item[name] for name in self.names}


def _encoded(item: Item, name: str, kind: str) -> bytes:
    value = item.get(name)
    if value is None:
        raise bad_parameter(f"Missing the key {name} in the item")
    if kind not in value:
        actual = next(iter(value), "NULL")
        raise bad_parameter(f"Type mismatch for key {name} expected: {kind} actual: {actual}")
    encoded = sortable(value)
    if not encoded:
        what = "string" if kind == "S" else "binary"
        raise invalid(
            "One or more parameter values are not valid. The AttributeValue for a key attribute cannot "
            f"contain an empty {what} value. Key: {name}"
        )
    return encoded


def hashed(partition: bytes) -> bytes:
    if len(partition) > 2048:
        raise bad_parameter("Size of hashkey has exceeded the maximum size limit of2048 bytes")
    return zlib.crc32(partition).to_bytes(4, "big") + partition


def sortable(value: Value) -> bytes:
    """Return bytes that sort as the values do, for S, N and B."""
    if "S" in value:
        text: str = value["S"]
        return text.encode("utf-8", "surrogatepass")
    if "N" in value:
        return _sortable_number(canonical_number(value["N"]))
    return bytes(value["B"])


def _sortable_number(text: str) -> bytes:
    # 02 | exponent + bias | digits            positive: more digits sort later
    # 01                                       zero
    # 00 | complement of the above | ff        negative: the terminator makes more digits sort earlier
    if text == "0":
        return b"\x01"
    if text.isdecimal():
        digits, exponent = text.rstrip("0"), len(text)
    else:
        _, figures, power = Decimal(text).as_tuple()
        whole = "".join(map(str, figures))
        digits, exponent = whole.rstrip("0"), len(whole) + int(power)
    if text[0] != "-":
        return b"\x02" + (exponent + _BIAS).to_bytes(2, "big") + digits.encode()
    flipped = 0xFFFF - (exponent + _BIAS)
    return b"\x00" + flipped.to_bytes(2, "big") + digits.encode().translate(_NINES) + b"\xff"


@dataclass(frozen=True, slots=True)
class SortRange:
    """A range of sort keys; `None` is unbounded."""

    low: bytes | None = None
    high: bytes | None = None
    low_open: bool = False
    high_open: bool = False

    def holds(self, key: bytes) -> bool:
        if self.low is not None and (key < self.low or (self.low_open and key == self.low)):
            return False
        return self.high is None or key < self.high or (not self.high_open and key == self.high)

    def beyond(self, key: bytes, *, forward: bool) -> "SortRange":
        """Return the part of this range that follows `key` in the given direction."""
        if forward:
            return SortRange(low=key, high=self.high, low_open=True, high_open=self.high_open)
        return SortRange(low=self.low, high=key, low_open=self.low_open, high_open=True)


def starting_with(prefix: bytes) -> SortRange:
    stem = prefix.rstrip(b"\xff")
    if not stem:
        return SortRange(low=prefix)
    return SortRange(low=prefix, high=stem[:-1] + bytes([stem[-1] + 1]), high_open=True)
