"""Events given to the parser at a fixed moment, and the messages that carry them."""

from typing import Any

from controller.aws.events.parse import parse
from controller.core.model import Ignored
from tests.support.event_samples import Event

NOW = 1_800_000_000.0


def refused(body: Any) -> Ignored:
    found = parse(body, NOW)
    assert isinstance(found, Ignored), found
    assert found.reason.endswith(".")
    assert found.reason.isprintable()
    assert len(found.reason) <= 300
    assert len(found.sample) <= 120
    assert found.sample == "" or found.sample.isprintable()
    return found


def sns(text: Any) -> Event:
    return {"Type": "Notification", "MessageId": "m", "TopicArn": "arn:aws:sns:x", "Message": text}


def sqs(text: Any) -> Event:
    return {"messageId": "m", "receiptHandle": "r", "body": text, "eventSource": "aws:sqs"}
