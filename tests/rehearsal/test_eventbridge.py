"""The event router: rules, forwarding, transformers, retries, dead letters, a deaf bus."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from controller.rehearsal.faults import Faults
from controller.rehearsal.service import AwsError, Call
from controller.rehearsal.services.awslambda import Outcome
from controller.rehearsal.services.cloudwatch.api import Alarms
from controller.rehearsal.services.eventbridge.bus import Events
from controller.rehearsal.services.eventbridge.delivery import Delivery
from controller.rehearsal.services.eventbridge.input_transformer import fill
from controller.rehearsal.services.sqs.api import Queues
from controller.rehearsal.time.kernel import Kernel, VirtualClock

T0 = 1_700_000_000.0
EAST, WEST, THIRD = "us-east-1", "us-west-2", "us-east-2"
QUEUE = f"arn:aws:sqs:{WEST}:123456789012:signals"
DEAD = f"arn:aws:sqs:{WEST}:123456789012:dead"
MACHINE = f"arn:aws:states:{WEST}:123456789012:stateMachine:evacuate"


def bus_arn(region: str) -> str:
    return f"arn:aws:events:{region}:123456789012:event-bus/default"


class World:
    """Three Regions' buses whose targets write down what they are given."""

    def __init__(self) -> None:
        self.kernel, self.faults = Kernel(VirtualClock(T0)), Faults()
        self.taken: list[tuple[float, str, Delivery]] = []
        self.refuse: Callable[[Delivery], None] = lambda delivery: None
        self.buses = {
            region: Events(self.kernel, region, self.deliver(), self.faults) for region in (EAST, WEST, THIRD)
        }

    def deliver(self) -> dict[str, Callable[[Delivery], None]]:
        def take(kind: str) -> Callable[[Delivery], None]:
            def taken(delivery: Delivery) -> None:
                self.refuse(delivery)
                self.taken.append((self.kernel.now() - T0, kind, delivery))

            return taken

        def forward(delivery: Delivery) -> None:
            self.buses[delivery.arn.split(":")[3]].receive(delivery.event)

        return {"bus": forward, **{kind: take(kind) for kind in ("sqs", "states", "lambda")}}

    def call(self, region: str, operation: str, **params: Any) -> dict[str, Any]:
        call = Call("events", operation, region, params)
        return self.buses[region].operations[operation](call)

    def rule(self, region: str, *targets: dict[str, Any], pattern: str = '{"source": ["aws.x"]}') -> None:
        self.call(region, "PutRule", Name="r", EventPattern=pattern)
        self.call(region, "PutTargets", Rule="r", Targets=list(targets))

    def run(self, seconds: float = 10) -> list[tuple[float, str, Delivery]]:
        self.kernel.run(until=self.kernel.now() + seconds)
        return self.taken


EVENT = {
    "source": "aws.x",
    "detail-type": "X",
    "detail": {"state": "ALARM", "text": 'a "b" \\c', "n": {"m": 1}},
}


def test_a_matching_event_reaches_its_target_after_the_latency() -> None:
    world = World()
    world.rule(WEST, {"Id": "q", "Arn": QUEUE})
    world.buses[WEST].publish(EVENT)
    world.buses[WEST].publish({**EVENT, "source": "aws.y"})
    [(at, kind, delivery)] = world.run()
    assert (round(at, 6), kind, delivery.arn) == (0.3, "sqs", QUEUE)
    body = json.loads(delivery.body)
    assert body["detail"] == EVENT["detail"]
    assert body["region"] == WEST
    assert body["time"] == "2023-11-14T22:13:20Z"
    assert body["version"] == "0"


def test_a_bus_forwards_an_event_once_only() -> None:
    world = World()
    world.rule(EAST, {"Id": "b", "Arn": bus_arn(THIRD)})
    world.rule(THIRD, {"Id": "b", "Arn": bus_arn(WEST)})
    world.rule(WEST, {"Id": "q", "Arn": QUEUE})
    world.buses[EAST].publish(EVENT)
    assert world.run() == []
    world.buses[THIRD].publish(EVENT)
    [(_, _, delivery)] = world.run()
    assert delivery.event["region"] == THIRD


