"""JSON text from outside, read with bounds; and the one way in which an input is refused."""

import json
import re
from typing import Any, NoReturn

from controller.core.text import plain

MAX_LENGTH = 256 * 1024  # what SQS and EventBridge carry at most
MAX_DEPTH = 32

# A whole string, closed or not, or one bracket. Possessive: linear in whatever is thrown at it.
_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[{]|[\]}]', re.DOTALL)


class Unusable(Exception):  # noqa: N818 - not an error of ours; its text is the sentence for `Ignored`
    """An input that cannot be used, and why, in one sentence."""


def decode(body: str | bytes | bytearray) -> object:
    """The value of a JSON text; raises `Unusable` where it is too long, too deep, ambiguous or not JSON.

    Stricter than JSON parsers are: no NaN or Infinity, and no key twice in one object. Two readers of a
    doubled key may see two different alarms.
    """
    if len(body) > MAX_LENGTH:
        raise Unusable(f"The body is {len(body):,} long, more than the {MAX_LENGTH:,} that are read.")
    try:
        text = body if isinstance(body, str) else bytes(body).decode()
    except UnicodeDecodeError as exc:
        raise Unusable(f"The body is not UTF-8: byte {exc.start} cannot be read.") from exc
    _refuse_depth(text)
    try:
        return _DECODER.decode(text)
    except json.JSONDecodeError as exc:
        raise Unusable(f"The body is not JSON: {exc.msg} at character {exc.pos}.") from exc
    except (ValueError, RecursionError) as exc:  # an integer of thousands of digits
        raise Unusable("The body is not usable JSON: it holds a number that is too long.") from exc


def sample(body: object) -> str:
    """At most 120 visible characters of an input, to know it again."""
    if isinstance(body, str):
        return plain(body, 120)
    if isinstance(body, bytes | bytearray):
        return plain(bytes(body[:500]).decode(errors="replace"), 120)
    if isinstance(body, dict):
        known = (
            f"{key}={body[key]}" for key in ("detail-type", "source", "id") if isinstance(body.get(key), str)
        )
        return plain(" ".join(known), 120)
    return ""


def _refuse_depth(text: str) -> None:
    if text.count("{") + text.count("[") <= MAX_DEPTH:
        return
    depth = 0
    for token in _TOKEN.finditer(text):
        first = text[token.start()]
        if first in "{[":
            depth += 1
            if depth > MAX_DEPTH:
                raise Unusable(f"The body nests deeper than {MAX_DEPTH} levels at character {token.start()}.")
        elif first in "]}":
            depth -= 1


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise Unusable(
                    f"The body is ambiguous: the key “{plain(key, 40)}” stands twice in one object."
                )
            seen.add(key)
    return found


def _no_constant(name: str) -> NoReturn:
    raise Unusable(f"The body is not JSON: {name} is no number.")


_DECODER = json.JSONDecoder(object_pairs_hook=_once, parse_constant=_no_constant)
