"""One seed, played: safety, then liveness; what broke, and what happened on the way.

```
 warm-up ─> safety: faults come and go at random ─> heal a core ─> liveness: converges within BOUND?
```
"""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TextIO

from controller.lab.simulate import liveness
from controller.lab.simulate.breakage import BREAKAGE
from controller.lab.simulate.coverage import pairs
from controller.lab.simulate.drawn import drawn_policy
from controller.lab.simulate.facts import Fact
from controller.lab.simulate.faults import FAULTS, begin
from controller.lab.simulate.invariants import Break, broken
from controller.lab.simulate.lengths import Length, usual
from controller.lab.simulate.outages import OUTAGES, Stop
from controller.lab.simulate.people import PEOPLE, People
from controller.lab.simulate.world import Plant, World, make_world

Phase = Literal["safety", "liveness", "both"]
SETTLING = 90.0
"""Seconds until what was healed one after the other is whole."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """seconds: simulated ones. counts: incidents by how they ended, and other things that happened.

    pairs: (fault, workflow state) that met. digest: of the whole trace.
    """

    seed: int
    breaks: tuple[Break, ...]
    seconds: float
    steps: int
    digest: str
    counts: dict[str, int]
    codes: dict[str, int]
    pairs: tuple[tuple[str, str], ...]
    faults: tuple[str, ...]


@dataclass
class Run:
    """What is on while a seed plays."""

    world: World
    names: Sequence[str]
    breaks: list[Break] = field(default_factory=list)
    on: list[tuple[str, Stop]] = field(default_factory=list)
    over: bool = False
    """Whether the storm is over: nothing more breaks."""

    def watch(self) -> None:
        def look(fact: Fact) -> None:
            found = broken(self.world, fact)
            if found:
                self.breaks += found
                self.world.kernel.stop()

        self.world.trace.watchers.append(look)

    def play(self, seconds: float) -> bool:
        """Let time pass; False once something is broken."""
        if not self.breaks:
            self.world.kernel.run(until=self.world.now + seconds)
        return not self.breaks

    def after(self, seconds: float, name: str, lasts: float | None = None) -> None:
        """Let a fault begin then, and end at random, or after so many seconds."""
        self.world.kernel.after(seconds, lambda: self._start(name, lasts))

    def aim(self, fault: str, state: str) -> None:
        """Let a fault begin in the moment in which an execution first comes to a state."""
        world, left = self.world, ["fault"] + ["means"] * (state in MEANS)

        def entered(home: str, now: str) -> None:
            if "means" in left and now == "Assess":
                left.remove("means")
                MEANS[state](self, home)
            if "fault" in left and now == state and not self.over:
                left.remove("fault")
                world.acts = home
                self._start(fault)

        world.watch.entered.append(entered)

    def _start(self, name: str, lasts: float | None = None) -> None:
        if self.over or self.breaks:
            return
        entry = (name, begin(self.world, name))
        self.on.append(entry)
        rng = self.world.random
        spans = (60.0, 600.0, 1200.0) if name in OUTAGES else (5.0, 60.0, 300.0, 900.0)
        drawn = rng.choice(spans) * rng.uniform(0.3, 1.0)
        self.world.kernel.after(lasts or drawn, lambda: self.end(entry))

    def end(self, entry: tuple[str, Stop]) -> None:
        if entry in self.on:
            self.on.remove(entry)
            self.world.trace.note("heal", "", entry[0])
            entry[1]()
            self.world.watch.active = [name for name, _ in self.on]


def _wear(run: Run, home: str) -> None:
    """The execution that begins to assess there has gone round a thousand times."""
    run.world.watch.worn.add(home)


def _fail(run: Run, home: str) -> None:
    """The process that has just begun there ends; the workflow knows no name for that, and escalates."""
    run.world.watch.alive[-1].dead = run.world.watch.alive[-1].region == home


MEANS: Mapping[str, Callable[[Run, str], None]] = {"HandOver": _wear, "Escalate": _fail}
"""What brings an execution that begins to assess to a state that it seldom comes to."""
ASKED = ("RequestApproval", "Approval")


def _aim(seed: int, plant: Plant) -> tuple[str, str]:
    """Which fault is to meet which state in this seed."""
    every = pairs(plant.parts.functions)
    return every[seed % len(every)]


def run_seed(
    seed: int,
    plant: Plant,
    *,
    faults: Sequence[str] = (),
    phase: Phase = "both",
    length: Length | None = None,
    trace: TextIO | None = None,
) -> Outcome:
    """Play `seed`. faults: by name; all of them where none is named. length: see `lengths`."""
    length, aim = length or usual(seed), _aim(seed, plant) if not faults else None
    draw = random.Random(f"{seed}/policy")  # noqa: S311 - a run must repeat
    policy = drawn_policy(draw, length, asked=aim is not None and aim[1] in ASKED)
    world = make_world(seed, plant, trace, policy)
    world.length = length
    run = Run(world, tuple(faults) or tuple(FAULTS))
    run.watch()
    if aim:
        run.aim(*aim)
    people = People(world)
    world.trace.watchers.append(people.watch)
    world.begin()
    start = world.now
    going = run.play(length.warm_up)
    if going and phase != "liveness":
        going = _storm(run)
    if going and phase != "safety" and (length.converges or phase == "liveness"):
        people.kind = True
        _heal(run)
        run.breaks += liveness.converge(world, run.play)
    outcome = _outcome(run, start)
    world.close()
    return outcome


def _storm(run: Run) -> bool:
    """Faults at random times, and in the very moment in which something was written."""
    rng, storm = run.world.random, run.world.length.storm
    end = run.world.now + storm
    gap = rng.choice((20.0, 60.0, 180.0))
    nerve = rng.choice((0.0, 0.1, 0.3))
    around = [name for name in run.names if name in BREAKAGE or name in PEOPLE] or run.names
    if rng.random() < 0.85 and "region-dark" in run.names:
        run.after(rng.uniform(0.0, min(storm / 6, 300.0)), "region-dark", rng.uniform(0.5, 1.0) * storm)

    def react(fact: Fact) -> None:
        if fact.kind in ("append", "send"):
            run.world.acts = fact.where
            if run.world.now < end and rng.random() < nerve:
                run.after(rng.choice((0.0, 0.005, 0.02, 0.3, 3.0)), rng.choice(around))

    run.world.trace.watchers.append(react)
    while (now := run.world.now) < end:
        if not run.play(min(rng.expovariate(1.0 / gap), end - now) + 0.01):
            return False
        outages = [name for name in run.names if name in OUTAGES] or run.names
        run.after(0.0, rng.choice(outages if rng.random() < 0.3 else run.names))
    run.world.trace.watchers.remove(react)
    return True


def _heal(run: Run) -> None:
    """Everything heals, in another order than it broke."""
    run.over, rest = True, list(run.on)
    run.world.random.shuffle(rest)
    for entry in rest:
        run.end(entry)
    run.play(SETTLING)


def _outcome(run: Run, start: float) -> Outcome:
    world, record = run.world, run.world.watch.record
    lives = list(record.lives.values())
    ends = [life.end if life.end != "Settled" else f"settled-{life.intent}" for life in lives if life.ended]
    counts = {name: ends.count(name) for name in sorted(set(ends))}
    counts |= {
        "opened": len(lives),
        "pages": world.trace.counts["page"],
        "moved": world.trace.counts["moved"],
    }
    return Outcome(
        world.seed,
        tuple(run.breaks),
        world.now - start,
        world.trace.step,
        world.trace.digest,
        counts,
        dict(sorted(world.watch.codes.items())),
        tuple(sorted(world.watch.pairs)),
        tuple(sorted(world.used)),
    )
