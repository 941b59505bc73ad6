"""What `PutEvents` takes and refuses, entry by entry (EventBridge API reference, PutEvents)."""

import json
from typing import Any

from controller.rehearsal.depth import deeper_than
from controller.rehearsal.service import AwsError, epoch, iso

MOST_ENTRIES, MOST_BYTES, DEEPEST = 10, 262_144, 100


class Refused(Exception):  # noqa: N818
    """One entry is not taken; the others are."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


def check_size(entries: list[dict[str, Any]]) -> None:
    """Refuse the whole request where AWS does; raises `AwsError`."""
    if not 1 <= len(entries) <= MOST_ENTRIES:
        raise AwsError(
            "ValidationException",
            "1 validation error detected: Value at 'entries' failed to satisfy constraint: "
            f"Member must have length between 1 and {MOST_ENTRIES}",
        )
    texts = ("Source", "DetailType", "Detail")
    if sum(len(str(entry.get(key) or "").encode()) for entry in entries for key in texts) > MOST_BYTES:
        raise AwsError("ValidationException", "Total size of the entries in the request is over the limit.")


def entry_event(entry: dict[str, Any], now: float) -> dict[str, Any]:
    """The event members that an entry gives; raises `Refused`."""
    for key in ("Source", "DetailType", "Detail"):
        if not entry.get(key) or not isinstance(entry[key], str):
            reason = f"Parameter {key} is not valid. Reason: {key} is a required argument."
            raise Refused("InvalidArgument", reason)
    if entry["Source"].startswith("aws."):
        raise Refused("NotAuthorizedForSourceException", "Not authorized for the source.")
    try:
        detail = json.loads(entry["Detail"])
    except (ValueError, RecursionError) as exc:
        raise Refused("MalformedDetail", "Detail is malformed.") from exc
    if not isinstance(detail, dict) or deeper_than(detail, DEEPEST):
        raise Refused("MalformedDetail", "Detail is malformed.")
    return {
        "detail-type": entry["DetailType"],
        "source": entry["Source"],
        "time": iso(epoch(entry.get("Time"), now)),
        "resources": entry.get("Resources") or [],
        "detail": detail,
    }
