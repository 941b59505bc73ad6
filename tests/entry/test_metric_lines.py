"""Lines in the embedded metric format: as Powertools writes them, each with its own time and value."""

import json
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.metrics.provider.cloudwatch_emf.cloudwatch import AmazonCloudWatchEMFProvider

from controller.entry.lambdas import _metric


def powertools(value: float) -> dict[str, Any]:
    provider = AmazonCloudWatchEMFProvider(namespace="tidegate", service="evac")
    provider.metric_set, provider.metadata_set = {}, {}
    provider.dimension_set = {"handler": "Tick", "region": "us-east-1"}
    provider.add_metric("IntakeProbe", MetricUnit.Seconds, value)
    return dict(provider.serialize_metric_set())


def test_a_line_is_what_powertools_writes_also_the_second_time() -> None:
    """Its `service` is the deployment's prefix: two in one account must not hide each other's silence."""
    for value in (0.5, 2.0):
        expected = powertools(value)
        found = json.loads(
            _metric("evac", "Tick", "IntakeProbe", value, MetricUnit.Seconds, region="us-east-1")
        )
        assert abs(found["_aws"].pop("Timestamp") - expected["_aws"].pop("Timestamp")) < 60_000
        assert found == expected
