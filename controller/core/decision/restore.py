"""The return of traffic: restores, and turning back from a drill or failed move.

```
 left ─ restore.when true ─ cooldown over, not refused ─ ready ─ floor ─ approval ─> wave ─ settle ─ verify ─>
 home
                     between two waves: beyond doubt ─ else it stops ─┘      its Region fails ─> TurnedBack
 drill ─ stay over, or abortWhen ─┐
 rollback ─ target fails ─────────┴─ TurnedBack ─ armed ─ floor ─> wave ... ─> as it was before
```
"""

from dataclasses import replace

from controller.core.decision import guards
from controller.core.decision.cooldown import return_cooldown_ends
from controller.core.decision.guards import GuardInput
from controller.core.decision.plan import SWITCH_SILENT, homecoming, homeward, next_wave, plan, slices
from controller.core.decision.progress import begun, under_way
from controller.core.decision.readiness import asked, judge_ready, summary, under_doubt
from controller.core.decision.removal import opened_in_shadow, removal, unmoved
from controller.core.evidence.evaluation import judge, judge_leaf, truth
from controller.core.evidence.health_notices import KIND as HEALTH
from controller.core.explanation import flip_set
from controller.core.incident.state import Incident, Phase, heading
from controller.core.model import Answer, Check, Decision, Node, Plan, Truth, Verdict
from controller.core.policy.conditions import Leaf, leaves, without_times
from controller.core.policy.readiness_checks import FamilyCheck
from controller.core.text import format_duration


def homeless(left: Incident) -> str:
    """Return how people bring a Region home where the policy has no `restore`.

    left: the move that it left by.
    """
    other = left.target or "OTHER"
    deploy = f"deploy one that has, then `tidegate restore {left.source}`"
    turn = f"turn the traffic round, which leaves {other}: `tidegate break-glass {other} --to {left.source}`"
    return f"the policy has no `restore`: {deploy}; or {turn}"


def decide_home(found: GuardInput, incident: Incident) -> Decision:
    """Return the decision about the way back of a move that turned.

    Nobody is asked, and no evidence is needed, but that the Region which it brings traffic back to need not
    be left itself. The guards armed, policy, not cut off, eligible and floor still bind.
    """
    goal = _as_before(found, incident)
    checks = [guards.armed(found), guards.policy_valid(found), guards.not_cut_off(found)]
    checks += [*removal(found, goal), guards.eligible(found), guards.floor(found, goal)]
    checks.append(_takes_back(found, incident))
    reason = f"put {incident.source} back as it was: {incident.outcome or 'turned back'}"
    decision = Decision(found.now, found.region, "going-home", "act", reason, None, tuple(checks), plan=goal,
                        target=incident.target)  # fmt: skip
    return _stopped(decision, checks) or _in_shadow(found, decision) or decision


def _takes_back(found: GuardInput, incident: Incident) -> Check:
    region = heading(incident)[1]
    failing = must_be_left(found, region)
    sentence = f"{region} must be left itself: nothing is brought back to it"
    value = Truth.of(not failing)
    return Check("takes back", "target-failing", value, sentence if failing else f"{region} takes it back")


def decide_restore(found: GuardInput, incident: Incident | None, left: Incident) -> Decision:
    """Return the decision about the return of a Region that was left.

    left: the move that it left by. Between two waves it goes on only while nothing is in doubt.
    """
    restore = found.policy.restore
    assert restore is not None
    tree = judge(restore.when, found.seen, source=found.region, target=None, path="restore.when")
    moving = incident is not None and begun(found.policy, incident, found.controls)
    by_hand = incident is not None and incident.requested_by
    if tree.value is not Truth.TRUE and not moving and not by_hand:
        code = "away" if tree.value is Truth.FALSE else "unknown"
        ago = format_duration(max(0.0, found.now - left.changed))
        reason = f"{found.region} was left {ago} ago; not yet fit to return"
        action = "none" if incident is None else "stand_down" if tree.value is Truth.FALSE else "hold"
        return Decision(found.now, found.region, code, action, reason, tree, intent="restore")
    carrier = _carrier(found, left)
    checks = [guards.armed(found), guards.policy_valid(found), guards.not_cut_off(found)]
    checks += [_returning(found, incident), guards.blackout(found)]
    checks += [_soak(found, left, moving=bool(moving or by_hand)), guards.not_refused(found)]
    checks += [_carrier_kept(found, carrier), _beyond_doubt(found, incident)]
    return _restore(found, checks, carrier, tree)


