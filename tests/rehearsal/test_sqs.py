"""SQS on the kernel's clock, and the mapping that feeds a function from it."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from controller.rehearsal.service import AwsError, Call
from controller.rehearsal.services.awslambda import Outcome
from controller.rehearsal.services.sqs.api import Queues
from controller.rehearsal.services.sqs.lambda_event_source import failed_items
from controller.rehearsal.services.sqs.messages import md5_of_attributes
from controller.rehearsal.time.kernel import Kernel, VirtualClock

T0 = 1_700_000_000.0
REGION = "us-west-2"


class World:
    """One Region's queues, a queue `q` that redrives to `dead` after two receives, and a function."""

    def __init__(self, visibility: int = 30) -> None:
        self.kernel = Kernel(VirtualClock(T0))
        self.queues = Queues(self.kernel, REGION)
        self.call("CreateQueue", QueueName="dead")
        policy = json.dumps({"deadLetterTargetArn": self.queues.arn("dead"), "maxReceiveCount": "2"})
        attributes = {"RedrivePolicy": policy, "VisibilityTimeout": str(visibility)}
        self.url = self.call("CreateQueue", QueueName="q", Attributes=attributes)["QueueUrl"]
        self.batches: list[tuple[float, list[dict[str, Any]]]] = []
        self.takes = 0.0
        self.answer: Callable[[list[dict[str, Any]]], Outcome] = lambda records: Outcome()
        self.together = self.most_together = 0

    def call(self, operation: str, **params: Any) -> dict[str, Any]:
        return self.queues.operations[operation](Call("sqs", operation, REGION, params))

    def send(self, *bodies: str) -> None:
        for body in bodies:
            self.queues.put(self.queues.arn("q"), body)

    def receive(self, name: str = "q", most: int = 10) -> list[dict[str, Any]]:
        url = self.queues.url(name)
        return self.call(
            "ReceiveMessage", QueueUrl=url, MaxNumberOfMessages=most, AttributeNames=["All"]
        ).get("Messages", [])

    def run(self, seconds: float) -> None:
        self.kernel.run(until=self.kernel.now() + seconds)

    def map(self, **options: Any) -> None:
        self.queues.map_queue(self.queues.arn("q"), "observe", self.invoke, **options)

    def invoke(self, function: str, payload: Any, done: Callable[[Outcome], None]) -> None:
        self.batches.append((self.kernel.now() - T0, payload["Records"]))
        self.together += 1
        self.most_together = max(self.most_together, self.together)

        def end() -> None:
            self.together -= 1
            done(self.answer(payload["Records"]))

        self.kernel.after(self.takes, end)

    def counts(self, name: str = "q") -> tuple[int, int]:
        """Visible messages, messages in flight."""
        url = self.queues.url(name)
        found = self.call("GetQueueAttributes", QueueUrl=url, AttributeNames=["All"])["Attributes"]
        return int(found["ApproximateNumberOfMessages"]), int(found["ApproximateNumberOfMessagesNotVisible"])


def test_a_message_is_sent_received_and_deleted() -> None:
    world = World()
    sent = world.call("SendMessage", QueueUrl=world.url, MessageBody="hello")
    assert sent["MD5OfMessageBody"] == "5d41402abc4b2a76b9719d911017c592"
    [message] = world.receive()
    assert message["MessageId"] == sent["MessageId"]
    assert message["Body"] == "hello"
    assert message["Attributes"]["ApproximateReceiveCount"] == "1"
    assert message["Attributes"]["SentTimestamp"] == "1700000000000"
    assert world.receive() == []
    assert world.counts() == (0, 1)
    world.call("DeleteMessage", QueueUrl=world.url, ReceiptHandle=message["ReceiptHandle"])
    world.run(31)
    assert world.counts() == (0, 0)


def test_a_message_turns_visible_again_then_goes_to_the_dead_letter_queue() -> None:
    world = World()
    world.send("poison")
    [first] = world.receive()
    world.run(30)
    [second] = world.receive()
    assert second["Attributes"]["ApproximateReceiveCount"] == "2"
    world.call("DeleteMessage", QueueUrl=world.url, ReceiptHandle=first["ReceiptHandle"])
    assert world.counts() == (0, 1), "an old receipt handle deletes nothing"
    world.run(30)
    assert world.receive() == []
    assert [message["Body"] for message in world.receive("dead")] == ["poison"]