def test_a_deaf_bus_holds_its_events_and_delivers_the_backlog_in_a_burst() -> None:
    world = World()
    world.rule(WEST, {"Id": "q", "Arn": QUEUE})
    world.faults.deaf.add(WEST)
    for minute in range(5):
        world.kernel.at(T0 + 60 * minute, lambda: world.buses[WEST].publish(EVENT) and None)
    assert world.run(3600) == []
    world.faults.deaf.clear()
    taken = world.run(10)
    assert len(taken) == 5
    assert {at for at, _, _ in taken} == {taken[0][0]}
    assert taken[0][0] >= 3600


def test_a_throttled_target_is_tried_again_with_backoff() -> None:
    world, calls = World(), []

    def refuse(delivery: Delivery) -> None:
        calls.append(world.kernel.now() - T0)
        if len(calls) < 4:
            raise AwsError("ThrottlingException", "slow down")

    world.refuse = refuse
    world.rule(WEST, {"Id": "m", "Arn": MACHINE})
    world.buses[WEST].publish(EVENT)
    assert len(world.run(60)) == 1
    assert [round(at, 3) for at in calls] == [0.3, 1.3, 3.3, 7.3]


@pytest.mark.parametrize(
    ("policy", "error", "attempts", "why"),
    [
        ({"MaximumRetryAttempts": 2}, AwsError("InternalError", "no", 500), 2, "MaximumRetryAttempts"),
        ({"MaximumRetryAttempts": 0}, AwsError("InternalError", "no", 500), 0, "MaximumRetryAttempts"),
        ({"MaximumEventAgeInSeconds": 60}, AwsError("Down", "no", 503), 5, "MaximumEventAgeInSeconds"),
        ({}, AwsError("StateMachineDoesNotExist", "gone"), 0, "NonRetryableError"),
        ({}, AwsError("Down", "no", 503), 185, "MaximumRetryAttempts"),
    ],
)
def test_what_is_never_taken_becomes_a_dead_letter(
    policy: dict[str, int], error: AwsError, attempts: int, why: str
) -> None:
    world = World()

    def refuse(delivery: Delivery) -> None:
        if delivery.arn == MACHINE:
            raise error

    world.refuse = refuse
    world.rule(
        WEST,
        {"Id": "m", "Arn": MACHINE, "RetryPolicy": policy, "DeadLetterConfig": {"Arn": DEAD}, "Input": "{}"},
    )
    world.buses[WEST].publish(EVENT)
    [(at, kind, letter)] = world.run(100_000)
    assert at <= 86_400
    assert (kind, letter.arn) == ("sqs", DEAD)
    assert json.loads(letter.body)["detail"] == EVENT["detail"]
    assert letter.attributes["EXHAUSTED_RETRY_CONDITION"] == why
    assert letter.attributes["ERROR_CODE"] == error.code
    assert letter.attributes["TARGET_ARN"] == MACHINE
    assert letter.attributes["RETRY_ATTEMPTS"] == str(attempts)


@pytest.mark.parametrize(
    ("target", "body"),
    [
        ({"Input": '{"fixed": true}'}, '{"fixed": true}'),
        ({"InputPath": "$.detail.n"}, '{"m": 1}'),
        ({"InputPath": "$.detail.state"}, '"ALARM"'),
        (
            {"InputTransformer": {"InputPathsMap": {"s": "$.detail.state"}, "InputTemplate": '{"s": <s>}'}},
            '{"s": "ALARM"}',
        ),
        (
            {"InputTransformer": {"InputPathsMap": {"s": "$.detail.state"}, "InputTemplate": '"is <s>"'}},
            '"is ALARM"',
        ),
        (
            {
                "InputTransformer": {
                    "InputPathsMap": {"s": "$.nope"},
                    "InputTemplate": '{"a": <s>, "b": "<s>!"}',
                }
            },
            '{"a": "", "b": "!"}',
        ),
        (
            {"InputTransformer": {"InputTemplate": '{"rule": "<aws.events.rule-name>"}'}},
            '{"rule": "r"}',
        ),
    ],
)
def test_a_target_receives_what_its_input_settings_say(target: dict[str, Any], body: str) -> None:
    world = World()
    world.rule(WEST, {"Id": "q", "Arn": QUEUE, **target})
    world.buses[WEST].publish(EVENT)
    [(_, _, delivery)] = world.run()
    assert delivery.body == body


