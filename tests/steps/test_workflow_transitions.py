"""Wherever a step says that the workflow goes next, the workflow file has a road. Found by simulation."""

import ast
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.core.journal.kind import Kind
from controller.core.model import Verdict
from controller.steps.operator.commands import stand_down
from tests.support.world import FREE, World, executions, failing, world

ROOT = Path(__file__).parents[2] / "controller"
STATES = json.loads((ROOT / "workflow.asl.json").read_text(encoding="utf-8"))["States"]
STEPS = {
    "Assess": ("workflow/assess",),
    "ConfirmReadiness": ("workflow/confirm_readiness",),
    "ShiftTraffic": ("workflow/shift_traffic",),
    "VerifyShift": ("workflow/verify_shift", "incident/traffic_proof"),
}
"""State -> the modules of steps that say where it goes next."""


def said(module: str) -> Iterator[str]:
    """Every `next` that the steps of a module may answer with."""
    tree = ast.parse((ROOT / "steps" / f"{module}.py").read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "to":
            first = node.args[0]
            for part in (first.body, first.orelse) if isinstance(first, ast.IfExp) else (first,):
                assert isinstance(part, ast.Constant)
                yield str(part.value)


@pytest.mark.parametrize("state", STEPS)
def test_each_answer_of_a_step_has_a_road(state: str) -> None:
    """Found: seed 12. A move that was rolled back ended by way of Escalate, as if a step had failed."""
    roads = {c["StringEquals"] for c in STATES[STATES[state]["Next"]]["Choices"] if "StringEquals" in c}
    answers = {word for module in STEPS[state] for word in said(module)} - {"escalate"}
    assert answers
    assert answers <= roads


def test_a_rollback_ends_its_execution_at_once() -> None:
    w = failing(evacuate=FREE | {"waves": [2], "settle": "2m", "ifVerifyFails": "rollback"})
    assert w.until(w.has(Kind.SHIFT_APPLIED), 120)
    w.say(east=Verdict.HEALTHY, west=Verdict.BREACHING)
    assert w.until(w.has(Kind.ROLLED_BACK), 600)
    w.advance(2)
    assert executions(w, "RUNNING") == []


def ended() -> World:
    """us-east-1's evacuation was stood down."""
    w = world(evacuate=FREE)
    w.asleep.add("ConfirmReadiness")
    w.say(east=Verdict.BREACHING)
    assert w.until(w.has(Kind.CONFIRMED), 600)
    stand_down(w.hand, str(w.events[-1].draft.incident), who="ana", reason="enough")
    w.asleep.clear()
    return w


def test_a_step_that_is_tried_again_after_the_end_fails_nothing() -> None:
    """Found: seed 55. Somebody stood it down between the look and the write; the second try was illegal."""
    w = ended()
    before = len(w.events)
    assert w.invoke("ConfirmReadiness", w.payload())["next"] == "again"
    assert len(w.events) == before
