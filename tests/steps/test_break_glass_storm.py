"""People break the glass in the middle of a storm, from two machines; their records come late, or never."""

import json
import random
from contextlib import suppress

import pytest

from controller.core.decision.decide import decide
from controller.core.incident.state import GLASS
from controller.ports.errors import ControllerError
from controller.steps.context.situation import situation
from controller.steps.operator.break_glass import plan_move
from tests.steps import random_faults
from tests.support.break_glass_line import Machine
from tests.support.policy_scene import EAST, WEST
from tests.support.seeds import seeds
from tests.support.world import World

NAMED = {"OutsideUnreachable", "JournalConflict", "SwitchUnavailable", "SwitchRefused", None}
"""Errors by which a step may end in a storm."""


class People:
    """Two people, each at a machine of their own."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(f"glass/{seed}")
        self.machines: list[Machine] = []

    def act(self, w: World) -> None:
        if not self.machines:
            clocks = [self.rng.choice((0.0, 0.0, 200.0, -200.0)) for _ in range(2)]
            self.machines = [
                Machine(w.stage.policy, w.hand.switch, w.stage.runtime, f"p{n}@h{n}", f"m{n}", skew)
                for n, skew in enumerate(clocks)
            ]
        machine, chance = self.rng.choice(self.machines), self.rng.random()
        source, target = self.rng.choice(((EAST, WEST), (WEST, EAST)))
        with suppress(ControllerError):
            if chance < 0.12 and plan_move(w.stage.policy, w.hand.switch, source=source, target=target).plan:
                machine.leave(source, target)
            elif chance < 0.22:
                machine.journal(w.hand)


def waits_for(w: World) -> str | None:
    """What keeps the incident that is still open; None where none is."""
    about = w.state.open
    return about and decide(situation(w.hand, w.state, read_controls=True), about.source).code


@pytest.mark.parametrize("seed", seeds(range(1, 9)))
def test_whatever_people_move_meanwhile_no_step_fails_and_in_the_end_all_is_known(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    people, usual = People(seed), random_faults._something

    def something(w: World, rng: random.Random) -> None:
        people.act(w)
        usual(w, rng)

    monkeypatch.setattr(random_faults, "_something", something)
    w = random_faults.storm(seed)
    for machine in people.machines:
        machine.journal(w.hand)
    w.advance(400)
    moves = [i for i in w.state.incidents.values() if i.intent == GLASS]
    assert len(moves) == sum(line.body["stage"] == "intended" for m in people.machines for line in m.lines)
    assert w.whole
    assert waits_for(w) in (None, "cooldown")  # of a person's move: it ends once that is over
    assert w.state.stand == w.controls
    assert {json.loads(line).get("error") for line in w.log.getvalue().splitlines()} <= NAMED
