"""The Lambda event source mapping of one queue: batches, a window, partial failures.

Lambda developer guide.

```
 first visible message ──window (or batch full)──> receive a batch ──> invoke ──> delete what succeeded
                                                   at most `concurrency` at once    the rest turns visible
                                                                                    after its timeout
```
"""

from collections.abc import Callable
from typing import Any

from controller.rehearsal.services.awslambda import Invoke, Outcome
from controller.rehearsal.services.sqs.messages import Message, Queue, md5
from controller.rehearsal.time.kernel import Kernel, Timer

Bury = Callable[[str, Message], None]


class Mapping:
    """The mapping that feeds `function` from the queue that `queue()` returns.

    bury: moves a message to a dead-letter queue.
    """

    def __init__(
        self,
        kernel: Kernel,
        queue: Callable[[], Queue],
        bury: Bury,
        function: str,
        invoke: Invoke,
        *,
        batch_size: int,
        window: float,
        concurrency: int,
    ) -> None:
        self._kernel, self._queue, self._bury = kernel, queue, bury
        self._function, self._invoke = function, invoke
        self._batch_size, self._window, self._concurrency = batch_size, window, concurrency
        self._running = 0
        self._timer: Timer | None = None

    def look(self) -> None:
        """Plan the next batch after a change in the queue.

        A full batch goes at once.
        """
        if self._running >= self._concurrency:
            return
        now, ready, later = self._kernel.now(), 0, float("inf")
        for message in self._queue().messages.values():
            later = min(later, message.visible_at)
            ready += message.visible_at <= now
            if ready >= self._batch_size:
                self._plan(now)
                return
        if later < float("inf"):
            self._plan(max(now, later) + self._window)

    def _plan(self, when: float) -> None:
        if self._timer is not None:
            if self._timer.when <= when:
                return
            self._timer.cancel()
        self._timer = self._kernel.at(when, self._send)

    def _send(self) -> None:
        self._timer = None
        while self._running < self._concurrency:
            queue = self._queue()
            batch = queue.receive(self._kernel.now(), self._batch_size, self._bury)
            if not batch:
                break
            self._running += 1
            records = [record(message, queue.arn) for message in batch]
            self._invoke(self._function, {"Records": records}, self._ended(batch))
        self.look()

    def _ended(self, batch: list[Message]) -> Callable[[Outcome], None]:
        handles = {message.id: message.handle for message in batch}

        def ended(outcome: Outcome) -> None:
            self._running -= 1
            failed = failed_items(outcome, set(handles))
            for identity, handle in handles.items():
                if identity not in failed:
                    self._queue().delete(handle)
            self.look()

        return ended


def failed_items(outcome: Outcome, sent: set[str]) -> set[str]:
    """Return the ids of the messages that stay in the queue.

    An answer that names an unknown message fails the whole batch.
    """
    if outcome.error is not None:
        return sent
    items = outcome.payload.get("batchItemFailures") if isinstance(outcome.payload, dict) else None
    if not items:
        return set()
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        return sent
    named = [item.get("itemIdentifier") for item in items]
    return (
        {str(name) for name in named}
        if all(isinstance(name, str) and name in sent for name in named)
        else sent
    )


def record(message: Message, queue_arn: str) -> dict[str, Any]:
    """Return one record of the event that the function receives."""
    return {
        "messageId": message.id,
        "receiptHandle": message.handle,
        "body": message.body,
        "attributes": message.system_attributes(),
        "messageAttributes": {name: _attribute(value) for name, value in message.attributes.items()},
        "md5OfBody": md5(message.body),
        "eventSource": "aws:sqs",
        "eventSourceARN": queue_arn,
        "awsRegion": queue_arn.split(":")[3],
    }


def _attribute(value: dict[str, Any]) -> dict[str, Any]:
    return {
        **{key[0].lower() + key[1:]: value[key] for key in ("StringValue", "BinaryValue") if key in value},
        "stringListValues": [],
        "binaryListValues": [],
        "dataType": value["DataType"],
    }
