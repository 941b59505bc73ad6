"""Requests per Region over the wire: the metric that the policy names, whole minutes, one second."""

from datetime import UTC, datetime
from typing import Any

import pytest

from controller.aws.cloudwatch.request_counts import MOST, PERMISSIONS, CloudWatchRequests
from controller.core.policy.schema import Traffic
from controller.ports.errors import EvidenceUnavailable
from controller.rehearsal.faults import Faults
from controller.rehearsal.service import Request, Response
from controller.rehearsal.services.cloudwatch.api import Alarms
from controller.rehearsal.time.kernel import Kernel, VirtualClock
from controller.rehearsal.time.virtual import VirtualRuntime
from controller.rehearsal.wire.botocore_client import virtual_clients
from controller.rehearsal.wire.dispatch import Wire
from tests.aws.cloudwatch_moment import ONCE, T0
from tests.support.policy_scene import EAST, WEST

BALANCER = {"LoadBalancer": "app/storefront/1"}
RULE = {
    "namespace": "AWS/ApplicationELB", "metric": "RequestCount", "atMost": "10%", "within": "5m",
    "ifUnknown": "hold", "dimensions": {EAST: BALANCER, WEST: {"LoadBalancer": "app/storefront/2"}},
}  # fmt: skip
METRIC = Traffic.model_validate(RULE)
NOW = T0 + 90


class Rig:
    def __init__(self) -> None:
        self.faults, self.kernel = Faults(), Kernel(VirtualClock(NOW))
        self.runtime = VirtualRuntime(self.kernel)
        self.alarms = Alarms(self.kernel, EAST, lambda _event: None, self.faults)
        wire = Wire({("monitoring", EAST): self.alarms}, _nobody, self.kernel.lock)
        self.client = virtual_clients(wire, self.runtime, self.faults)("cloudwatch", EAST, None, ONCE)
        self.adapter = CloudWatchRequests(clients={EAST: self.client}, metric=METRIC, runtime=self.runtime)

    def counted(self, at: float, count: float, dimensions: dict[str, str] = BALANCER) -> None:
        names = [{"Name": name, "Value": value} for name, value in dimensions.items()]
        datum = {"MetricName": METRIC.metric, "Value": count, "Timestamp": at, "Dimensions": names}
        self.ask(lambda: self.client.put_metric_data(Namespace=METRIC.namespace, MetricData=[datum]))

    def ask(self, work: Any) -> Any:
        task = self.runtime.spawn(work)
        self.kernel.run(until=self.kernel.now() + 10)
        return task.result()

    def count(self, region: str = EAST, since: float = T0 - 300) -> Any:
        return self.ask(lambda: self.adapter.count(region, since=since, until=NOW))


def _nobody(request: Request) -> Response:
    raise AssertionError(f"a request to no service: {request}")


def test_the_sum_of_each_minute_of_the_metric_with_the_regions_own_dimensions() -> None:
    rig = Rig()
    for at, count in ((T0 - 120, 7.0), (T0 - 100, 5.0), (T0, 3.0)):
        rig.counted(at, count)
    rig.counted(T0, 100.0, {"LoadBalancer": "app/another/9"})
    assert rig.count() == [(T0 - 120, 12.0), (T0, 3.0)]


def test_a_minute_that_was_not_counted_is_left_out_and_is_no_zero() -> None:
    assert Rig().count() == []


def test_more_than_a_day_is_not_asked_for() -> None:
    rig = Rig()
    first = T0 + 60 - 60.0 * (MOST - 1)
    for at in (first - 60, first):
        rig.counted(at, 1.0)
    assert rig.count(since=T0 - 3 * 86_400) == [(first, 1.0)]


def test_a_region_that_does_not_answer_costs_one_second() -> None:
    rig = Rig()
    rig.faults.apis_dark.add(EAST)
    ended: list[float] = []

    def work() -> None:
        with pytest.raises(EvidenceUnavailable):
            rig.adapter.count(EAST, since=T0, until=NOW)
        ended.append(rig.kernel.now())

    rig.ask(work)
    assert ended[0] - NOW <= 1.0


class Stub:
    """A CloudWatch that answers `answer`, whatever is asked."""

    def __init__(self, answer: dict[str, Any]) -> None:
        self.answer = answer

    def get_metric_data(self, **_asked: Any) -> dict[str, Any]:
        return self.answer


def result(**changes: Any) -> dict[str, Any]:
    return {"Id": "requests", "StatusCode": "Complete", "Timestamps": [datetime.fromtimestamp(T0, UTC)],
            "Values": [3.0]} | changes  # fmt: skip


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"MetricDataResults": []},
        {"MetricDataResults": [result(StatusCode="PartialData")]},
        {"MetricDataResults": [result(StatusCode="Forbidden", Timestamps=[], Values=[])]},
        {"MetricDataResults": [result(Values=[1.0, 2.0])]},
        {"MetricDataResults": [result(Timestamps=["yesterday"])]},
    ],
)
def test_an_answer_that_is_not_whole_is_unknown(answer: dict[str, Any]) -> None:
    rig = Rig()
    rig.adapter = CloudWatchRequests(clients={EAST: Stub(answer)}, metric=METRIC, runtime=rig.runtime)  # type: ignore[dict-item]
    with pytest.raises(EvidenceUnavailable):
        rig.count()


def test_where_nothing_counts_nothing_is_known() -> None:
    rig = Rig()
    with pytest.raises(EvidenceUnavailable, match="us-west-2"):
        rig.count(WEST)
    rig.adapter = CloudWatchRequests(clients={EAST: rig.client}, metric=None, runtime=rig.runtime)
    with pytest.raises(EvidenceUnavailable):
        rig.count()


def test_it_is_permitted_what_it_calls() -> None:
    assert PERMISSIONS == ("cloudwatch:GetMetricData",)
