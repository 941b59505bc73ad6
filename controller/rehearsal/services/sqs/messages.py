"""The messages of one standard SQS queue: visibility, retention, redrive (SQS developer guide).

```
 sent ──delay──> visible ──receive──> in flight ──delete──> gone
                    ^                     │ visibility timeout
                    └─────────────────────┘        received maxReceiveCount times already: dead-letter queue
```
"""

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

VISIBILITY, RETENTION = 30.0, 345_600.0


@dataclass
class Message:
    """A message of a queue.

    attributes: message attributes as `SendMessage` gives them. Times are in seconds.
    """

    id: str
    body: str
    sent: float
    visible_at: float
    attributes: dict[str, dict[str, Any]] = field(default_factory=dict)
    receives: int = 0
    first_received: float = 0.0

    @property
    def handle(self) -> str:
        """Return the receipt handle of the latest receive."""
        return f"{self.id}:{self.receives}"

    def system_attributes(self) -> dict[str, str]:
        return {
            "ApproximateReceiveCount": str(self.receives),
            "SentTimestamp": str(round(self.sent * 1000)),
            "SenderId": "AIDAREHEARSAL",
            "ApproximateFirstReceiveTimestamp": str(round(self.first_received * 1000)),
        }


@dataclass
class Queue:
    """A queue and its messages, oldest first."""

    name: str
    arn: str
    settings: dict[str, str]
    visibility: float = VISIBILITY
    retention: float = RETENTION
    delay: float = 0.0
    dead_letters: str = ""
    most_receives: int = 0
    messages: dict[str, Message] = field(default_factory=dict)

    def receive(
        self, now: float, most: int, bury: Callable[[str, Message], None], visibility: float | None = None
    ) -> list[Message]:
        """Return up to `most` visible messages, which are in flight from now.

        visibility: seconds in flight. bury: takes the messages that were received too often.
        """
        self.expire(now)
        taken: list[Message] = []
        for message in list(self.messages.values()):
            if len(taken) == most:
                break
            if message.visible_at > now:
                continue
            if self.dead_letters and message.receives >= self.most_receives:
                del self.messages[message.id]
                bury(self.dead_letters, message)
                continue
            message.receives += 1
            message.first_received = message.first_received or now
            message.visible_at = now + (self.visibility if visibility is None else visibility)
            taken.append(message)
        return taken

    def expire(self, now: float) -> None:
        """Drop the messages that are older than the retention period."""
        while self.messages:
            oldest = next(iter(self.messages.values()))
            if oldest.sent + self.retention > now:
                return
            del self.messages[oldest.id]

    def delete(self, handle: str) -> bool:
        """Delete the message of the latest receipt handle.

        An older handle deletes nothing. Return False for a text that is not a handle at all.
        """
        identity, colon, _ = handle.rpartition(":")
        if not colon:
            return False
        message = self.messages.get(identity)
        if message is not None and message.handle == handle:
            del self.messages[identity]
        return True

    def configure(self, settings: dict[str, str]) -> None:
        """Take queue attributes as AWS spells them.

        Raises `ValueError`, `KeyError`, `TypeError`.
        """
        merged = {**self.settings, **settings}
        visibility, retention = float(merged["VisibilityTimeout"]), float(merged["MessageRetentionPeriod"])
        delay = float(merged["DelaySeconds"])
        redrive = json.loads(merged.get("RedrivePolicy") or "{}")
        dead_letters, most = (
            str(redrive.get("deadLetterTargetArn", "")),
            int(redrive.get("maxReceiveCount", 0)),
        )
        if dead_letters and most < 1:
            raise ValueError("maxReceiveCount must be at least 1")
        self.visibility, self.retention, self.delay = visibility, retention, delay
        self.dead_letters, self.most_receives, self.settings = dead_letters, most, merged

    def dump(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def restored(cls, state: dict[str, Any]) -> "Queue":
        messages = {key: Message(**message) for key, message in state["messages"].items()}
        return cls(**{**state, "messages": messages})


def md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def without_bytes(attributes: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return message attributes with binary values as base64 text.

    They travel and are kept in this form.
    """

    def text(value: Any) -> Any:
        return base64.b64encode(value).decode() if isinstance(value, bytes) else value

    return {name: {key: text(item) for key, item in value.items()} for name, value in attributes.items()}


def with_bytes(attributes: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return message attributes with binary values as bytes again.

    They leave the service in this form.
    """

    def value(key: str, item: Any) -> Any:
        return base64.b64decode(item) if key == "BinaryValue" else item

    return {name: {key: value(key, item) for key, item in kept.items()} for name, kept in attributes.items()}


def md5_of_attributes(attributes: dict[str, dict[str, Any]]) -> str:
    """Return the digest that SDKs compare.

    SQS developer guide, "Calculating the MD5 message digest for message attributes".
    """
    digest = hashlib.md5(usedforsecurity=False)
    for name, value in sorted(attributes.items()):
        kind = value["DataType"]
        binary = kind.startswith("Binary")
        content = base64.b64decode(value["BinaryValue"]) if binary else value["StringValue"].encode()
        for part in (name.encode(), kind.encode()):
            digest.update(len(part).to_bytes(4, "big") + part)
        digest.update((b"\x02" if binary else b"\x01") + len(content).to_bytes(4, "big") + content)
    return digest.hexdigest()
