"""Readiness providers over the wire: what is asked where, what is read, and one second each."""

from collections.abc import Callable
from typing import Any

import pytest

from controller.aws.readiness import PERMISSIONS, SERVICES, AwsReadiness
from controller.core.decision.readiness import ReadinessQuery, ReadinessResult
from controller.ports.errors import EvidenceUnavailable
from controller.rehearsal.faults import Faults
from controller.rehearsal.service import AwsError, Call, Request, Response
from controller.rehearsal.services.cloudwatch.api import Alarms
from controller.rehearsal.services.readiness import provided
from controller.rehearsal.time.kernel import Kernel, VirtualClock
from controller.rehearsal.time.virtual import VirtualRuntime
from controller.rehearsal.wire.botocore_client import virtual_clients
from controller.rehearsal.wire.dispatch import Wire
from tests.aws.cloudwatch_moment import ONCE, T0
from tests.support.policy_scene import EAST, WEST

LAG: ReadinessQuery = ("replication", "orders", EAST, WEST)
PLAN: ReadinessQuery = ("plan", "move", "", WEST)
ARC: ReadinessQuery = ("arc", "shop-us-east-1", "", EAST)
QUOTAS: ReadinessQuery = ("quotas", "apigateway,lambda", "", EAST)
IAM = {"monitoring": "cloudwatch"}


class Rig:
    """Two Regions of the rehearsal cloud's providers, in virtual time, and the adapter in front of them."""

    def __init__(self) -> None:
        self.faults, self.calls = Faults(), set[tuple[str, str]]()
        self.kernel = Kernel(VirtualClock(T0 + 90))
        self.runtime = VirtualRuntime(self.kernel)
        metrics = {r: Alarms(self.kernel, r, lambda _event: None, self.faults) for r in (EAST, WEST)}
        self.metrics = metrics
        services: dict[tuple[str, str], Any] = {("monitoring", r): m for r, m in metrics.items()}
        services |= provided(self.kernel, self.faults, [EAST, WEST])
        self.wire = Wire(
            {key: Heard(service, self.calls) for key, service in services.items()}, _nobody, self.kernel.lock
        )
        make = virtual_clients(self.wire, self.runtime, self.faults)
        names = {name for services in SERVICES.values() for name in services}
        clients = {(name, r): make(name, r, None, ONCE) for name in names for r in (EAST, WEST)}
        plans = {"move": "arn:aws:arc-region-switch::123456789012:plan/move:a1b2c3"}
        self.adapter = AwsReadiness(clients=clients, plans=plans, runtime=self.runtime)

    def read(self, query: ReadinessQuery) -> ReadinessResult:
        """Reads as a handler does: beside the kernel."""
        task = self.runtime.spawn(lambda: self.adapter.read(query))
        self.kernel.run(until=self.kernel.now() + 30)
        return task.result()

    def lagged(self, region: str, at: float, milliseconds: float, target: str = WEST) -> None:
        names = [{"Name": "TableName", "Value": "orders"}, {"Name": "ReceivingRegion", "Value": target}]
        datum = {
            "MetricName": "ReplicationLatency",
            "Value": milliseconds,
            "Timestamp": at,
            "Dimensions": names,
        }
        call = {"Namespace": "AWS/DynamoDB", "MetricData": [datum]}
        self.metrics[region].operations["PutMetricData"](Call("monitoring", "PutMetricData", region, call))


class Heard:
    """A service that remembers what it was asked."""

    def __init__(self, service: Any, calls: set[tuple[str, str]]) -> None:
        def heard(work: Callable[[Call], dict[str, Any]]) -> Callable[[Call], dict[str, Any]]:
            def answer(call: Call) -> dict[str, Any]:
                calls.add((f"{IAM.get(call.service, call.service)}:{call.operation}", call.region))
                return work(call)

            return answer

        self.operations = {name: heard(work) for name, work in service.operations.items()}


