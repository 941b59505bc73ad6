"""Task tokens of a run, and all the texts in which one could be found."""

import json
from typing import Any

from controller.aws.dynamodb.assessment_items import is_head, text_of
from tests.support.world import World, executions


def histories(w: World) -> list[dict[str, Any]]:
    region = w.stage.cloud.plan.controller
    found: list[dict[str, Any]] = []
    for run in executions(w):
        params = {"executionArn": run["executionArn"], "maxResults": 1000}
        found += w.stage.cloud.call("states", "GetExecutionHistory", region, params)["events"]
        found.append(w.stage.cloud.call("states", "DescribeExecution", region, params))
    return found


def tokens(w: World) -> set[str]:
    """AWS itself shows it in `TaskScheduled`: that is how it reaches the function."""
    scheduled = (e.get("taskScheduledEventDetails", {}).get("parameters", "{}") for e in histories(w))
    return {
        json.loads(p)["Payload"]["token"] for p in scheduled if "token" in json.loads(p).get("Payload", {})
    }


def everything(w: World) -> dict[str, str]:
    """All that is written, sent, shown or logged, but for the parameters of the task itself."""
    region = w.stage.cloud.plan.controller
    for event in (seen := histories(w)):
        event.get("taskScheduledEventDetails", {}).pop("parameters", None)
    tables = {
        table: str(w.stage.cloud.call("dynamodb", "Scan", region, {"TableName": table}))
        for table in ("tidegate-journal", "tidegate-evidence", "tidegate-assessments")
    }
    assessed = w.stage.cloud.call("dynamodb", "Scan", region, {"TableName": "tidegate-assessments"})["Items"]
    tables["assessments"] = "\n".join(text_of(item) for item in assessed if not is_head(item))
    pages = "".join(f"{notice.subject} {notice.text}" for notice in w.stage.cloud.outbox.notices)
    return tables | {"history": str(seen), "pages": pages, "log": w.log.getvalue(), "deps": repr(w.deps),
                     "errors": str(w.stage.cloud.errors)}  # fmt: skip
