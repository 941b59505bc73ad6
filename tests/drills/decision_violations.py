"""For each invariant over what an intent, an opening or a sentence stands on, the facts that break it."""

from collections.abc import Callable, Mapping
from typing import Any

from controller.core.journal.moves import ApprovalDenied, DrillOpened, RestoreOpened, StoodDown
from controller.core.journal.notes import Disarmed, PolicyLoaded
from controller.lab.policy_files.overlay import overlaid
from controller.lab.simulate.world.facts import Fact
from controller.lab.simulate.world.world import World
from controller.rehearsal.services.arc.data_plane import SERVICE
from tests.drills.invariant_violations import EAST, HOME, WEST, asked, intended, later, opened, settled, wrote

DRILLS = {"drills": {"stay": "5m"}, "timezone": "UTC"}
WINDOW = {"timezone": "UTC", "limits": {"blackout": [{"cron": "0 8 * * *", "for": "2h", "reason": "x"}]}}


def says(world: World, codes: Mapping[str, str]) -> Fact:
    return world.trace.note("done", HOME, "", {"handler": "Tick", "codes": codes})


def off(world: World, region: str, seconds: float) -> None:
    arc = world.cloud.arc
    entries = [
        {"RoutingControlArn": arc.arn(c), "RoutingControlState": "Off"}
        for c in world.policy.regions[region].controls
    ]
    body = {"UpdateRoutingControlStateEntries": entries}
    world.cloud.call(SERVICE, "UpdateRoutingControlStates", "eu-west-1", body)
    later(world, seconds)


def drill(world: World, **more: Any) -> Fact:
    return wrote(world, DrillOpened(source=EAST, requested_by="schedule", **more))


def s15_intent(world: World) -> Fact:
    opened(world)
    wrote(world, Disarmed(), by="ana")
    return intended(world)


def s16(world: World) -> Fact:
    opened(world)
    wrote(world, PolicyLoaded(digest="newer", deployed=world.now))
    return intended(world)


def p1(world: World) -> Fact:
    world.policy = overlaid(world.policy, {"enforcement": "shadow"})
    opened(world)
    return intended(world)


def p2(world: World) -> Fact:
    world.policy = overlaid(world.policy, WINDOW)
    opened(world)
    return intended(world)


def p3(world: World) -> Fact:
    off(world, EAST, 90.0)
    return opened(world)


def a7(world: World) -> Fact:
    opened(world)
    asked(world)
    wrote(world, ApprovalDenied(approval="a1"), by="ana")
    return asked(world, approval="a2")


def s8_soak(world: World) -> Fact:
    settled(world)
    return wrote(world, RestoreOpened(source=EAST, target=WEST, of="storefront-us-east-1-1"), life="home")


def s8_unready(world: World) -> Fact:
    world.truth.begin("unready", WEST)
    later(world, 90.0)
    wrote(world, RestoreOpened(source=WEST, target=EAST))
    return intended(world, source=WEST)


def d1_no_drills(world: World) -> Fact:
    world.policy = world.policy.model_copy(update={"drills": None})
    return drill(world)


def d1_disarmed(world: World) -> Fact:
    world.policy = overlaid(world.policy, DRILLS)
    wrote(world, Disarmed(), by="ana")
    return drill(world)


def d1_window(world: World) -> Fact:
    world.policy = overlaid(world.policy, DRILLS | WINDOW)
    return drill(world)


def d1_no_arc(world: World) -> Fact:
    world.policy = overlaid(world.policy, DRILLS)
    world.truth.begin("no-arc", "")
    later(world, 90.0)
    return drill(world)


def d1_away(world: World) -> Fact:
    world.policy = overlaid(world.policy, DRILLS)
    off(world, WEST, 90.0)
    return drill(world)


def d1_late(world: World) -> Fact:
    world.policy = overlaid(world.policy, DRILLS)
    return drill(world, scheduled=world.now - 700.0)


def d1_busy(world: World) -> Fact:
    world.policy = overlaid(world.policy, DRILLS)
    opened(world)
    later(world, 100.0)
    struck = world.now
    later(world, 200.0)
    wrote(world, StoodDown(code="x"))
    begun = DrillOpened(source=WEST, requested_by="schedule", scheduled=struck)
    return wrote(world, begun, life="drill")


def w1_in_progress(world: World) -> Fact:
    opened(world)
    later(world, 130.0)
    return says(world, {WEST: "evacuate"})


def w1_floor(world: World) -> Fact:
    return says(world, {EAST: "floor"})


def w1_no_arc(world: World) -> Fact:
    world.truth.begin("no-arc", "")
    later(world, 90.0)
    return says(world, {EAST: "cooldown"})


def w1_no_evidence(world: World) -> Fact:
    world.truth.begin("no-evidence", HOME)
    later(world, 90.0)
    return says(world, {EAST: "healthy"})


def w1_shadow(world: World, seconds: float = 130.0) -> Fact:
    world.policies[world.policy.digest] = world.policy
    wrote(world, PolicyLoaded(digest=world.policy.digest, deployed=world.now))
    later(world, seconds)
    return says(world, {EAST: "shadow"})


def w2(world: World) -> Fact:
    return world.trace.note("failed", HOME, "Tick: KeyError: 'x'", {"error": "KeyError"})


def s18_lost(world: World) -> Fact:
    return world.trace.note("lost", HOME, "", {"said": "a lease was written over"})


GROUNDS: dict[str, tuple[str, Callable[[World], Fact]]] = {
    case.__name__: (case.__name__.partition("_")[0].upper(), case)
    for case in (
        s15_intent, s16, p1, p2, p3, a7, s8_soak, s8_unready, d1_no_drills, d1_disarmed, d1_window, d1_no_arc,
        d1_away, d1_late, d1_busy, w1_in_progress, w1_floor, w1_no_arc, w1_no_evidence, w1_shadow, w2,
        s18_lost,
    )
}  # fmt: skip
