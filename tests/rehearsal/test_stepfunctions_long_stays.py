"""Long stays in each round of the workflow: an execution ends well before its history is full.

The engine plays the shipped file with answers by script, and the limits as they are.
"""

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from controller.rehearsal.services.stepfunctions import Outcome
from controller.steps.payload import COSTS, WORN, WORN_OUT, StepPayload, counted, read_payload
from tests.rehearsal.stepfunctions_world import World as Engine

FILE = Path(__file__).parents[2] / "controller" / "workflow.asl.json"
FIRST = StepPayload(schema="tidegate.incident/v1", application="a", incident="a-us-east-1-2", epoch=1)


def machine() -> str:
    text = FILE.read_text(encoding="utf-8")
    for step in (*COSTS, "Observe"):
        text = text.replace(f"${{{step}}}", step)
    return text


FAILS = Outcome(error="OutsideUnreachable", cause="nobody answers")
LOSES = Outcome(error="JournalConflict", cause="another was faster")
ROUNDS: dict[str, dict[str, str | Outcome]] = {
    "holds": {"Assess": "hold"},
    "watches": {"Assess": "watch", "VerifyShift": "watch"},
    "between waves": {"Assess": "watch", "VerifyShift": "again"},
    "is held right before it asks": {"Assess": "act", "ConfirmReadiness": "escalate"},
    "is refused by ARC": {"Assess": "act", "ConfirmReadiness": "shift", "ShiftTraffic": "escalate"},
    "shifts again": {"Assess": "act", "ConfirmReadiness": "shift", "ShiftTraffic": "again"},
    "asks and nobody keeps the question alive": {"Assess": "act", "ConfirmReadiness": "ask"},
    "cannot confirm": {"Assess": "act", "ConfirmReadiness": FAILS},
    "cannot ask": {"Assess": "act", "ConfirmReadiness": "ask", "RequestApproval": FAILS},
    "cannot shift": {"Assess": "act", "ConfirmReadiness": "shift", "ShiftTraffic": FAILS},
    "cannot verify": {"Assess": "watch", "VerifyShift": FAILS},
    "cannot assess": {"Assess": FAILS},
    "loses every append of a shift": {"Assess": "act", "ConfirmReadiness": "shift", "ShiftTraffic": LOSES},
    "loses every append of a look": {"Assess": "watch", "VerifyShift": LOSES},
    "loses the page": {"Assess": "act", "ConfirmReadiness": FAILS, "Escalate": LOSES},
}


def stays(answers: dict[str, str | Outcome]) -> tuple[Engine, str, list[int]]:
    """Run one execution by script until it ends; a worn one goes the way of the steps.

    The third result: by how much the count was above the history, at each visit.
    """
    engine, above = Engine(), list[int]()
    ends = (
        WORN_OUT
        if {"Assess", "Escalate"} & {s for s, a in answers.items() if isinstance(a, Outcome)}
        else WORN
    )

    def play(state: str, event: dict[str, Any]) -> Outcome:
        payload = counted(state, read_payload(event), failed="error" in event)
        above.append(payload.history - length(engine, arn))
        answer = answers.get(state, "hold")
        if state == "Assess" and payload.history >= ends:
            answer = "superseded"
        elif state == "VerifyShift" and payload.history >= ends and answer == "watch":
            answer = "again"
        if isinstance(answer, Outcome):
            return answer
        return Outcome(payload=payload.to(answer).model_dump(mode="json", by_alias=True))  # type: ignore[arg-type]

    for state in COSTS:
        engine.functions[state] = partial(play, state)
    asks = answers.get("RequestApproval")
    engine.functions["RequestApproval"] = lambda _: asks if isinstance(asks, Outcome) else Outcome(payload={})
    arn = engine.start(machine(), FIRST.model_dump(mode="json", by_alias=True))
    engine.run(40 * 86_400.0)
    return engine, arn, above


def length(engine: Engine, arn: str) -> int:
    """Return the number of the newest event."""
    told = engine.call("GetExecutionHistory", executionArn=arn, maxResults=1, reverseOrder=True)["events"]
    return int(told[0]["id"])


@pytest.mark.parametrize("name", ROUNDS)
def test_a_long_stay_in_each_round_ends_well_before_the_history_is_full(name: str) -> None:
    engine, arn, above = stays(ROUNDS[name])
    assert engine.describe(arn)["status"] == "SUCCEEDED"
    assert 3_000 < length(engine, arn) < 15_000
    assert min(above) >= 0  # so the count is a bound, whatever fails