def test_a_message_attribute_comes_back_with_the_digest_that_sdks_compute() -> None:
    world = World()
    attributes = {
        "a": {"DataType": "String", "StringValue": "x"},
        "b": {"DataType": "Binary", "BinaryValue": b"y"},
    }
    sent = world.call("SendMessage", QueueUrl=world.url, MessageBody="m", MessageAttributes=attributes)
    answer = world.call("ReceiveMessage", QueueUrl=world.url, MessageAttributeNames=["All"])
    [message] = answer["Messages"]
    assert message["MessageAttributes"] == attributes
    assert message["MD5OfMessageAttributes"] == sent["MD5OfMessageAttributes"]
    one = {"timestamp": {"DataType": "Number", "StringValue": "1493147359900"}}
    assert md5_of_attributes(one) == "235c5c510d26fb653d073faed50ae77c"
    json.dumps(world.queues.dump())


def test_delay_visibility_purge_and_retention() -> None:
    world = World()
    world.call("SendMessage", QueueUrl=world.url, MessageBody="later", DelaySeconds=5)
    assert world.receive() == []
    world.run(5)
    [message] = world.receive()
    handle = message["ReceiptHandle"]
    world.call("ChangeMessageVisibility", QueueUrl=world.url, ReceiptHandle=handle, VisibilityTimeout=0)
    assert world.counts() == (1, 0)
    world.call("PurgeQueue", QueueUrl=world.url)
    assert world.counts() == (0, 0)
    world.call("SetQueueAttributes", QueueUrl=world.url, Attributes={"MessageRetentionPeriod": "60"})
    world.send("old")
    world.run(60)
    assert world.receive() == []


def test_a_batch_answers_each_entry_for_itself() -> None:
    world = World()
    entries = [{"Id": "1", "MessageBody": "a"}, {"Id": "2", "MessageBody": ""}]
    answer = world.call("SendMessageBatch", QueueUrl=world.url, Entries=entries)
    assert [entry["Id"] for entry in answer["Successful"]] == ["1"]
    assert [entry["Id"] for entry in answer["Failed"]] == ["2"]
    [message] = world.receive()
    entries = [{"Id": "1", "ReceiptHandle": message["ReceiptHandle"]}, {"Id": "2", "ReceiptHandle": "x"}]
    answer = world.call("DeleteMessageBatch", QueueUrl=world.url, Entries=entries)
    assert [entry["Code"] for entry in answer["Failed"]] == ["ReceiptHandleIsInvalid"]
    assert world.counts() == (0, 0)


@pytest.mark.parametrize(
    ("operation", "params", "code"),
    [
        ("GetQueueUrl", {"QueueName": "nope"}, "QueueDoesNotExist"),
        ("SendMessage", {"QueueUrl": "http://x/nope", "MessageBody": "m"}, "QueueDoesNotExist"),
        ("SendMessage", {"QueueUrl": "q"}, "MissingParameter"),
        ("SendMessage", {"QueueUrl": "q", "MessageBody": "x" * 1_048_577}, "InvalidParameterValue"),
        ("ReceiveMessage", {"QueueUrl": "q", "MaxNumberOfMessages": 11}, "InvalidParameterValue"),
        ("DeleteMessage", {"QueueUrl": "q", "ReceiptHandle": "x"}, "ReceiptHandleIsInvalid"),
        ("SendMessageBatch", {"QueueUrl": "q", "Entries": []}, "EmptyBatchRequest"),
        (
            "SendMessageBatch",
            {"QueueUrl": "q", "Entries": [{"Id": "1", "MessageBody": "m"}] * 2},
            "BatchEntryIdsNotDistinct",
        ),
        (
            "SendMessageBatch",
            {"QueueUrl": "q", "Entries": [{"Id": str(n), "MessageBody": "m"} for n in range(11)]},
            "TooManyEntriesInBatchRequest",
        ),
        (
            "SendMessageBatch",
            {"QueueUrl": "gone", "Entries": [{"Id": "1", "MessageBody": "m"}]},
            "QueueDoesNotExist",
        ),
        ("CreateQueue", {"QueueName": "a.fifo"}, "UnsupportedOperation"),
        ("CreateQueue", {"QueueName": "a", "Attributes": {"RedrivePolicy": "{"}}, "InvalidAttributeValue"),
        ("CreateQueue", {"QueueName": "q", "Attributes": {"VisibilityTimeout": "7"}}, "QueueNameExists"),
        (
            "CreateQueue",
            {
                "QueueName": "a",
                "Attributes": {"RedrivePolicy": '{"deadLetterTargetArn": "a:b", "maxReceiveCount": 1}'},
            },
            "InvalidParameterValue",
        ),
    ],
)
def test_refusals(operation: str, params: dict[str, Any], code: str) -> None:
    with pytest.raises(AwsError) as refused:
        World().call(operation, **params)
    assert refused.value.code == code


