"""What the dashboards show: of the application over all Regions, and of each one, guarded or controlling."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from controller.core.policy.schema import CanarySignal
from infra.project import Project
from infra.widgets import Metric, Row, Widget, body, graph, metric, share, table, text

OVERALL = (
    "What customers feel, which Region serves them, and what the controllers know. After a move the first "
    "two graphs show the Region that took over."
)
HERE = "This Region alone: what it does for customers, and how the controller in it is."


def overall(project: Project) -> dict[str, Any]:
    """Of `PREFIX-APPLICATION`: the one to open first."""
    boards = ", ".join(
        f"`{project.names.of(project.policy.application)}-{region}`" for region in _everywhere(project)
    )
    title = f"# {project.policy.application}\n{OVERALL} Each Region has its own: {boards}."
    first = project.policy.controllers[0]
    return body([text(title), *_graphs(_overall(project), first), _incidents(project, first)])


def regional(project: Project, here: str) -> dict[str, Any]:
    """Of `PREFIX-APPLICATION-REGION`."""
    controls = here in project.policy.controllers
    rows = [*_serving(project, here), *(_controller(project, here) if controls else ())]
    title = text(f"# {project.policy.application} in {here}\n{HERE}")
    return body([title, *_graphs(rows, here), *([_incidents(project, here)] if controls else [])])


def _graphs(rows: Iterable[Row], region: str) -> Iterator[Widget]:
    """CloudWatch refuses a graph without any metric."""
    yield from (graph(row, region) for row in rows if row.metrics)


def _everywhere(project: Project) -> list[str]:
    return list(dict.fromkeys((*project.policy.regions, *project.policy.controllers)))


def _overall(project: Project) -> Iterator[Row]:
    app, regions = project.policy.application, tuple(project.policy.regions)
    own, routing = app.capitalize(), project.config.routing
    yield Row("Share of the requests, percent: who serves", "Sum", share(regions, own, "Requests"))
    yield Row("Routing controls On, by Region", "Minimum", tuple(_switched(project)), "singleValue")
    yield Row("Incident open (1), as each controller knows", "Maximum", tuple(_open(project)))
    yield Row("Requests", "Sum", tuple(metric(r, own, "Requests") for r in regions))
    yield Row("Errors, percent", "Average", tuple(metric(r, own, "5xxRate") for r in regions))
    yield Row("Latency, ms", "p90", tuple(metric(r, own, "Latency") for r in regions))
    yield Row("Canaries by Region and observer", "Average", tuple(_canaries(project, regions)))
    yield Row("Replication latency, ms", "Maximum", tuple(_replication(app, regions)))
    yield Row("DynamoDB: throttled and failed", "Sum", tuple(_table(app, regions)))
    yield Row("API Gateway: 5xx", "Sum", tuple(metric(r, "AWS/ApiGateway", "5xx") for r in regions))
    shop = ("AWS/Lambda", "Errors", "FunctionName", f"{app}-shop")
    yield Row("Lambda: errors of the application", "Sum", tuple(metric(r, *shop) for r in regions))
    if routing is not None:
        zone = ("AWS/Route53", "DNSQueries", "HostedZoneId", routing.zone)
        yield Row("Route 53: queries", "Sum", (metric("us-east-1", *zone),))
    shift = ("tidegate", "Duration", "handler", "ShiftTraffic", "service", project.names.prefix)
    took = tuple(metric(r, *shift) for r in project.policy.controllers)
    yield Row("How long a shift took, ms", "Maximum", took)


def _serving(project: Project, here: str) -> Iterator[Row]:
    """What a guarded Region does for customers."""
    if here not in project.policy.regions:
        return
    app = project.policy.application
    own, shop = app.capitalize(), ("FunctionName", f"{app}-shop")
    yield Row("Requests", "Sum", (metric(here, own, "Requests"),))
    yield Row("Errors, percent", "Average", (metric(here, own, "5xxRate"),))
    yield Row("Latency, ms", "p90", (metric(here, own, "Latency"),))
    yield Row("Canaries of this Region, by observer", "Average", tuple(_canaries(project, (here,))))
    others = [region for region in project.policy.regions if region != here]
    yield Row("Replication latency from here, ms", "Maximum", tuple(_replication(app, (here,), others)))
    yield Row("DynamoDB: throttled and failed", "Sum", tuple(_table(app, (here,))))
    gateway = [metric(here, "AWS/ApiGateway", name) for name in ("Count", "4xx", "5xx")]
    yield Row("API Gateway", "Sum", tuple(gateway))
    counts = [metric(here, "AWS/Lambda", name, *shop) for name in ("Invocations", "Errors", "Throttles")]
    yield Row("Lambda", "Sum", tuple(counts))


def _controller(project: Project, here: str) -> Iterator[Row]:
    machine = ("StateMachineArn", project.names.machine_arn(here, project.account))
    counts = ("ExecutionsStarted", "ExecutionsFailed", "ExecutionsTimedOut")
    started = tuple(metric(here, "AWS/States", count, *machine) for count in counts)
    yield Row("The controller: executions", "Sum", started)
    oldest = ("AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", project.names.queue)
    yield Row("The controller: oldest event, s", "Maximum", (metric(here, *oldest),))
    about, own = ("handler", "Observe", "region"), project.names.prefix
    probes = [metric(here, "tidegate", "IntakeProbe", *about, r, "service", own, label=f"from {r}")
              for r in project.policy.regions]  # fmt: skip
    yield Row("The controller: probes, s", "Maximum", tuple(probes))
    tick = ("FunctionName", project.names.function("Tick"))
    errors = tuple(metric(here, "AWS/Lambda", name, *tick) for name in ("Invocations", "Errors"))
    yield Row("The controller: ticks", "Sum", errors)


def _switched(project: Project) -> Iterator[Metric]:
    """As the first controller reads them, and the last: one of the two may be the impaired Region's."""
    controllers = project.policy.controllers
    for observer in (controllers[0], controllers[-1]):
        for region in project.policy.regions:
            where = ("handler", "Tick", "region", region, "service", project.names.prefix)
            yield metric(observer, "tidegate", "ControlsOn", *where, label=f"{region} as {observer} reads it")


