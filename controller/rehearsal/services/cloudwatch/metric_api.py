"""The metric operations: PutMetricData, ListMetrics, GetMetricStatistics, GetMetricData for single metrics.

CloudWatch API reference.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from controller.rehearsal.faults import Faults
from controller.rehearsal.service import AwsError, Call, epoch
from controller.rehearsal.services.cloudwatch.alarm_settings import refuse
from controller.rehearsal.services.cloudwatch.metrics import STATISTICS, Key, Metrics, Stats, key
from controller.rehearsal.time.kernel import Kernel

MOST_POINTS, MOST_METRICS = 1440, 500
Answer = dict[str, Any]


class Samples:
    """The metric operations of a Region's `monitoring` service."""

    def __init__(self, kernel: Kernel, region: str, metrics: Metrics, faults: Faults) -> None:
        self._kernel, self._region, self._metrics, self._faults = kernel, region, metrics, faults

    @property
    def operations(self) -> Mapping[str, Callable[[Call], Answer]]:
        return {
            "PutMetricData": self._put_metric_data,
            "GetMetricStatistics": self._get_metric_statistics,
            "GetMetricData": self._get_metric_data,
            "ListMetrics": self._list_metrics,
        }

    def put(self, namespace: str, name: str, value: float, dimensions: Mapping[str, str]) -> None:
        """Add one sample of now, from a part of the rehearsal itself."""
        datum = {
            "MetricName": name,
            "Value": value,
            "Dimensions": [{"Name": dimension, "Value": text} for dimension, text in dimensions.items()],
            "StorageResolution": 1,
        }
        with self._kernel.lock:
            self._add(namespace, [datum])

    def _put_metric_data(self, call: Call) -> Answer:
        self._add(str(call.params["Namespace"]), call.params.get("MetricData") or [])
        return {}

    def _add(self, namespace: str, data: list[dict[str, Any]]) -> None:
        now = self._kernel.now()
        ready = []
        for datum in data:
            resolution = 1 if datum.get("StorageResolution") == 1 else 60
            ready.append(
                (_metric(namespace, datum), epoch(datum.get("Timestamp"), now), _stats(datum), resolution)
            )
        if self._region in self._faults.no_metrics:
            return
        for metric, when, stats, resolution in ready:
            self._metrics.add(metric, when, stats, resolution=resolution, now=now)

    def _list_metrics(self, call: Call) -> Answer:
        params, token = call.params, str(call.params.get("NextToken") or "0")
        if params.get("RecentlyActive") or params.get("IncludeLinkedAccounts"):
            raise refuse("RecentlyActive and IncludeLinkedAccounts are not rehearsed.")
        if not token.isdecimal():
            raise AwsError("InvalidParameterValue", "The next token is not valid.")
        asked = [(each["Name"], each.get("Value")) for each in params.get("Dimensions") or []]
        found = [
            {
                "Namespace": namespace,
                "MetricName": name,
                "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions],
            }
            for namespace, name, dimensions in self._metrics.listed()
            if params.get("Namespace") in (None, namespace)
            and params.get("MetricName") in (None, name)
            and all(
                key in dict(dimensions) and value in (None, dict(dimensions)[key]) for key, value in asked
            )
        ]
        start, end = int(token), int(token) + MOST_METRICS
        return {"Metrics": found[start:end], **({"NextToken": str(end)} if end < len(found) else {})}

    def _periods(self, metric: Key, params: Mapping[str, Any], period: int) -> Iterator[tuple[float, Stats]]:
        now = self._kernel.now()
        begin, end = epoch(params.get("StartTime"), now), epoch(params.get("EndTime"), now)
        if period < 1 or begin >= end:
            raise refuse("StartTime must be less than EndTime, and Period at least 1.")
        begin -= begin % period
        if (end - begin) / period > MOST_POINTS:
            raise AwsError(
                "InvalidParameterCombination", f"More than {MOST_POINTS} datapoints are asked for."
            )
        for index in range(math.ceil((end - begin) / period)):
            stats = self._metrics.between(metric, begin + index * period, begin + (index + 1) * period)
            if stats is not None:
                yield begin + index * period, stats

    def _get_metric_statistics(self, call: Call) -> Answer:
        params = call.params
        metric = _metric(str(params["Namespace"]), params)
        wanted = [name for name in params.get("Statistics") or [] if name in STATISTICS]
        points = [
            {
                "Timestamp": at,
                **{name: stats.value(name) for name in wanted},
                "Unit": params.get("Unit") or "None",
            }
            for at, stats in self._periods(metric, params, int(params["Period"]))
        ]
        return {"Label": params["MetricName"], "Datapoints": points}

    def _get_metric_data(self, call: Call) -> Answer:
        results = []
        for query in call.params.get("MetricDataQueries") or []:
            stat = query.get("MetricStat")
            if stat is None or stat["Stat"] not in STATISTICS:
                raise refuse("Only queries with a MetricStat and a plain statistic are rehearsed.")
            if query.get("ReturnData") is False:
                continue
            name = stat["Metric"]["MetricName"]
            metric = _metric(str(stat["Metric"]["Namespace"]), stat["Metric"])
            points = list(self._periods(metric, call.params, int(stat["Period"])))
            if call.params.get("ScanBy") != "TimestampAscending":
                points.reverse()
            results.append(
                {
                    "Id": query["Id"],
                    "Label": query.get("Label") or name,
                    "Timestamps": [at for at, _ in points],
                    "Values": [stats.value(stat["Stat"]) for _, stats in points],
                    "StatusCode": "Complete",
                }
            )
        return {"MetricDataResults": results, "Messages": []}


def _metric(namespace: str, datum: Mapping[str, Any]) -> Key:
    dimensions = {item["Name"]: item["Value"] for item in datum.get("Dimensions") or []}
    return key(namespace, datum["MetricName"], dimensions)


def _stats(datum: Mapping[str, Any]) -> Stats:
    if given := datum.get("StatisticValues"):
        stats = Stats(
            float(given["SampleCount"]), float(given["Sum"]), float(given["Minimum"]), float(given["Maximum"])
        )
    else:
        values = [float(value) for value in datum.get("Values") or [datum.get("Value", math.nan)]]
        counts = [float(count) for count in datum.get("Counts") or [1.0] * len(values)]
        if len(counts) != len(values):
            raise refuse("Values and Counts must have the same length.")
        total = sum(value * count for value, count in zip(values, counts, strict=True))
        stats = Stats(sum(counts), total, min(values), max(values))
    if stats.count <= 0 or not all(
        math.isfinite(x) for x in (stats.count, stats.total, stats.least, stats.most)
    ):
        raise AwsError("InvalidParameterValue", "A metric value must be a finite number.")
    return stats
