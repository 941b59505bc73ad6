"""Each call of an evacuation goes wrong in each way: exactly one evacuation comes of it all the same.

```
 call n ─> refused: never arrived        died: the process ended before it
        └> lost: applied, no reply       dies: the process ended right after it applied
```
"""

from functools import cache

import pytest

from controller.core.journal.kind import Kind
from tests.steps.kill_matrix import MODES, Cell, play_cell, run_to_the_end, wrong
from tests.support.policy_scene import policy_data
from tests.support.world import failing
from tests.support.world_faults import Sent

CHUNKS = 6
ALL_WAYS = ("UpdateRoutingControlStates", "PutItem", "StartExecution")
"""Operations that change something; in the step that moves traffic they meet every mode."""


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_one_evacuation_comes_of_it_whatever_call_goes_wrong(chunk: int) -> None:
    calls = _undisturbed()
    assert {step for sent in calls for step in sent.step} == {
        "Observe", "Tick", "Assess", "ConfirmReadiness", "RequestApproval", "ShiftTraffic", "VerifyShift",
    }  # fmt: skip
    for sent in calls[chunk::CHUNKS]:
        every = sent.step == {"ShiftTraffic"} and sent.operation in ALL_WAYS
        for mode in MODES if every else (MODES[sent.number // CHUNKS % len(MODES)],):
            assert wrong(play_cell(Cell(sent.number, mode))) == [], (sent, mode)


@cache
def _undisturbed() -> list[Sent]:
    """The calls of a run in which nothing goes wrong."""
    return play_cell(None).calls


def test_the_matrix_notices_a_second_effect() -> None:
    w = play_cell(None)
    w.hand.switch.update(
        [[("usw2-a", False), ("use1-a", True)]], deadline=w.stage.kernel.now() + 30, fence=lambda: None
    )
    assert any("moves" in said for said in wrong(w))


@pytest.mark.parametrize(
    "step", ["Assess", "ConfirmReadiness", "RequestApproval", "ShiftTraffic", "VerifyShift"]
)
def test_a_step_that_is_invoked_twice_at_once_has_one_effect(step: str) -> None:
    """Lambda may deliver an invocation twice; both run side by side here, each from the same payload."""
    w = failing(evacuate=policy_data()["evacuate"])
    real = w.stage.cloud.functions[step]
    twins = []

    def twice(event: dict[str, object], context: object) -> dict[str, object]:
        twins.append(w.stage.runtime.spawn(lambda: real(event, context)))
        return real(event, context)

    w.stage.cloud.functions[step] = twice
    run_to_the_end(w)
    assert twins
    assert wrong(w) == []
    assert w.count(Kind.APPROVAL_REQUESTED) == 1
