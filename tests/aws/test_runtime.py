"""The two runtimes on real threads. At speed 600 a scenario second lasts 1.7 ms."""

import threading
import time

import pytest

from controller.aws.arc.hedging import Attempt, Hedge
from controller.aws.runtime import SystemRuntime
from controller.rehearsal.time.kernel import Kernel, VirtualClock, WallClock
from controller.rehearsal.time.wall import Closed, WallRuntime

T0 = 1_700_000_000.0
SPEED = 600.0
SLACK = 3.0
"""Scenario seconds: the system's two clocks need not tick alike to the millisecond."""


def system() -> SystemRuntime:
    return SystemRuntime(speed=SPEED, scenario_start=T0, wall_start=time.time(), floor=0.01)


def wall() -> WallRuntime:
    return WallRuntime(Kernel(WallClock(T0, SPEED)))


@pytest.mark.parametrize("make", [system, wall])
def test_time_runs_at_the_speed_of_the_scenario(make: type[SystemRuntime]) -> None:
    began = time.monotonic()
    runtime = make()
    for read, first in ((runtime.now, T0), (runtime.monotonic, began * SPEED)):
        outer = time.monotonic()
        before, inner = read(), time.monotonic()
        runtime.sleep(12.0)
        inner = time.monotonic() - inner
        lasted = read() - before
        outer = time.monotonic() - outer
        assert inner >= 12.0 / SPEED
        assert inner * SPEED - SLACK <= lasted <= outer * SPEED + SLACK
        assert -SLACK <= before - first <= (time.monotonic() - began) * SPEED + SLACK


@pytest.mark.parametrize("make", [system, wall])
def test_wait_returns_with_the_first_result_and_never_before_its_floor(make: type[SystemRuntime]) -> None:
    runtime, gate = make(), threading.Event()
    slow, quick = runtime.spawn(lambda: gate.wait(300.0)), runtime.spawn(lambda: 7)
    runtime.wait([slow, quick], 60_000.0)
    assert quick.done()
    assert quick.result() == 7
    started = time.monotonic()
    runtime.wait([slow], 0.15)
    assert time.monotonic() - started >= 0.01
    runtime.wait([], 0.15)
    assert not slow.done()
    gate.set()
    assert slow.result() is True


@pytest.mark.parametrize("make", [system, wall])
def test_an_error_comes_out_of_result(make: type[SystemRuntime]) -> None:
    runtime = make()

    def fail() -> int:
        raise KeyError("x")

    task = runtime.spawn(fail)
    runtime.wait([task], 60_000.0)
    with pytest.raises(KeyError):
        task.result()


@pytest.mark.parametrize("make", [system, wall])
def test_a_hedge_on_real_threads(make: type[SystemRuntime]) -> None:
    runtime, gate = make(), threading.Event()
    hedge: Hedge[str, OSError] = Hedge(
        runtime, stagger=6.0, in_flight=2, failure=OSError, ends=lambda _: False
    )

    def fail() -> str:
        raise OSError

    def hang() -> str:
        gate.wait(300.0)
        return "late"

    attempts = [Attempt("a", fail), Attempt("b", hang), Attempt("c", lambda: "yes")]
    outcome = hedge.run(attempts, deadline=runtime.monotonic() + 60_000)
    assert outcome.won == ("c", "yes")
    assert hedge.open_names() == ("b",)
    gate.set()
    hedge.join(60_000.0)
    assert hedge.open_names() == ()


def test_production_time_is_the_systems() -> None:
    runtime = SystemRuntime()
    for read, clock in ((runtime.now, time.time), (runtime.monotonic, time.monotonic)):
        before, told = clock(), read()
        assert before <= told <= clock()


@pytest.mark.parametrize(
    "options", [{"speed": 0.0}, {"speed": 60.0}, {"scenario_start": 1.0}, {"wall_start": 1.0}]
)
def test_half_an_anchor_is_refused(options: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"scenario_start|speed"):
        SystemRuntime(**options)


def test_closing_the_wall_runtime_ends_sleepers_and_spawns_no_more() -> None:
    runtime = wall()
    task = runtime.spawn(lambda: runtime.sleep(1e9))
    runtime.close()
    assert task.done()
    with pytest.raises(Closed):
        task.result()
    with pytest.raises(Closed):
        runtime.spawn(lambda: None)
    with pytest.raises(Closed):
        runtime.wait([], 1.0)


def test_closing_does_not_wait_for_ever() -> None:
    runtime, gate = wall(), threading.Event()
    task = runtime.spawn(lambda: gate.wait(300.0))
    runtime.close(patience=0.05)
    assert not task.done()
    gate.set()
    assert task.result() is True


def test_a_virtual_kernel_may_carry_a_wall_runtime() -> None:
    runtime = WallRuntime(Kernel(VirtualClock(T0)))
    assert runtime.now() == T0
    runtime.close()
