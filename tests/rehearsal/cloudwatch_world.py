"""The alarms of one Region in virtual time, and the events that they send."""

from typing import Any

from controller.rehearsal.faults import Faults
from controller.rehearsal.service import Call
from controller.rehearsal.services.cloudwatch.api import Alarms
from controller.rehearsal.time.kernel import Kernel, VirtualClock

T0 = 1_700_000_040.0
"""A whole minute."""
REGION = "us-east-1"
ARN = f"arn:aws:cloudwatch:{REGION}:123456789012:alarm:"


class World:
    """One Region's alarms; the events that they send are in `events`."""

    def __init__(self) -> None:
        self.kernel, self.faults = Kernel(VirtualClock(T0)), Faults()
        self.events: list[tuple[float, dict[str, Any]]] = []
        self.alarms = Alarms(self.kernel, REGION, self.publish, self.faults)

    def publish(self, event: dict[str, Any]) -> None:
        self.events.append((self.kernel.now() - T0, event))

    def call(self, operation: str, **params: Any) -> dict[str, Any]:
        return self.alarms.operations[operation](Call("monitoring", operation, REGION, params))

    def alarm(self, name: str = "5xx", **options: Any) -> None:
        params = {
            "AlarmName": name,
            "Namespace": "Shop",
            "MetricName": name,
            "Statistic": "Average",
            "Period": 60,
            "EvaluationPeriods": 1,
            "Threshold": 10.0,
            "ComparisonOperator": "GreaterThanThreshold",
        }
        self.call("PutMetricAlarm", **{**params, **options})

    def composite(self, name: str, rule: str, **options: Any) -> None:
        self.call("PutCompositeAlarm", AlarmName=name, AlarmRule=rule, **options)

    def datum(self, value: float, name: str = "5xx", **options: Any) -> None:
        self.call(
            "PutMetricData", Namespace="Shop", MetricData=[{"MetricName": name, "Value": value, **options}]
        )

    def sets(self, name: str, value: str) -> None:
        self.call("SetAlarmState", AlarmName=name, StateValue=value, StateReason="by hand")

    def run(self, seconds: float) -> None:
        self.kernel.run(until=self.kernel.now() + seconds)

    def feed(self, name: str, values: list[float | None]) -> None:
        """One sample in the middle of each of the coming minutes; None is a minute without."""
        for minute, value in enumerate(values):
            if value is not None:
                at = self.kernel.now() + 60 * minute + 30
                self.kernel.at(at, lambda value=value: self.datum(value, name))  # type: ignore[misc]

    def changes(self) -> list[tuple[float, str, str]]:
        return [
            (at, event["detail"]["alarmName"], event["detail"]["state"]["value"])
            for at, event in self.events
            if event["detail-type"] == "CloudWatch Alarm State Change"
        ]

    def described(self, name: str) -> dict[str, Any]:
        answer = self.call("DescribeAlarms", AlarmNames=[name], AlarmTypes=["MetricAlarm", "CompositeAlarm"])
        [found] = [*answer["MetricAlarms"], *answer["CompositeAlarms"]]
        return found


def suppressed_world() -> World:
    world = World()
    world.alarm("child")
    world.alarm("maintenance")
    world.composite(
        "top",
        "ALARM(child)",
        ActionsSuppressor="maintenance",
        ActionsSuppressorWaitPeriod=120,
        ActionsSuppressorExtensionPeriod=180,
    )
    world.run(500)
    return world
