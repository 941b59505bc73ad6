"""Keys as bytes that sort as DynamoDB sorts: strings by UTF-8, numbers by value, binary by byte.

A partition key is prefixed with a hash, so that a scan visits partitions in no useful order, as AWS does.
"""

import zlib
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from controller.rehearsal.table.errors import bad_parameter, invalid
from controller.rehearsal.table.values import Item, Value, canonical_number

_BIAS = 200  # exponents run from -130 to 125
_NINES = bytes.maketrans(b"0123456789", b"9876543210")


@dataclass(frozen=True, slots=True)
class KeySchema:
    """Names and types (S, N, B) of a table's key attributes; `sort` is empty where there is none."""

    partition: str
    partition_type: str
    sort: str = ""
    sort_type: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        return (self.partition, self.sort) if self.sort else (self.partition,)

    def of_item(self, item: Item) -> tuple[bytes, bytes]:
        """Partition and sort key of a whole item; an item without them is refused."""
        partition = _encoded(item, self.partition, self.partition_type)
        sort = _encoded(item, self.sort, self.sort_type) if self.sort else b""
        return hashed(partition), sort

    def of_key(self, key: Any) -> tuple[bytes, bytes]:
        """The same of a `Key` argument, which must hold the key attributes and nothing else."""
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
    """Bytes whose order is the order of the values, for S, N and B."""
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
    """A stretch of sort keys; `None` is unbounded."""

    low: bytes | None = None
    high: bytes | None = None
    low_open: bool = False
    high_open: bool = False

    def holds(self, key: bytes) -> bool:
        if self.low is not None and (key < self.low or (self.low_open and key == self.low)):
            return False
        return self.high is None or key < self.high or (not self.high_open and key == self.high)

    def beyond(self, key: bytes, *, forward: bool) -> "SortRange":
        """What of this stretch still follows `key`, read in the given direction."""
        if forward:
            return SortRange(low=key, high=self.high, low_open=True, high_open=self.high_open)
        return SortRange(low=self.low, high=key, low_open=self.low_open, high_open=True)


def starting_with(prefix: bytes) -> SortRange:
    stem = prefix.rstrip(b"\xff")
    if not stem:
        return SortRange(low=prefix)
    return SortRange(low=prefix, high=stem[:-1] + bytes([stem[-1] + 1]), high_open=True)
