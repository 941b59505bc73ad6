"""boto3 clients on virtual time: what they wait, and what they see of faults."""

from typing import Any

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError

from controller.rehearsal.service import AwsError, Call
from controller.rehearsal.time.kernel import Kernel, VirtualClock
from controller.rehearsal.time.virtual import VirtualRuntime
from controller.rehearsal.wire.direct_client import Fault, attach
from controller.rehearsal.wire.dispatch import Request, Response, Wire

START = 1_000_000.0
SESSION = boto3.session.Session("key", "secret", region_name="us-west-2")


class Switch:
    """An ARC endpoint's data plane in miniature."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self.calls: list[tuple[float, Call]] = []
        self.operations = {"ListRoutingControls": self.list, "GetRoutingControlState": self.refuse}

    def list(self, call: Call) -> dict[str, Any]:
        self.calls.append((self.kernel.now() - START, call))
        return {"RoutingControls": []}

    def refuse(self, call: Call) -> dict[str, Any]:
        raise AwsError("ValidationException", "no such ARN")


def no_fallback(_: Request) -> Response:
    raise AssertionError("nothing goes to the fallback here")


class Bench:
    """One client on a virtual clock; `plan` says what happens to each request in turn."""

    def __init__(
        self, *plan: Fault | None, latency: float = 0.01, endpoint: str = "", unsigned: bool = False
    ) -> None:
        self.kernel = Kernel(VirtualClock(START))
        self.runtime = VirtualRuntime(self.kernel)
        self.switch = Switch(self.kernel)
        self.asked: list[tuple[float, str, str, str, str]] = []
        self.plan = list(plan)
        wire = Wire({("route53-recovery-cluster", "us-west-2"): self.switch}, no_fallback, self.kernel.lock)
        config = Config(read_timeout=2, retries={"total_max_attempts": 1})
        if unsigned:
            config = config.merge(Config(signature_version=UNSIGNED))
        self.client = SESSION.client(
            "route53-recovery-cluster", endpoint_url="https://host-aaaaaa.example", config=config
        )
        attach(self.client, wire.handle, self.runtime, latency=latency, endpoint=endpoint, fault=self.fault)

    def fault(self, service: str, region: str, endpoint: str, operation: str) -> Fault | None:
        self.asked.append((self.now, service, region, endpoint, operation))
        return self.plan.pop(0) if self.plan else None

    @property
    def now(self) -> float:
        return self.kernel.now() - START


@pytest.mark.parametrize("unsigned", [False, True])
def test_a_call_takes_its_latency_and_arrives_halfway(unsigned: bool) -> None:
    bench = Bench(latency=0.01, endpoint="eu-west-1", unsigned=unsigned)
    assert bench.client.list_routing_controls()["RoutingControls"] == []
    assert bench.now == pytest.approx(0.01)
    ((arrived, call),) = bench.switch.calls
    assert arrived == pytest.approx(0.005)
    assert (call.region, call.endpoint, call.operation) == ("us-west-2", "eu-west-1", "ListRoutingControls")


def test_no_latency_takes_no_time() -> None:
    bench = Bench(latency=0)
    bench.client.list_routing_controls()
    assert bench.now == 0


def test_the_fault_is_asked_with_all_it_needs_when_the_request_arrives() -> None:
    bench = Bench()
    bench.client.list_routing_controls()
    assert bench.asked == [
        (pytest.approx(0.005), "route53-recovery-cluster", "us-west-2", "us-west-2", "ListRoutingControls")
    ]


def test_refused_fails_at_once_and_never_applies() -> None:
    bench = Bench("refused")
    with pytest.raises(EndpointConnectionError):
        bench.client.list_routing_controls()
    assert bench.now == pytest.approx(0.005)
    assert bench.switch.calls == []


def test_hung_fails_at_the_read_timeout_and_never_applies() -> None:
    bench = Bench("hung")
    with pytest.raises(ReadTimeoutError):
        bench.client.list_routing_controls()
    assert bench.now == pytest.approx(2.0)
    assert bench.switch.calls == []


def test_lost_applies_and_fails_at_the_read_timeout() -> None:
    bench = Bench("lost")
    with pytest.raises(ReadTimeoutError):
        bench.client.list_routing_controls()
    assert bench.now == pytest.approx(2.0)
    assert len(bench.switch.calls) == 1


def test_after_a_fault_the_client_works_again() -> None:
    bench = Bench("refused", "hung", None)
    for error in (EndpointConnectionError, ReadTimeoutError):
        with pytest.raises(error):
            bench.client.list_routing_controls()
    bench.client.list_routing_controls()
    assert len(bench.switch.calls) == 1


def test_two_fibers_wait_at_the_same_time() -> None:
    bench = Bench("hung", None, latency=0.01)
    slow = bench.runtime.spawn(bench.client.list_routing_controls)
    fast = bench.runtime.spawn(bench.client.list_routing_controls)
    bench.kernel.run(until=START + 1)
    assert (slow.done(), fast.done()) == (False, True)
    bench.kernel.run(until=START + 3)
    with pytest.raises(ReadTimeoutError):
        slow.result()
    assert bench.switch.calls[0][0] == pytest.approx(0.005)


def test_an_error_answer_is_an_error_and_no_fault() -> None:
    bench = Bench()
    with pytest.raises(bench.client.exceptions.ValidationException):
        bench.client.get_routing_control_state(RoutingControlArn="x" * 9)
    assert bench.now == pytest.approx(0.01)