def _nobody(request: Request) -> Response:
    raise AwsError("UnknownOperationException", f"not rehearsed: {request.path}", 501)


@pytest.fixture
def rig() -> Rig:
    return Rig()


def test_lag_is_read_in_seconds_from_the_source_and_of_the_pair_that_was_asked(rig: Rig) -> None:
    rig.lagged(EAST, T0, 800)
    rig.lagged(EAST, T0 + 60, 30_000)
    rig.lagged(EAST, T0 + 60, 1, target="eu-west-1")
    rig.lagged(WEST, T0 + 60, 2)
    found = rig.read(LAG)
    assert found.data == {"points": [[T0, 0.8], [T0 + 60, 30.0]]}
    assert rig.calls == {("cloudwatch:GetMetricStatistics", EAST)}


def test_no_lag_is_no_points(rig: Rig) -> None:
    assert rig.read(LAG).data == {"points": []}


def test_a_plan_is_asked_in_the_target(rig: Rig) -> None:
    assert rig.read(PLAN).data == {"state": "passed", "evaluated": T0, "warnings": 0}
    rig.faults.unready.add(WEST)
    assert rig.read(PLAN).data["state"] == "actionRequired"
    assert rig.calls == {("arc-region-switch:GetPlanEvaluationStatus", WEST)}


def test_a_plan_without_an_arn_is_not_known(rig: Rig) -> None:
    with pytest.raises(EvidenceUnavailable, match="no ARN is deployed"):
        rig.read(("plan", "other", "", WEST))


def test_a_readiness_check_is_asked_in_the_one_region_that_answers(rig: Rig) -> None:
    assert rig.read(ARC).data == {"state": "READY", "checked": T0 + 60}
    rig.faults.unready.add(EAST)
    assert rig.read(ARC).data["state"] == "NOT_READY"
    assert rig.calls == {("route53-recovery-readiness:GetReadinessCheckStatus", WEST)}


def test_quotas_are_asked_in_the_region_itself(rig: Rig) -> None:
    assert rig.read(QUOTAS).data == {"lambda": 1000.0, "apigateway": 10_000.0}
    assert {region for _, region in rig.calls} == {EAST}


@pytest.mark.parametrize(
    ("query", "service"),
    [(LAG, "monitoring"), (PLAN, "arc-region-switch"), (ARC, "route53-recovery-readiness"),
     (QUOTAS, "lambda"), (QUOTAS, "servicequotas")],
)  # fmt: skip
def test_a_service_that_does_not_answer_is_not_known_after_one_second(
    rig: Rig, query: ReadinessQuery, service: str
) -> None:
    rig.faults.mute.add(service)
    took: list[float] = []

    def ask() -> str:
        start = rig.kernel.now()
        try:
            rig.adapter.read(query)
        except EvidenceUnavailable as error:
            took.append(rig.kernel.now() - start)
            return str(error)
        return "answered"

    task = rig.runtime.spawn(ask)
    rig.kernel.run(until=rig.kernel.now() + 30)
    assert task.result() != "answered"
    assert took[0] == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize("query", [LAG, PLAN, ARC, QUOTAS], ids=lambda query: query[0])
@pytest.mark.parametrize("code", ["AccessDeniedException", "ThrottlingException"])
def test_a_refusal_is_not_known(rig: Rig, query: ReadinessQuery, code: str) -> None:
    def refuse(_call: Call) -> dict[str, Any]:
        raise AwsError(code, "no", 403)

    for heard in rig.wire.services.values():
        operations: Any = heard.operations
        operations.update(dict.fromkeys(operations, refuse))
    with pytest.raises(EvidenceUnavailable, match=code):
        rig.read(query)


def test_everything_that_is_called_is_permitted_and_no_more(rig: Rig) -> None:
    for query in (LAG, PLAN, ARC, QUOTAS):
        rig.read(query)
    assert {call for call, _ in rig.calls} == set(PERMISSIONS)
