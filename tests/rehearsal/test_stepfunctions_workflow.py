"""The shipped state machine file: accepted here, and run as moto's interpreter runs it.

The handlers are scripts of answers, call by call, the same for both. moto waits on the wall clock,
so waits are of no seconds.
"""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from controller.rehearsal.services.stepfunctions import Outcome
from tests.rehearsal.stepfunctions_oracle import by_strand, ended, history, moto_client, script, start
from tests.rehearsal.stepfunctions_world import World

FILE = Path(__file__).parents[2] / "controller" / "workflow.asl.json"
STEPS = (
    "Observe",
    "Assess",
    "ConfirmReadiness",
    "RequestApproval",
    "ShiftTraffic",
    "VerifyShift",
    "Escalate",
    "HandOver",
)


def definition() -> str:
    text = FILE.read_text()
    for step in STEPS:
        text = text.replace(f"${{{step}}}", step)
    return text


def to(following: str) -> dict[str, Any]:
    return {"incident": "i", "next": following, "wait_seconds": 0, "ask_seconds": 600}


# name -> the calls in order: the step that must be called, and where its answer leads
SCRIPTS: dict[str, list[tuple[str, str]]] = {
    "stand_down": [("Assess", "stand_down")],
    "hold_then_stand_down": [("Assess", "hold"), ("Assess", "hold"), ("Assess", "stand_down")],
    "shift_and_settle": [
        ("Assess", "act"),
        ("ConfirmReadiness", "shift"),
        ("ShiftTraffic", "watch"),
        ("VerifyShift", "watch"),
        ("VerifyShift", "settled"),
    ],
    "ask_then_settle": [
        ("Assess", "act"),
        ("ConfirmReadiness", "ask"),
        ("RequestApproval", "asked"),
        ("Assess", "settled"),
    ],
    "not_ready_escalates": [
        ("Assess", "act"),
        ("ConfirmReadiness", "who knows"),
        ("Escalate", "hold"),
        ("Assess", "stand_down"),
    ],
    "hand_over": [("Assess", "hand_over"), ("HandOver", "handed over")],
}


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    with moto_client() as made:
        yield made


def tokens(events: list[dict[str, Any]]) -> list[str]:
    parameters = [
        json.loads(event["taskScheduledEventDetails"]["parameters"])
        for event in events
        if event["type"] == "TaskScheduled"
    ]
    return [item["Payload"]["token"] for item in parameters if "token" in item["Payload"]]


def ours(calls: list[tuple[str, str]], data: dict[str, Any]) -> tuple[World, str]:
    world, left = World(), list(calls)

    def function(step: str, _: Any) -> Outcome:
        expected, following = left.pop(0)
        assert step == expected
        return Outcome(payload=to(following))

    world.functions = {step: lambda payload, step=step: function(step, payload) for step in STEPS}
    arn = world.start(definition(), data)
    world.run(10)
    for token in tokens(world.events(arn)):
        world.call("SendTaskSuccess", taskToken=token, output="{}")
    world.run()
    assert left == []
    return world, arn


@pytest.mark.parametrize("name", SCRIPTS)
def test_the_workflow_runs_as_on_moto(client: Any, name: str) -> None:
    data = {"incident": "i"}
    script([to(following) for _, following in SCRIPTS[name]])
    moto_arn = start(client, name, definition(), data)
    if name == "ask_then_settle":
        answer_on_moto(client, moto_arn)
    described = ended(client, moto_arn)
    world, arn = ours(SCRIPTS[name], data)
    assert world.describe(arn)["status"] == described["status"] == "SUCCEEDED"
    assert by_strand(world.events(arn)) == by_strand(history(client, moto_arn))
    assert world.output(arn) == json.loads(described["output"])


def answer_on_moto(client: Any, arn: str) -> None:
    for _ in range(10_000):
        events = history(client, arn)
        if any(event["type"] == "TaskSubmitted" for event in events):
            break
        time.sleep(0.01)
    for token in tokens(events):
        client.send_task_success(taskToken=token, output="{}")


def test_the_second_way_in_records_and_ends(client: Any) -> None:
    event = {"detail-type": "CloudWatch Alarm State Change", "detail": {}}
    script([{"recorded": True}])
    described = ended(client, start(client, "event", definition(), event))
    world = World()
    world.functions["Observe"] = lambda _: Outcome(payload={"recorded": True})
    arn = world.start(definition(), event)
    world.run()
    assert world.output(arn) == json.loads(described["output"]) == {"recorded": True}
