"""The storm: faults that come and go at random while a seed plays."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from controller.lab.simulate.faults.catalogue import begin
from controller.lab.simulate.faults.controllers import BREAKAGE
from controller.lab.simulate.faults.people import PEOPLE
from controller.lab.simulate.faults.regions import OUTAGES, Stop
from controller.lab.simulate.invariants.catalogue import Break, broken
from controller.lab.simulate.world.facts import Fact
from controller.lab.simulate.world.world import World

SETTLING = 90.0
"""Seconds until what was healed one after the other is whole."""


@dataclass
class Run:
    """Holds what is on while a seed plays."""

    world: World
    names: Sequence[str]
    breaks: list[Break] = field(default_factory=list)
    on: list[tuple[str, Stop]] = field(default_factory=list)
    over: bool = False
    """True once the storm is over: nothing more breaks."""

    def watch(self) -> None:
        def look(fact: Fact) -> None:
            found = broken(self.world, fact)
            if found:
                self.breaks += found
                self.world.kernel.stop()

        self.world.trace.watchers.append(look)

    def play(self, seconds: float) -> bool:
        """Let time pass; return False once something is broken."""
        if not self.breaks:
            self.world.kernel.run(until=self.world.now + seconds)
        return not self.breaks

    def after(self, seconds: float, name: str, lasts: float | None = None) -> None:
        """Let a fault begin in `seconds`.

        It ends at random, or after `lasts` seconds.
        """
        self.world.kernel.after(seconds, lambda: self.start(name, lasts))

    def aim(self, faults: Sequence[str], state: str) -> None:
        """Let faults begin in the moment when an execution first comes to a state."""
        world, left = self.world, ["faults"] + ["means"] * (state in MEANS)

        def entered(home: str, now: str) -> None:
            if "means" in left and now == "Assess":
                left.remove("means")
                MEANS[state](self, home)
            if "faults" in left and now == state and not self.over:
                left.remove("faults")
                world.acts = home
                for fault in faults:
                    self.start(fault)

        world.watch.entered.append(entered)

    def start(self, name: str, lasts: float | None = None) -> None:
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
    """Make the execution that begins to assess look as after a thousand loops."""
    run.world.watch.worn.add(home)


def _fail(run: Run, home: str) -> None:
    """End the process that has just begun there.

    The workflow has no name for that, and escalates.
    """
    run.world.watch.alive[-1].dead = run.world.watch.alive[-1].region == home


MEANS: Mapping[str, Callable[[Run, str], None]] = {"HandOver": _wear, "Escalate": _fail, "Hold": _fail}
"""The means that bring an execution to a state that it seldom comes to.

The execution begins to assess.
"""


def storm(run: Run) -> bool:
    """Let faults begin at random times, and right when something was written."""
    rng, lasts = run.world.random, run.world.length.storm
    end = run.world.now + lasts
    gap = rng.choice((20.0, 60.0, 180.0))
    nerve = rng.choice((0.0, 0.1, 0.3))
    around = [name for name in run.names if name in BREAKAGE or name in PEOPLE] or run.names
    if rng.random() < 0.85 and "region-dark" in run.names:
        run.after(rng.uniform(0.0, min(lasts / 6, 300.0)), "region-dark", rng.uniform(0.5, 1.0) * lasts)

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


def heal(run: Run) -> None:
    """Heal everything, in another order than it broke."""
    run.over, rest = True, list(run.on)
    run.world.random.shuffle(rest)
    for entry in rest:
        run.end(entry)
    run.play(SETTLING)
