"""CloudWatch, EventBridge and SQS as boto3 sees them: over the wire, with AWS's own error codes."""

from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.client import BaseClient
from botocore.config import Config
from botocore.exceptions import ClientError

from controller.rehearsal.faults import Faults
from controller.rehearsal.service import Request, Response
from controller.rehearsal.services.cloudwatch.api import Alarms
from controller.rehearsal.services.eventbridge.bus import Events
from controller.rehearsal.services.sqs.api import Queues
from controller.rehearsal.time.kernel import Kernel, VirtualClock
from controller.rehearsal.time.virtual import VirtualRuntime
from controller.rehearsal.wire.botocore_client import virtual_clients
from controller.rehearsal.wire.dispatch import Wire

T0 = 1_700_000_040.0
REGION = "us-west-2"


def nothing_else(request: Request) -> Response:
    raise AssertionError(f"not answered here: {request}")


@pytest.fixture
def world() -> tuple[Kernel, dict[str, BaseClient]]:
    kernel, faults = Kernel(VirtualClock(T0)), Faults()
    queues = Queues(kernel, REGION)
    bus = Events(kernel, REGION, {"sqs": lambda d: queues.put(d.arn, d.body, d.attributes)}, faults)
    services = {"events": bus, "sqs": queues, "monitoring": Alarms(kernel, REGION, bus.publish, faults)}
    wire = Wire({(name, REGION): service for name, service in services.items()}, nothing_else, kernel.lock)
    make = virtual_clients(wire, VirtualRuntime(kernel), faults)
    config = Config(retries={"total_max_attempts": 1})
    return kernel, {name: make(name, REGION, None, config) for name in ("events", "sqs", "cloudwatch")}


def code(error: pytest.ExceptionInfo[ClientError]) -> Any:
    return error.value.response["Error"]["Code"]


def test_an_alarm_event_arrives_in_the_queue(world: tuple[Kernel, dict[str, BaseClient]]) -> None:
    kernel, aws = world
    url = aws["sqs"].create_queue(QueueName="signals")["QueueUrl"]
    arn = aws["sqs"].get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    aws["events"].put_rule(Name="r", EventPattern='{"detail": {"state": {"value": ["ALARM"]}}}')
    assert aws["events"].put_targets(Rule="r", Targets=[{"Id": "q", "Arn": arn}])["FailedEntryCount"] == 0
    aws["cloudwatch"].put_metric_alarm(
        AlarmName="5xx",
        Namespace="Shop",
        MetricName="errors",
        Dimensions=[{"Name": "Region", "Value": REGION}],
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1.0,
        ComparisonOperator="GreaterThanThreshold",
    )
    datum = {
        "MetricName": "errors",
        "Dimensions": [{"Name": "Region", "Value": REGION}],
        "Value": 5.0,
        "Timestamp": datetime.fromtimestamp(T0 + 1, UTC),
    }
    aws["cloudwatch"].put_metric_data(Namespace="Shop", MetricData=[datum])
    kernel.run(until=T0 + 70)
    [alarm] = aws["cloudwatch"].describe_alarms(AlarmNames=["5xx"])["MetricAlarms"]
    assert alarm["StateValue"] == "ALARM"
    assert alarm["StateTransitionedTimestamp"] == datetime.fromtimestamp(T0 + 65, UTC)
    [message] = aws["sqs"].receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    assert '"alarmName": "5xx"' in message["Body"]
    aws["sqs"].delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    history = aws["cloudwatch"].describe_alarm_history(AlarmName="5xx")["AlarmHistoryItems"]
    assert [item["HistoryItemType"] for item in history] == ["StateUpdate", "ConfigurationUpdate"]
    stat = {"Metric": {"Namespace": "Shop", "MetricName": "errors"}, "Period": 60, "Stat": "Sum"}
    stat["Metric"] |= {"Dimensions": datum["Dimensions"]}  # type: ignore[operator]
    queries = [{"Id": "m", "MetricStat": stat}]
    answer = aws["cloudwatch"].get_metric_data(MetricDataQueries=queries, StartTime=T0, EndTime=T0 + 60)
    assert answer["MetricDataResults"][0]["Values"] == [5.0]


def test_errors_have_the_codes_that_boto3_shows_for_aws(world: tuple[Kernel, dict[str, BaseClient]]) -> None:
    _, aws = world
    with pytest.raises(ClientError) as error:
        aws["cloudwatch"].set_alarm_state(AlarmName="gone", StateValue="OK", StateReason="x")
    assert code(error) == "ResourceNotFound"
    with pytest.raises(ClientError) as error:
        aws["cloudwatch"].set_alarm_state(AlarmName="gone", StateValue="INVALID", StateReason="x")
    assert code(error) == "ValidationError"
    with pytest.raises(ClientError) as error:
        aws["events"].put_rule(Name="r", EventPattern='{"a": "b"}')
    assert code(error) == "InvalidEventPatternException"
    with pytest.raises(ClientError) as error:
        aws["sqs"].get_queue_url(QueueName="gone")
    assert code(error) == "AWS.SimpleQueueService.NonExistentQueue"
    with pytest.raises(ClientError) as error:
        aws["sqs"].receive_message(QueueUrl="gone")
    assert isinstance(error.value, aws["sqs"].exceptions.QueueDoesNotExist)


def test_message_attributes_travel_both_ways(world: tuple[Kernel, dict[str, BaseClient]]) -> None:
    _, aws = world
    url = aws["sqs"].create_queue(QueueName="q")["QueueUrl"]
    attributes = {"b": {"DataType": "Binary", "BinaryValue": b"\x00y"}}
    aws["sqs"].send_message(QueueUrl=url, MessageBody="m", MessageAttributes=attributes)
    [message] = aws["sqs"].receive_message(QueueUrl=url, MessageAttributeNames=["All"])["Messages"]
    assert message["MessageAttributes"] == attributes