def test_the_whole_event_through_a_transformer_is_the_event() -> None:
    world = World()
    template = {"InputTemplate": '{"e": <aws.events.event.json>, "f": <aws.events.event>}'}
    world.rule(WEST, {"Id": "q", "Arn": QUEUE, "InputTransformer": template})
    world.buses[WEST].publish(EVENT)
    [(_, _, delivery)] = world.run()
    body = json.loads(delivery.body)
    assert body["e"] == delivery.event
    assert body["f"] == {key: value for key, value in delivery.event.items() if key != "detail"}


@pytest.mark.parametrize(
    "hostile", ['", "admin": true, "x": "', "\\", "\n", "</script>", "\u2028", "<s>", '\\"', {"a": '"'}]
)
def test_text_from_outside_cannot_break_out_of_its_string(hostile: Any) -> None:
    body = json.loads(fill('{"in": "[<s>]", "out": <s>}', {"s": hostile}))
    assert set(body) == {"in", "out"}
    assert body["out"] == hostile
    if isinstance(hostile, str):
        assert body["in"] == f"[{hostile}]"


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ({"Arn": "not-an-arn"}, "ValidationException"),
        ({"Arn": QUEUE.replace(WEST, EAST)}, "ValidationException"),
        ({"Arn": QUEUE, "Input": "{}", "InputPath": "$"}, "ValidationException"),
        ({"Arn": QUEUE, "Input": "{"}, "ValidationException"),
        ({"Arn": QUEUE, "InputPath": "$..a"}, "ValidationException"),
        ({"Arn": QUEUE, "InputTransformer": {"InputTemplate": "<unknown>"}}, "ValidationException"),
    ],
)
def test_a_target_that_aws_refuses_is_refused(target: dict[str, Any], code: str) -> None:
    world = World()
    world.rule(WEST)
    with pytest.raises(AwsError) as refused:
        world.call(WEST, "PutTargets", Rule="r", Targets=[{"Id": "q", **target}])
    assert refused.value.code == code
    assert world.call(WEST, "ListTargetsByRule", Rule="r")["Targets"] == []


def test_a_rule_has_five_targets_at_most() -> None:
    world = World()
    world.rule(WEST, *[{"Id": str(number), "Arn": QUEUE} for number in range(5)])
    with pytest.raises(AwsError, match="LimitExceededException"):
        world.call(WEST, "PutTargets", Rule="r", Targets=[{"Id": "sixth", "Arn": QUEUE}])


def test_put_events_answers_each_entry_for_itself() -> None:
    world = World()
    world.rule(WEST, {"Id": "q", "Arn": QUEUE}, pattern='{"source": ["shop"]}')
    good = {"Source": "shop", "DetailType": "X", "Detail": '{"n": 1}', "Time": T0 - 60}
    bad = [
        {**good, "Source": ""},
        {**good, "DetailType": ""},
        {**good, "Detail": "[1]"},
        {**good, "Detail": "{"},
        {**good, "Detail": '{"a":' * 200 + "1" + "}" * 200},
        {**good, "Source": "aws.cloudwatch"},
        {**good, "Source": 7},
    ]
    answer = world.call(WEST, "PutEvents", Entries=[good, *bad, {**good, "EventBusName": "nope"}])
    codes = [entry.get("ErrorCode") for entry in answer["Entries"]]
    assert codes == [
        None,
        "InvalidArgument",
        "InvalidArgument",
        "MalformedDetail",
        "MalformedDetail",
        "MalformedDetail",
        "NotAuthorizedForSourceException",
        "InvalidArgument",
        None,
    ]
    assert answer["FailedEntryCount"] == 7
    [(_, _, delivery)] = world.run()
    assert delivery.event["id"] == answer["Entries"][0]["EventId"]
    assert delivery.event["time"] == "2023-11-14T22:12:20Z"


@pytest.mark.parametrize("entries", [[], [{}] * 11, [{"Source": "s", "Detail": "x" * 300_000}]])
def test_a_request_over_the_limits_is_refused_whole(entries: list[dict[str, Any]]) -> None:
    with pytest.raises(AwsError, match="ValidationException"):
        World().call(WEST, "PutEvents", Entries=entries)


