"""The directed runs: circumstances for what chance alone seldom meets.

`CIRCUMSTANCES` holds, for each such decision code, circumstances in which it must be said: a policy in which
no other code comes first, a script, and what people answer; a storm follows. `FOUND` holds circumstances in
which something was found, beside those of a code: what was mended must be met.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from controller.core.journal.kind import Kind
from controller.lab.simulate.faults.scripted import ScriptedFaults
from controller.lab.simulate.world.application import PLACES
from controller.lab.simulate.world.facts import Fact
from controller.lab.simulate.world.weather import CallRule
from controller.lab.simulate.world.world import World
from controller.rehearsal.blueprint import machine_arn
from controller.rehearsal.service import ACCOUNT
from controller.rehearsal.services.arc.data_plane import SERVICE
from controller.steps.operator import commands

EAST, WEST = PLACES[:2]
Script = Callable[[ScriptedFaults], None]


@dataclass(frozen=True)
class Circumstance:
    """Describes circumstances and what must come of them.

    policy: laid over a plain one. words: what people say to the requests, one after the other (None:
    nothing). thirds: three Regions, not two. scattered: each slice is at home in one of them. within: seconds
    in which it must come to it. met: whether it has, where no code says so.
    """

    script: Script
    policy: Mapping[str, Any] = field(default_factory=dict)
    words: tuple[bool | None, ...] = ()
    thirds: bool = False
    scattered: bool = False
    within: float = 300.0
    met: Callable[[World], bool] | None = None


def dark(d: ScriptedFaults) -> None:
    d.dark(EAST)


def target_dark(d: ScriptedFaults) -> None:
    d.dark(WEST)


def back_while_dark(d: ScriptedFaults) -> None:
    """Let somebody turn on the Region that was left, though it is still dark."""
    d.dark(EAST)
    d.upon(Kind.SETTLED, lambda: d.by_hand(EAST, 0.0, on=True), late=5.0)


def one_after_the_other(d: ScriptedFaults) -> None:
    d.dark(EAST)
    d.upon(Kind.CONFIRMED, lambda: d.dark(WEST))


def refused(d: ScriptedFaults) -> None:
    d.begin("safety-rule")
    d.dark(EAST)


def target_dies(d: ScriptedFaults) -> None:
    d.dark(EAST)
    d.upon(Kind.SHIFT_APPLIED, lambda: d.dark(WEST))


def gray(d: ScriptedFaults) -> None:
    """Fail every request of a Region, which counts them."""
    d.world.cloud.faults.errors[EAST] = 1.0
    d.world.truth.begin("gray", EAST)


def turned_by_hand(d: ScriptedFaults) -> None:
    d.dark(EAST)
    d.upon(Kind.SHIFT_APPLIED, lambda: d.by_hand(EAST, 0.0, on=True), late=8.0)


def fails_again(d: ScriptedFaults) -> None:
    """Let a Region be well while people are asked, fail again, and be well again."""
    d.upon(Kind.APPROVAL_REQUESTED, d.dark_until(EAST))

    def again() -> None:
        d.upon(Kind.APPROVAL_REQUESTED, d.dark_until(EAST), late=1.0)

    d.upon(Kind.STOOD_DOWN, again, late=1.0)


def given_up(d: ScriptedFaults) -> None:
    d.dark(EAST)
    d.upon(Kind.APPROVAL_REQUESTED, lambda: stand_down(d), late=10.0)


def stand_down(d: ScriptedFaults) -> None:
    for life in d.world.watch.record.open:
        name = life.id
        d.person(
            0.0,
            f"stands down {name}",
            lambda deps, name=name: commands.stand_down(deps, name, who="dora", reason="over"),  # type: ignore[misc]
        )


def executions_stopped(d: ScriptedFaults) -> None:
    """Let somebody stop the execution each time that it has been started anew."""
    d.dark(EAST)

    def stop() -> None:
        for home in d.world.homes:
            params = {"stateMachineArn": machine_arn(home, ACCOUNT), "statusFilter": "RUNNING"}
            for run in d.world.cloud.call("states", "ListExecutions", home, params)["executions"]:
                d.world.trace.note("by-hand", home, f"stops {run['name']}")
                d.world.cloud.call("states", "StopExecution", home, {"executionArn": run["executionArn"]})
        if "takeovers" not in d.world.watch.codes:
            d.after(15.0, stop)

    d.upon(Kind.APPROVAL_REQUESTED, stop, late=5.0)


def slow_at_last(d: ScriptedFaults) -> None:
    """Ask for five evacuations and give them up, then ask for a sixth.

    The sixth finds no target that is well.
    """
    left = [5]

    def ask() -> None:
        d.person(0.0, "evacuates", lambda deps: commands.evacuate(deps, EAST, who="ben", reason="simulated"))

    def again() -> None:
        left[0] -= 1
        if left[0]:
            d.upon(Kind.APPROVAL_REQUESTED, lambda: stand_down(d), late=1.0)
            d.upon(Kind.STOOD_DOWN, again, late=1.0)
            ask()
        else:
            d.dark(WEST)
            d.after(75.0, ask)

    d.upon(Kind.APPROVAL_REQUESTED, lambda: stand_down(d), late=1.0)
    d.upon(Kind.STOOD_DOWN, again, late=1.0)
    d.after(55.0, ask)


def left_and_well(d: ScriptedFaults) -> None:
    """Let a Region be left, and be well again at once."""
    stop = d.dark_until(EAST)
    d.upon(Kind.SHIFT_APPLIED, stop)


def left_and_unready(d: ScriptedFaults) -> None:
    left_and_well(d)
    d.upon(Kind.SETTLED, lambda: d.unready(EAST))


def drilled(d: ScriptedFaults) -> None:
    d.person(100.0, "drills", lambda deps: commands.drill(deps, EAST, who="ben", reason="simulated"))


def drilled_and_dark(d: ScriptedFaults) -> None:
    drilled(d)
    d.upon(Kind.SHIFT_APPLIED, lambda: d.dark(EAST))


def all_frozen(d: ScriptedFaults) -> None:
    """Freeze all controllers over a drill's time, and for ten minutes more."""
    for home in d.world.homes:
        d.frozen(home, 120.0, 800.0)


