"""The errors of a running execution: names, matching rules, and waits before retries.

Source: "Handling errors in Step Functions workflows" (AWS Step Functions developer guide).
"""

import random
from dataclasses import dataclass
from typing import Any, Literal

TIMEOUT = "States.Timeout"
HEARTBEAT_TIMEOUT = "States.HeartbeatTimeout"
TASK_FAILED = "States.TaskFailed"
RUNTIME = "States.Runtime"
DATA_LIMIT = "States.DataLimitExceeded"
ALL = "States.ALL"
ERROR_LIMIT, CAUSE_LIMIT = 256, 32_768  # characters
Reach = Literal["any", "named", "none"]
"""The rules that may name a failure: any rule, a rule with its very name, none."""


@dataclass(repr=False)
class Failure(Exception):  # noqa: N818 - a States Language failure, caught by Retry and Catch
    """The failure of a state.

    A missed heartbeat is recorded by AWS as `States.Timeout`; `heartbeat` tells it from a task
    that took too long, for rules with `States.HeartbeatTimeout`.

    `States.DataLimitExceeded` has three kinds. The result of a task is the task's failure, which any rule may
    name; AWS recorded that `States.ALL` catches it, against its own page. The input of a state is "named".
    The output of a state ends the execution between two states, past every rule.
    """

    error: str | None
    cause: str | None = None
    heartbeat: bool = False
    reach: Reach = "any"

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

    `States.Runtime` is never caught, nor is a failure out of reach; `States.TaskFailed` stands for everything
    but a timeout.
    """
    if failure.error == RUNTIME or failure.reach == "none":
        return False
    if failure.error in names or (failure.heartbeat and HEARTBEAT_TIMEOUT in names):
        return True
    if failure.reach == "named":
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
