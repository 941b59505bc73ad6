"""A person breaks the glass while an incident is in progress: seen as drift, not fought, and journalled."""

from collections.abc import Mapping
from typing import Any

from controller.core.journal.kind import Kind
from controller.core.journal.notes import Escalated
from controller.lab.scenarios import SCENARIOS
from controller.lab.scenarios.play import Run, rehearse
from controller.steps.operator.break_glass import move, plan_move
from controller.steps.operator.local_records import journal_records
from tests.support.break_glass_line import line
from tests.support.drill_run import set_up
from tests.support.policy_scene import EAST, WEST


def test_what_a_person_moves_back_by_hand_is_drift_to_the_controller_and_stands() -> None:
    stage, deps = set_up(seed=4)
    written: list[Mapping[str, Any]] = []

    def person(run: Run) -> None:
        if run.shifts and not written:
            seen = plan_move(stage.policy, deps.switch, source=WEST, target=EAST)
            move(stage.policy, deps.switch, stage.runtime, seen, lambda body: written.append(body) or "id")
            journal_records(deps, [line("one", region=WEST, to=EAST)])

    scenario = SCENARIOS["region-dark"]
    run = rehearse(stage, deps, scenario, region=EAST, approve="auto", beat=person)
    assert [body["stage"] for body in written] == ["intended", "applied"]
    by_hand = len(stage.policy.regions[EAST].controls) * 2
    assert len(run.shifts) == by_hand + 4, "the controller fought a person"
    events = deps.journal.read(deps.application)
    kinds = [event.kind for event in events]
    assert kinds.count(Kind.BROKE_GLASS) == 1
    assert kinds.count(Kind.SHIFT_APPLIED) == 1
    told = [event.body.code for event in events if isinstance(event.body, Escalated)]
    assert Kind.DRIFT_SEEN in kinds or "drift" in told
    assert not stage.cloud.errors
