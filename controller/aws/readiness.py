"""Readiness, asked of AWS: replication lag, Region switch's plan evaluation, ARC readiness, quotas.

Each is best effort and has one second. Nothing here is a control plane of the move itself.

```
 kind          asked where          call
 replication   the source Region    CloudWatch GetMetricStatistics, AWS/DynamoDB ReplicationLatency
 plan          the target Region    Region switch GetPlanEvaluationStatus (answered in each plan Region)
 arc           us-west-2            recovery readiness GetReadinessCheckStatus
 quotas        the Region itself    Lambda GetAccountSettings, Service Quotas GetServiceQuota
```
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from botocore.client import BaseClient

from controller.aws.assumed_role import AssumedRole
from controller.aws.errors import translated
from controller.core.decision.readiness import ReadinessQuery, ReadinessResult
from controller.core.text import sanitize
from controller.ports.errors import EvidenceUnavailable
from controller.ports.runtime import Runtime, answer_within

PERMISSIONS: tuple[str, ...] = (
    "arc-region-switch:GetPlanEvaluationStatus",
    "cloudwatch:GetMetricStatistics",
    "lambda:GetAccountSettings",
    "route53-recovery-readiness:GetReadinessCheckStatus",
    "servicequotas:GetServiceQuota",
)
ARC_REGION = "us-west-2"
"""The only Region that answers for ARC readiness checks."""
SPAN = 3600.0
"""Seconds of lag that are asked for: the last known one may be from before its source went dark."""
THROTTLE_RATE = "L-8A5B8E43"
"""API Gateway's account-level requests a second, in a Region."""

SERVICES: Mapping[str, tuple[str, ...]] = {
    "replication": ("cloudwatch",),
    "plan": ("arc-region-switch",),
    "arc": ("route53-recovery-readiness",),
    "quotas": ("lambda", "service-quotas"),
}
"""Kind -> the services that are asked."""

OF_ARC = frozenset({"plan", "arc"})
"""The kinds that are asked where ARC lives; the others, where the application does."""

Clients = Mapping[tuple[str, str], BaseClient]
"""(service, Region) -> client, with timeouts that end a hung call soon after a second."""


class AwsReadiness:
    """`ports.outside.Readiness`.

    plans: the policy's name of a Region switch plan -> its ARN. roles: kind -> the role in another
    account by which it is asked; its session is had before the question, outside of its time.
    """

    def __init__(
        self,
        *,
        clients: Clients,
        plans: Mapping[str, str],
        runtime: Runtime,
        timeout: float = 1.0,
        roles: Mapping[str, AssumedRole] = MappingProxyType({}),
    ) -> None:
        self._clients, self._plans, self._runtime, self._timeout = clients, plans, runtime, timeout
        self._roles = roles
        self._ask: Mapping[str, Callable[[ReadinessQuery], dict[str, Any]]] = {
            "replication": self._replication,
            "plan": self._plan,
            "arc": self._arc,
            "quotas": self._quotas,
        }

    def read(self, query: ReadinessQuery) -> ReadinessResult:
        """Raises `EvidenceUnavailable`, also where the answer takes longer than the time out."""
        kind, name, source, target = query
        role = self._roles.get(kind)
        if role is not None:
            role.ready()
        try:
            answer = answer_within(
                self._runtime, lambda: self._answer(query), self._timeout, whom=f"{kind} {name}: no answer"
            )
        except EvidenceUnavailable as error:
            if role is not None and error.refused:
                role.doubt()
            raise
        return ReadinessResult(kind, name, source, target, self._runtime.now(), answer)

    def _answer(self, query: ReadinessQuery) -> dict[str, Any]:
        with translated(EvidenceUnavailable, f"asking for {query[0]} {sanitize(query[1], 80)}"):
            try:
                return self._ask[query[0]](query)
            except (LookupError, AttributeError, TypeError, ValueError) as error:
                raise EvidenceUnavailable(f"{query[0]}: the answer cannot be read: {error}") from error

    def _client(self, service: str, region: str) -> Any:
        client = self._clients.get((service, region))
        if client is None:
            raise EvidenceUnavailable(f"no {service} client for {region}")
        return client

    def _replication(self, query: ReadinessQuery) -> dict[str, Any]:
        _, table, source, target = query
        now = self._runtime.now()
        answer = self._client("cloudwatch", source).get_metric_statistics(
            Namespace="AWS/DynamoDB",
            MetricName="ReplicationLatency",
            Dimensions=[
                {"Name": "TableName", "Value": table},
                {"Name": "ReceivingRegion", "Value": target},
            ],
            StartTime=datetime.fromtimestamp(now - SPAN, UTC),
            EndTime=datetime.fromtimestamp(now, UTC),
            Period=60,
            Statistics=["Maximum"],
        )
        points = [[_time(p["Timestamp"]), float(p["Maximum"]) / 1000.0] for p in answer["Datapoints"]]
        return {"points": sorted(points)}

    def _plan(self, query: ReadinessQuery) -> dict[str, Any]:
        _, name, _, target = query
        if name not in self._plans:
            raise EvidenceUnavailable(f"no ARN is deployed for the Region switch plan {sanitize(name, 80)}")
        answer = self._client("arc-region-switch", target).get_plan_evaluation_status(
            planArn=self._plans[name]
        )
        return {
            "state": str(answer.get("evaluationState", "unknown")),
            "evaluated": _time(answer["lastEvaluationTime"]) if "lastEvaluationTime" in answer else None,
            "warnings": sum(w.get("warningStatus") == "active" for w in answer.get("warnings") or ()),
        }

    def _arc(self, query: ReadinessQuery) -> dict[str, Any]:
        client = self._client("route53-recovery-readiness", ARC_REGION)
        answer = client.get_readiness_check_status(ReadinessCheckName=query[1])
        resources = answer.get("Resources") or ()
        return {"state": str(answer.get("Readiness", "UNKNOWN")), "checked": _oldest(resources)}

    def _quotas(self, query: ReadinessQuery) -> dict[str, Any]:
        _, name, _, region = query
        found: dict[str, Any] = {}
        for service in name.split(","):
            if service == "lambda":
                limits = self._client("lambda", region).get_account_settings()["AccountLimit"]
                found[service] = float(limits["ConcurrentExecutions"])
            elif service == "apigateway":
                quota = self._client("service-quotas", region).get_service_quota(
                    ServiceCode=service, QuotaCode=THROTTLE_RATE
                )["Quota"]
                found[service] = float(quota["Value"])
        return found


def _oldest(resources: Iterable[Mapping[str, Any]]) -> float | None:
    """Return the time of the oldest look; None if one has no time."""
    times = [r.get("LastCheckedTimestamp") for r in resources]
    return min((_time(t) for t in times), default=None) if None not in times else None


def _time(moment: Any) -> float:
    return float(moment.timestamp())