def silence(d: ScriptedFaults) -> None:
    """Make a Region dark, and then let nobody hear anything any more."""
    d.dark(EAST)
    d.after(150.0, d.nothing_arrives)
    d.after(150.0, lambda: d.begin("no-polls"))


def rolled_out(d: ScriptedFaults) -> None:
    d.dark(EAST)
    d.after(40.0, lambda: d.begin("policy-rolls-out"))


def of_tomorrow(d: ScriptedFaults) -> None:
    """Start an execution of a version that nobody here has."""
    home = d.world.homes[0]
    payload = '{"schema": "tidegate.incident/v9", "application": "storefront", "incident": "x", "epoch": 1}'
    start = {"stateMachineArn": machine_arn(home, ACCOUNT), "name": "of-tomorrow", "input": payload}
    d.after(20.0, lambda: d.world.cloud.call("states", "StartExecution", home, start))


def late_to_leave(d: ScriptedFaults) -> None:
    """Delay a drill's first call, so that it lands too late.

    It is stuck under way, and lands when everything is at home again.
    """
    weather, drill = d.world.weather, CallRule("slow", delay=110.0, service=SERVICE, part=b'"Off"')
    weather.calls.insert(0, drill)

    def once(fact: Fact) -> None:
        if fact.kind == "weather" and drill in weather.calls:
            weather.end(drill)

    d.world.trace.watchers.append(once)
    drilled(d)


def clicked_twice(d: ScriptedFaults) -> None:
    d.begin("two-clicks")
    d.dark(EAST)


def one_counts(world: World) -> bool:
    return any(asked.answer for asked in world.watch.record.requests.values())


def all_opened(d: ScriptedFaults) -> None:
    d.begin("links-opened")
    d.dark(EAST)


def some_opened(world: World) -> bool:
    return world.trace.counts["visit"] > 4


def put_back(world: World) -> bool:
    echoed = any(event.kind is Kind.ECHO_SEEN for event in world.watch.record.events)
    return echoed and bool(world.trace.counts["late"])


WELL = {"in": "source", "family": "customer", "is": "healthy", "for": "4m"}
SOON = {"cooldown": "1s"}
WINDOW = [{"cron": "0 8 * * *", "for": "1h", "reason": "release"}]
ASKS = {"evacuate": {"approval": "one"}}
PROOF = {"traffic": {"namespace": "Storefront", "metric": "Requests", "atMost": "1%", "within": "1m",
                     "ifUnknown": "hold"}}  # fmt: skip
HOME: dict[str, object] = {"when": WELL, "approval": "none"}
RETURNS = {"restore": HOME, "limits": SOON}
SLOWLY = {"evacuate": {"waves": [4], "settle": "90s", "ifVerifyFails": "hold"}}
FIT = {"restore": HOME | {"ready": [{"quotas": ["lambda"], "ifUnknown": "block"}]}}
BRIEFLY = {"approvals": {"one": [{"ask": ["group:oncall"], "people": 1, "within": "1m"}]}}

