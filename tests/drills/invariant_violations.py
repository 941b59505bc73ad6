"""For each invariant of the simulation the facts that break it."""

from collections.abc import Callable
from typing import Any

from controller.core.journal.event import Draft, Event, seal
from controller.core.journal.kind import Kind
from controller.lab.policy_files.overlay import overlaid
from controller.lab.simulate.world.facts import Fact
from controller.lab.simulate.world.world import World

HOME, EAST, WEST = "us-east-2", "us-east-1", "us-west-2"
LIFE = "storefront-us-east-1-1"
GATE = {"evacuate": {"approval": "one"}}


def later(world: World, seconds: float) -> None:
    world.kernel.run(until=world.now + seconds)


def wrote(world: World, kind: Kind, *, life: str = LIFE, by: str = f"tidegate@{HOME}", **data: Any) -> Fact:
    """An event appended by a controller, or by a person; the epoch counts takeovers."""
    record = world.watch.record
    takeovers = sum(event.kind is Kind.TAKEN_OVER for event in record.events)
    draft = Draft(
        f"id{len(record.events)}", kind, world.now, by, 1 + takeovers + (kind is Kind.TAKEN_OVER), life, data
    )
    return appended(world, seal("storefront", draft, record.events[-1] if record.events else None))


def appended(world: World, event: Event) -> Fact:
    sound = world.watch.record.chained(event)
    world.watch.record.add(event, world.now)
    return world.trace.note("append", event.draft.by.rpartition("@")[2], "", {"event": event, "sound": sound})


def opened(world: World, *, source: str = EAST, life: str = LIFE, **more: Any) -> Fact:
    return wrote(world, Kind.INCIDENT_OPENED, life=life, source=source, target=WEST, **more)


def intended(world: World, *, life: str = LIFE, source: str = EAST) -> Fact:
    control = world.policy.regions[source].controls[0]
    return wrote(world, Kind.SHIFT_INTENDED, life=life, changes=[[control, False]], policy="abc")


def sent(world: World, home: str = HOME, override: tuple[str, ...] = ()) -> Fact:
    changes = {world.policy.regions[EAST].controls[0]: False}
    return world.trace.note("send", home, "", {"changes": changes, "override": override})


def asked(world: World, **more: Any) -> Fact:
    data = {"approval": "a1", "expires": world.now + 60.0, "people": 1} | more
    return wrote(world, Kind.APPROVAL_REQUESTED, **data)


def settled(world: World) -> None:
    opened(world)
    intended(world)
    wrote(world, Kind.SHIFT_APPLIED, states={})
    wrote(world, Kind.SETTLED)


def once_more(world: World) -> Fact:
    opened(world, life="second")
    return intended(world, life="second")


def sound(world: World) -> Fact:
    opened(world)
    intended(world)
    return sent(world)


def s1(world: World) -> Fact:
    states = {c: False for entry in world.policy.regions.values() for c in entry.controls}
    return world.trace.note("moved", "", "", {"states": states})


def s2(world: World) -> Fact:
    opened(world)
    return sent(world)


def s3(world: World) -> Fact:
    opened(world)
    return opened(world, life="second")


def s4_deadline(world: World) -> Fact:
    opened(world)
    intended(world)
    later(world, 17.0)
    return sent(world)


def s4_epoch(world: World) -> Fact:
    opened(world)
    intended(world)
    wrote(world, Kind.TAKEN_OVER, driver=WEST, by=f"tidegate@{WEST}")
    later(world, 5.0)
    return sent(world)


def s5(world: World) -> Fact:
    opened(world)
    wrote(world, Kind.CONFIRMED, target=WEST)
    world.truth.begin("dark", WEST)
    later(world, 301.0)
    intended(world)
    return sent(world)


