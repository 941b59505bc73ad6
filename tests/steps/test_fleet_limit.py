"""S9 for a fleet: what one application left counts for all, and one Region counts once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from controller.core.decision import guards
from controller.core.incident.state import Phase
from controller.core.journal.event import Event
from controller.core.journal.kind import Kind
from controller.ports.errors import JournalConflict
from controller.readmodel.run import sentence
from controller.steps.context.situation import FLEET
from controller.steps.operator import commands
from controller.steps.payload import StepPayload, read_payload
from controller.steps.workflow import shift_traffic as set_out
from controller.steps.workflow.shift_traffic import shift_traffic
from tests.support.journal_events import drafted, said
from tests.support.policy_scene import EAST, WEST, policy_data
from tests.support.world import FREE, World, failing
from tests.support.world_faults import Sent

Patch = pytest.MonkeyPatch
ONE = {"limits": policy_data()["limits"] | {"fleetRegionsPerDay": 1}}
NO_MOVES: list[tuple[float, str, bool]] = []


def fleet(w: World) -> tuple[Event, ...]:
    return w.hand.journal.read(FLEET)


def other_left(w: World, region: str) -> None:
    """Another application sets out from `region` now."""
    data = {"application": "checkout", "region": region, "incident": "checkout-9"}
    draft = drafted(w.hand.new_id(), Kind.REGION_COUNTED, w.stage.kernel.now(), "tidegate@far", data=data)
    events = fleet(w)
    w.hand.journal.append(FLEET, draft, events[-1] if events else None)


def after_another_left(region: str, **changes: Any) -> World:
    w = failing(**changes)
    other_left(w, region)
    w.advance(100)
    return w


def test_an_evacuation_is_counted_once_and_before_it_is_intended() -> None:
    w = failing()
    assert w.until(lambda: bool(fleet(w)), 100, step=0.01)
    assert w.count(Kind.SHIFT_INTENDED) == 0
    assert w.until(w.has(Kind.SETTLED), 100)
    (event,) = fleet(w)
    assert event.kind is Kind.REGION_COUNTED
    assert sentence(event) == f"storefront sets out from {EAST}: counted for the fleet"
    assert w.state.fleet_left == {EAST: event.at}


def test_s9_one_region_more_than_the_fleet_may_leave_is_not_left_and_people_are_told(
    monkeypatch: Patch,
) -> None:
    kept = after_another_left(WEST, **ONE)
    assert kept.moves == NO_MOVES
    assert kept.pages == [f"storefront {EAST}: failing, and not left"]
    assert after_another_left(WEST).moves
    for module in (guards, set_out):
        monkeypatch.setattr(module, "fleet_refusal", lambda *_: None)
    assert after_another_left(WEST, **ONE).moves


def test_s9_a_region_wide_event_is_never_rationed(monkeypatch: Patch) -> None:
    w = after_another_left(EAST, **ONE)
    assert w.moves
    assert len(fleet(w)) == 1
    # By evacuations, not by distinct Regions, it would be.
    monkeypatch.setattr(
        guards, "fleet_refusal", lambda limit, left, *_: "too many" if limit and len(left) >= limit else None
    )
    assert after_another_left(EAST, **ONE).moves == NO_MOVES


def test_a_person_passes_and_is_not_counted() -> None:
    w = failing(**ONE)
    other_left(w, WEST)
    assert commands.evacuate(w.hand, EAST, who="ana", reason="I see it").done
    assert w.until(w.has(Kind.SHIFT_APPLIED), 100)
    assert [said(event)["application"] for event in fleet(w)] == ["checkout"]


class Meanwhile:
    """The world's switch; while it is read, `what` happens elsewhere."""

    def __init__(self, w: World, what: Callable[[], None]) -> None:
        self.w, self.what = w, what
        self.update = w.deps.switch.update

    def read(self, controls: Sequence[str]) -> Mapping[str, bool]:
        found = self.w.deps.switch.read(controls)
        self.what()
        return found


