"""Published quotas, as a fleet meets them. A Region's are us-east-2's, where the first controller runs."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Quota:
    """per_second: how fast it refills; burst: how much it holds; page: where AWS says so."""

    name: str
    per_second: float
    burst: float
    page: str


DOCS = "docs.aws.amazon.com"
INVOCATIONS = Quota(
    "EventBridge invocations", 4500.0, 4500.0, f"{DOCS}/eventbridge/latest/userguide/eb-quota.html"
)
STARTS = Quota("StartExecution", 150.0, 800.0, f"{DOCS}/step-functions/latest/dg/service-quotas.html")
TRANSITIONS = Quota("state transitions", 800.0, 800.0, f"{DOCS}/step-functions/latest/dg/service-quotas.html")

LAMBDAS = 1000
"""Concurrent executions of an account in a Region: AWS Lambda Developer Guide, "Lambda quotas"."""
LAMBDA_SCALES = 100.0
"""More of one function a second: 1,000 each ten seconds (Developer Guide, "Lambda function scaling")."""
POLLERS, POLLERS_MORE = 5, 300.0 / 60.0
"""Batches of a queue at once, and how many more a second (Developer Guide, "SQS event source mappings")."""
BATCH = 10
ARC_PAGE = f"{DOCS}/r53recovery/latest/dg/routing-control.quotas.html"
"""Two clusters an account, 300 controls a cluster, ten controls a call, three calls a second an endpoint."""
CLUSTERS, CONTROLS = 2, 300
ENDPOINT_CALLS = 3.0
RULES = 300
"""Rules of a bus, the same page as the invocations."""