def s5_on_the_way(world: World) -> Fact:
    """One that is well comes home, and another is turned on with it, which is dark."""
    wrote(world, Kind.RESTORE_OPENED, source=EAST, target=WEST)
    world.truth.begin("dark", WEST)
    later(world, 301.0)
    control = world.policy.regions[WEST].controls[0]
    wrote(world, Kind.SHIFT_INTENDED, changes=[[control, True]], policy="abc")
    return world.trace.note("send", HOME, "", {"changes": {control: True}, "override": ()})


def s6(world: World) -> Fact:
    for region in world.regions:
        world.truth.begin("dark", region)
    later(world, 301.0)
    opened(world)
    return intended(world)


def s6_cut_off(world: World) -> Fact:
    world.truth.begin("cut-off", HOME)
    later(world, 301.0)
    opened(world)
    return intended(world)


def s7(world: World) -> Fact:
    world.policy = overlaid(world.policy, {"limits": {"evacuationsPerDay": 5}})
    settled(world)
    later(world, 600.0)
    return once_more(world)


def s8(world: World) -> Fact:
    wrote(world, Kind.RESTORE_OPENED, source=EAST, target=WEST)
    return intended(world)


def s9(world: World) -> Fact:
    settled(world)
    later(world, 1300.0)
    return once_more(world)


def s10(world: World) -> Fact:
    opened(world, source=WEST)
    return intended(world, source=WEST)


def s6_untold(world: World) -> Fact:
    for region in world.regions:
        world.truth.begin("dark", region)
    later(world, 481.0)
    return world.trace.note("heal", "", "all-red")


def l4(world: World) -> Fact:
    world.truth.begin("no-quorum", "")
    later(world, 481.0)
    return world.trace.note("heal", "", "quorum-lost")


def s13(world: World) -> Fact:
    world.truth.begin("zone-notice", WEST)
    later(world, 1.0)
    return opened(world, source=WEST)


def s12(world: World) -> Fact:
    wrote(world, Kind.MUTED, what=EAST, **{"for": 600.0})
    return opened(world)


def s14(world: World) -> Fact:
    opened(world)
    asked(world, people=2, override=["arn:1"])
    wrote(world, Kind.APPROVAL_GIVEN, by="ana", approval="a1")
    intended(world)
    return sent(world, override=("arn:1",))


def s15(world: World) -> Fact:
    opened(world)
    intended(world)
    wrote(world, Kind.DISARMED, by="ana")
    later(world, 4.0)
    return sent(world)


def s18(world: World) -> Fact:
    opened(world)
    draft = Draft("x", Kind.ARMED, world.now, "ana")
    return appended(world, seal("storefront", draft, None))


def a1(world: World) -> Fact:
    opened(world)
    asked(world)
    wrote(world, Kind.APPROVAL_GIVEN, by="ana", approval="a1")
    return wrote(world, Kind.APPROVAL_DENIED, by="ben", approval="a1")


def a5(world: World) -> Fact:
    opened(world, requested_by="ana")
    asked(world)
    return wrote(world, Kind.APPROVAL_GIVEN, by="ana", approval="a1")


def a3(world: World) -> Fact:
    world.policy = overlaid(world.policy, GATE)
    opened(world)
    asked(world)
    wrote(world, Kind.APPROVAL_DENIED, by="ana", approval="a1")
    return intended(world)


def a4(world: World) -> Fact:
    opened(world)
    asked(world)
    later(world, 70.0)
    return wrote(world, Kind.APPROVAL_GIVEN, by="ana", approval="a1")


CASES: dict[str, tuple[str, Callable[[World], Fact]]] = {
    case.__name__: (case.__name__.partition("_")[0].upper(), case)
    for case in (
        s1,
        s2,
        s3,
        s4_deadline,
        s4_epoch,
        s5,
        s5_on_the_way,
        s6,
        s6_cut_off,
        s6_untold,
        s13,
        s7,
        s8,
        s9,
        s10,
        s12,
        s14,
        s15,
        s18,
    )
}
CASES |= {case.__name__: (case.__name__.upper(), case) for case in (a1, a3, a4, l4)} | {"a5": ("A1", a5)}
