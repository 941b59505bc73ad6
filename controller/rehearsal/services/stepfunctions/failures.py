"""The errors of a running execution: names, matching rules, and waits before retries.

Source: "Handling errors in Step Functions workflows" (AWS Step Functions developer guide).
"""

import random
from dataclasses import dataclass
from typing import Any

TIMEOUT = "States.Timeout"
HEARTBEAT_TIMEOUT = "States.HeartbeatTimeout"
TASK_FAILED = "States.TaskFailed"
RUNTIME = "States.Runtime"
DATA_LIMIT = "States.DataLimitExceeded"
ALL = "States.ALL"
ERROR_LIMIT, CAUSE_LIMIT = 256, 32_768  # characters


@dataclass(repr=False)
class Failure(Exception):  # noqa: N818 - a States Language failure, caught by Retry and Catch
    """The failure of a state.

    A missed heartbeat is recorded by AWS as `States.Timeout`; `heartbeat` tells it from a task
    that took too long, for rules with `States.HeartbeatTimeout`.
    """

    error: str | None
    cause: str | None = None
    heartbeat: bool = False

    def output(self) -> dict[str, str]:
        """Return the data that a Catch gives to its next state."""
        return {"Error": self.error or "", "Cause": self.cause or ""}

    def details(self) -> dict[str, str]:
        """Return the members of a history event; absent ones are left out."""
        pairs = {"error": self.error, "cause": self.cause}
        return {name: value for name, value in pairs.items() if value is not None}


def writable(text: str | None, limit: int) -> str | None:
    """Return text from outside, cut to `limit` characters.

    A character that UTF-8 cannot write becomes a question mark.
    """
    return None if text is None else text[:limit].encode("utf-8", "replace").decode("utf-8")


def matches(failure: Failure, names: list[str]) -> bool:
    """Return True where `ErrorEquals` names this failure.

    `States.Runtime` is never caught; `States.DataLimitExceeded` only by its own name;
    `States.TaskFailed` stands for everything but a timeout.
    """
    if failure.error == RUNTIME:
        return False
    if failure.error in names or (failure.heartbeat and HEARTBEAT_TIMEOUT in names):
        return True
    if failure.error == DATA_LIMIT:
        return False
    return ALL in names or (TASK_FAILED in names and failure.error != TIMEOUT)


def first_match(failure: Failure, rules: list[dict[str, Any]]) -> int | None:
    """Return the index of the first retrier or catcher that names this failure."""
    for index, rule in enumerate(rules):
        if matches(failure, rule["ErrorEquals"]):
            return index
    return None


def backoff(retrier: dict[str, Any], attempt: int, rng: random.Random) -> float | None:
    """Return the seconds to wait before retry number `attempt` (from 1).

    None once the attempts are used up.
    """
    if attempt > retrier.get("MaxAttempts", 3):
        return None
    limit = float(retrier.get("MaxDelaySeconds", 31_622_400))
    delay = float(retrier.get("IntervalSeconds", 1))
    for _ in range(attempt - 1):  # not a power: that overflows long before MaxAttempts is reached
        delay = min(delay * retrier.get("BackoffRate", 2.0), limit)
    delay = min(delay, limit)
    return rng.uniform(0, delay) if retrier.get("JitterStrategy") == "FULL" else delay
