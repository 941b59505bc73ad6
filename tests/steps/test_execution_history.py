"""An execution hands over before its history is full, whatever it waits for: AWS fails it at 25,000 events.

The limits are set low, so that an hour is as a week; `tests.rehearsal.test_stepfunctions_long_stays` has the
limits as they are.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from controller.core.journal.kind import Kind
from controller.ports.errors import JournalConflict
from controller.steps.incident import driver
from controller.steps.payload import COSTS, WORN, StepPayload, counted
from controller.steps.workflow import assess
from tests.steps.held_incidents import NEVER, WAITS
from tests.support.journal_events import said
from tests.support.world import World, executions, failing

WORKFLOW = json.loads((Path(driver.__file__).parents[2] / "workflow.asl.json").read_text(encoding="utf-8"))
STATES: dict[str, dict[str, Any]] = WORKFLOW["States"]
LOW, LOW_BOUND, LOW_OUT = 400, 500, 600
QUIET = frozenset({"for people to answer"})
"""What is waited for in one state, whose heartbeats write nothing: its history does not grow."""


def attempts(state: dict[str, Any]) -> int:
    return 1 + sum(rule.get("MaxAttempts", 3) for rule in state["Retry"])


def follows(state: dict[str, Any]) -> set[str]:
    """Return the states that a task leads to, beyond the choice after it."""
    direct = STATES[state["Next"]]
    chosen = {rule["Next"] for rule in direct.get("Choices", ())} | {direct.get("Default", state["Next"])}
    return chosen | {rule["Next"] for rule in state.get("Catch", ())}


@pytest.mark.parametrize("name", COSTS)
def test_a_state_costs_what_its_visit_writes_at_most(name: str) -> None:
    state = STATES[name]
    each = 4 if state["Resource"].endswith("waitForTaskToken") else 3
    choice = 2 * (STATES[state["Next"]]["Type"] == "Choice")
    wait = 2 * any(STATES[after]["Type"] == "Wait" for after in follows(state))
    assert COSTS[name] == 2 + each * attempts(state) + choice + wait


def test_every_task_of_an_incident_is_counted() -> None:
    tasks = {name for name, state in STATES.items() if state["Type"] == "Task"}
    assert set(COSTS) == tasks - {"Observe"}


@pytest.fixture
def low(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver, "WORN", LOW)
    monkeypatch.setattr(driver, "WORN_BOUND", LOW_BOUND)
    monkeypatch.setattr(assess, "WORN_OUT", LOW_OUT)


def histories(w: World) -> list[int]:
    """Return how many events each execution has, the newest first."""
    found = []
    for run in executions(w):
        arn = str(run["executionArn"])
        params = {"executionArn": arn, "maxResults": 1, "reverseOrder": True}
        told = w.stage.cloud.call("states", "GetExecutionHistory", arn.split(":")[3], params)["events"]
        found.append(int(told[0]["id"]))
    return found


@pytest.mark.parametrize("name", WAITS)
@pytest.mark.usefixtures("low")
def test_whatever_an_incident_waits_for_its_execution_hands_over_in_time(name: str) -> None:
    w = WAITS[name]()
    w.advance(3600)
    found = histories(w)
    assert len(found) >= (1 if name in QUIET else 2)
    assert max(found) <= LOW_BOUND
    assert len(executions(w, "RUNNING")) == 1
    handed = [said(event) for event in w.events if event.kind is Kind.HANDED_OVER]
    assert len(handed) == len(found) - 1
    assert all(each["planned"] and "its history is long" in each["reason"] for each in handed)
    assert not any("takeovers" in page for page in w.pages)  # nothing was lost
    assert w.state.open is not None
    assert w.state.open.lost == 0


@pytest.mark.usefixtures("low")
def test_where_the_journal_cannot_be_written_for_days_it_ends_and_the_tick_goes_on_with_it() -> None:
    w = failing(target=NEVER)
    assert w.until(w.has(Kind.INCIDENT_OPENED), 200)
    w.advance(60)
    table = w.stage.deployment.journal_table
    later = {"application": {"S": "storefront"}, "seq": {"N": "99"}, "body": {"S": '{"garbage":1}'}}
    w.stage.cloud.call("dynamodb", "PutItem", w.deps.here, {"TableName": table, "Item": later})
    w.advance(3600)
    (length_,) = histories(w)
    assert length_ <= LOW_OUT
    assert executions(w, "RUNNING") == []
    key = {"application": {"S": "storefront"}, "seq": {"N": "99"}}
    w.stage.cloud.call("dynamodb", "DeleteItem", w.deps.here, {"TableName": table, "Key": key})
    w.advance(180)
    assert len(executions(w, "RUNNING")) == 1
    assert w.state.open is not None


def test_appends_that_are_lost_for_ever_are_loops_that_count(monkeypatch: pytest.MonkeyPatch) -> None:
    w = failing(target=NEVER)
    assert w.until(w.has(Kind.INCIDENT_OPENED), 200)

    def lost(*_: object) -> StepPayload:
        raise JournalConflict("another was faster")

    monkeypatch.setattr(assess, "_looked", lost)
    held = w.invoke("Assess", w.payload(history=100))
    assert (held["next"], held["wait_seconds"], held["history"]) == (
        "hold",
        assess.CONFLICT,
        100 + COSTS["Assess"],
    )


def test_a_payload_of_the_version_before_which_counted_loops_alone_is_taken_for_a_long_one() -> None:
    first = StepPayload(
        schema="tidegate.incident/v1", application="a", incident="a-us-east-1-2", epoch=1, loop=999
    )
    first = StepPayload(schema="tidegate.incident/v1", application="a", incident="a-b-2", epoch=1, loop=999)
    assert counted("Assess", first, failed=False).history >= WORN
