"""People: they answer late, twice, wrongly or never, and turn switches in mid-flow."""

from collections.abc import Callable
from dataclasses import dataclass

from controller.core.journal import Kind
from controller.lab.overlay import overlaid
from controller.lab.simulate.facts import Fact
from controller.lab.simulate.outages import Fault, Stop
from controller.lab.simulate.record import Asked
from controller.lab.simulate.world import World
from controller.ports.errors import ControllerError
from controller.steps import moves, operate
from controller.steps.answer import Answered, answer
from controller.steps.context import Deps
from controller.steps.operate import Done

WHO = ("ana", "ben", "cleo", "dora")


@dataclass
class People:
    """`kind`: they answer soon and approve, as many as are needed; else whatever chance says."""

    world: World
    kind: bool = False

    def watch(self, fact: Fact) -> None:
        """Somebody is asked: each draws what they will do."""
        if fact.kind != "append" or fact.data["event"].kind is not Kind.APPROVAL_REQUESTED:
            return
        rng = self.world.random
        asked = self.world.watch.record.requests[fact.data["event"].data["approval"]]
        for who in WHO[: asked.people] if self.kind else WHO[: rng.randint(0, len(WHO))]:
            late = (
                rng.uniform(15.0, 90.0) if self.kind else rng.choice((5.0, 30.0, 120.0, 600.0)) * rng.random()
            )
            self._answer_after(late, who, asked, yes=self.kind or rng.random() < 0.75)
            if not self.kind and rng.random() < 0.3:
                self._answer_after(late + rng.choice((0.0, 0.01, 3.0)), who, asked, yes=rng.random() < 0.75)

    def _answer_after(self, late: float, who: str, asked: Asked, *, yes: bool) -> None:
        def click(deps: Deps) -> Answered:
            return answer(deps, asked.id, who=who, approve=yes, reason="simulated")

        word = "approves" if yes else "denies"
        self.world.kernel.after(late, lambda: self.act(f"{who} {word} {asked.id[:8]}", click))

    def act(self, what: str, work: Callable[[Deps], Answered | Done]) -> None:
        """Let a person do something, through one of the controllers that can be reached."""
        world = self.world
        homes = world.awake()
        if not homes:
            return
        home = world.random.choice(homes)

        def run() -> None:
            try:
                done = work(world.deps[home])
            except ControllerError as error:
                world.trace.note("person", home, f"{what}: {type(error).__name__}: {str(error)[:80]}")
                return
            except Exception as error:
                told = f"{what}: {type(error).__name__}: {str(error)[:120]}"
                world.trace.note("failed", home, told, {"error": type(error).__name__})
                raise
            world.trace.note("person", home, f"{what}: {done.sentence[:120]}")

        world.machines[home].spawn(run)


def disarmed(world: World) -> Stop:
    """The kill switch is turned in mid-flow, and back later."""
    hand = People(world)
    hand.act("disarms", lambda deps: operate.arm(deps, on=False, who="ana", reason="simulated"))
    return lambda: hand.act("arms", lambda deps: operate.arm(deps, on=True, who="ana", reason="simulated"))


def fleet_disarmed(world: World) -> Stop:
    hand = People(world)
    hand.act("disarms all", lambda deps: operate.arm_fleet(deps, on=False, who="ana", reason="simulated"))
    return lambda: hand.act(
        "arms all", lambda deps: operate.arm_fleet(deps, on=True, who="ana", reason="simulated")
    )


def muted(world: World) -> Stop:
    region, hand = world.random.choice(world.regions), People(world)
    who = "ben"
    hand.act(f"mutes {region}", lambda d: operate.mute(d, region, seconds=900.0, who=who, reason="simulated"))
    return lambda: hand.act(
        f"unmutes {region}", lambda d: operate.mute(d, region, seconds=0.0, who=who, reason="simulated")
    )


def busy(world: World) -> Stop:
    """An operator who evacuates, restores, drills, acknowledges and stands down at random."""
    hand, on, rng = People(world), [True], world.random

    def something() -> None:
        if not on[0]:
            return
        region, who = rng.choice(world.regions), rng.choice(WHO)
        lives = list(world.watch.record.lives)
        name = rng.choice(lives) if lives else ""
        doing: list[tuple[str, Callable[[Deps], Done]]] = [
            (f"evacuates {region}", lambda d: operate.evacuate(d, region, who=who, reason="simulated")),
            (f"restores {region}", lambda d: moves.restore(d, region, who=who, reason="simulated")),
            (f"drills {region}", lambda d: moves.drill(d, region, who=who, reason="simulated")),
            (f"acknowledges {name}", lambda d: operate.acknowledge(d, name, who=who, reason="simulated")),
            (f"stands down {name}", lambda d: operate.stand_down(d, name, who=who, reason="simulated")),
        ]
        what, work = rng.choice(doing)
        hand.act(f"{who} {what}", work)
        world.kernel.after(rng.uniform(30.0, 300.0), something)

    something()

    def stop() -> None:
        on[0] = False

    return stop


def policy_rolls_out(world: World) -> Stop:
    """A new policy reaches one controller now, the others when the fault ends."""
    fresh = overlaid(world.policy, {"limits": {"cooldown": f"{world.random.randint(4, 30)}m"}})
    first = world.random.choice(world.homes)
    world.deploy(first, fresh)
    world.trace.note("deploy", first, fresh.digest[:12])

    def rest() -> None:
        for home in world.homes:
            if home != first:
                world.deploy(home, fresh)
        world.trace.note("deploy", "", f"{fresh.digest[:12]} everywhere")

    return rest


PEOPLE: dict[str, Fault] = {
    "disarmed": disarmed,
    "fleet-disarmed": fleet_disarmed,
    "muted": muted,
    "busy-operator": busy,
    "policy-rolls-out": policy_rolls_out,
}
