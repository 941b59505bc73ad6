"""The `sqs` service on the kernel's clock: standard queues of one Region.

SQS API reference, JSON protocol. A batch is answered entry by entry.
Receiving never waits: an empty queue answers at once, whatever `WaitTimeSeconds` says.
"""

from collections.abc import Callable, Mapping
from typing import Any

from controller.rehearsal.service import ACCOUNT, AwsError, Call, Ids
from controller.rehearsal.services.awslambda import Invoke
from controller.rehearsal.services.sqs.lambda_event_source import Mapping as SourceMapping
from controller.rehearsal.services.sqs.messages import (
    RETENTION,
    VISIBILITY,
    Message,
    Queue,
    md5,
    md5_of_attributes,
    with_bytes,
    without_bytes,
)
from controller.rehearsal.time.kernel import Kernel

MOST_BATCH = 10
Answer = dict[str, Any]


def batched(single: Callable[[Call], Answer]) -> Callable[[Call], Answer]:
    """Return the batch form of an operation: each entry succeeds or fails alone."""

    def batch(call: Call) -> Answer:
        entries = call.params.get("Entries") or []
        if not entries:
            raise AwsError("EmptyBatchRequest", "There should be at least one entry in the request.")
        if len(entries) > MOST_BATCH:
            reason = "Maximum number of entries per request are 10."
            raise AwsError("TooManyEntriesInBatchRequest", f"{reason} You have sent {len(entries)}.")
        if len({entry["Id"] for entry in entries}) < len(entries):
            raise AwsError("BatchEntryIdsNotDistinct", "Ids of a batch must be distinct.")
        done, failed = [], []
        for entry in entries:
            params = {**entry, "QueueUrl": call.params["QueueUrl"]}
            try:
                answer = single(Call(call.service, call.operation, call.region, params))
                done.append({"Id": entry["Id"], **answer})
            except AwsError as error:
                if error.code == "QueueDoesNotExist":
                    raise
                why = {"Code": error.code, "Message": error.message, "SenderFault": True}
                failed.append({"Id": entry["Id"], **why})
        return {"Successful": done, "Failed": failed}

    return batch


def received(message: Message, system: list[str], custom: list[str]) -> Answer:
    """Return a message with the system and custom attributes that are wanted."""
    answer: Answer = {
        "MessageId": message.id,
        "ReceiptHandle": message.handle,
        "MD5OfBody": md5(message.body),
        "Body": message.body,
    }
    known = message.system_attributes()
    if wanted := {key: value for key, value in known.items() if key in system or "All" in system}:
        answer["Attributes"] = wanted
    chosen = {
        name: value
        for name, value in message.attributes.items()
        if "All" in custom or ".*" in custom or name in custom
    }
    if chosen:
        answer["MessageAttributes"] = with_bytes(chosen)
        answer["MD5OfMessageAttributes"] = md5_of_attributes(chosen)
    return answer


MOST_BYTES = 1_048_576
DEFAULTS = {
    "VisibilityTimeout": str(int(VISIBILITY)),
    "MessageRetentionPeriod": str(int(RETENTION)),
    "DelaySeconds": "0",
    "MaximumMessageSize": str(MOST_BYTES),
    "ReceiveMessageWaitTimeSeconds": "0",
}