def test_messages_are_gathered_for_the_window_then_sent_as_one_batch() -> None:
    world = World()
    world.map()
    world.kernel.at(T0 + 10, lambda: world.send("a"))
    world.kernel.at(T0 + 10.4, lambda: world.send("b"))
    world.run(60)
    [(at, records)] = world.batches
    assert at == 11
    assert [record["body"] for record in records] == ["a", "b"]
    [first, _] = records
    assert first["eventSource"] == "aws:sqs"
    assert first["eventSourceARN"] == world.queues.arn("q")
    assert first["awsRegion"] == REGION
    assert first["attributes"]["ApproximateReceiveCount"] == "1"
    assert first["attributes"]["SentTimestamp"] == "1700000010000"
    assert world.counts() == (0, 0)


def test_a_storm_goes_in_full_batches_at_most_two_at_a_time() -> None:
    world = World(visibility=900)
    world.takes = 0.5
    world.map()
    world.send(*[str(number) for number in range(1000)])
    world.run(120)
    assert {len(records) for _, records in world.batches} == {10}
    assert len(world.batches) == 100
    assert world.most_together == 2
    assert world.batches[0][0] == 0
    assert world.batches[-1][0] == pytest.approx(49 * 0.5)
    assert world.counts() == (0, 0)


def test_only_the_failed_messages_of_a_batch_come_back_and_end_as_dead_letters() -> None:
    world = World()

    def answer(records: list[dict[str, Any]]) -> Outcome:
        bad = [record["messageId"] for record in records if record["body"] == "bad"]
        return Outcome({"batchItemFailures": [{"itemIdentifier": identity} for identity in bad]})

    world.answer = answer
    world.map()
    world.send("good", "bad")
    world.run(300)
    assert [[record["body"] for record in records] for _, records in world.batches] == [
        ["good", "bad"],
        ["bad"],
    ]
    assert [at for at, _ in world.batches] == [1, 32]
    assert world.counts() == (0, 0)
    assert world.counts("dead") == (1, 0)


def test_a_failed_function_keeps_its_whole_batch() -> None:
    world = World()
    world.answer = lambda records: Outcome(error="Boom", cause="{}") if len(world.batches) == 1 else Outcome()
    world.map()
    world.send("a", "b")
    world.run(300)
    assert [len(records) for _, records in world.batches] == [2, 2]
    assert world.counts() == world.counts("dead") == (0, 0)


@pytest.mark.parametrize(
    ("outcome", "failed"),
    [
        (Outcome(None), set()),
        (Outcome({}), set()),
        (Outcome({"batchItemFailures": []}), set()),
        (Outcome({"batchItemFailures": None}), set()),
        (Outcome({"batchItemFailures": [{"itemIdentifier": "1"}]}), {"1"}),
        (Outcome({"batchItemFailures": [{"itemIdentifier": "unknown"}]}), {"1", "2"}),
        (Outcome({"batchItemFailures": [{"itemIdentifier": ""}]}), {"1", "2"}),
        (Outcome({"batchItemFailures": [{"itemIdentifier": ["1"]}]}), {"1", "2"}),
        (Outcome({"batchItemFailures": [{}]}), {"1", "2"}),
        (Outcome({"batchItemFailures": "1"}), {"1", "2"}),
        (Outcome(error="Timeout"), {"1", "2"}),
    ],
)
def test_which_messages_stay(outcome: Outcome, failed: set[str]) -> None:
    assert failed_items(outcome, {"1", "2"}) == failed


def test_what_was_in_flight_survives_a_restart_and_comes_again() -> None:
    before = World()
    before.takes = 1000
    before.map()
    before.send("a")
    before.run(2)
    assert before.counts() == (0, 1)
    state = json.loads(json.dumps(before.queues.dump()))
    after = World()
    after.map()
    after.queues.restore(state)
    after.run(60)
    assert [[record["body"] for record in records] for _, records in after.batches] == [["a"]]
    assert after.batches[0][1][0]["attributes"]["ApproximateReceiveCount"] == "2"
    assert after.counts() == (0, 0)