def _open(project: Project) -> Iterator[Metric]:
    for observer in project.policy.controllers:
        where = ("handler", "Tick", "service", project.names.prefix)
        yield metric(observer, "tidegate", "IncidentOpen", *where, label=f"as {observer} knows")


def _canaries(project: Project, subjects: Sequence[str]) -> Iterator[Metric]:
    for entries in project.policy.signals.values():
        for source in entries:
            if isinstance(source, CanarySignal):
                for subject in subjects:
                    name = source.canary.replace("{region}", subject)
                    for observer in source.runs_in:
                        where = ("CloudWatchSynthetics", "SuccessPercent", "CanaryName", name)
                        yield metric(observer, *where, label=f"{subject} seen from {observer}")


def _replication(app: str, sources: Sequence[str], targets: Sequence[str] = ()) -> Iterator[Metric]:
    for source in sources:
        for target in targets or sources:
            if source != target:
                where = ("TableName", f"{app}-orders", "ReceivingRegion", target)
                yield metric(
                    source, "AWS/DynamoDB", "ReplicationLatency", *where, label=f"{source} to {target}"
                )


def _table(app: str, regions: Sequence[str]) -> Iterator[Metric]:
    for region in regions:
        for name in ("ThrottledRequests", "SystemErrors"):
            where = ("TableName", f"{app}-orders", "Operation", "PutItem")
            yield metric(region, "AWS/DynamoDB", name, *where)


def _incidents(project: Project, region: str) -> Widget:
    """What each step said last: code, next state, incident."""
    tick, assess = project.names.function("Tick"), project.names.function("Assess")
    query = (
        f"SOURCE '/aws/lambda/{tick}' | SOURCE '/aws/lambda/{assess}' "
        "| fields @timestamp, handler, code, incident, next | filter ispresent(incident) or ispresent(code) "
        "| sort @timestamp desc | limit 50"
    )
    return table("Incidents and decisions", region, query)
