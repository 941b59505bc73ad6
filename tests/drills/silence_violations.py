"""For each invariant over precedence, silence and the way home, the facts that break it."""

from collections.abc import Callable
from itertools import chain

from controller.core.journal.event import Body
from controller.core.journal.moves import (
    ApprovalExpired,
    Confirmed,
    DrillOpened,
    IncidentOpened,
    RestoreOpened,
    Settled,
    ShiftApplied,
    ShiftIntended,
    StoodDown,
    TurnedBack,
)
from controller.core.journal.notes import Disarmed, PolicyLoaded
from controller.lab.policy_files.overlay import overlaid
from controller.lab.simulate.world.facts import Fact
from controller.lab.simulate.world.weather import CallRule
from controller.lab.simulate.world.world import World
from controller.rehearsal.service import ACCOUNT
from tests.drills.decision_violations import off
from tests.drills.invariant_violations import (
    EAST,
    HOME,
    LIFE,
    WEST,
    asked,
    intended,
    later,
    opened,
    sent,
    wrote,
)

STEP = 15.0
BACK = "storefront-us-east-1-9"


def delivers(world: World, region: str, said: str) -> None:
    """Every controller hears `said` of a Region, from every observer: b, h, or nothing any more."""
    for home in world.homes:
        for source in world.policy.signals["customer"]:
            name = source.canary.replace("{region}", region)  # type: ignore[union-attr]
            for observer in source.runs_in or ():  # type: ignore[union-attr]
                text = f'{{"at":[{world.now}],"received":[{world.now}],"said":"{said}"}}\n' if said else ""
                key = home, f"canary:{ACCOUNT}:{observer}:{name}"
                world.watch.stored_items.evidence[key] = text


def lasts(world: World, seconds: float, *, east: str = "b", west: str = "h") -> Fact:
    """Let time pass, while the same is delivered again and again; then look."""
    end = world.now + seconds
    while world.now < end:
        delivers(world, EAST, east)
        delivers(world, WEST, west)
        later(world, STEP)
        world.trace.look()
    return Fact(world.trace.step, world.now, "look", "", "")


def page(world: World, subject: str) -> Fact:
    return world.trace.note("page", HOME, "200", {"ok": True, "subject": subject, "text": ""})


def bad_for_long(world: World, seconds: float) -> Fact:
    """The East is bad, people know, and nothing hinders."""
    lasts(world, 60.0)
    page(world, f"storefront {EAST}: it fails")
    return lasts(world, seconds)


def turns(world: World, region: str, *, on: bool, life: str = LIFE) -> None:
    changes = dict.fromkeys(world.policy.regions[region].controls, on)
    wrote(world, ShiftIntended(changes=tuple(changes.items()), policy="abc"), life=life)
    world.trace.note("send", HOME, "", {"changes": changes, "override": ()})


def l8(world: World) -> Fact:
    wrote(world, Disarmed(), by="ana")
    return lasts(world, 800.0)


def l8_hourly(world: World) -> Fact:
    wrote(world, Disarmed(), by="ana")
    lasts(world, 60.0)
    page(world, f"storefront {EAST}: it fails")
    return lasts(world, 4100.0)


def l8_unknown(world: World) -> Fact:
    wrote(world, Disarmed(), by="ana")
    return lasts(world, 1000.0, east="")


def l8_lost(world: World) -> Fact:
    """All is well, and the fleet's journal can be read by nobody."""
    world.truth.begin("no-fleet", "")
    return lasts(world, 800.0, east="h")


def l8_unwritten(world: World) -> Fact:
    world.weather.calls.append(CallRule("refused", service="sns"))
    wrote(world, Disarmed(), by="ana")
    return lasts(world, 800.0)


def l8_twice(world: World) -> Fact:
    page(world, f"storefront {EAST}: it fails")
    later(world, 600.0)
    return page(world, f"storefront {EAST}: it fails")


def l9(world: World) -> Fact:
    wrote(world, RestoreOpened(source=WEST, target=EAST), life=BACK)
    return bad_for_long(world, 850.0)


def l9_soak(world: World) -> Fact:
    wrote(world, RestoreOpened(source=EAST, target=WEST))
    wrote(world, StoodDown(code="approval-denied"))
    later(world, 60.0)
    return wrote(world, RestoreOpened(source=EAST, target=WEST), life=BACK)


def l10(world: World) -> Fact:
    opened(world)
    wrote(world, StoodDown(code="by-person"), by="ana")
    later(world, 300.0)
    return opened(world, life="second")


def l11(world: World) -> Fact:
    return bad_for_long(world, 850.0)


def l11_stuck(world: World) -> Fact:
    """It was opened, asks nobody, and stands still."""
    lasts(world, 60.0)
    opened(world)
    page(world, f"storefront {EAST}: it fails")
    return lasts(world, 1700.0)


def comes_home(world: World) -> None:
    """The East came home in part, and fails again."""
    wrote(world, RestoreOpened(source=EAST, target=WEST), life=BACK)
    turns(world, EAST, on=True, life=BACK)
    wrote(world, ShiftApplied(), life=BACK)


def l12(world: World) -> Fact:
    comes_home(world)
    return bad_for_long(world, 800.0)


def l12_unheard(world: World) -> Fact:
    wrote(world, RestoreOpened(source=WEST, target=EAST), life=BACK)
    lasts(world, 120.0, west="")
    control = world.policy.regions[WEST].controls[0]
    return wrote(world, ShiftIntended(changes=((control, True),), policy="abc"), life=BACK)


