"""The documents of Smithy's RPC v2 in CBOR: what one may hold. `cbor2` reads and writes the bytes.

A request names its tags and its depth, and the library would follow: to a clock, a pattern, a list that holds
itself. So no tag is obeyed here: what it says is in the operation's shape as well.
"""

from collections.abc import Callable, Mapping
from io import BytesIO
from typing import Any

import cbor2

from controller.rehearsal.service import AwsError

DEPTH = 64
"""Lists, maps and tags, one within the other."""


def loads(data: bytes) -> Any:
    """Return the value of one CBOR item.

    Raises `AwsError` (SerializationException) for anything that is not one whole item.
    """
    stream = BytesIO(data)
    decoder = cbor2.CBORDecoder(stream, semantic_decoders=_Untagged(), object_hook=_named, max_depth=DEPTH)
    try:
        value = decoder.decode()
    except cbor2.CBORDecodeError as error:
        raise AwsError("SerializationException", f"The body is not CBOR: {error}") from error
    try:
        decoder.read(1)
    except cbor2.CBORDecodeEOF:
        return value
    raise AwsError("SerializationException", "The body is not one CBOR item")


class _Untagged(dict[int, Callable[[Any, bool], Any]]):
    """For every tag, also for those that the library knows: its content as it stands."""

    def __missing__(self, tag: int) -> Callable[[Any, bool], Any]:
        return _content


def _content(value: Any, _immutable: bool) -> Any:
    return value


def _named(members: Mapping[Any, Any], _immutable: bool) -> dict[str, Any]:
    """Return a map's members; *undefined* is absent, as null is."""
    if not all(type(name) is str for name in members):
        raise ValueError("a member has no name")
    return {name: None if value is cbor2.undefined else value for name, value in members.items()}


def dumps(value: Any) -> bytes:
    """Return a document; members that are None are left out, half a surrogate pair is a question mark."""
    return cbor2.dumps(value, encoders=_ENCODERS)


def moment(at: float) -> cbor2.CBORTag:
    """Return a timestamp, with the tag of seconds since 1970."""
    return cbor2.CBORTag(1, float(at))


def _text(encoder: cbor2.CBOREncoder, value: str) -> None:
    encoder.encode_string(value.encode("utf-8", "replace").decode())


def _members(encoder: cbor2.CBOREncoder, value: Mapping[str, Any]) -> None:
    encoder.encode_map({name: member for name, member in value.items() if member is not None})


_ENCODERS: Mapping[type, Callable[[cbor2.CBOREncoder, Any], None]] = {str: _text, dict: _members}
