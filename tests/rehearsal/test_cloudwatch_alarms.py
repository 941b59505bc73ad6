"""CloudWatch alarms on the kernel's clock: evaluation, composites, suppression, events, API."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from controller.rehearsal.service import AwsError
from tests.rehearsal.cloudwatch_world import ARN, REGION, T0, World, suppressed_world
from tests.support.corpus import corpus, corpus_files


def test_an_alarm_follows_its_metric_minute_by_minute() -> None:
    world = World()
    world.alarm(EvaluationPeriods=3, DatapointsToAlarm=2)
    assert world.described("5xx")["StateValue"] == "INSUFFICIENT_DATA"
    world.feed("5xx", [1, 50, 1, 50, 50, 1, 1, 1])
    world.run(600)
    assert world.changes() == [(65, "5xx", "OK"), (245, "5xx", "ALARM"), (425, "5xx", "OK")]
    described = world.described("5xx")
    assert described["StateTransitionedTimestamp"] == described["StateUpdatedTimestamp"] == T0 + 425


def test_missing_data_is_treated_as_the_alarm_says() -> None:
    world = World()
    for treatment in ("missing", "ignore", "breaching", "notBreaching"):
        world.alarm(treatment, TreatMissingData=treatment)
        world.feed(treatment, [1])
    world.run(65)
    world.run(600)
    states = {name: value for _, name, value in world.changes()}
    assert states == {
        "missing": "INSUFFICIENT_DATA",
        "ignore": "OK",
        "breaching": "ALARM",
        "notBreaching": "OK",
    }


def test_an_alarm_on_dynamodb_keeps_its_state_when_data_is_missing() -> None:
    world = World()
    world.alarm("d", Namespace="AWS/DynamoDB")
    world.call("PutMetricData", Namespace="AWS/DynamoDB", MetricData=[{"MetricName": "d", "Value": 99}])
    world.run(65)
    assert world.described("d")["StateValue"] == "ALARM"
    world.run(600)
    assert world.described("d")["StateValue"] == "ALARM"


@pytest.mark.parametrize(
    ("statistic", "threshold", "operator", "state"),
    [
        ("Average", 2.0, "GreaterThanOrEqualToThreshold", "ALARM"),
        ("Average", 2.0, "GreaterThanThreshold", "OK"),
        ("Sum", 6.0, "LessThanOrEqualToThreshold", "ALARM"),
        ("Sum", 6.0, "LessThanThreshold", "OK"),
        ("Minimum", 1.5, "LessThanThreshold", "ALARM"),
        ("Maximum", 2.5, "GreaterThanThreshold", "ALARM"),
        ("SampleCount", 3.0, "LessThanThreshold", "OK"),
        ("SampleCount", 2.5, "GreaterThanThreshold", "ALARM"),
    ],
)
def test_statistics_and_comparisons(statistic: str, threshold: float, operator: str, state: str) -> None:
    world = World()
    world.alarm(Statistic=statistic, Threshold=threshold, ComparisonOperator=operator)
    for value in (1, 2, 3):
        world.datum(value)
    world.run(65)
    assert world.described("5xx")["StateValue"] == state


def test_a_ten_second_alarm_is_evaluated_each_ten_seconds() -> None:
    world = World()
    world.alarm(Period=10)
    world.alarm("slow", MetricName="5xx")
    world.kernel.at(T0 + 3, lambda: world.datum(99, StorageResolution=1))
    world.run(70)
    assert world.changes()[0] == (11, "5xx", "ALARM")
    assert world.changes()[-1] == (65, "slow", "ALARM")


def test_samples_come_with_times_dimensions_and_aggregates() -> None:
    world = World()
    world.alarm(Dimensions=[{"Name": "az", "Value": "1"}], Statistic="Maximum")
    world.datum(99)
    world.datum(99, Dimensions=[{"Name": "az", "Value": "2"}])
    world.run(65)
    assert world.described("5xx")["StateValue"] == "INSUFFICIENT_DATA"
    here = {"Dimensions": [{"Name": "az", "Value": "1"}]}
    world.datum(11, **here, Timestamp=datetime.fromtimestamp(T0 + 59, UTC))
    world.run(60)
    assert world.described("5xx")["StateValue"] == "ALARM"
    statistics = {"SampleCount": 2, "Sum": 4, "Minimum": 1, "Maximum": 3}
    world.call(
        "PutMetricData",
        Namespace="Shop",
        MetricData=[{"MetricName": "5xx", **here, "StatisticValues": statistics}],
    )
    world.call(
        "PutMetricData",
        Namespace="Shop",
        MetricData=[{"MetricName": "5xx", **here, "Values": [1, 2], "Counts": [3, 1]}],
    )
    answer = world.call(
        "GetMetricStatistics",
        Namespace="Shop",
        MetricName="5xx",
        **here,
        StartTime=T0,
        EndTime=T0 + 180,
        Period=60,
        Statistics=["Sum", "SampleCount"],
    )
    assert [(p["Timestamp"] - T0, p["Sum"], p["SampleCount"]) for p in answer["Datapoints"]] == [
        (0, 11, 1),
        (120, 9, 6),
    ]
    stat = {"Metric": {"Namespace": "Shop", "MetricName": "5xx", **here}, "Period": 60, "Stat": "Maximum"}
    answer = world.call(
        "GetMetricData", MetricDataQueries=[{"Id": "m", "MetricStat": stat}], StartTime=T0, EndTime=T0 + 180
    )
    assert answer["MetricDataResults"][0]["Values"] == [3, 11]


def test_metrics_that_stop_leave_the_alarm_without_data() -> None:
    world = World()
    world.alarm()
    world.feed("5xx", [1.0] * 10)
    world.run(65)
    world.faults.no_metrics.add(REGION)
    world.run(295)
    assert world.changes() == [(65, "5xx", "OK"), (245, "5xx", "INSUFFICIENT_DATA")]
    world.faults.no_metrics.clear()
    world.run(120)
    assert world.changes()[-1] == (425, "5xx", "OK")


def test_a_state_that_was_set_by_hand_lasts_until_the_next_evaluation() -> None:
    world = World()
    world.alarm()
    world.feed("5xx", [1.0] * 5)
    world.run(70)
    world.sets("5xx", "ALARM")
    assert world.described("5xx")["StateReason"] == "by hand"
    world.run(60)
    assert [value for _, _, value in world.changes()] == ["OK", "ALARM", "OK"]


def test_setting_the_state_that_is_already_there_is_no_news() -> None:
    world = World()
    world.alarm()
    world.sets("5xx", "INSUFFICIENT_DATA")
    assert world.changes() == []
    assert world.described("5xx")["StateReason"] == "by hand"


def shape(value: Any) -> Any:
    """Names and kinds, without the values."""
    if isinstance(value, dict):
        return {key: shape(item) for key, item in value.items() if key != "dimensions"}
    if isinstance(value, list):
        return [shape(item) for item in value]
    if isinstance(value, str) and value.startswith("{"):
        return shape(json.loads(value))
    return type(value).__name__ if not isinstance(value, int | float) else "number"


def test_a_state_change_event_has_the_shape_of_the_published_sample() -> None:
    folder = "cloudwatch_awsdocs_2023"
    (sample,) = corpus_files(f"events/{folder}", "*-01-*.json", least=1)
    wanted = shape(json.loads(sample.read_text())["event"])
    world = World()
    world.alarm(AlarmDescription="errors", DatapointsToAlarm=1, Period=300)
    world.run(60)
    world.datum(5)
    world.run(300)
    world.datum(50)
    world.run(300)
    _, event = world.events[-1]
    envelope = {"version": "0", "id": "x", "account": "x", "region": "x"}
    found = shape({**envelope, **event})
    for state in (found["detail"]["state"], found["detail"]["previousState"]):
        assert state["reasonData"].pop("evaluatedDatapoints")
    assert found == wanted
    state = event["detail"]["state"]
    assert state["timestamp"].endswith("+0000")
    assert state["reason"] == (
        "Threshold Crossed: 1 out of the last 1 datapoints [50.0 (14/11/23 22:16:00)] was greater than the "
        "threshold (10.0) (minimum 1 datapoint for OK -> ALARM transition)."
    )


def test_a_composite_event_has_the_shape_of_the_published_sample() -> None:
    (sample,) = corpus_files("events/cloudwatch_awsdocs_2023", "*-04-*.json", least=1)
    wanted = shape(json.loads(sample.read_text())["event"])
    world = suppressed_world()
    for value in ("ALARM", "OK", "ALARM"):
        world.sets("child", value)
    _, event = world.events[-1]
    found = shape({"version": "0", "id": "x", "account": "x", "region": "x", **event})
    found["detail"]["previousState"].pop("actionsSuppressedBy")
    found["detail"]["previousState"].pop("actionsSuppressedReason")
    wanted["detail"]["previousState"]["reasonData"]["triggeringAlarms"].pop()
    assert found == wanted
    assert json.loads(event["detail"]["state"]["reasonData"])["triggeringAlarms"][0]["arn"] == f"{ARN}child"


def test_configuration_changes_are_news_of_another_type() -> None:
    world = World()
    world.alarm()
    world.alarm(Threshold=5.0)
    world.call("DeleteAlarms", AlarmNames=["5xx"])
    details = [event["detail"] for _, event in world.events]
    assert {event["detail-type"] for _, event in world.events} == {"CloudWatch Alarm Configuration Change"}
    assert [detail["operation"] for detail in details] == ["create", "update", "delete"]
    assert details[1]["previousConfiguration"]["threshold"] == 10.0
    assert details[1]["configuration"]["threshold"] == 5.0


def test_a_muted_alarm_says_so_and_its_events_are_sent_all_the_same() -> None:
    world = World()
    world.alarm(TreatMissingData="ignore")
    world.alarms.mute("5xx", T0 + 100)
    world.sets("5xx", "ALARM")
    world.run(100)
    world.sets("5xx", "OK")
    muted, free = [event["detail"] for _, event in world.events[1:]]
    assert muted["muteDetail"]["muteWindowEnd"] == "2023-11-14T22:15:40.000+0000"
    assert "muteDetail" not in free


def test_reasons_in_cloudwatchs_words() -> None:
    world = World()
    world.alarm(EvaluationPeriods=2, TreatMissingData="breaching")
    world.run(65)
    assert world.described("5xx")["StateReason"] == (
        "Threshold Crossed: no datapoints were received for 2 periods and 2 missing datapoints were treated "
        "as [Breaching]."
    )
    world.alarm("m")
    world.datum(99, "m")
    world.run(60)
    assert world.described("m")["StateReason"] == (
        "Threshold Crossed: 1 datapoint [99.0 (14/11/23 22:15:00)] was greater than the threshold (10.0)."
    )
    world.run(300)
    assert world.described("m")["StateReason"] == "Insufficient Data: 1 datapoint was unknown."


def test_describe_alarms_filters_and_pages() -> None:
    world = World()
    for number in range(7):
        world.alarm(f"shop-{number}")
    world.alarm("other")
    world.composite("top", "ALARM(other)")
    world.sets("shop-3", "ALARM")

    def names(**params: Any) -> list[str]:
        answer = world.call("DescribeAlarms", **params)
        return [alarm["AlarmName"] for alarm in [*answer["MetricAlarms"], *answer["CompositeAlarms"]]]

    assert names(AlarmNames=["other", "top", "gone"]) == ["other"]
    assert names(AlarmTypes=["CompositeAlarm"]) == ["top"]
    assert names(StateValue="ALARM") == ["shop-3"]
    first = world.call("DescribeAlarms", AlarmNamePrefix="shop-", MaxRecords=5)
    rest = world.call("DescribeAlarms", AlarmNamePrefix="shop-", MaxRecords=5, NextToken=first["NextToken"])
    assert [len(page["MetricAlarms"]) for page in (first, rest)] == [5, 2]
    assert "NextToken" not in rest


def test_a_minimal_alarm_is_described_as_aws_describes_it() -> None:
    cases = json.loads((corpus("aws_validated_answers") / "cloudwatch__test_cloudwatch.json").read_text())[
        "cases"
    ]
    [case] = [value for name, value in cases.items() if "minimal_metric_alarm" in name]
    [wanted] = case["recorded-content"]["describe_minimal_metric_alarm"]["MetricAlarms"]
    world = World()
    world.alarm()
    assert set(world.described("5xx")) == set(wanted)


def test_history_tells_transitions() -> None:
    world = World()
    world.alarm()
    world.sets("5xx", "ALARM")
    items = world.call("DescribeAlarmHistory", AlarmName="5xx", HistoryItemType="StateUpdate")[
        "AlarmHistoryItems"
    ]
    assert [item["HistorySummary"] for item in items] == ["Alarm updated from INSUFFICIENT_DATA to ALARM"]
    assert json.loads(items[0]["HistoryData"])["newState"]["stateValue"] == "ALARM"


def test_actions_are_disabled_and_enabled() -> None:
    world = World()
    world.alarm()
    world.call("DisableAlarmActions", AlarmNames=["5xx"])
    assert world.described("5xx")["ActionsEnabled"] is False
    world.call("EnableAlarmActions", AlarmNames=["5xx"])
    assert world.described("5xx")["ActionsEnabled"] is True


@pytest.mark.parametrize(
    ("operation", "params", "code"),
    [
        ("SetAlarmState", {"AlarmName": "5xx", "StateValue": "INVALID"}, "ValidationError"),
        ("SetAlarmState", {"AlarmName": "gone", "StateValue": "OK"}, "ResourceNotFound"),
        ("DeleteAlarms", {"AlarmNames": ["5xx", "gone"]}, "ResourceNotFound"),
        ("DescribeAlarms", {"NextToken": "x"}, "InvalidNextToken"),
        ("DescribeAlarms", {"MaxRecords": 101}, "ValidationError"),
        ("PutCompositeAlarm", {"AlarmName": "c", "AlarmRule": "ALARM(gone)"}, "ValidationError"),
        ("PutCompositeAlarm", {"AlarmName": "c", "AlarmRule": "ALARM("}, "ValidationError"),
        ("PutCompositeAlarm", {"AlarmName": "5xx", "AlarmRule": "TRUE"}, "ValidationError"),
        (
            "PutCompositeAlarm",
            {"AlarmName": "c", "AlarmRule": f"ALARM({ARN.replace(REGION, 'us-west-2')}5xx)"},
            "ValidationError",
        ),
        (
            "PutCompositeAlarm",
            {"AlarmName": "c", "AlarmRule": "TRUE", "ActionsSuppressor": "5xx"},
            "ValidationError",
        ),
        ("PutMetricData", {"Namespace": "n", "MetricData": [{"MetricName": "m"}]}, "InvalidParameterValue"),
        (
            "PutMetricData",
            {"Namespace": "n", "MetricData": [{"MetricName": "m", "Value": float("inf")}]},
            "InvalidParameterValue",
        ),
    ],
)
def test_refusals(operation: str, params: dict[str, Any], code: str) -> None:
    world = World()
    world.alarm()
    with pytest.raises(AwsError) as refused:
        world.call(operation, **params)
    assert refused.value.code == code
    assert world.described("5xx")["StateValue"] == "INSUFFICIENT_DATA"


@pytest.mark.parametrize(
    "options",
    [
        {"Period": 45},
        {"DatapointsToAlarm": 2},
        {"EvaluationPeriods": 0},
        {"EvaluationPeriods": 1441},
        {"Statistic": "p99"},
        {"ComparisonOperator": "Above"},
        {"TreatMissingData": "guess"},
        {"ExtendedStatistic": "p99"},
        {"Threshold": None},
        {"AlarmName": "line\nbreak"},
    ],
)
def test_settings_that_aws_refuses(options: dict[str, Any]) -> None:
    with pytest.raises(AwsError, match="ValidationError"):
        World().alarm(**options)


def test_alarms_and_metrics_survive_a_restart() -> None:
    before = suppressed_world()
    before.feed("child", [1.0, 50.0])
    before.alarm("child", EvaluationPeriods=2)
    before.run(65)
    state = json.loads(json.dumps(before.alarms.dump()))
    after = World()
    after.kernel.clock = before.kernel.clock
    after.alarms.restore(state)
    assert after.described("top") == before.described("top")
    after.datum(50.0, "child")
    after.run(300)
    assert ("child", "ALARM") in [(name, value) for _, name, value in after.changes()]
    assert ("top", "ALARM") in [(name, value) for _, name, value in after.changes()]


def test_old_samples_are_forgotten() -> None:
    world = World()
    for hour in range(100):
        world.kernel.at(T0 + 3600 * hour, lambda: world.datum(1.0))
    world.run(360_000)
    [[_, _, _, rows]] = world.alarms.dump()["metrics"]
    assert len(rows) == 25
