"""The kill matrix: the driver dies at each external call of one evacuation.

The Region of the driving controller dies for good.
```
 undisturbed run ─> its calls, numbered ─> each × before │ sent │ applied │ replied │ recorded
 each cell: the same run up to that call, the death, and others finish: all invariants, one effect, a bound
```
Runs that begin alike are played once up to where they part: there the process forks. That works only for a
process without threads of its own.
```
 parent ──────┬───────┬──────────> goes on as if nothing were
 child        └─ ends │
 child                └─ ends          one at a time; what a child answers comes back through a pipe
```
"""

import os
import pickle
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TextIO

from controller.core.journal.kind import Kind
from controller.lab.simulate.faults.people import People
from controller.lab.simulate.faults.regions import dark, within
from controller.lab.simulate.invariants.catalogue import Break, broken
from controller.lab.simulate.liveness import Rest, unrest
from controller.lab.simulate.world.application import LENGTHS, matrix_policy
from controller.lab.simulate.world.facts import Fact
from controller.lab.simulate.world.observer import JOURNAL
from controller.lab.simulate.world.processes import running
from controller.lab.simulate.world.table_snapshot import keep
from controller.lab.simulate.world.weather import MOMENTS, DeathRule, Moment, Sent
from controller.lab.simulate.world.world import Plant, World, make_world


class ChildLost(RuntimeError):  # noqa: N818
    """A child ended without an answer; what it said is on stderr."""


@dataclass
class Forks:
    """Holds the children's answers, in the order of their forks."""

    answers: list[Any] = field(default_factory=list)
    _pipe: int | None = None

    def split(self) -> bool:
        """Fork the process: return True in the child, which goes on.

        Returns False in the parent, once the child has ended. Raises `ChildLost`.
        """
        reading, writing = os.pipe()
        child = os.fork()
        if not child:
            os.close(reading)
            self._pipe = writing
            return True
        os.close(writing)
        with os.fdopen(reading, "rb") as pipe:
            answer = pipe.read()
        os.waitpid(child, 0)
        if not answer:
            raise ChildLost("a forked run ended without an answer")
        self.answers.append(pickle.loads(answer))  # noqa: S301 - written by our own child
        return False

    @contextmanager
    def told(self) -> Iterator[Callable[[Any], None]]:
        """Give the function by which a child answers its parent.

        It goes around all that is forked: the child's process ends here whatever happens.
        """
        told: list[Any] = []
        try:
            yield told.append
            if self._pipe is not None:
                with os.fdopen(self._pipe, "wb") as pipe:
                    pickle.dump(told[0], pipe)
        finally:
            if self._pipe is not None:
                os._exit(0)


SEED = 1
WARM_UP, LOOK, AFTER = 130.0, 10.0, 30.0
BOUND = 900.0
"""Seconds from the death until another has finished.

They cover 170 of standstill, a tick or two, and people asked anew.
"""
LATE = (7.0, 40.0, 170.0)
"""Seconds after which a call that was sent lands, in turn.

They are before, around and after the takeover.
"""
ILL = "us-east-1"
READS = ("Query", "GetItem", "BatchGet", "GetRouting", "List", "Describe", "Encrypt", "Decrypt")
"""Operations by which nothing changes."""


@dataclass(frozen=True, slots=True)
class Call:
    """Holds one external call of the driver.

    number: its place among the calls of its Region since the outage began. record: the number of the next
    call that appends to the journal, if there is one.
    """

    number: int
    function: str
    service: str
    operation: str
    region: str
    record: int | None

    @property
    def writes(self) -> bool:
        """Return True where anything outside may change by this call."""
        return not self.operation.startswith(READS)


@dataclass(frozen=True, slots=True)
class Cell:
    """Names one death of the driver: `moment` around call `number`."""

    number: int
    moment: Moment


ALIVE = Cell(-1, "before")
"""The cell of a run where nobody died."""


@dataclass(frozen=True, slots=True)
class Ended:
    """Holds the result of one cell that was played.

    seconds: from the death to the rest. takeovers: in the journal.
    """

    cell: Cell
    breaks: tuple[Break, ...]
    seconds: float
    takeovers: int
    digest: str


class NotReached(RuntimeError):  # noqa: N818
    """The undisturbed run did not come to every call of a death."""


@dataclass
class Driver:
    """Records the calls of one Region's processes since the outage.

    At the calls of `cells` that Region dies. split: whether it dies of this cell in this process; another
    process may have played it elsewhere (`Forks`).
    """

    world: World
    home: str
    cells: dict[int, list[Cell]]
    split: Callable[[], bool] = lambda: True
    calls: list[tuple[str, Sent]] = field(default_factory=list)
    moved: list[str] = field(default_factory=list)
    """Controls, each as often as it changed."""
    cell: Cell | None = None
    died: float | None = None

    def doom(self, call: Sent) -> DeathRule | None:
        process = running()
        if call.home != self.home or process is None:
            return None
        self.calls.append((process.function, call))
        for cell in self.cells.get(len(self.calls) - 1, ()):
            if self.split():
                self.cell, self.cells = cell, {}
                return DeathRule(cell.moment, self.die, LATE[cell.number % len(LATE)])
        return None

    def die(self) -> None:
        """End the Region for good, with everything that ran there."""
        world = self.world
        self.died = world.now
        for process in world.watch.alive:
            process.dead = process.dead or process.region == self.home
        within(world, world.cloud.faults.controllers_dead, self.home)
        world.truth.begin("stopped", self.home)
        world.trace.note("killed", self.home, str(self.cell))


