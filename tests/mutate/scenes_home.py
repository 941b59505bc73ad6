"""Worlds in which a Region that was left comes home too early, or a drill begins where it must not."""

from controller.core.journal.kind import Kind
from controller.lab.policy_files.overlay import overlaid
from controller.lab.simulate.directed import SOON
from controller.lab.simulate.precedence_scripts import FOUR, SLOW_STEPS, silent_on_the_way
from controller.steps.operator import commands
from tests.mutate.directed import EAST, HOME, WEST, Directed, Scene
from tests.mutate.scenes_leave import PLAN, WINDOW

WELL = {"in": "source", "family": "all", "is": "healthy", "for": "2m"}
RETURNS = {"restore": {"when": WELL, "approval": "none"}, "limits": {"cooldown": "4m"}}


def left(d: Directed) -> None:
    """Dark for eight minutes; left after four or five."""
    d.dark(EAST, 0, 420)


def stays_dark(d: Directed) -> None:
    d.dark(EAST)


def second_asks(d: Directed) -> None:
    d.answers(True, None)
    d.dark(EAST, 0, 420)
    d.dark(WEST, 430)


def no_endpoint(d: Directed) -> None:
    left(d)
    d.no_arc(430)


def turned_shadow(d: Directed) -> None:
    left(d)

    def deploy() -> None:
        d.world.policy = overlaid(d.world.policy, {"enforcement": "shadow"})
        d.world.deploy(HOME, d.world.policy)

    d.after(440, deploy)


def opened_in_shadow(d: Directed) -> None:
    """A person brings a Region home in shadow; then the policy in force is live."""
    live = d.world.policy
    turned_shadow(d)
    d.person(570, "restores", lambda deps: commands.restore(deps, EAST, who="ana", reason="x"))

    def deploy() -> None:
        d.world.policy = live
        d.world.deploy(HOME, live)

    d.after(580, deploy)


def fails_before_its_way_back(d: Directed) -> None:
    """A drill has turned back and is disarmed; by when it is armed, its own Region has failed."""
    d.person(5, "drills", lambda deps: commands.drill(deps, EAST, who="ana", reason="x"))
    d.upon(Kind.TURNED_BACK, lambda: (d.arm(0, on=False), d.dark(EAST), d.arm(600, on=True)))


def unready(d: Directed) -> None:
    left(d)
    d.so("unready", EAST, 430, lambda: d.world.cloud.faults.unready.add(EAST))


def denied(d: Directed) -> None:
    d.answers(False, None)
    left(d)


HOME_SCENES = {
    "home away/unknown": Scene(stays_dark, RETURNS, lasts=900),
    "home cooldown": Scene(left, RETURNS | {"limits": {"cooldown": "40m"}}, lasts=800),
    "home not-ready-to-return": Scene(
        unready, RETURNS | {"restore": {"when": WELL, "approval": "none", "ready": PLAN}}, lasts=800
    ),
    "home in-progress": Scene(
        second_asks,
        {"restore": {"when": WELL | {"family": "service", "for": "5m"}, "approval": "none"},
         "evacuate": {"approval": "one"},
         "limits": {"cooldown": "1s"}},
        lasts=1000, thirds=True,
    ),
    "home switch-unavailable": Scene(no_endpoint, RETURNS, lasts=800),
    "home shadow": Scene(turned_shadow, RETURNS, lasts=800),
    "home policy-superseded": Scene(opened_in_shadow, RETURNS, lasts=900),
    "home target-failing": Scene(fails_before_its_way_back, {"drills": {"stay": "20s"}}, lasts=900),
    "home return-in-doubt": Scene(
        silent_on_the_way, {"restore": SLOW_STEPS, "limits": SOON, "regions": FOUR}, lasts=1800
    ),
    "home approval-denied/approval-expired": Scene(
        denied, RETURNS | {"restore": {"when": WELL, "approval": "one"}}, lasts=800
    ),
}  # fmt: skip


def drills(cron: str, **more: object) -> dict[str, object]:
    return {"drills": {"cron": cron, "stay": "5m"}, **more}


def frozen(d: Directed) -> None:
    d.after(300, lambda: d.world.cloud.faults.controllers_frozen.add(HOME))
    d.after(1000, lambda: d.world.cloud.faults.controllers_frozen.discard(HOME))


def disarmed(d: Directed) -> None:
    d.arm(0, on=False)


def busy(d: Directed) -> None:
    """All is well, and a person's question about the other Region stands open at the stroke."""
    d.answers(None)
    d.person(300, "evacuates", lambda deps: commands.evacuate(deps, WEST, who="ana", reason="x"))


def nothing(_d: Directed) -> None:
    return


def no_arc(d: Directed) -> None:
    d.no_arc(200)


def by_a_person(d: Directed) -> None:
    d.person(5, "drills", lambda deps: commands.drill(deps, EAST, who="ana", reason="x"))


def of_an_empty_region(d: Directed) -> None:
    d.by_hand(EAST, 0, on=False)
    d.person(90, "drills", lambda deps: commands.drill(deps, EAST, who="ana", reason="x"))


def dark_within_the_cooldown(d: Directed) -> None:
    """It was left, somebody turned it on again, and it is dark for as long as anybody looks."""
    d.dark(EAST)
    d.by_hand(EAST, 480, on=True)


DRILLS = {
    "drill drill-missed": Scene(frozen, drills("10 8 * * *"), lasts=1200),
    "drill disarmed": Scene(disarmed, drills("6 8 * * *"), lasts=240),
    "drill in-progress": Scene(busy, drills("13 8 * * *", evacuate={"approval": "one"}), lasts=1000),
    "drill no-drills": Scene(by_a_person, lasts=60),
    "drill blackout": Scene(nothing, drills("6 8 * * *", limits={"blackout": WINDOW}), lasts=240),
    "drill switch-unavailable": Scene(no_arc, drills("9 8 * * *"), lasts=420),
    "drill already-left": Scene(of_an_empty_region, {"drills": {"stay": "5m"}}, lasts=150),
    "drill away": Scene(left, drills("14 8 * * *"), lasts=720),
    "drill source-failing": Scene(
        dark_within_the_cooldown, drills("18 8 * * *", limits={"cooldown": "40m"}), lasts=900
    ),
}
