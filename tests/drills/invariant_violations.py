"""For each invariant of the simulation the facts that break it."""

from collections.abc import Callable
from typing import Any

from controller.core.journal.event import Body, Draft, Event, seal
from controller.core.journal.moves import (
    ApprovalDenied,
    ApprovalGiven,
    ApprovalRequested,
    Confirmed,
    IncidentOpened,
    RestoreOpened,
    Settled,
    ShiftApplied,
    ShiftIntended,
    ShiftVerified,
    TakenOver,
)
from controller.core.journal.notes import Armed, Disarmed, Muted
from controller.core.journal.whole_plan import Turned, WholePlan
from controller.lab.policy_files.overlay import overlaid
from controller.lab.simulate.world.facts import Fact
from controller.lab.simulate.world.world import World

HOME, EAST, WEST = "us-east-2", "us-east-1", "us-west-2"
LIFE = "storefront-us-east-1-1"
GATE = {"evacuate": {"approval": "one"}}


def later(world: World, seconds: float) -> None:
    world.kernel.run(until=world.now + seconds)


def wrote(world: World, said: Body, *, life: str = LIFE, by: str = f"tidegate@{HOME}") -> Fact:
    """An event appended by a controller, or by a person; the epoch counts takeovers."""
    record = world.watch.record
    takeovers = sum(isinstance(body, TakenOver) for body in (said, *(e.body for e in record.events)))
    draft = Draft(f"id{len(record.events)}", said, world.now, by, 1 + takeovers, life)
    return appended(world, seal("storefront", draft, record.events[-1] if record.events else None))


def appended(world: World, event: Event) -> Fact:
    sound = world.watch.record.chained(event)
    world.watch.record.add(event, world.now)
    return world.trace.note("append", event.draft.by.rpartition("@")[2], "", {"event": event, "sound": sound})


def opened(world: World, *, source: str = EAST, life: str = LIFE, **more: Any) -> Fact:
    return wrote(world, IncidentOpened(source=source, **more), life=life)


def intended(world: World, *, life: str = LIFE, source: str = EAST) -> Fact:
    control = world.policy.regions[source].controls[0]
    return wrote(world, ShiftIntended(changes=((control, False),), policy="abc"), life=life)


def sent(world: World, home: str = HOME, override: tuple[str, ...] = ()) -> Fact:
    changes = {world.policy.regions[EAST].controls[0]: False}
    return world.trace.note("send", home, "", {"changes": changes, "override": override})


def asked(world: World, **more: Any) -> Fact:
    data = {"approval": "a1", "digest": "d1", "expires": world.now + 60.0, "people": 1} | more
    return wrote(world, ApprovalRequested(**data))


def settled(world: World) -> None:
    opened(world)
    intended(world)
    wrote(world, ShiftApplied(states={}))
    wrote(world, Settled())


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
    wrote(world, TakenOver(driver=WEST), by=f"tidegate@{WEST}")
    later(world, 5.0)
    return sent(world)


def s5(world: World) -> Fact:
    opened(world)
    wrote(world, Confirmed(target=WEST))
    world.truth.begin("dark", WEST)
    later(world, 301.0)
    intended(world)
    return sent(world)


def s5_on_the_way(world: World) -> Fact:
    """One that is well comes home, and another is turned on with it, which is dark."""
    wrote(world, RestoreOpened(source=EAST, target=WEST))
    world.truth.begin("dark", WEST)
    later(world, 301.0)
    control = world.policy.regions[WEST].controls[0]
    wrote(world, ShiftIntended(changes=((control, True),), policy="abc"))
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
    wrote(world, RestoreOpened(source=EAST, target=WEST))
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
    wrote(world, Muted(what=EAST, until=world.now + 600.0, for_=600.0))
    return opened(world)


def s14(world: World) -> Fact:
    opened(world)
    asked(world, people=2, override=("arn:1",))
    wrote(world, ApprovalGiven(approval="a1"), by="ana")
    intended(world)
    return sent(world, override=("arn:1",))


def s14_wave(world: World) -> Fact:
    """Two people agreed about the first wave; the second sets the rule aside as well."""
    opened(world)
    asked(world, people=2, override=("arn:1",), wave=1)
    for who in ("ana", "ben"):
        wrote(world, ApprovalGiven(approval="a1"), by=who)
    for _ in range(2):
        intended(world)
        wrote(world, ShiftApplied(states={}))
        wrote(world, ShiftVerified())
    intended(world)
    return sent(world, override=("arn:1",))


def s15(world: World) -> Fact:
    opened(world)
    intended(world)
    wrote(world, Disarmed(), by="ana")
    later(world, 4.0)
    return sent(world)


def s18(world: World) -> Fact:
    opened(world)
    draft = Draft("x", Armed(), world.now, "ana")
    return appended(world, seal("storefront", draft, None))


def a1(world: World) -> Fact:
    opened(world)
    asked(world)
    wrote(world, ApprovalGiven(approval="a1"), by="ana")
    return wrote(world, ApprovalDenied(approval="a1"), by="ben")


def a5(world: World) -> Fact:
    opened(world, requested_by="ana")
    asked(world)
    return wrote(world, ApprovalGiven(approval="a1"), by="ana")


def a3(world: World) -> Fact:
    world.policy = overlaid(world.policy, GATE)
    opened(world)
    asked(world)
    wrote(world, ApprovalDenied(approval="a1"), by="ana")
    return intended(world)


def approved(world: World, *, approved: str | None = None, turned: int = 0, target: str = WEST) -> Fact:
    """People agreed to turn the first control Off; `turned` is what the intent turns, towards `target`."""
    opened(world)
    controls = world.policy.regions[EAST].controls
    whole = WholePlan(EAST, WEST, (Turned(off=controls[:1]),))
    asked(world, plan=whole.digest, whole=whole, wave=1)
    wrote(world, ApprovalGiven(approval="a1"), by="ana")
    changes = ((controls[turned], False),)
    named = whole.digest if approved is None else approved
    said = ShiftIntended(source=EAST, target=target, changes=changes, policy="abc", approved=named)
    return wrote(world, said)


def a3_beyond(world: World) -> Fact:
    return approved(world, turned=1)


def a3_unknown(world: World) -> Fact:
    return approved(world, approved="0" * 64)


def a3_elsewhere(world: World) -> Fact:
    return approved(world, target="eu-west-1")


def a3_too_few(world: World) -> Fact:
    approved(world)
    world.watch.record.lives[LIFE].questions[-1].people = 2
    control = world.policy.regions[EAST].controls[0]
    plan = world.watch.record.lives[LIFE].questions[-1].plan
    return wrote(world, ShiftIntended(source=EAST, target=WEST, changes=((control, False),), approved=plan))


def a3_forgotten(world: World) -> Fact:
    """The next wave of a move that was approved names nothing."""
    approved(world)
    wrote(world, ShiftApplied(states={}))
    return intended(world)


def a4(world: World) -> Fact:
    opened(world)
    asked(world)
    later(world, 70.0)
    return wrote(world, ApprovalGiven(approval="a1"), by="ana")


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
        s14_wave,
        s15,
        s18,
    )
}
CASES |= {case.__name__: (case.__name__.upper(), case) for case in (a1, a3, a4, l4)} | {"a5": ("A1", a5)}
CASES |= {
    case.__name__: ("A3", case) for case in (a3_beyond, a3_unknown, a3_elsewhere, a3_too_few, a3_forgotten)
}
