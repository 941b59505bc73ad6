"""Ticks that come otherwise than once a minute: late, jittered, lost, far apart."""

import itertools
import random
from collections.abc import Iterator

from tests.support.world import World

_numbers = itertools.count()
TICKS = ("Tick", "Paced")

Pace = Iterator[float]
"""The seconds from each tick to the next."""


def lost(pattern: str) -> Pace:
    """A tick a minute, of which those with a 0 in the pattern are lost; it repeats."""
    gap, place = 0.0, 0
    while True:
        gap += 60.0
        if pattern[place % len(pattern)] == "1":
            yield gap
            gap = 0.0
        place += 1


def apart(seconds: float) -> Pace:
    while True:
        yield seconds


def late(pace: Pace, seed: int, most: float) -> Pace:
    """The same ticks, each late by up to `most` seconds."""
    rng, before = random.Random(seed), 0.0
    for gap in pace:
        after = rng.uniform(0.0, most)
        yield gap + after - before
        before = after


def paced(w: World, region: str, pace: Pace) -> None:
    """Let the controller in `region` tick at this pace and no other, from now on."""
    controller = w.stage.cloud.controller_regions[region]
    name = f"Paced{next(_numbers)}"
    controller.functions[name] = next(
        handler for known, handler in reversed(controller.functions.items()) if known.startswith(TICKS)
    )
    for known in controller.functions:
        if known.startswith(TICKS) and known != name:
            controller.functions[known] = lambda _event, _context=None: {}

    def tick() -> None:
        if not w.stage.faults.stopped(region):
            controller.invoke(name, {}, lambda _outcome: None)
        w.stage.kernel.after(next(pace), tick)

    w.stage.kernel.after(next(pace), tick)