def l12_dark(world: World) -> Fact:
    """One wave came home while it was well; the next goes into the dark."""
    comes_home(world)
    control = world.policy.regions[EAST].controls[0]
    return wrote(world, ShiftIntended(changes=((control, True),), policy="abc"), life=BACK)


def l13(world: World) -> Fact:
    lasts(world, 500.0)
    opened(world)
    asked(world)
    wrote(world, ApprovalExpired(approval="a1"))
    wrote(world, StoodDown(code="approval-expired"))
    page(world, f"{LIFE}: nobody answered, {EAST} stays")
    return lasts(world, 930.0)


def l13_early(world: World, seconds: float = 250.0) -> Fact:
    opened(world)
    asked(world)
    wrote(world, ApprovalExpired(approval="a1"))
    wrote(world, StoodDown(code="approval-expired"))
    begun(world)
    later(world, seconds)
    return opened(world, life="second")


def s3_outranked(world: World, opening: Callable[..., Body] = IncidentOpened) -> Fact:
    """The same Region makes way twice, in turn with another."""
    wrote(world, opening(source=EAST), life="one")
    wrote(world, StoodDown(code="outranked"), life="one")
    wrote(world, opening(source=EAST), life="two")
    return wrote(world, StoodDown(code="outranked"), life="two")


def s5_back(world: World, seconds: float = 500.0) -> Fact:
    """A drill turned back, and its own Region has failed for long."""
    wrote(world, DrillOpened(source=EAST, requested_by="ben"))
    wrote(world, TurnedBack(outcome="succeeded"))
    lasts(world, seconds)
    control = world.policy.regions[EAST].controls[0]
    wrote(world, ShiftIntended(changes=((control, True),), policy="abc"))
    return world.trace.note("send", HOME, "", {"changes": {control: True}, "override": ()})


def s20(world: World) -> Fact:
    """The East left and came home, and one of its controls is still Off."""
    opened(world)
    turns(world, EAST, on=False)
    off(world, EAST, 30.0)
    wrote(world, ShiftApplied())
    wrote(world, Settled())
    wrote(world, RestoreOpened(source=EAST, target=WEST), life=BACK)
    wrote(world, ShiftIntended(changes=(), policy="abc"), life=BACK)
    wrote(world, ShiftApplied(), life=BACK)
    return wrote(world, Settled(), life=BACK)


def s21(world: World) -> Fact:
    world.truth.begin("no-look", "")
    later(world, 130.0)
    return opened(world)


def s21_one(world: World) -> Fact:
    """Only what is about the East is throttled: a throttle is an answer, and no silence."""
    world.truth.begin("no-look", EAST)
    later(world, 130.0)
    return opened(world)


def begun(world: World) -> str:
    """The policy in force is put into the journal, and its digest returned."""
    world.policies[world.policy.digest] = world.policy
    wrote(world, PolicyLoaded(digest=world.policy.digest, deployed=world.now))
    return world.policy.digest


def s23_control(world: World) -> Fact:
    control = world.policy.regions[EAST].controls[0]
    fewer = {r: {"controls": list(e.controls[1:])} for r, e in world.policy.regions.items()}
    small = overlaid(world.policy, {"regions": fewer})
    world.policies[small.digest] = small
    wrote(world, IncidentOpened(source=EAST, policy=small.digest))
    wrote(world, ShiftIntended(changes=((control, False),), policy=small.digest))
    return sent(world)


def s23_wave(world: World) -> Fact:
    """Its wave is one slice, and two are turned at once."""
    world.policy = overlaid(world.policy, {"evacuate": {"waves": [1], "settle": "20s"}})
    opened(world, policy=begun(world))
    turns(world, EAST, on=False)
    return sent(world)


def s23_region(world: World) -> Fact:
    digest = begun(world)
    opened(world, policy=digest)
    wrote(world, Confirmed(target="eu-west-1"))
    intended(world)
    return sent(world)


def s23_shadow(world: World) -> Fact:
    digest = begun(world)
    opened(world, policy=digest)
    shadow = overlaid(world.policy, {"enforcement": "shadow"})
    world.policies[shadow.digest] = shadow
    wrote(world, PolicyLoaded(digest=shadow.digest, deployed=world.now))
    later(world, 20.0)
    intended(world)
    return sent(world)


def s23_removed(world: World) -> Fact:
    digest = begun(world)
    opened(world, policy=digest)
    fewer = {r: {"controls": list(e.controls[1:])} for r, e in world.policy.regions.items()}
    small = overlaid(world.policy, {"regions": fewer})
    world.policies[small.digest] = small
    wrote(world, PolicyLoaded(digest=small.digest, deployed=world.now))
    later(world, 20.0)
    intended(world)
    return sent(world)


SILENCE: dict[str, tuple[str, Callable[[World], Fact]]] = {
    case.__name__: (case.__name__.partition("_")[0].upper(), case)
    for case in chain(
        (l8, l8_hourly, l8_unknown, l8_lost, l8_unwritten, l8_twice, l9, l9_soak, l10, l11, l11_stuck),
        (l12, l12_unheard, l12_dark, l13, l13_early, s3_outranked, s5_back, s20, s21, s21_one),
        (s23_control, s23_wave, s23_region, s23_shadow, s23_removed),
    )
}
