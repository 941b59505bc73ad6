"""The signals about the controller itself: AWS metrics, and an hourly probe.

The metrics are AWS's own, of queues and executions. The probe tests the intake.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from controller.rehearsal.services.sqs.api import Queues
from controller.rehearsal.shop.shop import PutMetric
from controller.rehearsal.time.kernel import Kernel

SQS, STATES = "AWS/SQS", "AWS/States"
ENDED = {"FAILED": "ExecutionsFailed", "TIMED_OUT": "ExecutionsTimedOut", "ABORTED": "ExecutionsAborted"}

PROBE_SECONDS, FIRST_PROBE = 3600.0, 95.0


class Meter:
    """The metrics of one controller Region.

    `ended` counts an execution; `emit` publishes the figures of a minute.
    """

    def __init__(self, kernel: Kernel, region: str, queues: Queues, put: PutMetric) -> None:
        self._kernel, self._region, self._queues, self._put = kernel, region, queues, put
        self._counts: dict[tuple[str, str], int] = {}

    def ended(self, detail: Mapping[str, object]) -> None:
        """Count an execution that ended badly.

        detail: of the execution's status change.
        """
        metric = ENDED.get(str(detail["status"]))
        if metric is not None:
            key = (metric, str(detail["stateMachineArn"]))
            self._counts[key] = self._counts.get(key, 0) + 1

    def emit(self) -> None:
        now = self._kernel.now()
        for name, visible, age in self._queues.measured():
            where = {"QueueName": name}
            found = {"ApproximateNumberOfMessagesVisible": visible, "ApproximateAgeOfOldestMessage": age}
            for metric, value in found.items():
                unit = "Count" if metric.endswith("Visible") else "Seconds"
                self._put(self._region, SQS, metric, value, unit, now, where)
        counts, self._counts = self._counts, {}
        for (metric, machine), count in counts.items():
            self._put(self._region, STATES, metric, float(count), "Count", now, {"StateMachineArn": machine})


def probe_each_hour(
    kernel: Kernel,
    application: str,
    regions: Sequence[str],
    publish: Callable[[str, dict[str, Any]], None],
) -> None:
    """Publish an application's intake probe each hour on the bus of every watched Region.

    AWS: a schedule in each of these Regions sends it.
    """
    event: dict[str, Any] = {"source": "tidegate.probe", "detail-type": "Intake Probe"}
    event["detail"] = {"application": application}

    def send() -> None:
        for region in regions:
            publish(region, event)

    kernel.every(PROBE_SECONDS, send, first_after=FIRST_PROBE)
