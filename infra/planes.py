"""Which actions an evacuation may lean on: AWS's data planes. A control plane is where changes are
configured.

AWS Well-Architected, Reliability, REL11-BP04: "Rely on the data plane and not the control plane during
recovery".
"""

from collections.abc import Iterator, Mapping

DATA: frozenset[str] = frozenset(
    {
        *("dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"),
        "dynamodb:UpdateItem",
        *("events:PutEvents", "kms:Decrypt", "kms:Encrypt", "sns:Publish"),
        *("route53-recovery-cluster:GetRoutingControlState", "route53-recovery-cluster:ListRoutingControls"),
        "route53-recovery-cluster:UpdateRoutingControlStates",
        *("s3:DeleteObject", "s3:GetObject", "s3:ListBucket", "s3:PutObject"),
        *("states:DescribeExecution", "states:SendTaskFailure", "states:SendTaskHeartbeat"),
        *("states:SendTaskSuccess", "states:StartExecution"),
    }
)
"""Reads and writes of what is there already."""

ASKED: Mapping[str, tuple[str, ...]] = {
    "readiness": (
        *("arc-region-switch:GetPlanEvaluationStatus", "cloudwatch:GetMetricStatistics"),
        *("lambda:GetAccountSettings", "route53-recovery-readiness:GetReadinessCheckStatus"),
        "servicequotas:GetServiceQuota",
    ),
    "heartbeat": ("secretsmanager:GetSecretValue",),
    "access": ("sts:AssumeRole",),
    "polls": ("cloudwatch:DescribeAlarms",),
    "requests": ("cloudwatch:GetMetricData",),
}
"""Port -> what it asks for a second at most. No answer is unknown, for which the policy says what to do."""


def leaning(adapters: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    """A sentence for each action by which an evacuation would depend on a control plane."""
    for port, actions in adapters.items():
        for action in actions:
            if action not in DATA and action not in ASKED.get(port, ()):
                yield f"{port} needs {action}, which is no data plane's: an evacuation must not depend on it"
