"""The people of a run: they answer late, twice, wrongly or never.

They also turn switches while an incident is in progress. They answer and act only on what they were told: a
request that no page told of is answered by nobody.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf

from controller.core.incident.approval import SignedIn
from controller.core.person import key_of
from controller.core.text import sanitize
from controller.lab.simulate.faults.regions import Fault, Stop
from controller.lab.simulate.world.facts import Fact
from controller.lab.simulate.world.journal_record import Asked
from controller.lab.simulate.world.outputs import at_terminal, reason
from controller.lab.simulate.world.world import World
from controller.ports.errors import ControllerError
from controller.steps.context.deps import Deps
from controller.steps.operator import commands
from controller.steps.operator.approve import Answered, answer
from controller.steps.operator.commands import Done
from controller.steps.operator.identity import identify

WHO = ("ana", "ben", "cleo", "dora")


@dataclass
class People:
    """Lets people answer requests and act.

    `kind`: they answer soon and approve, as many as are needed; else whatever chance says. words: what is
    said to the next requests instead: yes, no, or nothing.
    """

    world: World
    kind: bool = False
    words: list[bool | None] = field(default_factory=list)
    answered: set[tuple[str, float]] = field(default_factory=set)
    """Requests, and when their stage was put, that people heard of."""

    def watch(self, fact: Fact) -> None:
        """Draw what each person will do, where a page with a request arrives."""
        if fact.kind != "page" or not fact.data["ok"]:
            return
        for asked in list(self.world.watch.record.requests.values()):
            new = (asked.id, asked.at) not in self.answered and not asked.answer
            if new and asked.id in fact.data["text"]:
                self.answered.add((asked.id, asked.at))
                self._draw(asked)

    def _draw(self, asked: Asked) -> None:
        """Draw what each person will do about a stage of a request."""
        rng = self.world.random
        if self.words:
            yes = self.words.pop(0)
            for who in WHO[: asked.people] if yes is not None else ():
                self.answer_at(rng.uniform(5.0, 20.0), who, asked, yes=yes is True)
            return
        for who in WHO[: asked.people] if self.kind else WHO[: rng.randint(0, len(WHO))]:
            late = (
                rng.uniform(15.0, 90.0) if self.kind else rng.choice((5.0, 30.0, 120.0, 600.0)) * rng.random()
            )
            self.answer_at(late, who, asked, yes=self.kind or rng.random() < 0.75)
            if not self.kind and rng.random() < 0.3:
                self.answer_at(late + rng.choice((0.0, 0.01, 3.0)), who, asked, yes=rng.random() < 0.75)

    def answer_at(self, late: float, who: str, asked: Asked, *, yes: bool, home: str = "") -> None:
        """Let somebody answer in `late` seconds.

        They answer at a terminal or at the console, perhaps that of `home`.
        """
        rng = self.world.random
        why, at_console = reason(rng), rng.random() < 0.3

        def click(deps: Deps) -> Answered:
            if at_console:
                gate = self.world.plant.gate(deps, self.world.kernel.now)
                counted = gate.click(asked.id, who, yes=yes, reason=why)
                said = Answered(counted, f"the console says {'yes' if counted else 'no'}")
            else:
                by = SignedIn("terminal", "sts:123456789012", f"AROA{who.upper()}")
                said = answer(
                    deps, asked.id, who=identify(deps, who).id, known_as=who, approve=yes,
                    reason=sanitize(why, 500), by=by,
                )  # fmt: skip
            if said.counted:
                self.world.watch.counted[asked.id, _id_of(self.world, who)] += 1
                self.world.trace.note("answered", deps.here, who, {"approval": asked.id, "who": who})
            return said

        word = "approves" if yes else "denies"
        self.world.kernel.after(late, lambda: self.act(f"{who} {word} {asked.id[:8]}", click, home))

    def act(self, what: str, work: Callable[[Deps], Answered | Done], home: str = "") -> None:
        """Let a person do something through a controller.

        It is one that can be reached, or that of `home`.
        """
        world = self.world
        homes = world.awake()
        if not homes or (home and home not in homes):
            return
        home = home or world.random.choice(homes)

        def run() -> None:
            try:
                done = work(world.deps[home])
            except ControllerError as error:
                world.trace.note(
                    "person", home, f"{what}: {type(error).__name__}: {sanitize(str(error), 80)}"
                )
                return
            except Exception as error:
                told = f"{what}: {type(error).__name__}: {str(error)[:120]}"
                world.trace.note("failed", home, told, {"error": type(error).__name__})
                raise
            world.trace.note("person", home, f"{what}: {sanitize(done.sentence, 120)}")

        world.machines[home].spawn(run)


def _id_of(world: World, who: str) -> str:
    """Return the id by which the journal knows somebody who acted; no fault is in the way."""
    key = {"kind": {"S": "name"}, "key": {"S": key_of(who)}}
    asked = {"TableName": "tidegate-people", "Key": key}
    return str(world.cloud.call("dynamodb", "GetItem", world.homes[0], asked)["Item"]["id"]["S"])


def disarmed(world: World) -> Stop:
    """Turn the kill switch while an incident is in progress, and back later."""
    hand, why = People(world), at_terminal(world.random)
    hand.act("disarms", lambda deps: commands.arm(deps, on=False, who="ana", reason=why))
    return lambda: hand.act("arms", lambda deps: commands.arm(deps, on=True, who="ana", reason="simulated"))


def fleet_disarmed(world: World) -> Stop:
    hand = People(world)
    hand.act("disarms all", lambda deps: commands.arm_fleet(deps, on=False, who="ana", reason="simulated"))
    return lambda: hand.act(
        "arms all", lambda deps: commands.arm_fleet(deps, on=True, who="ana", reason="simulated")
    )


def muted(world: World) -> Stop:
    region, hand = world.random.choice(world.regions), People(world)
    who, why = "ben", at_terminal(world.random)
    hand.act(f"mutes {region}", lambda d: commands.mute(d, region, seconds=900.0, who=who, reason=why))
    return lambda: hand.act(
        f"unmutes {region}", lambda d: commands.mute(d, region, seconds=0.0, who=who, reason="simulated")
    )


def busy(world: World) -> Stop:
    """Let an operator act at random.

    They plan drills; they evacuate, restore, acknowledge and stand down what a page told them of.
    """
    hand, on, rng = People(world), [True], world.random

    def something() -> None:
        if not on[0]:
            return
        region, who = rng.choice(world.regions), rng.choice(WHO)
        lives = [name for name in world.watch.record.lives if name in world.standings.names]
        name, why = rng.choice(lives) if lives else "", at_terminal(rng)
        drill = (f"drills {region}", lambda d: commands.drill(d, region, who=who, reason=why))
        doing: list[tuple[str, Callable[[Deps], Done]]] = [drill]
        if world.standings.of(region).told > -inf:
            doing += [
                (f"evacuates {region}", lambda d: commands.evacuate(d, region, who=who, reason=why)),
                (f"restores {region}", lambda d: commands.restore(d, region, who=who, reason=why)),
            ]
        if name:
            doing += [
                (f"acknowledges {name}", lambda d: commands.acknowledge(d, name, who=who, reason=why)),
                (f"stands down {name}", lambda d: commands.stand_down(d, name, who=who, reason=why)),
            ]
        what, work = rng.choice(doing)
        hand.act(f"{who} {what}", work)
        world.kernel.after(rng.uniform(30.0, 300.0), something)

    something()

    def stop() -> None:
        on[0] = False

    return stop


PEOPLE: dict[str, Fault] = {
    "disarmed": disarmed,
    "fleet-disarmed": fleet_disarmed,
    "muted": muted,
    "busy-operator": busy,
}