CIRCUMSTANCES: Mapping[str, Circumstance] = {
    "blackout": Circumstance(dark, {"limits": {"blackout": WINDOW}}),
    "cooldown": Circumstance(back_while_dark, {"limits": {"cooldown": "20m"}}),
    "velocity": Circumstance(back_while_dark, {"limits": SOON | {"evacuationsPerDay": 1}}),
    "floor": Circumstance(one_after_the_other, {"limits": SOON | {"minRegionsOn": 2}}, thirds=True),
    "no-target": Circumstance(target_dark, {"target": {"prefer": [WEST]}}),
    "switch-refused": Circumstance(refused),
    "target-failing": Circumstance(target_dies, SLOWLY),
    "traffic-stays": Circumstance(gray, PROOF, within=420.0),
    "traffic-unknown": Circumstance(dark, PROOF, within=420.0),
    "drift": Circumstance(turned_by_hand),
    "by-person": Circumstance(given_up, ASKS, words=(None,)),
    "approval-denied": Circumstance(dark, ASKS, words=(False,)),
    "approval-expired": Circumstance(dark, ASKS | BRIEFLY, words=(None,)),
    "takeovers": Circumstance(executions_stopped, ASKS, words=(None,) * 9),
    "stuck": Circumstance(slow_at_last, ASKS, words=(None,) * 9, within=420.0),
    "away": Circumstance(dark, RETURNS),
    "restore": Circumstance(left_and_well, RETURNS, within=600.0),
    "not-ready-to-return": Circumstance(left_and_unready, RETURNS | FIT, within=600.0),
    "going-home": Circumstance(drilled, {"drills": {"stay": "20s"}}),
    "source-failing": Circumstance(drilled_and_dark, {"drills": {"stay": "90s"}}, within=420.0),
    "drill-missed": Circumstance(all_frozen, {"drills": {"cron": "4 8 * * *", "stay": "2m"}}, within=960.0),
    "shadow": Circumstance(dark, {"enforcement": "shadow"}),
    "policy-superseded": Circumstance(rolled_out),
    "cut-off": Circumstance(silence, {"limits": {"blackout": WINDOW}}, within=420.0),
    "payload-unknown": Circumstance(of_tomorrow),
    "flapping": Circumstance(fails_again, ASKS, words=(None,) * 9, within=900.0),
    "two-clicks": Circumstance(clicked_twice, ASKS, words=(None,) * 9, met=one_counts),
    "links-opened": Circumstance(all_opened, ASKS, words=(None,) * 9, met=some_opened),
    "late-call": Circumstance(late_to_leave, {"drills": {"stay": "20s"}}, met=put_back),
}  # fmt: skip
"""Code -> circumstances; the last three are for what no code tells of."""


def target_dies_and_source_is_well(d: ScriptedFaults) -> None:
    """Let a person leave a healthy Region for one that dies."""
    d.person(100.0, "evacuates", lambda deps: commands.evacuate(deps, EAST, who="ben", reason="simulated"))
    d.upon(Kind.SHIFT_APPLIED, lambda: d.dark(WEST))


def rolled_back(world: World) -> bool:
    return any(event.kind is Kind.ROLLED_BACK for event in world.watch.record.events)


def lands_unseen(d: ScriptedFaults) -> None:
    """Apply a change unseen, then let the target die for good.

    No reply comes, and nothing can be read.
    """
    weather = d.world.weather
    rules = [
        CallRule("lost", service=SERVICE, part=b'"Off"'),
        CallRule("refused", service=SERVICE, operation="ListRoutingControls"),
    ]

    def again() -> None:
        for rule in rules:
            weather.end(rule)

    d.dark(EAST)
    d.upon(Kind.SHIFT_INTENDED, lambda: weather.calls.extend(rules))
    d.upon(Kind.SHIFT_INTENDED, lambda: d.dark(WEST), late=1.0)
    d.upon(Kind.SHIFT_INTENDED, again, late=150.0)


def written(world: World) -> bool:
    return any(event.kind is Kind.SHIFT_APPLIED for event in world.watch.record.events)


def falls_silent(d: ScriptedFaults) -> None:
    """Let nothing arrive from the target once all has moved.

    So nobody knows whether the target is ready.
    """
    d.dark(EAST)
    d.upon(Kind.SHIFT_APPLIED, d.nothing_arrives)


def settled(world: World) -> bool:
    return any(event.kind is Kind.SETTLED for event in world.watch.record.events)


def given_up_between(d: ScriptedFaults) -> None:
    """Let a person end the incident between two states.

    The next look finds it ended.
    """
    left = [1]

    def entered(_home: str, state: str) -> None:
        if state == "ConfirmReadiness" and left:
            left.pop()
            stand_down(d)

    d.dark(EAST)
    d.world.watch.entered.append(entered)


def ended_plainly(world: World) -> bool:
    ended = [life for life in world.watch.record.lives.values() if life.ended is not None]
    return (
        bool(ended) and world.now - (ended[0].ended or 0.0) > 30.0 and "illegal-move" not in world.watch.codes
    )


ROLLS_BACK = {"evacuate": {"waves": [4], "settle": "90s", "ifVerifyFails": "rollback"}}
MORE_SLOWLY = {"evacuate": {"waves": [4], "settle": "4m", "ifVerifyFails": "hold"}}
FOUND: Mapping[str, Circumstance] = {
    "rolled-back": Circumstance(target_dies_and_source_is_well, ROLLS_BACK, met=rolled_back, within=360.0),
    "given-up-between": Circumstance(given_up_between, met=ended_plainly),
    "lands-unseen": Circumstance(lands_unseen, met=written, within=420.0),
    "falls-silent": Circumstance(falls_silent, MORE_SLOWLY, met=settled, within=660.0),
}
