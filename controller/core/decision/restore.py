"""The return of traffic: restores, and turning back from a drill or failed move.

```
 left ─ restore.when true ─ cooldown over ─ ready ─ floor ─ approval ─> wave ─ settle ─ verify ─> home
 drill ─ stay over, or abortWhen ─┐
 rollback ─ target fails ─────────┴─ TurnedBack ─ armed ─ floor ─> wave ... ─> as it was before
```
"""

from dataclasses import replace

from controller.core.decision import guards
from controller.core.decision.guards import GuardInput
from controller.core.decision.plan import homecoming, homeward, next_wave, plan, slices
from controller.core.decision.readiness import asked, judge_ready, summary, under_doubt
from controller.core.evidence.evaluation import judge, judge_leaf
from controller.core.incident.state import ENDED, Incident
from controller.core.model import Answer, Check, Decision, Plan, Truth
from controller.core.text import format_duration


def decide_home(found: GuardInput, incident: Incident) -> Decision:
    """Return the decision about the way back of a move that turned.

    Nobody is asked, and no evidence is needed. The guards armed, policy, not cut off, eligible and floor
    still bind.
    """
    goal = _as_before(found, incident)
    checks = [guards.armed(found), guards.policy_valid(found), guards.not_cut_off(found)]
    checks += [guards.eligible(found), guards.floor(found, goal)]
    reason = f"put {incident.source} back as it was: {incident.outcome or 'turned back'}"
    decision = Decision(found.now, found.region, "going-home", "act", reason, None, tuple(checks), plan=goal,
                        target=incident.target)  # fmt: skip
    return _stopped(decision, checks) or _in_shadow(found, decision) or decision


def decide_restore(found: GuardInput, incident: Incident | None, left: Incident) -> Decision:
    """Return the decision about the return of a Region that was left.

    left: the evacuation that it left by.
    """
    restore = found.policy.restore
    assert restore is not None
    tree = judge(restore.when, found.seen, source=found.region, target=None, path="restore.when")
    moving = incident is not None and guards.begun(found.policy, incident, found.controls)
    by_hand = incident is not None and incident.requested_by
    if tree.value is not Truth.TRUE and not moving and not by_hand:
        code = "away" if tree.value is Truth.FALSE else "unknown"
        ago = format_duration(max(0.0, found.now - left.changed))
        reason = f"{found.region} was left {ago} ago; not yet fit to return"
        action = "none" if incident is None else "stand_down" if tree.value is Truth.FALSE else "hold"
        return Decision(found.now, found.region, code, action, reason, tree, intent="restore")
    carrier = _carrier(found, left)
    goal = _goal(found, carrier, incident.waves if incident else 0)
    checks = [guards.armed(found), guards.policy_valid(found), guards.not_cut_off(found)]
    checks += [_returning(found, incident), guards.blackout(found)]
    checks.append(_soak(found, left, moving=bool(moving or by_hand)))
    answers = _fit(found, carrier)
    found = replace(found, doubts=asked(answers))
    goal = under_doubt(goal, found.doubts)
    checks += [summary(answers, "not-ready-to-return"), guards.floor(found, goal)]
    gate = guards.approval(found, goal)
    reason = f"bring {found.region} home"
    decision = Decision(
        found.now, found.region, "restore", "act", reason, tree, (*checks, gate), carrier, goal,
        intent="restore", gate=found.policy.gate_name("restore", found.doubts), answers=answers,
    )  # fmt: skip
    stopped = _stopped(decision, checks)
    if stopped is not None:
        return stopped
    if (shadow := _in_shadow(found, decision)) is not None:
        return shadow
    if gate.code in ("approval-denied", "approval-expired"):
        return replace(decision, code=gate.code, action="stand_down", reason=gate.sentence)
    if gate.value is not Truth.TRUE:
        return replace(decision, code=gate.code, action="ask", reason=gate.sentence)
    return decision


