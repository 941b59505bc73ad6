"""For each code that keeps a Region from being left, a world in which nothing else keeps it."""

from controller.core.journal.kind import Kind
from controller.lab.policy_files.overlay import overlaid
from controller.lab.simulate.directed import BRIEFLY, stand_down
from controller.lab.simulate.faults.controllers import call
from controller.lab.simulate.faults.surroundings import turn
from controller.lab.simulate.precedence_scripts import ASKED_BY_ONES, BY_ONES
from controller.lab.simulate.world.weather import CallRule, EventRule
from tests.mutate.directed import EAST, HOME, THIRD, WEST, Directed, Scene

ASKS = {"evacuate": {"approval": "one"}}
PLAN = [{"planEvaluation": "storefront", "maxAge": "1h", "ifUnknown": "block"}]
LONG = {
    "signals": {
        "customer": [{"canary": "shop-{region}-buy", "runsIn": ["us-east-2", "us-west-2", "eu-central-1"],
                      "silentAfter": "30m"}],
        "service": [{"alarm": "shop-{region}-5xx", "silentAfter": "30m"}],
    },
}  # fmt: skip


def dark(d: Directed) -> None:
    d.dark(EAST)


def both_dark(d: Directed) -> None:
    d.dark(EAST)
    d.dark(WEST)


def long_dark(d: Directed) -> None:
    """By when it is armed, there is no doubt that all is dark."""
    d.arm(0, on=False)
    both_dark(d)
    d.arm(330, on=True)


def disarmed(d: Directed) -> None:
    d.arm(0, on=False)
    d.dark(EAST, 5)


def superseded(d: Directed) -> None:
    w = d.world
    d.after(1, lambda: w.deploy(WEST, overlaid(w.policy, {"limits": {"cooldown": "31m"}})))
    d.dark(EAST, 70)


def cut_off(d: Directed) -> None:
    """Nothing arrives any more, and what was heard last says that the Region is dark."""
    w = d.world
    d.arm(0, on=False)
    d.dark(EAST, 5)

    def silence() -> None:
        w.weather.events.append(EventRule("dropped", 1.0))
        w.cloud.faults.mute.add("monitoring")

    d.so("cut-off", HOME, 300, silence)
    d.arm(300 + 310, on=True)


def left_already(d: Directed) -> None:
    d.by_hand(EAST, 0, on=False)
    d.dark(EAST, 30)


def in_progress(d: Directed) -> None:
    """One Region is left slice by slice, and goes on; another must be left meanwhile."""
    d.dark(EAST)
    d.dark(THIRD, 120)


def no_endpoint(d: Directed) -> None:
    d.dark(EAST)
    d.no_arc(1)


def put_back_while_dark(d: Directed) -> None:
    d.dark(EAST)
    d.by_hand(EAST, 480, on=True)


def target_dark(d: Directed) -> None:
    d.dark(WEST)


def third_off(d: Directed) -> None:
    d.by_hand(THIRD, 0, on=False)
    d.dark(EAST, 20)


def denied(d: Directed) -> None:
    d.answers(False, None)
    d.dark(EAST)


def unanswered(d: Directed) -> None:
    d.answers(None, None, None)
    d.dark(EAST)


def denied_once(d: Directed) -> None:
    """Whoever is asked again says yes."""
    d.answers(False, True)
    d.dark(EAST)


def stopped(d: Directed) -> None:
    d.dark(EAST)
    d.upon(Kind.APPROVAL_REQUESTED, lambda: stand_down(d), late=15.0)


def shadow_unread(d: Directed) -> None:
    """While people think, a policy in shadow is loaded elsewhere; the driver cannot read it."""
    w, rule = (
        d.world,
        CallRule("refused", home=HOME, service="dynamodb", operation="GetItem", part=b"policy#"),
    )
    d.dark(EAST)
    d.answers(True, late=100.0, home=HOME)
    d.upon(Kind.APPROVAL_REQUESTED, lambda: w.deploy(WEST, overlaid(w.policy, {"enforcement": "shadow"})))
    d.upon(Kind.APPROVAL_REQUESTED, lambda: call(w, rule))