def shifting_while(
    what: Callable[[World], None], trouble: Callable[[World], None] | None = None
) -> tuple[World, Any]:
    """The one step, while something happens between what it reads and what it writes."""
    w = failing(**ONE)
    w.asleep |= {"ShiftTraffic", "Observe"}
    assert w.until(w.has(Kind.READINESS_CONFIRMED), 120, step=0.2)
    w.asleep |= {"Tick", "Assess"}
    if trouble:
        trouble(w)
    deps = replace(w.deps, switch=Meanwhile(w, lambda: what(w)))
    task = w.stage.runtime.spawn(lambda: shift_traffic(deps, read_payload(w.payload())))
    while not task.done():
        w.stage.runtime.wait([task], 120.0)
    return w, task


def test_s9_two_that_set_out_at_once_meet_before_either_intends(monkeypatch: Patch) -> None:
    w, task = shifting_while(lambda w: other_left(w, WEST))
    result: StepPayload = task.result()
    assert (result.next, result.code) == ("again", "velocity")
    assert (w.count(Kind.SHIFT_INTENDED), w.moves) == (0, NO_MOVES)
    monkeypatch.setattr("controller.steps.workflow.shift_traffic.count_region_for_fleet", lambda *_: None)
    assert shifting_while(lambda w: other_left(w, WEST))[0].moves


def test_whoever_is_second_at_the_very_append_looks_again() -> None:
    def second(region: str) -> Callable[[World], None]:
        def meet(w: World) -> None:
            def trouble(sent: Sent) -> str | None:
                if (sent.service, sent.operation) == ("dynamodb", "PutItem") and len(fleet(w)) == 0:
                    other_left(w, region)
                return None

            w.trouble = trouble

        return meet

    w, task = shifting_while(lambda _: None, second(WEST))
    assert (task.result().code, w.moves, len(fleet(w))) == ("velocity", NO_MOVES, 1)
    w, task = shifting_while(lambda _: None, second(EAST))
    assert w.moves
    assert len(fleet(w)) == 1


def test_the_region_that_was_counted_meanwhile_is_left_without_a_second_entry() -> None:
    w, _ = shifting_while(lambda w: other_left(w, EAST))
    assert w.moves
    assert len(fleet(w)) == 1


def test_where_others_are_always_faster_it_begins_again() -> None:
    def always(w: World) -> None:
        def trouble(sent: Sent) -> str | None:
            if (sent.service, sent.operation) == ("dynamodb", "PutItem"):
                commands.arm_fleet(w.hand, on=len(fleet(w)) % 2 == 1, who="ana", reason="busy")
            return None

        w.trouble = trouble

    w, task = shifting_while(lambda _: None, always)
    with pytest.raises(JournalConflict, match="5 times"):
        task.result()
    assert w.moves == NO_MOVES


def test_only_an_evacuation_that_sets_out_is_counted_and_what_is_known_is_not_asked_again() -> None:
    w = failing(evacuate=FREE | {"waves": [1], "settle": "30s"})
    assert w.until(w.has(Kind.SHIFT_INTENDED), 100, step=0.1)
    data, now = w.payload(), w.stage.kernel.now()
    incident, controls = w.state.incidents[data["incident"]], w.controls
    forgotten = replace(w.state, fleet_left={})
    reads = len(w.calls)
    assert set_out.count_region_for_fleet(w.deps, w.state, incident, controls) is None  # counted already
    drill = replace(incident, intent="drill")
    home = replace(incident, source=WEST, phase=Phase.VERIFIED, waves=1)
    for other in (drill, home):  # a drill is no evacuation, and a second wave sets out no more
        assert set_out.count_region_for_fleet(w.deps, forgotten, other, controls) is None
    assert len(w.calls) == reads
    assert [said(event)["region"] for event in fleet(w)] == [EAST]
    assert now - fleet(w)[0].at < 5