def _restore(found: GuardInput, checks: list[Check], carrier: str, tree: Node) -> Decision:
    incident = found.incident
    goal = _goal(found, carrier, incident.waves if incident else 0)
    checks = [*checks[:2], *removal(found, goal), *checks[2:]]
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
        gone = any(c.code == "policy-removed" and c.value is Truth.FALSE for c in checks) and unmoved(found)
        return replace(stopped, action="stand_down") if gone and stopped.code == "policy-removed" else stopped
    if (anew := opened_in_shadow(found)) is not None:
        return replace(decision, code="policy-superseded", action="stand_down", reason=anew)
    if (shadow := _in_shadow(found, decision)) is not None:
        return shadow
    if gate.code in ("approval-denied", "approval-expired"):
        action = "hold" if incident and not unmoved(found) else "stand_down"  # what has moved stands
        return replace(decision, code=gate.code, action=action, reason=gate.sentence)
    if gate.value is not Truth.TRUE:
        return replace(decision, code=gate.code, action="ask", reason=gate.sentence)
    return decision


def _carrier_kept(found: GuardInput, carrier: str) -> Check:
    """Check that nobody forbade to leave the Region which serves meanwhile.

    Coming home takes traffic out of it, by whatever name. A person's return passes.
    """
    if found.incident is not None:
        return Check("not refused", "refused", Truth.TRUE, "it is open: it was not refused")
    kept = guards.not_refused(replace(found, region=carrier, intent="evacuate"))
    asked_only = kept.code == "unanswered"
    return replace(kept, value=Truth.TRUE) if asked_only else kept


def must_be_left(found: GuardInput, region: str) -> bool:
    """Return True where the policy's condition says that `region` must be left."""
    when = found.policy.about(region).evacuate.when
    return truth(when, found.seen, source=region) is Truth.TRUE


def _beyond_doubt(found: GuardInput, incident: Incident | None) -> Check:
    """Check that nothing speaks against the Region between two waves of its return (L12).

    ```
     wave 1 put ── heard of since, and well? ── wave 2 put ── heard of since, and well? ── …
    ```
    `restore.when` is asked again, without its times: what was well for long enough before the first wave need
    not have been well for as long again. What a person began despite `restore.when` stops at silence and at
    failure; what was unknown to that person before does not stop it.
    """
    between = incident is not None and incident.waves > 0 and incident.phase is Phase.VERIFIED
    if found.policy.restore is None or incident is None or not between:
        return Check("beyond doubt", "return-in-doubt", Truth.TRUE, "no wave of it is behind us")
    doubt = _by_hand_doubt(found) if incident.requested_by else _doubt(found)
    head = f"slices are home, no further one while {found.region} is in doubt"
    if doubt is not None:
        value, why = doubt
        return Check("beyond doubt", "return-in-doubt", value, f"{head}: {why}")
    return Check("beyond doubt", "return-in-doubt", Truth.TRUE, f"{found.region} is still well")


def _doubt(found: GuardInput) -> tuple[Truth, str] | None:
    restore, region = found.policy.restore, found.region
    assert restore is not None
    now = without_times(restore.when, found.policy.conditions)
    node = judge(now, found.seen, source=region, target=None, path="restore.when")
    if node.value is not Truth.TRUE:
        return node.value, "; ".join(leaf.sentence for leaf in flip_set(node)) or node.sentence
    families = {leaf.family for _, leaf in leaves(restore.when, (), found.policy.conditions)}
    unheard = [f for f in sorted(families) if not _heard_since(found, f, found.state.stood)]
    return (Truth.UNKNOWN, f"nothing was heard of {unheard[0]} since the last wave") if unheard else None


def _heard_since(found: GuardInput, family: str, since: float) -> bool:
    """Return True where a signal of `family` about the Region was heard after `since`.

    AWS Health is silent while all is well: a family of nothing else always passes.
    """
    tracks = [t for t in found.seen.of(family, found.region, found.region) if t.signal.kind != HEALTH]
    return not tracks or any(track.past.received > since for track in tracks)


def _by_hand_doubt(found: GuardInput) -> tuple[Truth, str] | None:
    """Return the doubt at which a person's return stops, or None."""
    nodes = (_any(found, verdict) for verdict in (Verdict.BREACHING, Verdict.SILENT))
    bad = next((node for node in nodes if node.value is Truth.TRUE), None)
    if bad is not None:
        return Truth.FALSE, bad.sentence
    well = _any(found, Verdict.HEALTHY, signals=1)
    return None if well.value is Truth.TRUE else (Truth.UNKNOWN, well.sentence)


