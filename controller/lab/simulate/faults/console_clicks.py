"""The faults at the console: answers on two sides of a partition, and scanners.

A scanner opens all links.
"""

from controller.core.journal.moves import ApprovalRequested
from controller.lab.simulate.faults.controllers import call
from controller.lab.simulate.faults.people import WHO, People
from controller.lab.simulate.faults.regions import Fault, Stop, every
from controller.lab.simulate.world.facts import Fact
from controller.lab.simulate.world.outputs import SCANNER
from controller.lab.simulate.world.processes import Died, Process, as_process
from controller.lab.simulate.world.weather import CallRule
from controller.lab.simulate.world.world import World

PAGES = ("/", "/history", "/policy", "/health")
METHODS = ("GET", "GET", "GET", "HEAD", "OPTIONS", "POST")
TIMES = 3


def two_clicks(world: World) -> Stop:
    """Let somebody answer through each of two controllers at once.

    The two controllers cannot reach each other's Region.
    """
    homes = world.random.sample(world.homes, 2)
    between = [CallRule("hung", home=a, regions=(b,)) for a, b in (homes, homes[::-1])]
    stops, on = [call(world, rule) for rule in between], [True]
    hand, rng = People(world), world.random

    def look(fact: Fact) -> None:
        if not on[0] or fact.kind != "append":
            return
        said = fact.data["event"].body
        if not isinstance(said, ApprovalRequested):
            return
        asked = world.watch.record.requests[said.approval]
        late, whos = rng.uniform(5.0, 30.0), rng.choice((WHO[:2], WHO[:1] * 2))
        for home, who in zip(homes, whos, strict=True):
            hand.answer_at(late + rng.choice((0.0, 0.0, 0.01)), who, asked, yes=rng.random() < 0.8, home=home)

    world.trace.watchers.append(look)

    def stop() -> None:
        on[0] = False

    return every(stop, *stops)


def links_opened(world: World) -> Stop:
    """Let a mail scanner, or a browser that fetches ahead, open every link.

    It does so also as one who is signed in.
    """
    on, rng = [True], world.random

    def look(fact: Fact) -> None:
        if on[0] and fact.kind == "page" and fact.data["ok"]:
            for _ in range(TIMES):
                world.kernel.after(rng.uniform(0.5, 40.0), open_all)

    def open_all() -> None:
        homes = world.awake()
        if not homes or not on[0]:
            return
        home, who = rng.choice(homes), rng.choice((None, *WHO[:2]))
        asked, lives = world.watch.record.requests, world.watch.record.lives
        paths = [rng.choice(PAGES)]
        paths += [f"/approve/{name}" for name in list(asked)[-2:]]
        paths += [f"/incidents/{name}" for name in list(lives)[-1:]]
        world.machines[home].spawn(lambda: visit(world, home, [(rng.choice(METHODS), p) for p in paths], who))

    world.trace.watchers.append(look)

    def stop() -> None:
        on[0] = False

    return stop


def visit(world: World, home: str, links: list[tuple[str, str]], who: str | None) -> None:
    """Open links one after the other.

    Nothing may come of it, and nothing may be forged in the pages.
    """
    gate = world.plant.gate(world.deps[home], world.kernel.now)
    for method, path in links:
        try:
            with as_process(Process(0, home, SCANNER)):
                status, html = gate.look(method, path, who)
        except Died:
            return
        world.trace.note("visit", home, f"{method} {path[:20]} {status}", {"status": status})
        world.watch.out.shown(home, path, html)


CLICKS: dict[str, Fault] = {"two-clicks": two_clicks, "links-opened": links_opened}
