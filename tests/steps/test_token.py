"""A task token opens an evacuation: whoever searches the whole world for it finds it in one place only."""

import json
from typing import Any

from controller.core.journal import Kind
from tests.steps.test_approval import asked, question, yes
from tests.support.world import World, executions, stop


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
    pages = "".join(f"{notice.subject} {notice.text}" for notice in w.stage.cloud.outbox.notices)
    return tables | {"history": str(seen), "pages": pages, "log": w.log.getvalue(), "deps": repr(w.deps),
                     "errors": str(w.stage.cloud.errors)}  # fmt: skip


def test_the_token_is_in_no_journal_table_page_log_output_or_history_but_where_aws_puts_it() -> None:
    w, request = asked()
    stop(w)
    assert w.until(w.has(Kind.HANDED_OVER), 90)
    assert w.until(lambda: question(w) != request, 30)
    w.advance(2)
    waiting = w.hand.approvals.get(question(w))
    assert waiting is not None
    yes(w, question(w))
    assert w.until(w.has(Kind.SETTLED), 120)
    found = tokens(w)
    assert waiting.token in found
    assert len(found) == 2
    for where, text in everything(w).items():
        assert len(text) > 1, where
        assert not any(token in text for token in found), where
