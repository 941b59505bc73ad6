"""The delivery from a matched rule to its target: attempts, backoff, dead letters.

EventBridge user guide, "Retry policy".
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from controller.rehearsal.service import AwsError

LATENCY = 0.3
"""Seconds of scenario time from an event to the first attempt at its targets."""
RETRY_MOST, RETRY_AGE = 185, 86_400
BACKOFF_MOST = 480.0
TRY_AGAIN = frozenset(
    {
        "ThrottlingException",
        "Throttling",
        "RequestThrottled",
        "TooManyRequestsException",
        "ExecutionLimitExceeded",
    }
)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One attempt to deliver an event.

    body: the text that the target receives. event: the whole event that it came from.
    """

    arn: str
    body: str
    event: dict[str, Any]
    attributes: dict[str, str] = field(default_factory=dict)


Deliver = Mapping[str, Callable[[Delivery], None]]
"""The functions that hand a delivery to a target, by kind of target.

Kinds: `bus`, `sqs`, `states`, `lambda`. Raises `AwsError` where the target did not take it.
"""


def kind_of(arn: str) -> str:
    """Return the key of `Deliver` for an ARN.

    `bus` for an event bus, else the ARN's service.
    """
    service = arn.split(":")[2] if arn.count(":") >= 5 else ""
    return "bus" if service == "events" and ":event-bus/" in arn else service


def region_of(arn: str) -> str:
    return arn.split(":")[3] if arn.count(":") >= 5 else ""


def parsed(text: str) -> dict[str, Any]:
    """Return an event from its JSON text.

    Raises `ValueError`.
    """
    try:
        event = json.loads(text)
    except RecursionError as exc:
        raise ValueError("nested too deep") from exc
    if not isinstance(event, dict):
        raise ValueError("not an object")
    return event


def next_attempt(error: AwsError, *, attempts: int, age: float, policy: Mapping[str, int]) -> float | str:
    """Return the seconds until the next attempt, or the reason for none.

    The reason has the words of the dead letter.
    attempts: the count of failed ones so far. age: of the event, in seconds.
    """
    if 400 <= error.status < 500 and error.code not in TRY_AGAIN:
        return "NonRetryableError"
    wait = min(2.0 ** min(attempts - 1, 9), BACKOFF_MOST)
    if attempts > policy.get("MaximumRetryAttempts", RETRY_MOST):
        return "MaximumRetryAttempts"
    if age + wait > policy.get("MaximumEventAgeInSeconds", RETRY_AGE):
        return "MaximumEventAgeInSeconds"
    return wait
