"""The snapshot of the tables when a run has ended.

A console looks at it: see `readmodel.trace`.
"""

from collections.abc import Iterator
from typing import Any, TextIO

from controller.aws.dynamodb.assessment_items import is_head, place_of, record_of
from controller.aws.dynamodb.evidence import observations
from controller.core.journal.event import Event, event_of
from controller.lab.simulate.world.world import World
from controller.readmodel.trace import Traced, trace_lines
from controller.rehearsal.service import AwsError
from controller.steps.context.situation import FLEET

JOURNAL, EVIDENCE, ASSESSMENTS = "tidegate-journal", "tidegate-evidence", "tidegate-assessments"


def keep(world: World, name: str, file: TextIO | None) -> None:
    """Write the snapshot at the end of a trace, if one is written.

    Raises `OSError`.
    """
    if file is None:
        return
    traced = kept(world, name)
    deployed = world.deployments[traced.here].policy
    file.writelines(line + "\n" for line in trace_lines(traced, deployed))


def kept(world: World, name: str) -> Traced:
    """Return the snapshot, as seen by the controller that has assessed the most.

    Another one may have been dead all along.
    """
    application, cloud = world.policy.application, world.cloud
    by_home = {home: _assessments(world, home) for home in world.homes}
    here = max(world.homes, key=lambda home: len(by_home[home]))
    events = _events(world, here)
    return Traced(
        name=name,
        policy=world.policy,
        account=world.deployments[here].account,
        here=here,
        until=world.now,
        controls={c: cloud.switch.is_on(c) for r in world.policy.regions.values() for c in r.controls},
        events=tuple(e for e in events if e.application == application),
        fleet=tuple(e for e in events if e.application == FLEET),
        assessments=by_home[here],
        evidence={
            item["signal"]["S"]: tuple(observations(item["observations"]["S"]))
            for item in _items(world, here, EVIDENCE)
            if "observations" in item
        },
        requests={region: _requests(world, region) for region in world.policy.regions},
    )


def _events(world: World, here: str) -> list[Event]:
    bodies = [item["body"]["S"] for item in _items(world, here, JOURNAL) if "body" in item]
    return sorted((event_of(body) for body in bodies), key=lambda event: event.seq)


def _assessments(world: World, home: str) -> tuple[tuple[float, dict[str, Any]], ...]:
    items = _items(world, home, ASSESSMENTS)
    kept = [(place_of(item).moment, record_of(item)) for item in items if not is_head(item)]
    return tuple(sorted(kept, key=lambda pair: pair[0]))


def _requests(world: World, region: str) -> tuple[tuple[float, float], ...]:
    """Return the minutes that the policy's own metric counted.

    None where the policy names no metric.
    """
    metric = world.policy.traffic
    if metric is None:
        return ()
    dimensions = (metric.dimensions or {}).get(region, {})
    asked = {
        "Namespace": metric.namespace,
        "MetricName": metric.metric,
        "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions.items()],
    }
    query = {"Id": "requests", "MetricStat": {"Metric": asked, "Period": 60, "Stat": "Sum"}}
    span = {"StartTime": world.now - 86_000.0, "EndTime": world.now}
    answer = world.cloud.call("monitoring", "GetMetricData", region, {"MetricDataQueries": [query], **span})
    (result,) = answer["MetricDataResults"]
    return tuple(sorted(zip(result["Timestamps"], result["Values"], strict=True)))


def _items(world: World, region: str, table: str) -> Iterator[dict[str, Any]]:
    """Yield everything in a table; nothing where it was never made."""
    asked: dict[str, Any] = {"TableName": table}
    while True:
        try:
            answer = world.cloud.call("dynamodb", "Scan", region, asked)
        except AwsError:
            return
        yield from answer["Items"]
        if "LastEvaluatedKey" not in answer:
            return
        asked = asked | {"ExclusiveStartKey": answer["LastEvaluatedKey"]}
