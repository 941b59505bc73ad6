"""The fields of an event from outside, read with type and bounds, or refused.

JSON text from outside is read with bounds too. `Unusable` is the one way in which an input is refused, in a
sentence.
"""

import json
import re
from datetime import UTC, datetime
from typing import Any, NoReturn

from controller.core.text import sanitize

MAX_LENGTH = 256 * 1024  # what SQS and EventBridge carry at most
MAX_DEPTH = 32

# A whole string, closed or not, or one bracket. Possessive: its time is linear in any input.
_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[{]|[\]}]', re.DOTALL)
LATEST = 4102444800.0  # 2100-01-01: beyond it a number is milliseconds, or no time at all
_ACCOUNT = re.compile(r"[0-9]{12}")
_REGION = re.compile(r"[a-z]{2,4}(?:-[a-z]{1,12}){1,3}-[0-9]{1,2}")
_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?(?:Z|[+-][0-9]{2}:?[0-9]{2})"
)
_DATE = re.compile(
    r"[A-Z][a-z]{2}, ([0-9]{1,2}) ([A-Z][a-z]{2}) ([0-9]{4}) ([0-9]{2}):([0-9]{2}):([0-9]{2})"
    r" (?:GMT|UTC|[+]0000)"
)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Unusable(Exception):  # noqa: N818 - not an error of ours; its text is the sentence for `Ignored`
    """An input that cannot be used, and why, in one sentence."""


def decode(body: str | bytes | bytearray) -> object:
    """Return the value of a JSON text.

    Raises `Unusable` where it is too long, too deep, ambiguous or not JSON. Stricter than JSON parsers are:
    no NaN or Infinity, and no key twice in one object. Two readers of a doubled key may see two different
    alarms.
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
    """Return at most 120 visible characters of an input, to know it again."""
    if isinstance(body, str):
        return sanitize(body, 120)
    if isinstance(body, bytes | bytearray):
        return sanitize(bytes(body[:500]).decode(errors="replace"), 120)
    if isinstance(body, dict):
        known = (
            f"{key}={body[key]}" for key in ("detail-type", "source", "id") if isinstance(body.get(key), str)
        )
        return sanitize(" ".join(known), 120)
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
                    f"The body is ambiguous: the key “{sanitize(key, 40)}” stands twice in one object."
                )
            seen.add(key)
    return found


def _no_constant(name: str) -> NoReturn:
    raise Unusable(f"The body is not JSON: {name} is no number.")


_DECODER = json.JSONDecoder(object_pairs_hook=_once, parse_constant=_no_constant)


def name(found: object, what: str) -> str:
    if not isinstance(found, str) or not 1 <= len(found) <= 255:
        raise Unusable(f"The {what} is not a text of 1 to 255 characters.")
    if not found.isprintable():  # invisible marks are no reason: people name alarms "⚠️ 5xx"
        raise Unusable(f"The {what} “{sanitize(found, 60)}” holds characters that cannot be seen.")
    return found


def name_in_arn(event: dict[str, Any]) -> str:
    """Return the alarm's name from the ARN in `resources`.

    E.g. `arn:aws:cloudwatch:us-east-1:123456789012:alarm:a name`.
    """
    resources = event.get("resources")
    arn = resources[0] if isinstance(resources, list) and len(resources) == 1 else None
    parts = arn.split(":", 6) if isinstance(arn, str) and len(arn) <= 2048 else []
    if len(parts) != 7 or parts[5] != "alarm":
        raise Unusable(
            "The event names no alarm: no alarmName in its detail, no alarm's ARN in its resources."
        )
    return parts[6]


def text(holder: dict[str, Any], key: str, what: str) -> str:
    value = holder.get(key)
    if isinstance(value, str):
        return value
    raise Unusable(f"{what} has no {key}." if value is None else f"{what} has a {key} that is no text.")


def member(holder: dict[str, Any], key: str, what: str) -> dict[str, Any]:
    value = holder.get(key)
    if isinstance(value, dict):
        return value
    raise Unusable(f"{what} has no {key}." if value is None else f"{what} has a {key} that is no object.")


def iso(holder: dict[str, Any], key: str) -> float:
    """Return `2019-10-02T17:04:40.989+0000` or `…Z` as seconds since 1970."""
    value = text(holder, key, "The event")
    try:
        moment = datetime.fromisoformat(value) if _TIME.fullmatch(value) else None
    except ValueError:  # a thirteenth month
        moment = None
    if moment is None:
        raise Unusable(f"The event's {key} “{sanitize(value, 40)}” is not a time.")
    return seconds(moment.timestamp())


def date(holder: dict[str, Any], key: str) -> float:
    """Return an RFC 1123 or ISO 8601 time as seconds since 1970.

    RFC 1123: `Fri, 27 Jan 2023 06:02:51 GMT`.
    """
    value = text(holder, key, "The event")
    match = _DATE.fullmatch(value)
    if match is None:
        return iso(holder, key)
    day, month, year, hour, minute, second = match.groups()
    try:
        moment = datetime(
            int(year), _MONTHS.index(month) + 1, int(day), int(hour), int(minute), int(second), tzinfo=UTC
        )
    except ValueError as exc:  # a thirty-first of February, a month of no calendar
        raise Unusable(f"The event's {key} “{sanitize(value, 40)}” is not a time.") from exc
    return seconds(moment.timestamp())


def seconds(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Unusable("The event's time is not a number of seconds.")
    if not 0 <= value <= LATEST:  # false for NaN as well
        raise Unusable("The event's time lies outside 1970 to 2100.")
    return float(value)


def account(event: dict[str, Any]) -> str:
    found = text(event, "account", "The event")
    if not _ACCOUNT.fullmatch(found):
        raise Unusable(f"The event's account “{sanitize(found, 40)}” is not twelve digits.")
    return found


def is_region(found: str) -> bool:
    return _REGION.fullmatch(found) is not None


def region(event: dict[str, Any]) -> str:
    """Return the Region that the alarm or canary lives in.

    It is not always the one that it is about.
    """
    found = text(event, "region", "The event")
    if not is_region(found):
        raise Unusable(f"The event's region “{sanitize(found, 40)}” is not the name of a Region.")
    return found