def _any(found: GuardInput, verdict: Verdict, *, signals: int | None = None) -> Node:
    leaf = Leaf.model_validate({"in": "source", "family": "all", "is": str(verdict)})
    leaf = leaf.model_copy(update={"signals": signals})
    return judge_leaf(leaf, found.seen, subject=found.region, source=found.region, path="restore.doubt")


def must_turn(found: GuardInput, incident: Incident) -> tuple[str, str] | None:
    """Return (outcome, reason) where a drill or restore must turn back, or None.

    A drill must where a leaf of `abortWhen` is true or its stay is over; both must where the Region that they
    bring traffic into must be left.
    """
    reached = heading(incident)[1]
    if incident.leg == "home" or incident.target is None or incident.intent == "evacuate":
        return None
    if incident.intent == "drill" and (over := _abort(found, incident)) is not None:
        return over
    if must_be_left(found, reached):
        return "failed", f"{reached} fails while traffic is brought into it"
    return _stay_over(found, incident)


def failing(found: GuardInput, region: str) -> Node | None:
    """Return the evidence that customers of `region` are breaching, or None.

    The families are those that a target must be well by.
    """
    checks = (c for c in found.policy.target.ready if isinstance(c, FamilyCheck))
    families = sorted({check.family for check in checks})
    nodes = (_says(found, region, "breaching", family) for family in families)
    return next((node for node in nodes if node.value is Truth.TRUE), None)


def why_not_back(found: GuardInput, incident: Incident) -> str | None:
    """Return why a move cannot turn back to where it came from, or None.

    An evacuation turns back where the policy says so, and its source is known not to be as bad. A return and
    a drill do, unless the Region that they came from fails, or nothing at all is heard of it.
    """
    origin = heading(incident)[0]
    if incident.intent == "evacuate":
        if found.policy.evacuate.if_verify_fails != "rollback":
            return "the policy does not roll it back"
        as_bad = _says(found, origin, "breaching", "all")
        return None if as_bad.value is Truth.FALSE else as_bad.sentence
    bad = failing(found, origin)
    silent = _says(found, origin, "silent", "all", signals="all")
    node = bad if bad is not None else silent if silent.value is Truth.TRUE else None
    if node is None and not must_be_left(found, origin):
        return None
    also = f": {node.sentence}" if node is not None else ""
    return f"{origin}, to which it would turn back, fails as well{also}"


def _says(found: GuardInput, region: str, verdict: str, family: str, signals: str | None = None) -> Node:
    place = "source" if region == found.region else "target"
    leaf = Leaf.model_validate({"in": place, "family": family, "is": verdict})
    leaf = leaf.model_copy(update={"signals": signals})
    return judge_leaf(leaf, found.seen, subject=region, source=found.region, path=f"verify.{family}")


def _abort(found: GuardInput, incident: Incident) -> tuple[str, str] | None:
    for index, leaf in enumerate(found.policy.drills.abort_when if found.policy.drills else ()):
        subject = str(incident.target) if leaf.in_ == "target" else incident.source
        path = f"drills.abortWhen.{index}"
        node = judge_leaf(leaf, found.seen, subject=subject, source=incident.source, path=path)
        if node.value is Truth.TRUE:
            return "failed", node.sentence
    return None


def _stay_over(found: GuardInput, incident: Incident) -> tuple[str, str] | None:
    drills = found.policy.drills
    if drills is None or incident.intent != "drill":
        return None
    goal = _outward(found, incident)
    if goal is None or goal.changes:
        return None
    stayed = found.now - incident.changed
    if stayed < drills.stay:
        return None
    return "succeeded", f"stayed in {incident.target} for {format_duration(stayed)}"


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
    # Where the Region that serves must be left, coming home is the way out of it: at once, not in waves.
    waves = None if must_be_left(found, carrier) else restore.waves
    return next_wave(
        found.policy, whole, waves, done, under_way(found.policy, found.incident, found.controls)
    )


def _carrier(found: GuardInput, left: Incident) -> str:
    """Return the Region that serves what is to come home.

    It is another than the one it was left for, where that was left too. Once the way home has begun it stays
    the same: with each wave there is less to tell it by.
    """
    incident, controls, home = found.incident, found.controls or {}, found.state.home
    if incident is not None and incident.target and begun(found.policy, incident, found.controls):
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
        return Check("eligible", "switch-unavailable", Truth.UNKNOWN, SWITCH_SILENT)
    return Check("eligible", "in-progress", Truth.TRUE, "nothing else is in progress")


def _soak(found: GuardInput, left: Incident, *, moving: bool) -> Check:
    ends = return_cooldown_ends(found.policy, found.state, left)
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
