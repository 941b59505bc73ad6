"""JSON as Step Functions writes and limits it."""

import json
from typing import Any, NoReturn

from controller.rehearsal.engine.failures import DATA_LIMIT, Failure

PAYLOAD_LIMIT = 256 * 1024  # bytes of UTF-8, per payload


def to_text(value: Any) -> str:
    """Compact JSON. Raises TypeError or ValueError for what JSON cannot say."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def from_text(text: str) -> Any:
    """Parse JSON. Raises ValueError, also for NaN and for nesting that exhausts the stack."""
    try:
        return json.loads(text, parse_constant=_refuse)
    except RecursionError as exc:
        raise ValueError("nested too deeply") from exc


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
        cause = f"The {what} returned a result with a size exceeding the maximum number of bytes service limit."
        raise Failure(DATA_LIMIT, cause)
    return text
