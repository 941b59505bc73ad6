"""A person goes through a controller that answers and hears from other Regions."""

from functools import partial

from controller.core.journal.kind import Kind
from controller.steps.context.deps import Deps
from controller.steps.operator.commands import evacuate
from controller.steps.operator.controller_choice import first_able
from tests.support.policy_scene import EAST, OTHER, WEST
from tests.support.world import World, world


def spoken_to(w: World) -> Deps:
    return first_able([partial(w.hands.__getitem__, region) for region in (OTHER, WEST, EAST)])


def test_what_answers_nothing_or_is_cut_off_is_passed_over() -> None:
    w = world(controllers=[OTHER, WEST, EAST])
    w.advance(70)
    assert spoken_to(w).here == OTHER
    w.stage.faults.cut_off.add(OTHER)
    w.advance(200)
    assert spoken_to(w).here == WEST
    w.stage.faults.apis_dark.add(WEST)
    assert spoken_to(w).here == EAST
    done = evacuate(spoken_to(w), EAST, who="ana", reason="maintenance")
    assert done.done
    assert w.count(Kind.INCIDENT_OPENED) == 1
    w.stage.faults.cut_off.add(EAST)
    w.advance(200)
    assert spoken_to(w).here == OTHER  # all that answer are cut off: the first of them
    w.stage.faults.apis_dark.add(OTHER)
    assert spoken_to(w).here == EAST  # the first of them that answers
    w.stage.faults.apis_dark |= {OTHER, EAST}
    assert spoken_to(w).here == OTHER
