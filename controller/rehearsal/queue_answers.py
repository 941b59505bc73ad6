"""How SQS answers: received messages, and batches entry by entry (SQS API reference)."""

from collections.abc import Callable
from typing import Any

from controller.rehearsal.messages import Message, md5, md5_of_attributes, with_bytes
from controller.rehearsal.service import AwsError, Call

MOST_BATCH = 10
Answer = dict[str, Any]


def batched(single: Callable[[Call], Answer]) -> Callable[[Call], Answer]:
    """The batch form of an operation: each entry succeeds or fails for itself."""

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
    """A message with the system and custom attributes that were asked for."""
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
