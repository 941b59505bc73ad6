"""The AWS services that report a Region's readiness: Region switch, readiness checks, quotas.

Each reports that all is well unless a fault says otherwise; a fault in `Faults.mute` keeps its service
silent. The readiness checks are ARC's.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from controller.rehearsal.faults import Faults
from controller.rehearsal.service import AwsError, Call, Service
from controller.rehearsal.time.kernel import Kernel

Answer = dict[str, Any]
ARC = "route53-recovery-readiness"
PROVIDERS = ("arc-region-switch", ARC, "servicequotas", "lambda")
"""The signing names of the services."""
EVALUATION = 1800.0
"""Seconds between two evaluations of a Region switch plan."""
CHECK = 60.0
"""Seconds between two runs of a readiness check."""
USUAL = {"lambda": 1000.0, "apigateway": 10_000.0}
"""Quotas of every Region: concurrent executions for `lambda`, requests a second for `apigateway`."""


class Providers:
    """The services of all Regions.

    The answer depends on the Region that is asked.
    """

    def __init__(self, kernel: Kernel, faults: Faults) -> None:
        self._kernel, self._faults = kernel, faults

    @property
    def operations(self) -> Mapping[str, Callable[[Call], Answer]]:
        return {
            "GetPlanEvaluationStatus": self._plan,
            "GetReadinessCheckStatus": self._check,
            "GetServiceQuota": self._quota,
            "GetAccountSettings": self._account,
        }

    def _plan(self, call: Call) -> Answer:
        poor = call.region in self._faults.unready
        return {
            "planArn": call.params["planArn"],
            "region": call.region,
            "lastEvaluationTime": self._last(EVALUATION),
            "evaluationState": "actionRequired" if poor else "passed",
            "warnings": [],
        }

    def _check(self, call: Call) -> Answer:
        """Return the status of a readiness check.

        Its own name holds the name of the Region that it is about.
        """
        name = str(call.params["ReadinessCheckName"])
        state = "NOT_READY" if any(region in name for region in self._faults.unready) else "READY"
        checked = {"Readiness": state, "LastCheckedTimestamp": self._last(CHECK), "ComponentId": name}
        return {"Readiness": state, "Resources": [checked], "Messages": []}

    def _quota(self, call: Call) -> Answer:
        service = str(call.params["ServiceCode"])
        if service not in USUAL:
            raise AwsError("NoSuchResourceException", "The request failed because there is no such quota.")
        value = self._allowed(call.region, service)
        named = {"ServiceCode": service, "QuotaCode": call.params["QuotaCode"]}
        return {"Quota": {**named, "Value": value, "Adjustable": True, "GlobalQuota": False}}

    def _account(self, call: Call) -> Answer:
        most = int(self._allowed(call.region, "lambda"))
        limit = {"ConcurrentExecutions": most, "UnreservedConcurrentExecutions": most}
        return {"AccountLimit": limit, "AccountUsage": {}}

    def _allowed(self, region: str, service: str) -> float:
        return USUAL[service] / (10 if region in self._faults.unready else 1)

    def _last(self, every: float) -> float:
        return self._kernel.now() // every * every


def provided(kernel: Kernel, faults: Faults, regions: Iterable[str]) -> dict[tuple[str, str], Service]:
    """Return the services by signing name and Region.

    ARC readiness answers in us-west-2 alone.
    """
    providers: Service = Providers(kernel, faults)
    everywhere = [name for name in PROVIDERS if name != ARC]
    return {(ARC, "us-west-2"): providers} | {(name, r): providers for r in regions for name in everywhere}


def plan_arn(name: str, account: str) -> str:
    return f"arn:aws:arc-region-switch::{account}:plan/{name}:a1b2c3"
