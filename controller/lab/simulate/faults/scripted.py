"""The faults by script: what a directed world does, and when."""

from collections.abc import Callable
from dataclasses import dataclass

from controller.core.journal.kind import Kind
from controller.lab.simulate.faults import regions
from controller.lab.simulate.faults.catalogue import begin
from controller.lab.simulate.faults.people import People
from controller.lab.simulate.faults.regions import Stop, every, within
from controller.lab.simulate.faults.surroundings import unready
from controller.lab.simulate.world.facts import Fact
from controller.lab.simulate.world.weather import EventRule
from controller.lab.simulate.world.world import World
from controller.rehearsal.services.arc.data_plane import ENDPOINTS, SERVICE
from controller.steps.context.deps import Deps
from controller.steps.operator import commands
from controller.steps.operator.commands import Done

ELSEWHERE = "eu-west-1"
"""The ARC endpoint through which somebody moves controls by hand."""


@dataclass
class ScriptedFaults:
    """Gives a script its faults and people. Seconds count from now."""

    world: World

    def after(self, seconds: float, work: Callable[[], object]) -> None:
        self.world.kernel.after(seconds, lambda: (work(), None)[1])

    def upon(self, kind: Kind, work: Callable[[], object], *, late: float = 0.0, nth: int = 1) -> None:
        """Do `work` once the `nth` event of a kind is appended.

        `late` seconds pass before.
        """
        left = [nth]

        def look(fact: Fact) -> None:
            if fact.kind == "append" and fact.data["event"].kind is kind:
                left[0] -= 1
                if not left[0]:
                    self.after(late, work)

        self.world.trace.watchers.append(look)

    def dark(self, region: str, at: float = 0.0, until: float | None = None) -> None:
        def begin() -> None:
            stop = regions.dark(self.world, region)
            if until is not None:
                self.after(until - at, stop)

        self.after(at, begin)

    def dark_until(self, region: str) -> Stop:
        """Make a Region dark from now until the result is called."""
        return regions.dark(self.world, region)

    def frozen(self, home: str, at: float, until: float) -> None:
        """Let nothing run at a controller from `at` to `until`; then it goes on."""

        def begin_it() -> None:
            faults, truth = self.world.cloud.faults, self.world.truth
            stop = every(within(self.world, faults.controllers_frozen, home), truth.begin("stopped", home))
            self.after(until - at, stop)

        self.after(at, begin_it)

    def unready(self, region: str) -> None:
        self.world.used.add("unready")
        unready(self.world, region)

    def begin(self, fault: str) -> None:
        """Begin one of the faults of `tidegate simulate --list`, for good."""
        begin(self.world, fault)

    def nothing_arrives(self) -> None:
        """Let no event reach any bus, for good."""
        self.world.used.add("events-dropped")
        self.world.weather.events.append(EventRule("dropped", 1.0))

    def so(self, what: str, where: str, at: float, work: Callable[[], object]) -> None:
        """Do `work` at `at`; from then on `what` is true of `where`."""
        self.after(at, lambda: (work(), self.world.truth.begin(what, where)))

    def no_arc(self, at: float) -> None:
        arc = self.world.cloud.faults.arc
        self.so("no-arc", "", at, lambda: arc.update(dict.fromkeys(ENDPOINTS, "refused")))

    def person(self, at: float, what: str, work: Callable[[Deps], Done]) -> None:
        self.after(at, lambda: People(self.world).act(what, work))

    def arm(self, at: float, *, on: bool) -> None:
        self.person(at, "arms" if on else "disarms", lambda d: commands.arm(d, on=on, who="ana", reason="x"))

    def by_hand(self, region: str, at: float, *, on: bool) -> None:
        """Let somebody turn a Region's controls in AWS's own console."""
        switch, controls = self.world.cloud.arc, self.world.policy.regions[region].controls
        state = "On" if on else "Off"
        entries = [{"RoutingControlArn": switch.arn(c), "RoutingControlState": state} for c in controls]
        body = {"UpdateRoutingControlStateEntries": entries}
        self.after(at, lambda: self.world.cloud.call(SERVICE, "UpdateRoutingControlStates", ELSEWHERE, body))
