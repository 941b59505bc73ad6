"""States of alarms, polled over the wire of CloudWatch: pages, bounds, and Regions that do not answer."""

import itertools
import json
from typing import Any

import pytest
from botocore.exceptions import (
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ProxyConnectionError,
)

from controller.aws.cloudwatch.alarms import PERMISSIONS, CloudWatchPoll, judged
from controller.aws.errors import refuses
from controller.core.model import Ignored, Sighting, Verdict
from controller.ports.errors import EvidenceUnavailable
from controller.rehearsal.time.kernel import Kernel, VirtualClock
from controller.rehearsal.time.virtual import VirtualRuntime
from tests.support import wire as w

NOW = 1_700_000_000.7
EAST = "us-east-1"
_numbers = itertools.count(1)


class Desk:
    def __init__(self) -> None:
        self.client, self.wire = w.connect("cloudwatch", region=EAST)
        self.runtime = VirtualRuntime(Kernel(VirtualClock(NOW)))
        self.poll = CloudWatchPoll(clients={EAST: self.client}, account=w.ACCOUNT, runtime=self.runtime).poll

    def alarm(self, state: str = "OK", reason: str = "a reason") -> str:
        name = f"storefront-{next(_numbers)}-5xx"
        self.client.put_metric_alarm(
            AlarmName=name,
            MetricName="5XX",
            Namespace="AWS/ApiGateway",
            Period=60,
            EvaluationPeriods=3,
            Threshold=1.0,
            Statistic="Sum",
            ComparisonOperator="GreaterThanThreshold",
        )
        self.client.set_alarm_state(AlarmName=name, StateValue=state, StateReason=reason)
        self.wire.calls.clear()
        return name


@pytest.fixture
def desk() -> Desk:
    return Desk()


def one(found: Any) -> Sighting:
    (sighting,) = found
    assert isinstance(sighting, Sighting)
    return sighting


@pytest.mark.parametrize(
    ("state", "verdict"),
    [("OK", Verdict.HEALTHY), ("ALARM", Verdict.BREACHING), ("INSUFFICIENT_DATA", Verdict.UNKNOWN)],
)
def test_an_alarms_present_state_is_an_observation_of_now(desk: Desk, state: str, verdict: Verdict) -> None:
    name = desk.alarm(state, "Threshold\r\ncrossed \u202e" + "x" * 500)
    sighting = one(desk.poll(EAST, [name]))
    seen = sighting.observation
    assert sighting.signal == f"alarm:{w.ACCOUNT}:{EAST}:{name}"
    assert (seen.verdict, seen.via, seen.id) == (verdict, "poll", f"poll:{EAST}:{name}:1700000000")
    assert seen.at == seen.received == desk.runtime.now()
    assert seen.reason.startswith("Threshold crossed xxx")
    assert len(seen.reason) == 200
    assert w.actions("cloudwatch", desk.wire) == set(PERMISSIONS)


def test_composite_alarms_are_asked_for_too(desk: Desk) -> None:
    composite = {"AlarmName": "storefront-any", "StateValue": "ALARM", "StateReason": "a child is red"}
    desk.wire.next("DescribeAlarms", w.answered({"MetricAlarms": [], "CompositeAlarms": [composite]}))
    assert one(desk.poll(EAST, ["storefront-any"])).observation.verdict is Verdict.BREACHING
    assert json.loads(desk.wire.bodies[-1]) == {
        "AlarmNames": ["storefront-any"],
        "AlarmTypes": ["MetricAlarm", "CompositeAlarm"],
    }


def test_pages_are_followed(desk: Desk) -> None:
    name = desk.alarm("ALARM")
    desk.wire.next("DescribeAlarms", w.answered({"MetricAlarms": [], "NextToken": "more"}))
    assert one(desk.poll(EAST, [name])).observation.verdict is Verdict.BREACHING


def test_answers_follow_the_names_and_a_missing_alarm_is_told(desk: Desk) -> None:
    red, green = desk.alarm("ALARM"), desk.alarm("OK")
    found = desk.poll(EAST, [green, "deleted", red])
    assert found[1] == Ignored("alarm deleted does not exist in us-east-1")
    verdicts = [item.observation.verdict for item in found if isinstance(item, Sighting)]
    assert verdicts == [Verdict.HEALTHY, Verdict.BREACHING]


