"""The CBOR (RFC 8949) of Smithy's RPC v2: any item in, definite lengths out.

```
 byte 0: major type (3 bits) | argument (5 bits)    0 uint 1 negative 2 bytes 3 text 4 list 5 map 6 tag
```
"""

import struct
from typing import Any

from controller.rehearsal.service import AwsError

_MAX_DEPTH = 64
_BREAK = object()


class Epoch(float):
    """Seconds since 1970 that are written with tag 1."""


def loads(data: bytes) -> Any:
    """Return the value of one CBOR item.

    Raises `AwsError` (SerializationException) for anything that is not one whole item.
    """
    reader = _Reader(data)
    try:
        value = reader.item(0)
    except (IndexError, struct.error, UnicodeDecodeError, TypeError, OverflowError) as error:
        raise _broken("The body is not CBOR") from error
    if value is _BREAK or reader.place != len(data):
        raise _broken("The body is not one CBOR item")
    return value


def _broken(why: str) -> AwsError:
    return AwsError("SerializationException", why)


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data, self.place = data, 0

    def take(self, count: int) -> bytes:
        if count > len(self.data) - self.place:
            raise IndexError
        self.place += count
        return self.data[self.place - count : self.place]

    def item(self, depth: int) -> Any:
        if depth > _MAX_DEPTH:
            raise _broken("The body is nested too deeply")
        head = self.take(1)[0]
        major, info = head >> 5, head & 31
        if major == 7:
            return self._simple(info)
        argument = self._argument(info)
        match major:
            case 0:
                return _whole(argument)
            case 1:
                return -1 - _whole(argument)
            case 2 | 3:
                content = self.take(argument) if argument is not None else self._chunks(major, depth)
                return content if major == 2 else content.decode("utf-8")
            case 4:
                return self._array(argument, depth)
            case 5:
                return self._map(argument, depth)
        return self.item(depth + 1)  # a tag: what it says is in the shape as well

    def _argument(self, info: int) -> int | None:
        if info < 24:
            return info
        if info < 28:
            return int.from_bytes(self.take(1 << (info - 24)), "big")
        if info == 31:
            return None
        raise IndexError

    def _chunks(self, major: int, depth: int) -> bytes:
        parts = []
        while (part := self.item(depth + 1)) is not _BREAK:
            if not isinstance(part, bytes if major == 2 else str):
                raise TypeError
            parts.append(part if isinstance(part, bytes) else part.encode())
        return b"".join(parts)

    def _array(self, count: int | None, depth: int) -> list[Any]:
        found: list[Any] = []
        while count is None or len(found) < count:
            member = self.item(depth + 1)
            if member is _BREAK:
                if count is None:
                    break
                raise IndexError
            found.append(member)
        return found

    def _map(self, count: int | None, depth: int) -> dict[Any, Any]:
        found: dict[Any, Any] = {}
        entries = 0
        while count is None or entries < count:
            name = self.item(depth + 1)
            if name is _BREAK and count is None:
                break
            if type(name) is not str:
                raise IndexError
            value = self.item(depth + 1)
            if value is _BREAK:
                raise IndexError
            found[name] = value
            entries += 1
        return found

    def _simple(self, info: int) -> Any:
        match info:
            case 20 | 21:
                return info == 21
            case 22 | 23:
                return None
            case 25:
                return struct.unpack(">e", self.take(2))[0]
            case 26:
                return struct.unpack(">f", self.take(4))[0]
            case 27:
                return struct.unpack(">d", self.take(8))[0]
            case 31:
                return _BREAK
        raise IndexError


def _whole(argument: int | None) -> int:
    if argument is None:
        raise IndexError
    return argument


def dumps(value: Any) -> bytes:
    out = bytearray()
    _write(out, value)
    return bytes(out)


def _write(out: bytearray, value: Any) -> None:
    match value:
        case None:
            out.append(0xF6)
        case bool():
            out.append(0xF5 if value else 0xF4)
        case int():
            _head(out, *((0, value) if value >= 0 else (1, -1 - value)))
        case float():
            out += (b"\xc1\xfb" if isinstance(value, Epoch) else b"\xfb") + struct.pack(">d", value)
        case bytes():
            _head(out, 2, len(value))
            out += value
        case str():
            text = value.encode("utf-8", "replace")
            _head(out, 3, len(text))
            out += text
        case dict():
            members = [(name, member) for name, member in value.items() if member is not None]
            _head(out, 5, len(members))
            for name, member in members:
                _write(out, name)
                _write(out, member)
        case _:
            _head(out, 4, len(value))
            for member in value:
                _write(out, member)


def _head(out: bytearray, major: int, argument: int) -> None:
    if argument < 24:
        out.append(major << 5 | argument)
        return
    size = next(size for size in range(4) if argument < 1 << (8 << size))
    out.append(major << 5 | (24 + size))
    out += argument.to_bytes(1 << size, "big")
