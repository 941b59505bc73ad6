"""The texts of Step Functions: JSON, timestamps, names, ARNs, errors and causes.

They are written, limited and allowed as Step Functions does.
Scenario time is written as in the States Language: RFC 3339 with an upper-case T and Z or an offset.
"""

import json
import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NoReturn

from controller.rehearsal.service import AwsError
from controller.rehearsal.services.stepfunctions.failures import (
    CAUSE_LIMIT,
    DATA_LIMIT,
    ERROR_LIMIT,
    Failure,
    Reach,
    writable,
)

PAYLOAD_LIMIT = 256 * 1024  # bytes of UTF-8, per payload
NESTING_LIMIT = 200  # levels; what is read here must be writable again from deeper in the stack
_WRITER = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)


def to_text(value: Any) -> str:
    """Return compact JSON.

    Raises TypeError or ValueError for a value that JSON cannot express.
    """
    return _WRITER.encode(value)


def from_text(text: str) -> Any:
    """Return the value of a JSON text.

    Raises ValueError, also for NaN, deep nesting, and halves of surrogate pairs.
    """
    text.encode()
    try:
        value = json.loads(text, parse_constant=_refuse)
    except RecursionError as exc:
        raise ValueError("nested too deeply") from exc
    if text.count("[") + text.count("{") > NESTING_LIMIT and _too_deep(value):
        raise ValueError("nested too deeply")
    if r"\ud" in text or r"\uD" in text:
        to_text(value).encode()
    return value


def _too_deep(value: Any) -> bool:
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(NESTING_LIMIT):
        level = [
            child
            for parent in level
            for child in (parent.values() if isinstance(parent, dict) else parent)
            if isinstance(child, dict | list)
        ]
        if not level:
            return False
    return True


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def too_large(text: str) -> bool:
    if len(text) * 4 <= PAYLOAD_LIMIT:
        return False
    return len(text.encode("utf-8", "surrogatepass")) > PAYLOAD_LIMIT


def limited(value: Any, *, what: str, reach: Reach) -> str:
    """Return `value` as text.

    what: the state or task that the failure's cause names. reach: the rules that may name the failure.

    Raises the failure `States.DataLimitExceeded` where it is too large.
    """
    text = to_text(value)
    if too_large(text):
        cause = (
            f"The state/task '{what}' returned a result with a size exceeding the maximum number of bytes "
            "service limit."
        )
        raise Failure(DATA_LIMIT, cause, reach=reach)
    return text


_RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


@lru_cache(maxsize=1024)
def to_iso(seconds: float) -> str:
    """Return seconds since 1970 as `2026-01-01T00:00:00.000Z`."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def from_iso(text: object) -> float | None:
    """Return seconds since 1970; None for a text that is not a timestamp."""
    if not isinstance(text, str) or not _RFC3339.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError):
        return None


_BAD = re.compile(r"""[\s<>{}\[\]?*"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f]""")


def check_name(name: object) -> str:
    """Return a machine's or execution's name, after its check.

    It has 1 to 80 characters, none of AWS's forbidden ones. Raises `AwsError`.
    """
    if not isinstance(name, str) or not 1 <= len(name) <= 80 or _BAD.search(name) or not _is_text(name):
        shown = writable(name, 100) if isinstance(name, str) else ""
        raise AwsError("InvalidName", f"Invalid Name: '{shown}'")
    return name


def _is_text(name: str) -> bool:
    return not any(
        "\ud800" <= character <= "\udfff" or ord(character) & 0xFFFE == 0xFFFE for character in name
    )


def check_arn(arn: object, kind: str) -> str:
    """Return an ARN of the wanted kind (`stateMachine`, `execution`).

    Raises `AwsError`.
    """
    parts = arn.split(":", 6) if isinstance(arn, str) else []
    if (
        len(parts) < 7
        or parts[0] != "arn"
        or parts[2] != "states"
        or parts[5] != kind
        or not _is_text(parts[6])
    ):
        shown = writable(arn, 256) if isinstance(arn, str) else ""
        raise AwsError("InvalidArn", f"Invalid Arn: '{shown}'")
    return ":".join(parts)


def check_failure(params: dict[str, Any]) -> tuple[str | None, str | None]:
    """Return the members `error` and `cause` of a request, both optional.

    Raises `AwsError`.
    """
    return _text(params, "error", ERROR_LIMIT), _text(params, "cause", CAUSE_LIMIT)


def _text(params: dict[str, Any], member: str, most: int) -> str | None:
    value = params.get(member)
    if value is not None and (not isinstance(value, str) or len(value) > most):
        raise AwsError("ValidationException", f"'{member}' must have length less than or equal to {most}")
    return writable(value, most)
