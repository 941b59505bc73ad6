"""JSON as Step Functions writes and limits it."""

import json
from typing import Any, NoReturn

from controller.rehearsal.engine.failures import DATA_LIMIT, Failure

PAYLOAD_LIMIT = 256 * 1024  # bytes of UTF-8, per payload
NESTING_LIMIT = 200  # levels; what is read here must be writable again from deeper in the stack
_WRITER = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)


def to_text(value: Any) -> str:
    """Compact JSON. Raises TypeError or ValueError for what JSON cannot say."""
    return _WRITER.encode(value)


def from_text(text: str) -> Any:
    """Parse JSON. Raises ValueError, also for NaN, deep nesting, and halves of surrogate pairs."""
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


def limited(value: Any, *, what: str) -> str:
    """`value` as text. Raises the failure `States.DataLimitExceeded` where it is too large."""
    text = to_text(value)
    if too_large(text):
        cause = (
            f"The {what} returned a result with a size exceeding the maximum number of bytes service limit."
        )
        raise Failure(DATA_LIMIT, cause)
    return text
