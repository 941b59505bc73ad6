"""The three calls to one ARC endpoint, their client and their errors.

An error says what to do next (`Next`). Source: Routing Control API Reference (`route53-recovery-cluster`).
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as BotoConnectionError
from botocore.parsers import ResponseParserError

from controller.core.text import sanitize

ERRORS = (BotoCoreError, ClientError, ResponseParserError)
"""All that a client's call raises for reasons outside this program."""
LONGEST = 400
"""Characters of an error's text."""
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
PERMISSIONS = (
    ("route53-recovery-cluster:GetRoutingControlState", "routingcontrol"),
    ("route53-recovery-cluster:ListRoutingControls", "*"),  # AWS: knows no resource type
    ("route53-recovery-cluster:UpdateRoutingControlStates", "routingcontrol"),
)
"""(action, resource type) pairs, as in AWS's Service Authorization Reference. A shadow deployment leaves the
last one out; a live one denies it with condition `route53-recovery-cluster:AllowSafetyRulesOverrides`."""
OVERRIDE_PERMISSION = (
    "route53-recovery-cluster:UpdateRoutingControlStates",
    "routingcontrol",
    "route53-recovery-cluster:AllowSafetyRulesOverrides",
)
"""(action, resource type, condition key). A statement of its own, where the policy has a gate `override`:
without it ARC denies a call that names a safety rule to set aside (S14)."""
PAGE = 500
_MOST_PAGES = 10  # a cluster holds 300 controls; an endpoint that pages on for ever is broken


class Next(StrEnum):
    """The next thing to do after a failed call."""

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


def _flat(text: str) -> str:
    """Return text from outside on one line, runs of blanks as one.

    The words of a safety rule must not hide behind blanks.
    """
    return sanitize(" ".join(sanitize(text, 4 * LONGEST).split()), LONGEST)


def judge(error: Exception) -> CallFailed:
    """Return one of `ERRORS` as a `CallFailed`."""
    if isinstance(error, ClientError):
        return _judge_answer(error.response)
    if isinstance(error, HTTPClientError | BotoConnectionError | ResponseParserError):
        return CallFailed(Next.HOP, _flat(f"{type(error).__name__}: {error}"))
    return CallFailed(Next.STOP, _flat(f"{type(error).__name__}: {error}"))


def _judge_answer(answer: Mapping[str, Any]) -> CallFailed:
    problem: Mapping[str, Any] = answer.get("Error", {})
    code = str(problem.get("Code", ""))
    message = str(problem.get("Message") or answer.get("message") or "")
    resource = (
        f" [{answer['resourceType']} {answer.get('resourceId', '')}]" if "resourceType" in answer else ""
    )
    text = _flat(f"{code}: {message}{resource}")
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


def client_config(*, connect_timeout: float = 1.0, read_timeout: float = 2.0) -> Config:
    """Return short timeouts (real seconds) and no retries of the SDK's own.

    Its defaults cost minutes where two endpoints hang, and they retry what must not be retried.
    """
    return Config(
        connect_timeout=connect_timeout,
        read_timeout=read_timeout,
        retries={"total_max_attempts": 1, "mode": "standard"},
        max_pool_connections=10,
    )


def read_states(client: Any, arns: Mapping[str, str], panel: str | None) -> dict[str, bool]:
    """Return name -> on, of the controls `arns` (name -> ARN).

    By the fewest calls. Raises `CallFailed`.
    """
    try:
        if len(arns) == 1:
            seen = [client.get_routing_control_state(RoutingControlArn=next(iter(arns.values())))]
        else:
            seen = _list(client, panel)
    except ERRORS as error:
        raise judge(error) from error
    by_arn = {control.get("RoutingControlArn"): control for control in seen}
    return {name: _on(name, by_arn.get(arn)) for name, arn in arns.items()}


def _list(client: Any, panel: str | None) -> list[Mapping[str, Any]]:
    request: dict[str, Any] = {"MaxResults": PAGE} | ({} if panel is None else {"ControlPanelArn": panel})
    seen: list[Mapping[str, Any]] = []
    for _ in range(_MOST_PAGES):
        answer = client.list_routing_controls(**request)
        seen += answer["RoutingControls"]
        if not answer.get("NextToken"):
            return seen
        request["NextToken"] = answer["NextToken"]
    raise CallFailed(Next.HOP, "ListRoutingControls did not come to an end")


def _on(name: str, control: Mapping[str, Any] | None) -> bool:
    if control is None:
        raise CallFailed(Next.STOP, f"ARC knows no routing control with the ARN of {name}")
    state = control.get("RoutingControlState")
    if state not in ("On", "Off"):
        raise CallFailed(Next.HOP, f"{name} is neither On nor Off")
    return bool(state == "On")


def write_states(
    client: Any,
    changes: Sequence[tuple[str, bool]],
    *,
    may_send: Callable[[], bool],
    override: Sequence[str] = (),
) -> None:
    """Set the controls `changes` (ARN, on) in one call. Raises `CallFailed`.

    override: ARNs of the safety rules that this call sets aside.

    `may_send` is asked last of all, in the thread that sends: a process that was frozen on the way here
    must not send when it thaws.
    """
    entries = [
        {"RoutingControlArn": arn, "RoutingControlState": "On" if on else "Off"} for arn, on in changes
    ]
    if not may_send():
        raise CallFailed(Next.HOP, "the deadline passed before the call was sent")
    request: dict[str, Any] = {"UpdateRoutingControlStateEntries": entries}
    if override:
        request["SafetyRulesToOverride"] = list(override)
    try:
        client.update_routing_control_states(**request)
    except ERRORS as error:
        raise judge(error) from error