def last_slice_removed(d: Directed) -> None:
    """Between two waves a policy is loaded that has only what has moved."""
    w = d.world
    d.dark(EAST)
    fewer = {r: {"controls": list(e.controls[:-1])} for r, e in w.policy.regions.items()}
    d.upon(Kind.SHIFT_VERIFIED, lambda: w.deploy(HOME, overlaid(w.policy, {"regions": fewer})))


def joined_between(d: Directed) -> None:
    """Once the first wave has moved, somebody turns a slice on in the source that was not there when people
    were asked; then nobody answers any more."""
    w, second = d.world, d.world.policy.regions[EAST].controls[1]
    d.after(0, lambda: turn(w, second, on=False))
    d.dark(EAST, 20)
    d.answers(True, None)
    d.upon(Kind.SHIFT_APPLIED, lambda: turn(w, second), late=8.0)


def journal_gone(d: Directed) -> None:
    d.after(0, lambda: d.world.cloud.faults.journal_unreachable.add(HOME))


def evidence_gone(d: Directed) -> None:
    rule = CallRule("hung", service="dynamodb", part=b"tidegate-evidence")
    d.so("no-evidence", HOME, 0, lambda: call(d.world, rule))


def silence(d: Directed) -> None:
    """Nobody is heard of, and nothing is wrong; polls go on."""
    d.after(0, lambda: d.world.weather.events.append(EventRule("dropped", 1.0)))


def nothing(_d: Directed) -> None:
    return


WINDOW = [{"cron": "0 8 * * *", "for": "1h", "reason": "release"}]
LEAVE = {
    "leave disarmed": Scene(disarmed),
    "leave policy-superseded": Scene(superseded, homes=(HOME, WEST)),
    "leave cut-off": Scene(cut_off, LONG, lasts=780),
    "leave already-left": Scene(left_already),
    "leave in-progress": Scene(
        in_progress,
        {"evacuate": {"waves": [1], "settle": "4m"}, "limits": {"cooldown": "1s", "evacuationsPerDay": 9}},
        lasts=900,
        thirds=True,
    ),
    "leave switch-unavailable": Scene(no_endpoint),
    "leave blackout": Scene(dark, {"limits": {"blackout": WINDOW}}),
    "leave cooldown": Scene(put_back_while_dark, {"limits": {"cooldown": "40m"}}, lasts=720),
    "leave refused": Scene(denied_once, ASKS),
    "leave unanswered": Scene(unanswered, ASKS | BRIEFLY),
    "leave stopped": Scene(stopped, ASKS),
    "leave policy-unreadable": Scene(shadow_unread, ASKS, homes=(HOME, WEST)),
    "leave policy-removed": Scene(last_slice_removed, BY_ONES),
    "leave velocity": Scene(
        put_back_while_dark, {"limits": {"cooldown": "1s", "evacuationsPerDay": 1}}, lasts=720
    ),
    "leave shared-cause": Scene(long_dark, {"target": {"ready": PLAN}}, lasts=600),
    "leave no-target": Scene(target_dark, {"target": {"prefer": [WEST]}}),
    "leave target-not-ready": Scene(long_dark, {"evacuate": {"unless": []}}, lasts=600),
    "leave floor": Scene(
        third_off, {"limits": {"minRegionsOn": 2}, "target": {"prefer": [WEST, EAST]}}, thirds=True
    ),
    "leave approval": Scene(dark, ASKS),
    "leave approval-denied/approval-expired": Scene(denied, ASKS),
    "leave other-plan": Scene(joined_between, ASKED_BY_ONES),
    "leave journal-unreadable": Scene(journal_gone, lasts=200),
    "leave evidence-unreadable": Scene(evidence_gone, lasts=200),
    "leave unknown": Scene(silence, {"evacuate": {"unless": []}, "target": {"ready": PLAN}}),
    "leave healthy/not-confirmed": Scene(nothing, lasts=200),
    "leave shadow": Scene(dark, {"enforcement": "shadow"}),
}
