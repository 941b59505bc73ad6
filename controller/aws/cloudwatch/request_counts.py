"""The request counts of each Region, by CloudWatch's GetMetricData in that Region.

It is a data-plane read. AWS: CloudWatch API Reference, GetMetricData; data points of one minute are kept for
15 days.
"""

from collections.abc import Callable, Mapping
from typing import Any

from botocore.client import BaseClient

from controller.aws.errors import translated
from controller.core.policy.schema import Traffic
from controller.core.text import sanitize
from controller.ports.errors import EvidenceUnavailable
from controller.ports.runtime import Runtime, answer_within

PERMISSIONS: tuple[str, ...] = ("cloudwatch:GetMetricData",)
PERIOD = 60
MOST = 1440
"""Minutes that are asked for at most, the newest: a day, and far below what one answer holds."""

Minutes = list[tuple[float, float]]


class CloudWatchRequests:
    """`ports.outside.Requests` by CloudWatch.

    clients: Region -> CloudWatch client, with timeouts that end a hung call soon after `timeout` seconds.
    metric: what counts; None: the policy names nothing, nobody asks. ready, doubt: as of `CloudWatchPoll`.
    """

    def __init__(
        self,
        *,
        clients: Mapping[str, BaseClient],
        metric: Traffic | None,
        runtime: Runtime,
        timeout: float = 1.0,
        ready: Callable[[], None] = lambda: None,
        doubt: Callable[[], None] = lambda: None,
    ) -> None:
        self._clients, self._metric, self._runtime, self._timeout = clients, metric, runtime, timeout
        self._ready, self._doubt = ready, doubt

    def count(self, region: str, *, since: float, until: float) -> Minutes:
        """Count the requests, as `ports.outside.Requests.count` says."""
        client, metric = self._clients.get(region), self._metric
        if client is None or metric is None:
            raise EvidenceUnavailable(f"no metric counts the requests of {region}")
        self._ready()
        try:
            return answer_within(
                self._runtime,
                lambda: _counted(client, metric, region, since, until),
                self._timeout,
                whom=f"CloudWatch in {region} did not answer",
            )
        except EvidenceUnavailable as error:
            if error.refused:
                self._doubt()
            raise


def _counted(client: Any, metric: Traffic, region: str, since: float, until: float) -> Minutes:
    begin = max(since - since % PERIOD, until - until % PERIOD - (MOST - 1) * PERIOD)
    dimensions = (metric.dimensions or {}).get(region, {})
    asked = {
        "Namespace": metric.namespace,
        "MetricName": metric.metric,
        "Dimensions": [{"Name": name, "Value": value} for name, value in sorted(dimensions.items())],
    }
    query = {"Id": "requests", "MetricStat": {"Metric": asked, "Period": PERIOD, "Stat": "Sum"}}
    with translated(EvidenceUnavailable, f"counting the requests of {region}"):
        answer = client.get_metric_data(
            MetricDataQueries=[query], StartTime=begin, EndTime=until, ScanBy="TimestampAscending"
        )
    try:
        (result,) = answer["MetricDataResults"]
        if result.get("StatusCode", "Complete") != "Complete":
            raise EvidenceUnavailable(
                f"{region} counts in part only: {sanitize(str(result['StatusCode']), 60)}"
            )
        pairs = zip(result["Timestamps"], result["Values"], strict=True)
        return sorted((float(at.timestamp()), float(value)) for at, value in pairs)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise EvidenceUnavailable(f"what {region} counted cannot be read: {error}") from error
