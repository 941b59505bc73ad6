"""A step slow against its own history: paged and journalled once, by whoever looks first."""

from controller.core.incident.step_durations import LEAST
from controller.core.journal.kind import Kind
from controller.entry.status import stuck_step_data
from controller.steps.context.journalling import load_state
from controller.steps.operator.commands import arm
from controller.steps.tick.self_checks import page_stuck_step
from tests.support.incident_steps import RUN
from tests.support.journal_events import drafted, said
from tests.support.policy_scene import EAST, OTHER, WEST
from tests.support.world import World, world

TRIO = {"controllers": [OTHER, WEST, EAST]}


def with_history(runs: int) -> World:
    """Long before now: `runs` evacuations whose steps took seconds; and now a shift that does not end."""
    w = world(**TRIO)
    w.advance(70)
    w.asleep |= {"Assess", "VerifyShift", "ShiftTraffic", "Observe"}
    start = w.stage.kernel.now() - 40 * 86_400.0
    for _ in range(runs):
        start = told(w, RUN, start + 86_400.0)
    told(w, RUN[:4], w.stage.kernel.now())
    return w


def told(w: World, steps: tuple[object, ...], at: float) -> float:
    name = f"storefront-us-east-1-{len(w.events) + 1}"
    for kind, data, seconds in steps:  # type: ignore[misc]
        at += seconds
        last = w.events[-1]
        draft = drafted(f"old-{last.seq}", kind, at, "ana", 1, name, {"driver": OTHER, **data})
        w.hand.journal.append("storefront", draft, last)
    return at


def test_three_controllers_tell_it_once_and_status_shows_it() -> None:
    w = with_history(LEAST)
    assert stuck_step_data(load_state(w.hand), w.stage.kernel.now()) is None
    w.advance(200)
    shown = stuck_step_data(load_state(w.hand), w.stage.kernel.now())
    assert shown is not None
    assert (shown["step"], shown["runs"]) == ("shift", LEAST)
    found = [e for e in w.events if e.kind is Kind.ESCALATED and said(e)["code"] == "stuck"]
    assert len(found) == 1
    assert said(found[0])["step"] == "shift"
    assert "`shift` has run for" in said(found[0])["reason"]
    assert sum("stuck at shift" in subject for subject in w.pages) == 1


def test_with_a_shorter_history_nothing_is_told() -> None:
    w = with_history(LEAST - 1)
    w.advance(200)
    assert not any("stuck" in subject for subject in w.pages)


def test_where_it_cannot_be_written_down_the_tick_goes_on() -> None:
    w = with_history(LEAST)
    w.asleep.add("Tick")
    state = load_state(w.deps)
    w.advance(200)
    arm(w.hand, on=False, who="ana", reason="somebody writes first")
    assert page_stuck_step(w.deps, state) is state
    w.down.add("tidegate-journal")
    assert page_stuck_step(w.deps, state) is state
    assert sum("stuck at shift" in subject for subject in w.pages) == 2