def recorded(plant: Plant) -> list[Call]:
    """Return the driver's calls in one undisturbed evacuation.

    They go from the process that opens it to its last.
    """
    world, driver = _begun(plant, {}, lambda: True, None)
    _play(world, driver, [])
    opened = next(event for event in world.watch.record.events if event.kind is Kind.INCIDENT_OPENED)
    assert opened.draft.by.endswith(driver.home)
    first = next(n for n, (_, call) in enumerate(driver.calls) if _appends(call))
    appends = [n for n, (_, call) in enumerate(driver.calls) if _appends(call)]
    return [
        Call(
            n, function, call.service, call.operation, call.region,
            next((record for record in appends if record > n), None),
        )
        for n, (function, call) in enumerate(driver.calls)
        if n >= first
    ]  # fmt: skip


def every_cell(calls: list[Call]) -> list[Cell]:
    return [Cell(call.number, m) for call in calls for m in MOMENTS if m != "recorded" or call.record]


def death(calls: Mapping[int, Call], cell: Cell) -> Cell:
    """Return the death that a cell is: some are the same under other names.

    Recorded is after the reply to the call that records. Nothing changes outside by a call that only reads,
    so that all its moments are as the one before it.
    """
    call = calls[cell.number]
    if cell.moment == "recorded" and call.record is not None:
        return Cell(call.record, "replied")
    return cell if call.writes else Cell(cell.number, "before")


def play_cells(
    plant: Plant, wanted: list[Cell], trace: TextIO | None = None, *, fork: bool = True
) -> list[Ended]:
    """Play each death in turn, and return what the others made of it.

    Deaths are played at forks of one run; without `fork`, or with `trace`, each in a run of its own. Raises
    `NotReached`.
    """
    if not fork or trace is not None:
        return [_play_one(plant, {cell.number: [cell]}, lambda: True, trace) for cell in wanted]
    by_number: dict[int, list[Cell]] = {}
    for cell in wanted:
        by_number.setdefault(cell.number, []).append(cell)
    forks = Forks()
    with forks.told() as tell:
        ended = _play_one(plant, by_number, forks.split, None)
        tell(ended)
    if len(forks.answers) != len(wanted):
        why = ended.breaks[0].sentence if ended.breaks else "the driver never came to some of the calls"
        raise NotReached(f"{len(forks.answers)} of {len(wanted)} deaths were played: {why}")
    return list(forks.answers)


def _play_one(
    plant: Plant, wanted: dict[int, list[Cell]], split: Callable[[], bool], trace: TextIO | None
) -> Ended:
    breaks: list[Break] = []
    world, driver = _begun(plant, wanted, split, trace)

    def look(fact: Fact) -> None:
        if fact.kind == "moved":
            driver.moved.append(str(fact.data["name"]))
        found = broken(world, fact)
        if found:
            breaks.extend(found)
            world.kernel.stop()

    world.trace.watchers.append(look)
    _play(world, driver, breaks)
    if not breaks:
        wrong = _wrong(world, driver)
        breaks += [Break("L1", world.trace.step, wrong, world.trace.tail())] if wrong else []
    kinds = [event.kind for event in world.watch.record.events]
    seconds = world.now - AFTER - (driver.died or world.now)
    takeovers = kinds.count(Kind.TAKEN_OVER)
    ended = Ended(driver.cell or ALIVE, tuple(breaks), seconds, takeovers, world.trace.digest)
    keep(world, f"cell {ended.cell.number}:{ended.cell.moment}" if driver.cell else "undisturbed", trace)
    world.close()
    return ended


def _begun(
    plant: Plant, wanted: dict[int, list[Cell]], split: Callable[[], bool], trace: TextIO | None
) -> tuple[World, Driver]:
    world = make_world(SEED, plant, trace, matrix_policy(LENGTHS["short"]))
    world.length = LENGTHS["short"]
    world.trace.watchers.append(People(world, kind=True).watch)
    world.begin()
    world.kernel.run(until=world.now + WARM_UP)
    driver = Driver(world, world.homes[0], wanted, split)
    world.weather.doom = driver.doom
    dark(world, ILL)
    return world, driver


def _play(world: World, driver: Driver, breaks: list[Break]) -> None:
    """Play until all has been at rest for `AFTER` seconds, or until the bound."""
    rest, start, still = Rest(ILL, must_move=True), world.now, 0.0
    while not breaks and still < AFTER and world.now < (driver.died or start) + BOUND:
        world.kernel.run(until=world.now + LOOK)
        still = 0.0 if unrest(world, rest) else still + LOOK


def _wrong(world: World, driver: Driver) -> str | None:
    """Return what is wrong with a run that has ended; None if nothing is.

    The driver must be dead where it should be, and all at rest in time, with one effect.
    """
    if driver.died is None:
        return "the driver never came to that call"
    resting = unrest(world, Rest(ILL, must_move=True))
    if resting:
        return f"{BOUND:.0f} s after the driver's death: {resting}"
    twice = sorted({name for name in driver.moved if driver.moved.count(name) > 1})
    return f"moved more than once: {', '.join(twice)}" if twice else None


def _appends(call: Sent) -> bool:
    return call.operation == "PutItem" and JOURNAL in call.body and b'"body"' in call.body