class Queues:
    """The `sqs` service of one Region."""

    def __init__(self, kernel: Kernel, region: str) -> None:
        self._kernel, self._region = kernel, region
        self._ids = Ids(f"sqs/{region}")
        self._queues: dict[str, Queue] = {}
        self._mappings: dict[str, SourceMapping] = {}

    @property
    def operations(self) -> Mapping[str, Callable[[Call], Answer]]:
        return {
            "CreateQueue": self._create_queue,
            "GetQueueUrl": lambda call: {"QueueUrl": self.url(self._named(call.params["QueueName"]).name)},
            "ListQueues": self._list_queues,
            "GetQueueAttributes": self._get_queue_attributes,
            "SetQueueAttributes": self._set_queue_attributes,
            "PurgeQueue": self._purge_queue,
            "SendMessage": self._send_message,
            "SendMessageBatch": batched(self._send_message),
            "ReceiveMessage": self._receive_message,
            "DeleteMessage": self._delete_message,
            "DeleteMessageBatch": batched(self._delete_message),
            "ChangeMessageVisibility": self._change_message_visibility,
        }

    def arn(self, name: str) -> str:
        return f"arn:aws:sqs:{self._region}:{ACCOUNT}:{name}"

    def url(self, name: str) -> str:
        return f"https://sqs.{self._region}.amazonaws.com/{ACCOUNT}/{name}"

    def put(self, queue_arn: str, body: str, attributes: Mapping[str, str] | None = None) -> None:
        """Send a message on behalf of another AWS service.

        Raises `AwsError`.
        """
        values = {
            name: {"DataType": "String", "StringValue": text}
            for name, text in (attributes or {}).items()
            if text
        }
        with self._kernel.lock:
            self._put(self._named(queue_arn.rsplit(":", 1)[-1]), body, values)

    def map_queue(
        self,
        queue_arn: str,
        function_name: str,
        invoke: Invoke,
        batch_size: int = 10,
        window: float = 1.0,
        concurrency: int = 2,
    ) -> None:
        """Feed a function from a queue.

        window: in seconds of scenario time. Raises `AwsError`.
        """
        name = self._named(queue_arn.rsplit(":", 1)[-1]).name
        mapping = SourceMapping(
            self._kernel,
            lambda: self._queues[name],
            self._bury,
            function_name,
            invoke,
            batch_size=batch_size,
            window=window,
            concurrency=concurrency,
        )
        self._mappings[name] = mapping
        mapping.look()

    def _named(self, name: str) -> Queue:
        if name not in self._queues:
            raise AwsError("QueueDoesNotExist", "The specified queue does not exist.")
        return self._queues[name]

    def _queue(self, call: Call) -> Queue:
        return self._named(str(call.params.get("QueueUrl", "")).rsplit("/", 1)[-1])

    def _put(
        self, queue: Queue, body: str, attributes: dict[str, Any], delay: float | None = None
    ) -> Message:
        now = self._kernel.now()
        visible_at = now + (queue.delay if delay is None else delay)
        message = Message(self._ids.next(), body, now, visible_at, attributes)
        queue.messages[message.id] = message
        self._look(queue.name)
        return message

    def _bury(self, queue_arn: str, message: Message) -> None:
        """Move a message to the dead-letter queue.

        It keeps its id, its sent time and its receive count.
        """
        name = queue_arn.rsplit(":", 1)[-1]
        if name in self._queues:
            message.visible_at = self._kernel.now()
            self._queues[name].messages[message.id] = message
            self._look(name)

    def _look(self, name: str) -> None:
        if name in self._mappings:
            self._mappings[name].look()

    def _create_queue(self, call: Call) -> Answer:
        name, settings = call.params["QueueName"], dict(call.params.get("Attributes") or {})
        if name.endswith(".fifo") or settings.get("FifoQueue") == "true":
            raise AwsError("UnsupportedOperation", "Only standard queues are rehearsed.")
        existing = self._queues.get(name)
        if existing is None:
            queue = Queue(name, self.arn(name), {})
            self._configure(queue, {**DEFAULTS, **settings})
            self._queues[name] = queue
        elif any(existing.settings.get(key) != value for key, value in settings.items()):
            raise AwsError(
                "QueueNameExists", "A queue already exists with the same name and a different value."
            )
        return {"QueueUrl": self.url(name)}

    def _list_queues(self, call: Call) -> Answer:
        prefix = call.params.get("QueueNamePrefix") or ""
        return {"QueueUrls": [self.url(name) for name in sorted(self._queues) if name.startswith(prefix)]}

    def _get_queue_attributes(self, call: Call) -> Answer:
        queue, now = self._queue(call), self._kernel.now()
        queue.expire(now)
        messages = queue.messages.values()
        flying = sum(message.visible_at > now and message.receives > 0 for message in messages)
        delayed = sum(message.visible_at > now and message.receives == 0 for message in messages)
        known = {
            **queue.settings,
            "QueueArn": queue.arn,
            "ApproximateNumberOfMessages": str(len(messages) - flying - delayed),
            "ApproximateNumberOfMessagesNotVisible": str(flying),
            "ApproximateNumberOfMessagesDelayed": str(delayed),
        }
        asked = call.params.get("AttributeNames") or []
        return {"Attributes": {key: value for key, value in known.items() if key in asked or "All" in asked}}

    def _set_queue_attributes(self, call: Call) -> Answer:
        self._configure(self._queue(call), call.params.get("Attributes") or {})
        return {}

    def _configure(self, queue: Queue, settings: dict[str, str]) -> None:
        try:
            queue.configure(settings)
        except (ValueError, KeyError, TypeError, RecursionError) as exc:
            raise AwsError("InvalidAttributeValue", "Invalid value for an attribute of the queue.") from exc
        if queue.dead_letters and queue.dead_letters.rsplit(":", 1)[-1] not in self._queues:
            reason = "Reason: Dead letter target does not exist."
            raise AwsError("InvalidParameterValue", f"Value for parameter RedrivePolicy is invalid. {reason}")

    def _purge_queue(self, call: Call) -> Answer:
        self._queue(call).messages.clear()
        return {}

    def _send_message(self, call: Call) -> Answer:
        queue, body = self._queue(call), call.params.get("MessageBody")
        attributes = without_bytes(call.params.get("MessageAttributes") or {})
        if not isinstance(body, str) or not body:
            raise AwsError("MissingParameter", "The request must contain the parameter MessageBody.")
        if len(body.encode()) > MOST_BYTES:
            reason = f"Message must be shorter than {MOST_BYTES} bytes."
            raise AwsError("InvalidParameterValue", f"One or more parameters are invalid. Reason: {reason}")
        message = self._put(queue, body, attributes, call.params.get("DelaySeconds"))
        digest = {"MD5OfMessageAttributes": md5_of_attributes(attributes)} if attributes else {}
        return {"MessageId": message.id, "MD5OfMessageBody": md5(body), **digest}

    def _receive_message(self, call: Call) -> Answer:
        params, now = call.params, self._kernel.now()
        queue, most = self._queue(call), int(params.get("MaxNumberOfMessages") or 1)
        if not 1 <= most <= MOST_BATCH:
            reason = "Reason: Must be between 1 and 10, if provided."
            raise AwsError(
                "InvalidParameterValue", f"Value {most} for MaxNumberOfMessages is invalid. {reason}"
            )
        system = [*(params.get("AttributeNames") or []), *(params.get("MessageSystemAttributeNames") or [])]
        custom = params.get("MessageAttributeNames") or []
        messages = queue.receive(now, most, self._bury, params.get("VisibilityTimeout"))
        self._look(queue.name)
        return {"Messages": [received(message, system, custom) for message in messages]} if messages else {}

    def _delete_message(self, call: Call) -> Answer:
        if not self._queue(call).delete(str(call.params.get("ReceiptHandle", ""))):
            raise AwsError("ReceiptHandleIsInvalid", "The input receipt handle is invalid.")
        return {}

    def _change_message_visibility(self, call: Call) -> Answer:
        queue, handle = self._queue(call), str(call.params.get("ReceiptHandle", ""))
        message = queue.messages.get(handle.rpartition(":")[0])
        if message is None or message.handle != handle or message.visible_at <= self._kernel.now():
            raise AwsError("MessageNotInflight", "The message referred to isn't in flight.")
        message.visible_at = self._kernel.now() + float(call.params["VisibilityTimeout"])
        self._look(queue.name)
        return {}

    def measured(self) -> list[tuple[str, float, float]]:
        """Return (queue, visible messages, age of the oldest message in seconds) of each queue.

        CloudWatch shows these figures.
        """
        now = self._kernel.now()
        return [
            (
                name,
                float(sum(message.visible_at <= now for message in queue.messages.values())),
                max((now - message.sent for message in queue.messages.values()), default=0.0),
            )
            for name, queue in sorted(self._queues.items())
        ]

    def dump(self) -> dict[str, Any]:
        """Return queues and messages, for JSON.

        Mappings are not state: they are made again.
        """
        return {"ids": self._ids.used, "queues": [queue.dump() for queue in self._queues.values()]}

    def restore(self, state: dict[str, Any]) -> None:
        self._ids.used = state["ids"]
        self._queues = {queue["name"]: Queue.restored(queue) for queue in state["queues"]}
        for name in self._queues:
            self._look(name)
