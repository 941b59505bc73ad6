"""What an error from an ARC endpoint means for the next send."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as BotoConnectionError
from botocore.parsers import ResponseParserError


class Next(StrEnum):
    """What to do after a failed call."""

    HOP = "hop"  # another endpoint, at once
    BACK_OFF = "back off"  # another endpoint, after a pause
    CONFLICT = "conflict"  # read back, then as BACK_OFF
    RULE = "rule"  # a safety rule: read back, once more after its wait period
    STOP = "stop"  # the same everywhere


@dataclass
class CallFailed(Exception):  # noqa: N818
    """One call to one endpoint failed. `retry_after` in seconds, where the service gave advice.

    rule: the ARN of the safety rule that refused it, where the answer names one; with `STOP` that of one
    which was to be set aside and is no more.
    """

    next: Next
    text: str
    retry_after: float | None = None
    rule: str | None = None

    def __str__(self) -> str:
        return self.text


ERRORS = (BotoCoreError, ClientError, ResponseParserError)
"""All that a client's call raises for reasons outside this program."""

LONGEST_ADVICE = 5.0
"""Seconds: a `retryAfterSeconds` beyond this is ignored, for the next call goes to another endpoint."""

# AWS does not document which exception carries a safety rule's refusal, nor its words.
_RULE_WORDS = re.compile(
    r"\brules?\b|\bsafety|safetyrule|\bassert|\bgating|(wait|evaluation) period", re.IGNORECASE
)
_RULE_ARN = re.compile(
    r"arn:aws[a-z-]{0,20}:route53-recovery-control::\d{12}:controlpanel/[0-9a-f]{1,64}/safetyrule/[0-9a-f]{1,64}"
)
_RULE_CARRIERS = frozenset({"ConflictException", "ValidationException"})
_HOP = frozenset(
    {"EndpointTemporarilyUnavailableException", "ServiceUnavailableException", "ServiceUnavailable"}
)
_BACK_OFF = frozenset(
    {
        "ThrottlingException",
        "Throttling",
        "TooManyRequestsException",
        "RequestLimitExceeded",
        "InternalServerException",
        "InternalFailure",
    }
)


def plain(text: str, limit: int = 400) -> str:
    """Text from outside, on one line, printable and bounded."""
    flat = "".join(char if char.isprintable() else " " for char in text[: 4 * limit])
    return " ".join(flat.split())[:limit]


def judge(error: Exception) -> CallFailed:
    """One of `ERRORS` as a `CallFailed`."""
    if isinstance(error, ClientError):
        return _judge_answer(error.response)
    if isinstance(error, HTTPClientError | BotoConnectionError | ResponseParserError):
        return CallFailed(Next.HOP, plain(f"{type(error).__name__}: {error}"))
    return CallFailed(Next.STOP, plain(f"{type(error).__name__}: {error}"))


def _judge_answer(answer: Mapping[str, Any]) -> CallFailed:
    problem: Mapping[str, Any] = answer.get("Error", {})
    code = str(problem.get("Code", ""))
    message = str(problem.get("Message") or answer.get("message") or "")
    resource = (
        f" [{answer['resourceType']} {answer.get('resourceId', '')}]" if "resourceType" in answer else ""
    )
    text = plain(f"{code}: {message}{resource}")
    status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in _RULE_CARRIERS and _RULE_WORDS.search(text):
        named = _RULE_ARN.search(text)
        return CallFailed(Next.RULE, text, rule=named[0] if named else None)
    if code == "ConflictException":
        return CallFailed(Next.CONFLICT, text)
    if code in _BACK_OFF:
        return CallFailed(Next.BACK_OFF, text, _advice(answer.get("retryAfterSeconds")))
    if code in _HOP or (isinstance(status, int) and status >= 500):
        return CallFailed(Next.HOP, text)
    gone = _RULE_ARN.search(text) if code == "ResourceNotFoundException" else None
    return CallFailed(Next.STOP, text, rule=gone[0] if gone else None)


def _advice(seconds: object) -> float | None:
    if isinstance(seconds, int | float) and 0 < seconds <= LONGEST_ADVICE:
        return float(seconds)
    return None
