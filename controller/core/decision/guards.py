"""The guards of an evacuation, in order, each with a code and a sentence.

docs/codes.md explains the codes.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from controller.core.canonical_json import ascii_digest
from controller.core.decision.approval_chain import (
    chain,
    first_stage,
    granted,
    overrides,
    phrase,
    present,
)
from controller.core.decision.cooldown import cooldown_ends, rest_between_waves, rest_of
from controller.core.decision.limits import DAY, fleet_refusal, open_window, window_sentence
from controller.core.decision.plan import SWITCH_SILENT, after, below_floor, serving
from controller.core.decision.progress import begun, under_way, yields
from controller.core.decision.readiness import ReadinessResult, judge_ready, summary
from controller.core.evidence.evaluation import AHEAD, View, judge_leaf
from controller.core.incident.state import Incident, Phase, State
from controller.core.model import Answer, Check, Plan, Truth
from controller.core.policy.governance import regated, unbounded
from controller.core.policy.readiness_checks import ReadyCheck, ReplicationCheck
from controller.core.policy.schema import Policy
from controller.core.text import format_duration

CUT_OFF_AFTER = 120.0
"""Seconds without anything from any other Region after which a controller abstains."""


@dataclass(frozen=True, slots=True)
class GuardInput:
    """A guard input holds everything that a guard may look at.

    doubts: gates that must be asked since the target is not plainly ready. in_force: the policy in force,
    where it is at hand; `policy` is bounded by it.
    """

    policy: Policy
    region: str
    now: float
    here: str
    state: State
    incident: Incident | None
    seen: View
    controls: Mapping[str, bool] | None
    intent: str = "evacuate"
    readings: Sequence[ReadinessResult] = ()
    doubts: tuple[str, ...] = ()
    in_force: Policy | None = None


Guard = Callable[[GuardInput], Check]


def armed(f: GuardInput) -> Check:
    stopped = f.state.stopped
    return Check("armed", "disarmed", Truth.of(stopped is None), stopped or "armed")


def policy_valid(f: GuardInput) -> Check:
    """Check that the policies by which this may be decided are at hand.

    An incident opens by the policy in force alone. One that is open goes on by the policy that began it,
    which `f.policy` is then; the one in force must be at hand too, since it may forbid what the other allows.
    """
    own, named = f.policy.digest[:8], (f.state.policy or "none")[:8]
    if f.state.policy == f.policy.digest:
        return Check("policy", "policy-superseded", Truth.TRUE, "the policy in force")
    if f.incident is None:
        sentence = f"policy {named} is in force, and this controller has {own}: redeploy this controller"
        return Check("policy", "policy-superseded", Truth.FALSE, sentence)
    if f.in_force is None:
        sentence = f"policy {named} is in force and cannot be read: nobody knows what it forbids"
        return Check("policy", "policy-unreadable", Truth.UNKNOWN, sentence)
    sentence = f"it goes on by policy {own}, which began it, as far as policy {named} in force allows"
    return Check("policy", "policy-superseded", Truth.TRUE, sentence)


def not_cut_off(f: GuardInput) -> Check:
    """Check that something arrived from another Region in the last `CUT_OFF_AFTER` seconds.

    Anything that arrived counts, whatever it says.
    """
    others = [when for observer, when in f.seen.heard.items() if observer != f.here]
    quiet = f.now - max(others) if others else None
    if quiet is None:
        return Check("not cut off", "cut-off", Truth.UNKNOWN, "nothing was ever heard from another Region")
    if quiet < -AHEAD:
        sentence = (
            f"our clock was set back by {format_duration(-quiet)} or more: nobody knows how old the news is"
        )
        return Check("not cut off", "cut-off", Truth.UNKNOWN, sentence)
    value = Truth.of(quiet <= CUT_OFF_AFTER)
    sentence = f"last heard from another Region {format_duration(max(0.0, quiet))} ago"
    return Check("not cut off", "cut-off", value, sentence)


def eligible(f: GuardInput) -> Check:
    """Check that the Region carries traffic, and waits for nothing in progress."""
    other = f.state.open
    if (
        other is not None
        and other is not f.incident
        and not yields(f.policy, other, f.region, f.controls, f.now)
    ):
        sentence = f"{other.id} is in progress; one evacuation at a time"
        return Check("eligible", "in-progress", Truth.FALSE, sentence)
    if f.controls is None:
        return Check("eligible", "switch-unavailable", Truth.UNKNOWN, SWITCH_SILENT)
    moving = f.incident is not None and begun(f.policy, f.incident, f.controls)
    carries = serving(f.policy, f.region, f.controls)
    value = Truth.of(carries > 0 or moving)
    sentence = f"{carries} of its controls are On" if carries else f"{f.region} carries no traffic already"
    return Check("eligible", "already-left", value, sentence)


def blackout(f: GuardInput) -> Check:
    """Check that no window of the policy is open.

    In a window nothing moves by itself. A person's request passes, but not a person's drill; a move that has
    begun is finished, unless the window came with a policy that was loaded since. A drill also looks ahead:
    it would still be away when the window opens.
    """
    drill = f.incident is not None and f.incident.intent == "drill"
    moving = f.incident is not None and begun(f.policy, f.incident, f.controls)
    ahead = f.policy.drills.stay if drill and not moving and f.policy.drills else 0.0
    shut = open_window(f.policy, f.now, ahead, own=not moving)
    if shut is None:
        sentence = (
            "the move has begun and is finished" if moving else "no window is open in which nothing moves"
        )
        return Check("blackout", "blackout", Truth.TRUE, sentence)
    window = window_sentence(shut, f.now)
    if f.incident is not None and f.incident.by_person and not drill:
        sentence = f"{f.incident.by_person} asked for it; a window does not bind a person ({window})"
        return Check("blackout", "blackout", Truth.TRUE, sentence)
    return Check("blackout", "blackout", Truth.FALSE, window)


def cooldown(f: GuardInput) -> Check:
    """Check that the cooldown of the last incident is over.

    Until then no new incident moves traffic by itself. A person's request passes, and a move that has begun
    is finished. A person who acknowledges the last incident lifts its cooldown.
    """
    last = f.state.last_moved()
    if f.incident is not None and (f.incident.by_person or begun(f.policy, f.incident, f.controls)):
        return Check("cooldown", "cooldown", Truth.TRUE, _by_person(f.incident, "cooldown"))
    if last is None:
        return Check("cooldown", "cooldown", Truth.TRUE, "no evacuation before this one")
    if last.acknowledged_by:
        sentence = f"{last.acknowledged_by} acknowledged {last.id}: its cooldown is lifted"
        return Check("cooldown", "cooldown", Truth.TRUE, sentence)
    ends = cooldown_ends(f.policy, last)
    value = Truth.of(f.now >= ends)
    moved = "may have moved" if last.phase is Phase.UNCONFIRMED and not last.put else "moved"
    sentence = f"{last.id} {moved} traffic {format_duration(max(0.0, f.now - last.changed))} ago"
    left = f"; {format_duration(max(0.0, ends - f.now))} of the cooldown left" if value is Truth.FALSE else ""
    return Check("cooldown", "cooldown", value, sentence + left)


def not_refused(f: GuardInput) -> Check:
    """Check that no person's no, and no unanswered question, keeps the Region back.

    A person's request passes, and a move that has begun is finished.
    """
    if f.incident is not None:
        return Check("not refused", "refused", Truth.TRUE, "it is open: it was not refused")
    rest = rest_of(f.policy, f.state, f.seen, f.region, f.intent)
    if rest is None:
        return Check("not refused", "refused", Truth.TRUE, "nobody said no to it")
    match rest.why:
        case "denied":
            return Check("not refused", "refused", Truth.FALSE, rest.sentence)
        case "expired":
            return Check("not refused", "unanswered", Truth.FALSE, rest.sentence)
        case "stopped":
            return Check("not refused", "stopped", Truth.FALSE, rest.sentence)


def velocity(f: GuardInput) -> Check:
    if f.incident is not None and (f.incident.by_person or begun(f.policy, f.incident, f.controls)):
        return Check("velocity", "velocity", Truth.TRUE, _by_person(f.incident, "velocity"))
    today = sum(f.now - at < DAY for at, _ in f.state.shifted)
    limits = f.policy.limits
    own = Truth.of(today < limits.evacuations_per_day)
    sentence = f"{today} of {limits.evacuations_per_day} evacuations in 24 h"
    too_many = fleet_refusal(limits.fleet_regions_per_day, f.state.fleet_left, f.region, f.now)
    if own is Truth.TRUE and too_many is not None:
        return Check("velocity", "velocity", Truth.FALSE, too_many)
    return Check("velocity", "velocity", own, sentence)


def _by_person(incident: Incident, limit: str) -> str:
    if incident.by_person:
        return f"{incident.by_person} asked for it; {limit} does not bind a person"
    return "the move has begun and is finished"


TO_OPEN: tuple[Guard, ...] = (
    armed,
    policy_valid,
    not_cut_off,
    eligible,
    blackout,
    not_refused,
    cooldown,
    velocity,
)
OPENING = ("armed", "policy", "not cut off", "blackout", "not refused", "cooldown", "velocity")


def choose_target(f: GuardInput) -> tuple[str | None, list[Check]]:
    """Return the first preferred Region that is ready, and the checks that say so.

    The Region must also share no cause. Where no candidate passes, the checks are of the one that passed the
    most of them in order.
    """
    moving = f.incident is not None and begun(f.policy, f.incident, f.controls)
    wanted = f.incident.target if f.incident and moving else None
    candidates = [r for r in f.policy.target.prefer if r != f.region and wanted in (None, r)]
    best: tuple[str | None, list[Check]] = (
        None,
        [Check("target exists", "no-target", Truth.FALSE, f"no Region to leave {f.region} for")],
    )
    passed = -1
    despite = f.incident.despite if f.incident else ()
    # A Region that passes by itself comes before one for which a check must be set aside.
    for region, word in [*((r, False) for r in candidates), *((r, True) for r in candidates if despite)]:
        checks = [
            shared_cause(f, region),
            Check("target exists", "no-target", Truth.TRUE, f"{region} is preferred next"),
            readiness(f, region),
        ]
        checks = [set_aside(f, check) for check in checks] if word else checks
        good = next((n for n, c in enumerate(checks) if c.value is not Truth.TRUE), len(checks))
        if good == len(checks):
            return region, checks
        if good > passed:
            best, passed = (None, checks), good
    return best


def set_aside(f: GuardInput, check: Check) -> Check:
    """Return the check, passed where its requester asked to set it aside.

    A second person must approve.
    """
    if f.incident is None or check.value is Truth.TRUE or check.code not in f.incident.despite:
        return check
    sentence = f"{f.incident.requested_by} sets this aside, with a second person: {check.sentence}"
    return Check(check.guard, check.code, Truth.TRUE, sentence)


def shared_cause(f: GuardInput, target: str) -> Check:
    """Check that no cause of `unless` affects the target too.

    A cause that also breaks the target is no reason to go there; unknown does not count as "no".
    """
    nodes = [
        judge_leaf(
            leaf,
            f.seen,
            subject=target if leaf.in_ == "target" else f.region,
            source=f.region,
            path=f"unless.{index}",
        )
        for index, leaf in enumerate(f.policy.evacuate.unless)
    ]
    shared = next((node for node in nodes if node.value is not Truth.FALSE), None)
    if shared is None:
        sentence = f"nothing that the policy names as a shared cause is seen in {target}"
        return Check("shared cause", "shared-cause", Truth.TRUE, sentence)
    value = Truth.FALSE if shared.value is Truth.TRUE else Truth.UNKNOWN
    return Check("shared cause", "shared-cause", value, f"{target} may fail as well: {shared.sentence}")


def readiness(f: GuardInput, target: str) -> Check:
    return summary(ready_answers(f, target), "target-not-ready")


def ready_answers(f: GuardInput, target: str) -> tuple[Answer, ...]:
    """Return the answers of the checks in `target.ready` about a target."""
    ready = f.policy.target.ready
    found = judge_ready(ready, f.seen, f.readings, f.now, f.region, target, returning=False)
    back = catching_up(f.policy, f.state, target)
    return (*found, *judge_ready(back, f.seen, f.readings, f.now, f.region, target, returning=True))


def catching_up(policy: Policy, state: State, target: str) -> tuple[ReadyCheck, ...]:
    """Return the checks of replication for a target that has not come home.

    What was written while it was away may not have reached it. Two people may set that aside.
    """
    restore = policy.about(target).restore
    if restore is None or state.away(target) is None:
        return ()
    return tuple(check for check in restore.ready if isinstance(check, ReplicationCheck))


def floor(f: GuardInput, goal: Plan | None) -> Check:
    """Check that the plan leaves every slice On, by each policy that binds it."""
    if goal is None or f.controls is None:
        return Check("floor", "floor", Truth.UNKNOWN, "there is no plan to look at")
    then = after(f.controls, goal.changes)
    broken = below_floor(f.policy, then) or _slice_lost(f, goal, then)
    return Check("floor", "floor", Truth.of(not broken), broken or "every slice stays On somewhere")


def _slice_lost(f: GuardInput, goal: Plan, then: Mapping[str, bool]) -> str | None:
    """Return the slice, by the policy in force, that the plan would put out."""
    if f.incident is None or f.in_force is None:
        return None
    changed = {name for name, _ in goal.changes}
    rows = zip(*(entry.controls for entry in f.in_force.regions.values()), strict=True)
    for number, names in enumerate(rows, start=1):
        if changed.intersection(names) and not any(then.get(name, False) for name in names):
            return f"slice {number} of policy {f.in_force.digest[:8]} would be On in no Region"
    return None


def binding(policy: Policy, incident: Incident, goal: Plan) -> str:
    """Return the digest that an approval is given for, as 16 hex digits.

    It covers application, incident, plan, policy and epoch, the gates where the policy in force tightened
    them, and what is set aside, if anything is.
    """
    bound: list[object] = [policy.application, incident.id, goal.digest, policy.digest, incident.epoch]
    bound += [regated(policy)] if regated(policy) else []  # who must be asked has changed since it began
    rules = overrides(policy, incident)
    aside = [*incident.despite, *rules, *([f"wave {incident.waves + 1}"] if rules else [])]
    return ascii_digest([*bound, aside] if aside else bound)[:16]


def as_approved(f: GuardInput, goal: Plan | None) -> Check:
    """Check that a move goes on as people approved it.

    It turns no other control, in no other direction, between no other Regions.

    ```
    approved  wave 1: a   wave 2: b        somebody turns c On in the source        wave 2: b   wave 3: c
    ```
    Before the first wave the approval is bound to the very plan (`binding`). A wave that stands in part was
    let through, and is finished. A safety rule is set aside in the wave that it was asked for alone.
    """
    incident, passed = f.incident, Check("approval", "other-plan", Truth.TRUE, "as people approved it")
    if incident is None or goal is None or incident.leg == "home":
        return passed
    if not begun(f.policy, incident, f.controls) or under_way(f.policy, incident, f.controls):
        return passed
    rules, request = overrides(f.policy, incident), incident.request
    if rules and granted(incident) != rules:
        sentence = f"wave {incident.waves + 1} is refused by {', '.join(rules)}: people must set that aside"
        return Check("approval", "other-plan", Truth.FALSE, sentence)
    if not incident.approved or request is None or request.whole is None:
        return passed  # nobody was asked about it
    strange = request.whole.beyond(goal.source, goal.target, goal.changes)
    sentence = f"{strange}, which nobody was asked about: people are asked anew"
    return passed if strange is None else Check("approval", "other-plan", Truth.FALSE, sentence)


def approval(f: GuardInput, goal: Plan | None) -> Check:
    asks = chain(f.policy, f.incident, f.intent, f.doubts)
    moving = f.incident is not None and begun(f.policy, f.incident, f.controls)
    same = asks == chain(unbounded(f.policy), f.incident, f.intent, f.doubts)
    kept, request = as_approved(f, goal), f.incident.request if f.incident else None
    given = request is None or request.status == "given" or not (f.incident and f.incident.approved)
    settled = same and given and kept.value is Truth.TRUE
    if not asks or (moving and (settled or f.incident is None or f.incident.leg == "home")):
        sentence = "the move was let through already" if moving else "the policy asks nobody"
        return Check("approval", "approval", Truth.TRUE, sentence)
    begins = first_stage(f.policy, f.state, f.incident, asks) if f.incident and request is None else 1
    gate = present(asks, request) if request else asks[begins - 1]
    who = phrase(gate)
    if request is None or goal is None or f.incident is None:
        return Check(
            "approval", "approval", Truth.FALSE, f"{who} must approve within {format_duration(gate.within)}"
        )
    current = request.digest == binding(f.policy, f.incident, goal)
    # Nobody could answer a question that was superseded, so its expiry counts for nothing.
    rested = moving and f.now >= (request.at or 0.0) + rest_between_waves(f.policy, request.status)
    if not rested and (request.status == "denied" or (request.status == "expired" and current)):
        sentence = (
            f"denied by {request.by}" if request.status == "denied" else f"{who} did not answer in time"
        )
        return Check("approval", f"approval-{request.status}", Truth.FALSE, sentence)
    fresh = moving or f.now <= (request.at or 0.0) + gate.within
    if kept.value is not Truth.TRUE and request.status == "given":
        return kept
    if request.status == "given" and current and fresh:
        return Check("approval", "approval", Truth.TRUE, f"approved by {request.by}")
    waiting = request.status == "waiting" and current
    sentence = f"waiting for {who}" if waiting else f"{who} must approve the plan as it is now"
    return Check("approval", "approval", Truth.FALSE, sentence)
