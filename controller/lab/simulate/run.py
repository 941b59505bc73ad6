"""The run of one seed: safety, then liveness.

Its outcome says what broke, and what happened on the way.
```
 warm-up ─> calm, until what is aimed at is met ─> safety: faults come and go at random ─┐
                          liveness: converges within BOUND? <─ some seeds: heal a core <─┘
```
"""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TextIO

from controller.core.journal.kind import Kind
from controller.core.policy.schema import Policy
from controller.lab.simulate import liveness
from controller.lab.simulate.coverage_goals import Aim, aim_of
from controller.lab.simulate.faults.catalogue import FAULTS
from controller.lab.simulate.faults.people import People
from controller.lab.simulate.faults.scripted import ScriptedFaults
from controller.lab.simulate.invariants.catalogue import Break
from controller.lab.simulate.storm import Run, heal, storm
from controller.lab.simulate.world.application import Length, drawn_policy, plain_policy, usual
from controller.lab.simulate.world.table_snapshot import keep
from controller.lab.simulate.world.world import Plant, World, make_world
from controller.rehearsal.blueprint import machine_arn
from controller.rehearsal.service import ACCOUNT

Phase = Literal["safety", "liveness", "both"]
CALM = 240.0
"""Seconds in which a calm aim should have been met."""
LOOK = 5.0
SCATTERED = 0.6
"""Part of the applications with more than two Regions whose slices are at home in different ones."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Holds what came of one seed.

    seconds: simulated ones. counts: incidents by how they ended, and other things that happened. pairs:
    (fault, workflow state) that met. digest: of the whole trace. met: True where its aim was met.
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
    aim: Aim | None = None
    met: bool = True


def run_seed(
    seed: int,
    plant: Plant,
    *,
    faults: Sequence[str] = (),
    phase: Phase = "both",
    length: Length | None = None,
    trace: TextIO | None = None,
) -> Outcome:
    """Play `seed` and return its outcome.

    faults: by name; all of them where none is named. length: see `world.application.LENGTHS`.
    """
    length = length or usual(seed)
    aim = None if faults else aim_of(seed, plant.parts.functions)
    world = make_world(seed, plant, trace, _policy(seed, length, aim))
    world.length = length
    world.scattered = _scattered(world, aim)
    run = Run(world, tuple(faults) or tuple(FAULTS))
    run.watch()
    people = People(world)
    world.trace.watchers.append(people.watch)
    if aim and not aim.calm:
        run.aim(aim.faults, aim.state)
    world.begin()
    start = world.now
    going = run.play(length.warm_up)
    if going and phase != "liveness":
        going = (aim is None or not aim.calm or _calm(run, aim, people)) and storm(run)
    if going and phase != "safety" and (length.converges or phase == "liveness"):
        people.kind = True
        heal(run)
        run.breaks += liveness.converge(world, run.play)
    _look_at_outputs(world)
    outcome = _outcome(run, start, aim)
    keep(world, f"seed {seed}", trace)
    world.close()
    return outcome


def _policy(seed: int, length: Length, aim: Aim | None) -> Policy:
    rng = random.Random(f"{seed}/policy")  # noqa: S311 - a run must repeat
    circumstance = aim.circumstance if aim else None
    if circumstance is not None:
        return plain_policy(rng, length, circumstance.policy, thirds=circumstance.thirds)
    return drawn_policy(rng, length, asked=aim is not None and aim.asked, moves=aim is not None and aim.calm)


def _scattered(world: World, aim: Aim | None) -> bool:
    """Return True where the slices are at home in different Regions."""
    circumstance = aim.circumstance if aim else None
    if circumstance is not None:
        return circumstance.scattered
    first = next(iter(world.policy.regions.values()))
    rng = random.Random(f"{world.seed}/home")  # noqa: S311 - a run must repeat
    return 2 < len(world.regions) <= len(first.controls) and rng.random() < SCATTERED


def _calm(run: Run, aim: Aim, people: People) -> bool:
    """Play only what leads to the aim, until it is met.

    It also ends when time is up. Returns False once something is broken.
    """
    circumstance, world = aim.circumstance, run.world
    if circumstance is not None:
        people.words = list(circumstance.words)
        circumstance.script(ScriptedFaults(world))
    else:
        run.aim(aim.faults, aim.state)
        run.after(0.0, "region-dark", 900.0)
    people.kind = True
    end = world.now + (circumstance.within if circumstance else CALM)
    while not aim.met(world) and world.now < end:
        if not run.play(LOOK):
            return False
    people.kind, people.words = False, []
    return True


def _look_at_outputs(world: World) -> None:
    """Look for task tokens in what the executions were given and gave (A6)."""
    for home in world.homes if world.watch.out.tokens else ():
        named = {"stateMachineArn": machine_arn(home, ACCOUNT)}
        for execution in world.cloud.call("states", "ListExecutions", home, named)["executions"]:
            asked = {"executionArn": execution["executionArn"]}
            told = world.cloud.call("states", "DescribeExecution", home, asked)
            body = f"{told.get('input', '')} {told.get('output', '')} {told.get('cause', '')}"
            world.watch.out.look_for_tokens(f"what {execution['name']} was given or gave", body.encode())


def _outcome(run: Run, start: float, aim: Aim | None) -> Outcome:
    world, record = run.world, run.world.watch.record
    lives = list(record.lives.values())
    ends = [life.end if life.end != "Settled" else f"settled-{life.intent}" for life in lives if life.ended]
    counts = {name: ends.count(name) for name in sorted(set(ends))}
    kinds = Counter(event.kind for event in record.events)
    counts |= {
        "opened": len(lives),
        "shifted": sum(life.applied > 0 for life in lives),
        "stood-down": kinds[Kind.STOOD_DOWN],
        "escalated": kinds[Kind.ESCALATED],
        "put-back": kinds[Kind.ECHO_SEEN],
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
        aim,
        aim is None or aim.met(world),
    )
