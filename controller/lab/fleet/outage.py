"""The outage of a fleet: every application hears of it, decides, starts and moves.

All applications do so beside each other. `SIZES` holds the fleets of docs/fleet.md.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from controller.lab.fleet.clusters import Cluster, cluster, wire_of
from controller.lab.fleet.queues import (
    BATCH,
    INVOCATIONS,
    LAMBDA_SCALES,
    LAMBDAS,
    POLLERS,
    POLLERS_MORE,
    STARTS,
    TRANSITIONS,
    Bucket,
    Lanes,
)
from controller.ports.errors import SwitchUnavailable
from controller.ports.outside import RoutingControls
from controller.rehearsal.faults import Faults
from controller.rehearsal.time.kernel import Kernel, VirtualClock
from controller.rehearsal.time.virtual import VirtualRuntime
from controller.rehearsal.wire.dispatch import Wire

HOLD = 180.0
"""Seconds that customers must fail for: `for: 3m`."""
MINUTE = 60.0
STORM, MINUTES, BURST = 4, 5, 10.0
"""The minute in which alarms change, the minutes looked at, the burst's seconds.

STORM: alarms that want three datapoints change in this minute, just when evidence is complete. MINUTES: how
many minutes are looked at. BURST: the seconds in which all alarms change, at worst.
"""
ALARMS, CANARIES = 5, 6
"""Alarms of an application's failing Region, and runs of its canaries a minute.

The numbers are those of the shipped policy.
"""
UNDER_WAY = 0.6
"""Seconds of an event to the queue, and of a batching window.

The event goes from its service to the queue, without any load.
"""
OBSERVE, STEP, STEPS, GATHER = 0.35, 0.5, 4, 0.3
"""Assumed seconds of an Observe, of a step and of gathering.

STEPS: how many steps come before the shift.
"""
DEADLINE = 15.0
RETRY, TIMES = 3.0, 2
"""The workflow file's retry of ShiftTraffic: seconds (doubled, full jitter) and number."""
AGAIN = 60.0
"""Seconds until Assess, Escalate and Hold lead back to a shift that failed."""

MakeSwitch = Callable[[Wire, Cluster, VirtualRuntime, Faults, random.Random], RoutingControls]


@dataclass(frozen=True, slots=True)
class Fleet:
    """Describes the applications whose Region goes dark.

    name: for people. policies: how many decide and move, each with `controls` of which `leaves` go Off; they
    carry `applications` in all. per_cluster: policies that share an ARC cluster. at_once: all evidence is
    complete in the same second. named: the rules let only an application's own events through.
    """

    name: str
    policies: int
    applications: int
    controls: int = 9
    leaves: int = 3
    per_cluster: int = 33
    at_once: bool = False
    named: bool = False


@dataclass
class Outcome:
    """Holds what came of an outage, in seconds since the Region went dark.

    moved: of each policy, in order. decided: when each policy's condition had been judged true. waits: the
    longest wait in each line. sent, throttled: calls to ARC. retries: shifts that began anew. order: the
    policies' numbers as they moved.
    """

    fleet: Fleet
    moved: list[float] = field(default_factory=list)
    decided: list[float] = field(default_factory=list)
    waits: dict[str, float] = field(default_factory=dict)
    sent: int = 0
    throttled: int = 0
    retries: int = 0
    order: list[int] = field(default_factory=list)


@dataclass
class Lines:
    """Holds the lines that all share (the account's), and each policy's own queue."""

    events: Bucket
    starts: Bucket
    transitions: Bucket
    lambdas: Lanes
    queues: Sequence[Lanes]


