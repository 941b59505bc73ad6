"""JSON with one spelling: RFC 8785, in which journals, assessments and bundles are hashed.

```
 {"b": 1.0, "a": "é"}  ─canonical─>  {"a":"é","b":1}  ─UTF-8, SHA-256─>  a hash that any language finds again
```
Keys are sorted by their UTF-16 code units, numbers are written as ECMAScript writes them, text is not escaped
beyond what JSON demands. A number that a double cannot hold and text with half a surrogate pair are refused.

`ascii_json` is the older spelling. Format 1 of the journal is hashed in it, and so are policies and plans,
whose digests stay what they were.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from json.encoder import encode_basestring
from typing import Any

MOST = 2**53 - 1
"""The largest whole number that every reader takes for the same."""
LARGEST = 2**1023
"""A whole number below it has a double beside it."""
POINT_FROM, POINT_TO = -6, 21
"""ECMAScript writes a number without an exponent where its decimal point falls between these places."""

_PLAIN = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
_ODD_NUMBER = re.compile(r"[:,\[]-?\d+(?:\.\d+)?[eE]|[:,\[]-?\d+\.\d*0[,\]}]|[:,\[]-?\d{16}|[:,\[]-0[,\]}]")
"""Numbers that RFC 8785 may write otherwise; in a text it may also be a part of a word."""
_ASCII = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def canonical(value: Any) -> str:
    """Return the text of `value` by RFC 8785.

    value: what JSON can hold; a key is text. Raises `ValueError` for anything else, also deep inside.
    """
    parts: list[str] = []
    _write(value, parts.append)
    text = "".join(parts)
    text.encode()  # half a surrogate pair has no UTF-8, so nobody could hash it
    return text


def is_canonical(text: str, value: Any) -> bool:
    """Return True where `text`, which was read as `value`, is its canonical text.

    Most texts are compared with what the standard library's encoder writes, which is quick. It differs in
    some numbers, and in the order of some keys that are not ASCII.
    """
    try:
        if text.isascii() and not _ODD_NUMBER.search(text):
            return _PLAIN.encode(value) == text
        return canonical(value) == text
    except (ValueError, RecursionError):
        return False


def digest(value: Any) -> str:
    """Return the SHA-256 of the canonical text's UTF-8, in hex."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()


def ascii_json(value: Any) -> str:
    """Return the older spelling: sorted keys, no spaces, nothing but ASCII."""
    return _ASCII.encode(value)


def ascii_digest(value: Any) -> str:
    """Return the SHA-256 of the older spelling, in hex."""
    return hashlib.sha256(ascii_json(value).encode()).hexdigest()


def _write(value: Any, put: Any) -> None:
    if isinstance(value, str):
        put(encode_basestring(value))
    elif value is None or value is True or value is False:
        put({None: "null", True: "true", False: "false"}[value])
    elif isinstance(value, int):
        put(_whole(value))
    elif isinstance(value, float):
        put(_number(value))
    elif isinstance(value, Mapping):
        _write_members(value, put)
    elif isinstance(value, list | tuple):
        mark = "["
        for each in value:
            put(mark)
            _write(each, put)
            mark = ","
        put("[]" if mark == "[" else "]")
    else:
        raise ValueError(f"JSON holds no {type(value).__name__}")


def _write_members(value: Mapping[Any, Any], put: Any) -> None:
    names = list(value)
    if not all(isinstance(name, str) for name in names):
        raise ValueError("the keys of an object must be text")
    names.sort(key=None if all(map(str.isascii, names)) else _code_units)
    mark = "{"
    for name in names:
        put(mark)
        put(encode_basestring(name))
        put(":")
        _write(value[name], put)
        mark = ","
    put("{}" if mark == "{" else "}")


def _code_units(name: str) -> bytes:
    return name.encode("utf-16-be", "surrogatepass")


def _whole(value: int) -> str:
    if abs(value) > MOST:
        digits = _number(float(value)) if -LARGEST < value < LARGEST else ""
        if digits == int.__repr__(value):  # such as 1e20, read again from its digits
            return digits
        raise ValueError(f"{value} is beyond what every reader takes for the same number")
    return int.__repr__(value)


def _number(value: float) -> str:
    """Return a number as ECMAScript writes it.

    Those are the shortest digits that name it, then the place of the point. Python finds the same digits; it
    only places point and exponent otherwise.
    """
    if value != value or value in (float("inf"), float("-inf")):
        raise ValueError("JSON has no infinity, and nothing that is not a number")
    if value == 0:
        return "0"
    mantissa, _, exponent = float.__repr__(abs(value)).partition("e")
    before, _, behind = mantissa.partition(".")
    digits = (before + behind).lstrip("0")
    point = len(before) + int(exponent or 0) - (len(before + behind) - len(digits))
    digits = digits.rstrip("0")
    sign = "-" if value < 0 else ""
    if len(digits) <= point <= POINT_TO:
        return sign + digits.ljust(point, "0")
    if 0 < point <= POINT_TO:
        return f"{sign}{digits[:point]}.{digits[point:]}"
    if POINT_FROM < point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    tail = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{sign}{digits[0]}{tail}e{point - 1:+d}"
