"""The dashboards: of one controller Region, and of the application over all of them."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from aws_cdk import aws_cloudwatch as cloudwatch

from controller.core.policy import CanarySignal
from infra import names
from infra.project import Project
from infra.stack import Regional

Metric = list[Any]
Row = tuple[str, str, list[Metric]]
"""Title, statistic, metrics."""
WIDE, TALL = 12, 6


def controller_dashboard(stack: Regional) -> None:
    """In every controller Region: whichever survives shows all of it."""
    body = {
        "start": "-PT3H",
        "periodOverride": "inherit",
        "widgets": list(_placed(_widgets(stack.project, stack.here))),
    }
    name = f"tidegate-{stack.project.policy.application}-{stack.here}"
    cloudwatch.CfnDashboard(stack, "Dashboard", dashboard_name=name, dashboard_body=json.dumps(body))


def _widgets(project: Project, here: str) -> Iterator[dict[str, Any]]:
    yield _text(
        f"# {project.policy.application}\nWhat customers feel, what the instruments say, which Region "
        "serves, and whether tidegate is well. After a move the Region that took over shows the requests."
    )
    for title, stat, metrics in (*_application(project), *_controller(project, here)):
        if metrics:  # CloudWatch refuses a graph without any
            yield _graph(title, here, metrics, stat)
    yield _incidents(here)


def _application(project: Project) -> Iterator[Row]:
    app, regions = project.policy.application, tuple(project.policy.regions)
    own, routing = app.capitalize(), project.config.routing
    yield "Requests: who serves", "Sum", [_in(r, own, "Requests") for r in regions]
    yield "Errors, percent", "Average", [_in(r, own, "5xxRate") for r in regions]
    yield "Latency, ms", "p90", [_in(r, own, "Latency") for r in regions]
    yield "Canaries by Region and observer", "Average", list(_canaries(project))
    yield "Replication latency, ms", "Maximum", list(_replication(app, regions))
    yield "DynamoDB: throttled and failed", "Sum", list(_table(app, regions))
    yield "API Gateway: 5xx", "Sum", [_in(r, "AWS/ApiGateway", "5xx") for r in regions]
    shop = ("AWS/Lambda", "Errors", "FunctionName", f"{app}-shop")
    yield "Lambda: errors of the application", "Sum", [_in(r, *shop) for r in regions]
    zone = ("AWS/Route53", "DNSQueries", "HostedZoneId")
    yield "Route 53: queries", "Sum", [_in("us-east-1", *zone, routing.zone)] if routing else []


def _controller(project: Project, here: str) -> Iterator[Row]:
    shift = ("tidegate", "Duration", "handler", "ShiftTraffic", "service", "tidegate")
    yield (
        "Routing controls: how long a shift took, ms",
        "Maximum",
        [_in(region, *shift) for region in project.policy.controllers],
    )
    machine = ("StateMachineArn", names.machine_arn(here, project.account))
    counts = ("ExecutionsStarted", "ExecutionsFailed", "ExecutionsTimedOut")
    yield "The controller: executions", "Sum", [_in(here, "AWS/States", count, *machine) for count in counts]
    oldest = ("AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", names.QUEUE)
    yield "The controller: oldest event, s", "Maximum", [_in(here, *oldest)]
    yield (
        "The controller: probes, s",
        "Maximum",
        [
            _in(
                here, "tidegate", "IntakeProbe", "handler", "Observe", "region", region, "service", "tidegate"
            )
            for region in project.policy.regions
        ],
    )


def _canaries(project: Project) -> Iterator[Metric]:
    for entries in project.policy.signals.values():
        for source in entries:
            if isinstance(source, CanarySignal):
                for subject in project.policy.regions:
                    name = source.canary.replace("{region}", subject)
                    for observer in source.runs_in:
                        label = f"{subject} seen from {observer}"
                        metric = _in(observer, "CloudWatchSynthetics", "SuccessPercent", "CanaryName", name)
                        metric[-1]["label"] = label
                        yield metric


def _replication(app: str, regions: Sequence[str]) -> Iterator[Metric]:
    for source in regions:
        for target in regions:
            if source != target:
                yield _in(source, "AWS/DynamoDB", "ReplicationLatency", "TableName", f"{app}-orders",
                          "ReceivingRegion", target)  # fmt: skip


def _table(app: str, regions: Sequence[str]) -> Iterator[Metric]:
    for region in regions:
        for metric in ("ThrottledRequests", "SystemErrors"):
            yield _in(region, "AWS/DynamoDB", metric, "TableName", f"{app}-orders", "Operation", "PutItem")


def _in(region: str, *metric: str) -> Metric:
    return [*metric, {"region": region, "label": f"{region} {metric[1]}"}]


def _graph(title: str, region: str, metrics: list[Metric], stat: str) -> dict[str, Any]:
    properties = {"title": title, "region": region, "view": "timeSeries", "stat": stat, "period": 60,
                  "metrics": metrics}  # fmt: skip
    return {"type": "metric", "width": WIDE, "height": TALL, "properties": properties}


def _text(markdown: str) -> dict[str, Any]:
    return {
        "type": "text",
        "width": 24,
        "height": 2,
        "properties": {"markdown": markdown},
    }


def _incidents(region: str) -> dict[str, Any]:
    """What each step said last: code, next state, incident."""
    query = (
        "SOURCE '/aws/lambda/tidegate-Tick' | SOURCE '/aws/lambda/tidegate-Assess' "
        "| fields @timestamp, handler, code, incident, next | filter ispresent(incident) or ispresent(code) "
        "| sort @timestamp desc | limit 50"
    )
    properties = {"title": "Incidents and decisions", "region": region, "view": "table", "query": query}
    return {"type": "log", "width": 24, "height": TALL, "properties": properties}


def _placed(widgets: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Left to right, top to bottom."""
    x = y = row = 0
    for widget in widgets:
        if x + widget["width"] > 24:
            x, y, row = 0, y + row, 0
        yield {**widget, "x": x, "y": y}
        x, row = x + widget["width"], max(row, widget["height"])