def must_turn(found: GuardInput, incident: Incident) -> tuple[str, str] | None:
    """Return (outcome, reason) where a drill must go home now, or None.

    It must where a leaf of `abortWhen` is true, or where its stay is over.
    """
    drills = found.policy.drills
    if incident.intent != "drill" or incident.leg == "home" or drills is None or incident.target is None:
        return None
    for index, leaf in enumerate(drills.abort_when):
        subject = incident.target if leaf.in_ == "target" else incident.source
        path = f"drills.abortWhen.{index}"
        node = judge_leaf(leaf, found.seen, subject=subject, source=incident.source, path=path)
        if node.value is Truth.TRUE:
            return "failed", node.sentence
    goal = _outward(found, incident)
    stayed = found.now - incident.changed
    if goal is not None and not goal.changes and stayed >= drills.stay:
        return "succeeded", f"stayed in {incident.target} for {format_duration(stayed)}"
    return None


def _outward(found: GuardInput, incident: Incident) -> Plan | None:
    if found.controls is None or incident.target is None:
        return None
    return plan(
        found.policy, source=incident.source, target=incident.target, controls=found.controls,
        taken=incident.taken,
    )  # fmt: skip


def _as_before(found: GuardInput, incident: Incident) -> Plan | None:
    if found.controls is None:
        return None
    target = str(incident.target)
    return homeward(source=incident.source, target=target, before=incident.before, controls=found.controls)


def _goal(found: GuardInput, carrier: str, done: int) -> Plan | None:
    """Return the plan of the next wave home."""
    restore, state = found.policy.restore, found.state
    if found.controls is None or restore is None:
        return None
    away = [r for r in found.policy.regions if r != found.region and state.away(r) is not None]
    whole = homecoming(
        found.policy, source=found.region, target=carrier, home=state.home, away=away, controls=found.controls
    )
    return next_wave(found.policy, whole, restore.waves, done, guards.under_way(found))


def _carrier(found: GuardInput, left: Incident) -> str:
    """Return the Region that serves what is to come home.

    It is another than the one it was left for, where that was left too. Once the way home has begun it stays
    the same: with each wave there is less to tell it by.
    """
    incident, controls, home = found.incident, found.controls or {}, found.state.home
    if incident is not None and incident.target and guards.begun(found.policy, incident, found.controls):
        return incident.target
    was = str(left.target)
    missing = [names for names in slices(found.policy)
               if home.get(names[found.region]) and not controls.get(names[found.region])]  # fmt: skip
    others = [r for r in dict.fromkeys((was, *found.policy.regions)) if r != found.region]
    on = (r for r in others if any(controls.get(names.get(r, "")) for names in missing))
    return next(on, was)


def _returning(found: GuardInput, incident: Incident | None) -> Check:
    other = found.state.open
    if other is not None and other is not incident:
        return Check("eligible", "in-progress", Truth.FALSE, f"{other.id} is in progress; one move at a time")
    if found.controls is None:
        return Check("eligible", "switch-unavailable", Truth.UNKNOWN, "no ARC endpoint answers")
    return Check("eligible", "in-progress", Truth.TRUE, "nothing else is in progress")


def _soak(found: GuardInput, left: Incident, *, moving: bool) -> Check:
    every = [i for i in found.state.incidents.values() if i.intent != "drill" and i.phase in ENDED]
    moved = (i.changed for i in every if i.put and not i.acknowledged_by)
    ends = max(left.changed, *moved, 0.0) + found.policy.limits.cooldown
    over = found.now >= ends or moving
    sentence = "the cooldown is over" if over else f"{format_duration(ends - found.now)} of the cooldown left"
    return Check("cooldown", "cooldown", Truth.of(over), sentence)


def _fit(found: GuardInput, carrier: str) -> tuple[Answer, ...]:
    """Return the answers of `restore.ready` about the Region that comes home.

    Replication is a hard gate here.
    """
    assert found.policy.restore is not None
    checks = found.policy.restore.ready
    return judge_ready(checks, found.seen, found.readings, found.now, carrier, found.region, returning=True)


def _in_shadow(found: GuardInput, decision: Decision) -> Decision | None:
    if found.policy.enforcement != "shadow":
        return None
    return replace(decision, code="shadow", action="hold", reason=f"shadow: would {decision.reason}")


def _stopped(decision: Decision, checks: list[Check]) -> Decision | None:
    blocked = next((check for check in checks if check.value is not Truth.TRUE), None)
    if blocked is None:
        return None
    return replace(decision, code=blocked.code, action="hold", reason=blocked.sentence)