def test_rules_are_described_listed_disabled_and_deleted() -> None:
    world = World()
    world.rule(WEST, {"Id": "q", "Arn": QUEUE})
    described = world.call(WEST, "DescribeRule", Name="r")
    assert described["Arn"] == f"arn:aws:events:{WEST}:123456789012:rule/r"
    assert [rule["Name"] for rule in world.call(WEST, "ListRules", NamePrefix="r")["Rules"]] == ["r"]
    assert world.call(WEST, "ListRules", NamePrefix="x")["Rules"] == []
    world.call(WEST, "PutRule", Name="r", EventPattern='{"source": ["aws.x"]}', State="DISABLED")
    world.buses[WEST].publish(EVENT)
    assert world.run() == []
    with pytest.raises(AwsError, match="has targets"):
        world.call(WEST, "DeleteRule", Name="r")
    assert world.call(WEST, "RemoveTargets", Rule="r", Ids=["q", "gone"])["FailedEntryCount"] == 1
    world.call(WEST, "DeleteRule", Name="r")
    with pytest.raises(AwsError, match="ResourceNotFoundException"):
        world.call(WEST, "DescribeRule", Name="r")
    with pytest.raises(AwsError, match="InvalidEventPatternException"):
        world.call(WEST, "PutRule", Name="r", EventPattern='{"source": "text"}')


def test_test_event_pattern_answers_like_a_rule() -> None:
    world = World()
    event = {**EVENT, "id": "1", "account": "1", "time": "t", "region": WEST, "resources": []}
    pattern = '{"detail": {"state": ["ALARM"]}}'
    answer = world.call(WEST, "TestEventPattern", EventPattern=pattern, Event=json.dumps(event))
    assert answer == {"Result": True}
    for bad in ("{", "[]", json.dumps(EVENT)):
        with pytest.raises(AwsError, match="ValidationException"):
            world.call(WEST, "TestEventPattern", EventPattern=pattern, Event=bad)


def test_what_is_under_way_survives_a_restart() -> None:
    before = World()
    before.rule(WEST, {"Id": "q", "Arn": QUEUE})
    before.faults.deaf.add(WEST)
    first = before.buses[WEST].publish(EVENT)
    before.run(5)
    before.buses[WEST].publish(EVENT)
    state = json.loads(json.dumps(before.buses[WEST].dump()))
    after = World()
    after.buses[WEST].restore(state)
    taken = after.run(10)
    assert len(taken) == 2
    assert first in {delivery.event["id"] for _, _, delivery in taken}
    assert after.buses[WEST].publish(EVENT) not in {delivery.event["id"] for _, _, delivery in taken}


def test_an_alarm_in_one_region_reaches_the_function_in_another() -> None:
    world = World()
    queues = Queues(world.kernel, WEST)
    url = queues.operations["CreateQueue"](Call("sqs", "CreateQueue", WEST, {"QueueName": "signals"}))
    assert url["QueueUrl"].endswith("/signals")
    received: list[tuple[float, dict[str, Any]]] = []

    def invoke(function: str, payload: Any, done: Callable[[Outcome], None]) -> None:
        received.extend((world.kernel.now() - T0, json.loads(item["body"])) for item in payload["Records"])
        done(Outcome({"batchItemFailures": []}))

    queues.map_queue(QUEUE, "observe", invoke)
    sqs = {"sqs": lambda delivery: queues.put(delivery.arn, delivery.body, delivery.attributes)}
    world.buses[WEST] = Events(world.kernel, WEST, {**world.deliver(), **sqs}, world.faults)
    alarms = Alarms(world.kernel, EAST, world.buses[EAST].publish, world.faults)
    pattern = '{"source": ["aws.cloudwatch"], "detail-type": ["CloudWatch Alarm State Change"]}'
    world.rule(EAST, {"Id": "b", "Arn": bus_arn(WEST)}, pattern=pattern)
    transformer = {
        "InputPathsMap": {
            "name": "$.detail.alarmName",
            "region": "$.region",
            "state": "$.detail.state.value",
        },
        "InputTemplate": '{"name": <name>, "region": <region>, "state": <state>}',
    }
    world.rule(WEST, {"Id": "q", "Arn": QUEUE, "InputTransformer": transformer}, pattern=pattern)
    params = {
        "AlarmName": "5xx",
        "Namespace": "Shop",
        "MetricName": "errors",
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 0.0,
        "ComparisonOperator": "GreaterThanThreshold",
    }
    alarms.operations["PutMetricAlarm"](Call("monitoring", "PutMetricAlarm", EAST, params))
    alarms.put("Shop", "errors", 7.0, {})
    world.run(120)
    [(at, body)] = received
    assert body == {"name": "5xx", "region": EAST, "state": "ALARM"}
    assert at == pytest.approx(45 + 0.3 + 0.3 + 1.0), (
        "evaluated at :05 past the minute, two buses, one window"
    )