def test_no_names_ask_nothing(desk: Desk) -> None:
    desk.alarm("ALARM")
    assert list(desk.poll(EAST, [])) == []
    assert desk.wire.calls == []


def test_more_names_than_a_call_takes(desk: Desk) -> None:
    name = desk.alarm("ALARM")
    found = desk.poll(EAST, [*(f"absent-{number}" for number in range(150)), name])
    assert len(found) == 151
    assert isinstance(found[-1], Sighting)
    assert desk.wire.calls == ["DescribeAlarms"] * 2


@pytest.mark.parametrize(
    ("alarm", "verdict", "reason"),
    [
        ({"StateValue": "ALARM", "StateReason": "r"}, Verdict.BREACHING, "r"),
        (
            {"StateValue": "ALARM", "EvaluationState": "PARTIAL_DATA", "StateReason": "r"},
            Verdict.BREACHING,
            "r",
        ),
        (
            {"StateValue": "ALARM", "ActionsSuppressedBy": "Alarm", "StateReason": "r"},
            Verdict.UNKNOWN,
            "suppressed (Alarm): r",
        ),
        (
            {"StateValue": "OK", "EvaluationState": "EVALUATION_FAILURE", "StateReason": "r"},
            Verdict.UNKNOWN,
            "EVALUATION_FAILURE: r",
        ),
        (
            {"StateValue": "ALARM", "EvaluationState": "EVALUATION_ERROR"},
            Verdict.UNKNOWN,
            "EVALUATION_ERROR: ",
        ),
        ({"StateValue": "SPLENDID"}, Verdict.UNKNOWN, ""),
        ({}, Verdict.UNKNOWN, ""),
    ],
)
def test_what_an_alarm_says(alarm: dict[str, str], verdict: Verdict, reason: str) -> None:
    assert judged(alarm) == (verdict, reason)


def failing(code: str, status: int) -> w.Fault:
    return w.answered({"__type": code, "message": "no"}, status)


@pytest.mark.parametrize(
    ("fault", "refused"),
    [
        (w.dropped, False),
        (w.lost, False),
        (failing("InternalFailure", 500), False),
        (failing("ServiceUnavailable", 503), False),
        # Somebody answered: it is we who may not look.
        (failing("Throttling", 400), True),
        (failing("ThrottlingException", 400), True),
        (failing("RequestLimitExceeded", 503), True),
        (failing("AccessDenied", 403), True),
        (failing("ExpiredToken", 403), True),
    ],
)
def test_a_region_that_does_not_answer_is_unavailable_and_one_that_refuses_says_so(
    desk: Desk, fault: w.Fault, refused: bool
) -> None:
    name = desk.alarm()
    desk.wire.next("DescribeAlarms", fault)
    with pytest.raises(EvidenceUnavailable, match="polling the alarms of us-east-1") as told:
        desk.poll(EAST, [name])
    assert told.value.refused is refused


def test_what_never_left_us_is_a_refusal_and_no_silence() -> None:
    assert refuses(NoCredentialsError())
    assert refuses(ProxyConnectionError(proxy_url="http://proxy"))
    assert not refuses(ConnectTimeoutError(endpoint_url="https://x"))
    assert not refuses(EndpointConnectionError(endpoint_url="https://x"))


def test_a_region_that_answers_too_slowly_for_all_that_we_ask_is_not_silent(desk: Desk) -> None:
    name = desk.alarm()
    desk.wire.next("DescribeAlarms", w.answered({"MetricAlarms": [{"AlarmName": name}], "NextToken": "more"}))
    desk.wire.next("DescribeAlarms", w.after(lambda: desk.runtime.sleep(60)))
    with pytest.raises(EvidenceUnavailable, match="did not answer in 1 s, but for a part") as told:
        desk.poll(EAST, [name])
    assert told.value.refused


def test_a_hung_region_costs_one_second(desk: Desk) -> None:
    name = desk.alarm()
    desk.wire.next("DescribeAlarms", w.after(lambda: desk.runtime.sleep(60)))
    with pytest.raises(EvidenceUnavailable, match="CloudWatch in us-east-1 did not answer in 1 s") as told:
        desk.poll(EAST, [name])
    assert not told.value.refused
    assert desk.runtime.now() == NOW + 1


def test_a_region_without_a_client_is_unavailable(desk: Desk) -> None:
    with pytest.raises(EvidenceUnavailable, match="eu-west-1") as told:
        desk.poll("eu-west-1", ["any"])
    assert told.value.refused
