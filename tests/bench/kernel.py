"""The rehearsal's kernel against simpy 4.1: timed events a second on one core, bare and with a trace.

The same work on both: 100 clocks that tick at intervals of their own, nothing else. Both traces keep the last
fifty events with time, number and object: simpy's as its documentation has it ("Event tracing"), the kernel's
by `trace`. The simulation's facts, worded and hashed, are no part of the kernel; their rate is told too.
"""

import gc
import time
from collections import deque
from collections.abc import Callable, Generator
from multiprocessing import get_context
from typing import Any

import simpy

from controller.lab.simulate.world.facts import LAST, Trace
from controller.rehearsal.time.kernel import Kernel, Timer, VirtualClock

INTERVALS = [1.0 + number / 100 for number in range(100)]
"""Seconds between the ticks of each clock."""
UNTIL = 3000.0
EVENTS = sum(int(UNTIL / every) for every in INTERVALS)
TIMES = 12
BOUND = 1.5


def bench(say: Callable[[str], None]) -> bool:
    """Events a second, the best of twelve each, in turns; whether the kernel is fast enough beside it."""
    say("kernel: events a second")
    with get_context("spawn").Pool(1) as alone:  # what other benches left in memory slows the collector
        rates = alone.apply(_rates)
    good = True
    for traced, what in ((False, "bare"), (True, "with its trace on")):
        ours, theirs = rates["tidegate", traced], rates["simpy", traced]
        ratio = ours / theirs
        holds = ratio >= BOUND
        good &= holds or not traced
        bound = f"; at least {BOUND}: {'holds' if holds else 'DOES NOT HOLD'}" if traced else ""
        say(f"  {what:18} tidegate {ours:9,.0f}   simpy {theirs:9,.0f}   {ratio:.2f} x{bound}")
    facts = Trace(0.0, lambda: 0.0)
    begun = time.process_time()
    for number in range(EVENTS):
        facts.note("tick", "us-east-1", f"#{number}")
    say(f"  facts, worded and hashed: {EVENTS / (time.process_time() - begun):,.0f} a second\n")
    return good


def _rates() -> dict[tuple[str, bool], float]:
    """(who, with its trace on) -> events a second."""
    best: dict[tuple[str, bool], float] = {}
    for _ in range(TIMES):
        for name, run in (("tidegate", _ours), ("simpy", _simpy)):
            for traced in (False, True):
                gc.collect()
                rate = EVENTS / _seconds(run, traced=traced)
                best[name, traced] = max(rate, best.get((name, traced), 0.0))
    return best


def _seconds(run: Callable[[bool], None], *, traced: bool) -> float:
    begun = time.process_time()
    run(traced)
    return time.process_time() - begun


def _ours(traced: bool) -> None:
    kernel = Kernel(VirtualClock(0.0))
    kept: deque[tuple[float, int, Timer]] = deque(maxlen=LAST)
    kernel.trace = kept.append if traced else None

    def clock(every: float) -> None:
        def tick() -> None:
            kernel.after(every, tick)

        kernel.after(every, tick)

    for every in INTERVALS:
        clock(every)
    kernel.run(until=UNTIL)
    assert kernel.now() == UNTIL


def _simpy(traced: bool) -> None:
    world = simpy.Environment()
    kept: deque[Any] = deque(maxlen=LAST)

    def clock(every: float) -> Generator[Any, Any, Any]:
        while True:
            yield world.timeout(every)

    for every in INTERVALS:
        world.process(clock(every))
    if traced:
        step = world.step

        def told() -> None:
            if world._queue:
                at, priority, number, event = world._queue[0]
                kept.append((at, priority, number, type(event)))
            step()

        world.step = told  # type: ignore[method-assign]
    world.run(until=UNTIL)
