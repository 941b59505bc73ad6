"""The three calls to one ARC endpoint, and the client that makes them.

AWS: Routing Control API Reference (`route53-recovery-cluster`).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from botocore.config import Config

from controller.aws.arc_answers import ERRORS, CallFailed, Next, judge

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


def client_config(*, connect_timeout: float = 1.0, read_timeout: float = 2.0) -> Config:
    """Short timeouts (real seconds) and no retries of the SDK's own: its defaults cost minutes where two
    endpoints hang, and they retry what must not be retried."""
    return Config(
        connect_timeout=connect_timeout,
        read_timeout=read_timeout,
        retries={"total_max_attempts": 1, "mode": "standard"},
        max_pool_connections=10,
    )


def read_states(client: Any, arns: Mapping[str, str], panel: str | None) -> dict[str, bool]:
    """Name -> on, of the controls `arns` (name -> ARN), by the fewest calls. Raises `CallFailed`."""
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
