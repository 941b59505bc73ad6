"""A late call is put back within a minute; without the repair it stands, and an invariant notices."""

from controller.lab.simulate.directed import late_to_leave
from controller.steps.incident.drift import repair_echo
from tests.mutate.directed import Scene, play

SCENE = Scene(late_to_leave, {"drills": {"stay": "20s"}}, lasts=330.0)


def test_s4_a_late_call_is_put_back_within_a_minute_and_without_the_repair_it_is_not() -> None:
    whole = play(SCENE)
    assert whole.breaks == ()
    assert any("EchoSeen" in line for line in whole.tail)
    kept = repair_echo.__code__
    repair_echo.__code__ = (lambda deps, seen, state, *, waited=False: state).__code__
    try:
        cut = play(SCENE)
    finally:
        repair_echo.__code__ = kept
    assert [one.id for one in cut.breaks] == ["S4"]
    assert "landed late" in cut.breaks[0].sentence