def outage(fleet: Fleet, make: MakeSwitch, seed: int = 1) -> Outcome:
    """Play the outage of a fleet. The same seed gives the same outcome."""
    rng = random.Random(seed)  # noqa: S311 - a model must repeat
    kernel = Kernel(VirtualClock(0.0))
    runtime, faults = VirtualRuntime(kernel), Faults(arc={"us-east-1": "refused"})
    lines = _lines(runtime, fleet)
    outcome = Outcome(fleet)
    clusters = _clusters(kernel, faults, fleet, rng)
    for number in range(fleet.policies):
        made, wire = clusters[number // fleet.per_cluster]
        switch = make(wire, made, runtime, faults, random.Random(rng.random()))  # noqa: S311
        life = _Life(number, fleet, runtime, random.Random(rng.random()), lines, switch, outcome)  # noqa: S311
        runtime.spawn(life.storm)
        runtime.spawn(life.run)
    kernel.run()
    shared = {
        "EventBridge": lines.events,
        "StartExecution": lines.starts,
        "state transitions": lines.transitions,
    }
    outcome.waits = {name: line.waited for name, line in shared.items()}
    outcome.waits["queue"] = max(line.waited for line in lines.queues)
    outcome.waits["Lambda"] = lines.lambdas.waited
    outcome.sent = sum(made.sent for made, _ in clusters)
    outcome.throttled = sum(made.throttled for made, _ in clusters)
    return outcome


def _lines(runtime: VirtualRuntime, fleet: Fleet) -> Lines:
    queues = [Lanes(runtime, POLLERS, POLLERS_MORE, LAMBDAS) for _ in range(fleet.policies)]
    lambdas = Lanes(runtime, LAMBDAS, LAMBDA_SCALES, LAMBDAS)
    events, starts = Bucket(runtime, INVOCATIONS), Bucket(runtime, STARTS)
    return Lines(events, starts, Bucket(runtime, TRANSITIONS), lambdas, queues)


def _clusters(kernel: Kernel, faults: Faults, fleet: Fleet, rng: random.Random) -> list[tuple[Cluster, Wire]]:
    found = []
    for number, first in enumerate(range(0, fleet.policies, fleet.per_cluster), start=1):
        members = range(first, min(first + fleet.per_cluster, fleet.policies))
        names = tuple(f"{member}-{n}" for member in members for n in range(fleet.controls))
        made = cluster(kernel, faults, number, names, rng)
        found.append((made, wire_of(kernel, made)))
    return found


@dataclass
class _Life:
    """One policy, from the dark Region to the moved control."""

    number: int
    fleet: Fleet
    runtime: VirtualRuntime
    rng: random.Random
    lines: Lines
    switch: RoutingControls
    outcome: Outcome

    def storm(self) -> None:
        """Put into the policy's queue all that it hears.

        Canaries are heard all the time, and in one minute every alarm. Each application's events meet the
        rules of all policies, unless those name what they want.
        """
        fleet = self.fleet
        heard = fleet.applications // fleet.policies if fleet.named else fleet.applications
        for minute in range(MINUTES):
            burst = BURST if minute == STORM else 0.0
            if burst:
                self._batches(heard * ALARMS, burst)
            self._batches(heard * CANARIES, MINUTE - burst)

    def _batches(self, events: int, within: float) -> None:
        batches = max(1, round(events / BATCH))
        for _ in range(batches):
            self.lines.events.take(BATCH)
            self.lines.queues[self.number].reserve(OBSERVE)
            self.lines.lambdas.reserve(OBSERVE)
            self.runtime.sleep(within / batches)

    def run(self) -> None:
        """Wait until evidence is complete, then decide, start and move.

        Two observers must have failed for `HOLD`; the first news after that decides.
        """
        first = sorted(self.rng.uniform(0.0, MINUTE) for _ in range(3))[1]
        news = 0.0 if self.fleet.at_once else self.rng.uniform(0.0, MINUTE / CANARIES)
        self.runtime.sleep(HOLD + (MINUTE if self.fleet.at_once else first + news))
        self.lines.events.take()
        self.runtime.sleep(UNDER_WAY)
        self.runtime.sleep(self.lines.queues[self.number].reserve(OBSERVE))
        self.lines.lambdas.run(OBSERVE)
        self.outcome.decided.append(self.runtime.monotonic())
        self.lines.starts.take()
        for _ in range(STEPS):
            self.lines.transitions.take()
            self.lines.lambdas.run(STEP)
        while not self._shifts():
            self.outcome.retries += 1
            self.runtime.sleep(AGAIN)
        self.outcome.moved.append(self.runtime.monotonic())
        self.outcome.order.append(self.number)

    def _shifts(self) -> bool:
        """Run ShiftTraffic and the workflow file's retries of it; True where traffic moved."""
        changes = [(f"{self.number}-{n}", False) for n in range(self.fleet.leaves)]
        for turn in range(TIMES + 1):
            self.lines.transitions.take()
            self.runtime.sleep(GATHER)
            try:
                self.switch.update([changes], deadline=self.runtime.monotonic() + DEADLINE, fence=self._fence)
            except SwitchUnavailable:
                self.outcome.retries += turn < TIMES
                self.runtime.sleep(self.rng.uniform(0.0, RETRY * 2**turn))
            else:
                return True
        return False

    def _fence(self) -> None:
        """Take the time in which lease and journal are read before each send."""
        self.runtime.sleep(0.04)


SIZES: tuple[Fleet, ...] = (
    Fleet("66 applications, nine controls each", 66, 66),
    Fleet("66, all in the same second", 66, 66, at_once=True),
    Fleet("300 on one cluster, a control each", 300, 300, controls=1, leaves=1, per_cluster=300, named=True),
    Fleet("300 on one cluster, in the same second", 300, 300, controls=1, leaves=1, per_cluster=300,
          named=True, at_once=True),
    Fleet("1,000 in ten cells", 10, 1000, controls=2, leaves=1, per_cluster=10, at_once=True),
    Fleet("1,000 in ten cells, rules by name", 10, 1000, controls=2, leaves=1, per_cluster=10, at_once=True,
          named=True),
)  # fmt: skip
