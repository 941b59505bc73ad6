"""A step is stuck when it is slow against its own history, and nothing is said where that is too short."""

from typing import Any

import pytest

from controller.core.incident.fold import fold
from controller.core.incident.state import State
from controller.core.incident.step_durations import ALLOWANCE, KEPT, LEAST, Running, p75, paced, stuck
from controller.core.journal.event import Event, seal
from controller.core.journal.kind import Kind
from tests.support.incident_steps import RUN, STATES
from tests.support.journal_events import drafted
from tests.support.policy_scene import EAST, T0

DAY = 86_400.0
ASKED = (Kind.APPROVAL_REQUESTED, {"approval": "r", "digest": "d", "people": 2, "expires": T0 * 2}, 1.0)


class Journal:
    """Events as they come. `at`: of the last one."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.at = T0

    def run(self, *steps: tuple[Kind, dict[str, Any], float], slower: float = 1.0) -> "Journal":
        """One incident from its opening as far as `steps` go, a day after the last."""
        self.at += DAY
        name = f"storefront-us-east-1-{len(self.events) + 1}"
        for kind, data, seconds in steps:
            self.add(name, kind, data, seconds * slower)
        return self

    def add(self, name: str, kind: Kind, data: dict[str, Any], seconds: float) -> None:
        self.at += seconds
        draft = drafted(f"id{len(self.events)}", kind, self.at, f"p{len(self.events)}", 1, name, data)
        self.events.append(seal("storefront", draft, self.events[-1] if self.events else None))

    @property
    def state(self) -> State:
        return fold("storefront", self.events)


def often(times: int = LEAST) -> Journal:
    journal = Journal()
    for number in range(times):
        journal.run(*RUN, slower=1.0 + 0.1 * number)
    return journal


def test_the_history_holds_each_step_of_each_earlier_run() -> None:
    took = often().state.pace.took
    assert set(took) == {f"evacuate/{s}" for s in ("confirm", "ready", "start", "shift", "verify", "settle")}
    assert took["evacuate/shift"] == pytest.approx((4.0, 4.4, 4.8, 5.2, 5.6))


@pytest.mark.parametrize(
    ("steps", "step", "usual"),
    [(4, "shift", 5.2), (5, "verify", 52.0), (2, "ready", 2.6), (1, "confirm", 1.3)],
)
def test_a_step_that_takes_much_longer_than_three_in_four_did_is_stuck(
    steps: int, step: str, usual: float
) -> None:
    journal = often().run(*RUN[:steps])
    slow = max(2 * usual, usual + ALLOWANCE)
    assert stuck(journal.state.pace, journal.at + slow - 1) is None
    found = stuck(journal.state.pace, journal.at + slow + 1)
    assert found is not None
    assert (found.step, found.usual, found.runs) == (step, pytest.approx(usual), LEAST)
    assert f"`{step}` has run for" in found.sentence


def test_a_long_history_of_slow_runs_makes_slow_usual() -> None:
    journal = Journal()
    for _ in range(LEAST):
        journal.run(*RUN, slower=100.0)
    journal.run(*RUN[:4])
    assert stuck(journal.state.pace, journal.at + 790.0) is None
    assert stuck(journal.state.pace, journal.at + 810.0) is not None


def test_below_five_earlier_runs_nothing_is_said() -> None:
    journal = often(LEAST - 1).run(*RUN[:4])
    assert stuck(journal.state.pace, journal.at + 10 * DAY) is None


def test_a_step_of_another_intent_is_no_history() -> None:
    journal = often().run((Kind.DRILL_OPENED, {"source": EAST}, 0.0), *RUN[1:4])
    assert stuck(journal.state.pace, journal.at + DAY) is None


def test_people_may_take_their_time_also_while_the_second_of_two_is_awaited() -> None:
    journal = often().run(*RUN[:3], ASKED)
    assert stuck(journal.state.pace, journal.at + DAY) is None
    name = str(journal.events[-1].draft.incident)
    journal.add(name, Kind.APPROVAL_GIVEN, {"approval": "r", "needed": 1}, 60.0)
    assert stuck(journal.state.pace, journal.at + DAY) is None
    journal.add(name, Kind.APPROVAL_GIVEN, {"approval": "r"}, 60.0)
    assert stuck(journal.state.pace, journal.at + DAY) is not None


def test_what_was_asked_refused_or_given_up_is_no_history() -> None:
    refused = (Kind.SHIFT_REFUSED, {"reason": "a rule"}, 900.0)
    given_up = (Kind.STOOD_DOWN, {"code": "recovered"}, 900.0)
    took = often().run(*RUN[:4], refused, given_up).state.pace.took
    assert took["evacuate/shift"] == often().state.pace.took["evacuate/shift"]


def test_a_step_that_is_tried_again_runs_since_it_first_began() -> None:
    journal = often().run(*RUN[:4], (Kind.SHIFT_INTENDED, {"changes": []}, 50.0))
    found = stuck(journal.state.pace, journal.at + 30.0)
    assert found is not None
    assert found.seconds == pytest.approx(80.0)


def test_it_is_known_that_people_were_told_and_forgotten_with_the_step() -> None:
    journal = often().run(*RUN[:4], (Kind.ESCALATED, {"code": "stuck"}, 120.0))
    found = stuck(journal.state.pace, journal.at)
    assert found is not None
    assert found.told
    name = str(journal.events[-1].draft.incident)
    journal.add(name, Kind.SHIFT_APPLIED, {"states": STATES}, 1.0)
    later = stuck(journal.state.pace, journal.at + DAY)
    assert later is not None
    assert (later.step, later.told) == ("verify", False)


@pytest.mark.parametrize(
    ("values", "found"), [((1.0,), 1.0), ((4.0, 1.0, 3.0, 2.0), 3.0), ((1.0, 2.0, 3.0, 4.0, 5.0), 4.0)]
)
def test_p75_is_a_value_that_three_in_four_do_not_exceed(values: tuple[float, ...], found: float) -> None:
    assert p75(values) == found


def test_that_people_were_told_of_something_else_is_not_that() -> None:
    journal = often().run(*RUN[:4], (Kind.ESCALATED, {"code": "switch-unavailable"}, 120.0))
    found = stuck(journal.state.pace, journal.at)
    assert found is not None
    assert not found.told


def test_fifty_runs_are_remembered_and_a_clock_that_was_set_back_makes_no_time() -> None:
    journal = often(KEPT + 2)
    took = journal.state.pace.took["evacuate/shift"]
    assert len(took) == KEPT
    assert took[0] == pytest.approx(4.8)
    back = journal.run(*RUN[:4], (Kind.SHIFT_APPLIED, {"states": STATES}, -600.0))
    assert back.state.pace.took["evacuate/shift"][-1] == 0.0


def test_steps_of_two_incidents_are_not_one() -> None:
    """Two cannot be open at once; what is said of one that has ended is nothing about the one that runs."""
    journal = often().run(*RUN[:4])
    pace = journal.state.pace
    event = seal("storefront", drafted("x", Kind.SHIFT_APPLIED, journal.at + 5, "p", 1, "another"), None)
    assert paced(pace, event).took == pace.took
    again = seal("storefront", drafted("y", Kind.SHIFT_INTENDED, journal.at + 5, "p", 1, "another"), None)
    assert paced(pace, again).running == Running("another", "shift", journal.at + 5)
