"""Facts that break the invariants over what goes out of a controller, and over what lands late."""

from collections.abc import Callable

from controller.core.journal.moves import ApprovalGiven, ShiftApplied, ShiftIntended
from controller.lab.simulate.world.facts import Fact
from controller.lab.simulate.world.outputs import MARK, SCANNER
from controller.lab.simulate.world.processes import Process, as_process
from controller.lab.simulate.world.world import World
from controller.rehearsal.services.arc.data_plane import SERVICE
from tests.drills.invariant_violations import EAST, HOME, LIFE, asked, intended, later, opened, wrote

DYNAMO = "dynamodb.us-east-2.amazonaws.com"


def a1_told(world: World) -> Fact:
    opened(world)
    asked(world)
    wrote(world, ApprovalGiven(approval="a1"), by="ana")
    world.watch.counted["a1", "ben"] += 1
    return world.trace.note("answered", HOME, "ben", {"approval": "a1", "who": "ben"})


def a2(world: World) -> Fact:
    with as_process(Process(1, HOME, SCANNER)):
        world.watch.out.called(HOME, "dynamodb", "GetItem", DYNAMO, b"")
        world.watch.out.called(HOME, "dynamodb", "PutItem", DYNAMO, b"")
    return world.trace.last[-1]


def a6(world: World) -> Fact:
    world.watch.out.tokens.add("secret")
    world.watch.out.called(HOME, "states", "SendTaskSuccess", DYNAMO, b"secret")
    world.watch.out.called(HOME, "sns", "Publish", DYNAMO, b"Message=secret")
    return world.trace.last[-1]


def a6_log(world: World) -> Fact:
    world.watch.out.tokens.add("secret")
    world.watch.out.logged('{"message": "secret"}\n')
    return world.trace.last[-1]


def a8(world: World) -> Fact:
    world.watch.out.called(HOME, "dynamodb", "GetItem", "169.254.169.254", b"")
    return world.trace.last[-1]


def a9_notice(world: World) -> Fact:
    world.watch.out.called(HOME, "sns", "Publish", DYNAMO, f"Message=a%0A{MARK}".encode())
    return world.trace.last[-1]


def a9_log(world: World) -> Fact:
    world.watch.out.logged(f"{{}}\n{MARK}\n")
    return world.trace.last[-1]


def a9_script(world: World) -> Fact:
    world.watch.out.shown(HOME, "/", "<p>&lt;script&gt;</p>")
    world.watch.out.shown(HOME, "/", f"<p><script>{MARK}</p>")
    return world.trace.last[-1]


def s4_late(world: World) -> Fact:
    """Left, at home again, and then what was sent first lands."""
    control = world.policy.regions[EAST].controls[0]
    opened(world)
    intended(world)
    wrote(world, ShiftApplied(states={}))
    wrote(world, ShiftIntended(changes=((control, True),), policy="abc"), life=LIFE)
    wrote(world, ShiftApplied(states={}))
    later(world, 30.0)
    entry = {"RoutingControlArn": world.cloud.controls[control], "RoutingControlState": "Off"}
    world.cloud.call(SERVICE, "UpdateRoutingControlState", "ap-southeast-2", entry)
    world.watch.arrived(HOME, {control: False})
    later(world, 61.0)
    return next(fact for fact in reversed(world.trace.last) if fact.kind == "late")


OUTWARD: dict[str, tuple[str, Callable[[World], Fact]]] = {
    case.__name__: (case.__name__.partition("_")[0].upper(), case)
    for case in (a1_told, a2, a6, a6_log, a8, a9_notice, a9_log, a9_script, s4_late)
}
