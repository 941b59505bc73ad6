"""The AWS services that report a Region's readiness: Region switch, readiness checks, quotas.

Each reports that all is well unless a fault says otherwise; a fault in `Faults.mute` keeps its service
silent. The readiness checks are ARC's.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from controller.rehearsal.faults import Faults
from controller.rehearsal.service import AwsError, Call, Service
from controller.rehearsal.time.kernel import Kernel

Answer = dict[str, Any]
ARC, SWITCH = "route53-recovery-readiness", "arc-region-switch"
PROVIDERS = (SWITCH, ARC, "servicequotas", "lambda")
"""The signing names of the services."""
EVALUATION = 1800.0
"""Seconds between two evaluations of a Region switch plan."""
CHECK = 60.0
"""Seconds between two runs of a readiness check."""
USUAL = {"lambda": 1000.0, "apigateway": 10_000.0}
"""Quotas of every Region: concurrent executions for `lambda`, requests a second for `apigateway`."""


@dataclass(frozen=True, slots=True)
class SwitchPlan:
    """The account's only plan of Region switch.

    regions: AWS takes exactly two; the rehearsal's plan spans all that are guarded.
    """

    name: str
    regions: tuple[str, ...]


CODE_STORAGE = 75 * 1024**3
"""Bytes of functions' code that an account may keep in a Region."""


class Providers:
    """The services of all Regions.

    The answer depends on the Region that is asked.
    """

    def __init__(self, kernel: Kernel, faults: Faults, plan: SwitchPlan | None = None) -> None:
        self._kernel, self._faults, self._known = kernel, faults, plan

    @property
    def operations(self) -> Mapping[str, Callable[[Call], Answer]]:
        return {
            "GetPlanEvaluationStatus": self._plan,
            "ListPlansInRegion": self._plans,
            "GetReadinessCheckStatus": self._check,
            "ListReadinessChecks": lambda _call: {"ReadinessChecks": []},
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

    def _plans(self, call: Call) -> Answer:
        plan = self._known
        if plan is None or call.region not in plan.regions:
            return {"plans": []}
        listed = {
            "arn": plan_arn(plan.name, call.account),
            "owner": call.account,
            "name": plan.name,
            "regions": list(plan.regions),
            "recoveryApproach": "activeActive",
        }
        return {"plans": [listed]}

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
        sizes = {"TotalCodeSize": CODE_STORAGE, "CodeSizeZipped": 52_428_800, "CodeSizeUnzipped": 262_144_000}
        return {"AccountLimit": limit | sizes, "AccountUsage": {"TotalCodeSize": 0, "FunctionCount": 0}}

    def _allowed(self, region: str, service: str) -> float:
        return USUAL[service] / (10 if region in self._faults.unready else 1)

    def _last(self, every: float) -> float:
        return self._kernel.now() // every * every


def provided(
    kernel: Kernel,
    faults: Faults,
    regions: Iterable[str],
    *,
    plan: SwitchPlan | None = None,
    watched: Iterable[str] = (),
) -> dict[tuple[str, str], Service]:
    """Return the services by signing name and Region.

    ARC readiness answers in us-west-2 alone, and Region switch also in the Regions `watched`.
    """
    providers: Service = Providers(kernel, faults, plan)
    everywhere = [name for name in PROVIDERS if name != ARC]
    found = {(name, region): providers for region in regions for name in everywhere}
    return found | {(ARC, "us-west-2"): providers} | {(SWITCH, region): providers for region in watched}


def plan_arn(name: str, account: str) -> str:
    return f"arn:aws:arc-region-switch::{account}:plan/{name}:a1b2c3"
