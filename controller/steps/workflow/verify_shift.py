"""The step VerifyShift: the controls stand as put, and the target's customers stay well.

```
 read back as put? ─ no ─> drift: journalled, settled, not fought
   │ yes
 customers of the target breaching? ─ yes ─> escalate; or turn back, where the policy says so
   │ no
 share of what was left fallen? ─ not yet ─> look again ─ time is over ─> escalate; a drill turns back
   │ yes, or not known and the policy proceeds
 verified ─ slices left ─> next wave    ─ drill: stay, then turn back    ─ home again ─> rolled back / settled
```
"""

from controller.core.decision.decide import Situation, decide, guard_input
from controller.core.decision.drift import lag_after
from controller.core.decision.plan import where_it_stands
from controller.core.decision.precedence import abstains
from controller.core.decision.restore import failing, must_turn, why_not_back
from controller.core.decision.traffic_share import Proof
from controller.core.incident.state import INTERRUPTED, Incident, Phase, State, heading
from controller.core.journal.kind import Kind
from controller.core.journal.moves import RolledBack, Settled, ShiftVerified, TurnedBack
from controller.steps.context.deps import REASON, Deps
from controller.steps.context.governance import governed
from controller.steps.context.journalling import require_driver, write
from controller.steps.context.paging import page
from controller.steps.context.situation import situation
from controller.steps.incident.drift import last_change, record_drift, repair_echo
from controller.steps.incident.driver import beat, worn
from controller.steps.incident.traffic_proof import look_for_proof, obstacle
from controller.steps.payload import StepPayload
from controller.steps.workflow.assess import QUIET, remaining_plan
from controller.steps.workflow.shift_traffic import WATCH, settle_time

STAY = 20
"""Seconds between two looks while a drill stays away."""


def verify_shift(deps: Deps, payload: StepPayload) -> StepPayload:
    """Return the next state after a look at the result.

    `settled` once all is done, `again` for the next wave, `watch` while the result is not known. `again` also
    once the history is long: Assess hands over.
    """
    state, incident = require_driver(deps, payload.incident, payload.epoch)
    if worn(payload, incident):
        return payload.to("again", reason="its history is long", wait=1)
    deps = governed(deps, state, incident)
    if incident.phase not in (Phase.SHIFTED, Phase.VERIFIED) or incident.target is None:
        return payload.to("again")
    seen = situation(deps, state, read_controls=True)
    if seen.controls is None or seen.evidence is None:
        unseen = decide(seen, incident.source)
        if unseen.code == "policy-removed" and unseen.code not in incident.escalated:
            return payload.to("escalate", code=unseen.code, reason=unseen.reason)
        return payload.to("watch", reason="controls or evidence cannot be read")
    aside = abstains(seen)
    if aside is not None:
        news = aside[0] == "policy-unreadable" and aside[0] not in incident.escalated
        return payload.to("escalate" if news else "watch", code=aside[0], reason=aside[1])
    beat(deps, incident, seen)
    drifted = _drifted(deps, seen, state, incident, payload)
    if drifted is not None:
        return drifted
    turn, stuck = _turns(seen, incident)
    if stuck is not None:
        return payload.to("escalate", code="target-failing", reason=stuck)
    if incident.phase is Phase.SHIFTED:
        if turn is None and (left := _settling(deps, seen, incident)) > 0:
            return payload.to("watch", reason="the wave settles", wait=min(WATCH, left))
        well = turn is None or turn[0] == "succeeded"
        proof = look_for_proof(deps, state, incident, seen.controls) if well else None
        unproved = None if proof is None else obstacle(deps, proof, payload)
        if unproved is not None:
            if unproved.next == "watch" or incident.intent != "drill" or incident.leg == "home":
                return unproved
            turn = ("failed", unproved.reason)
        state = _verified(deps, state, incident, proof)
        incident = state.incidents[incident.id]
    if turn is not None:
        ill = failing(guard_input(seen, incident.source), incident.source)
        if ill is not None and turn[0] == "succeeded":
            return payload.to("escalate", code="source-failing", reason=f"the drill stays: {ill.sentence}")
        return _turn(deps, state, incident, payload, *turn)
    return _go_on(deps, seen.after(state), state, incident, payload)


def _turns(seen: Situation, incident: Incident) -> tuple[tuple[str, str] | None, str | None]:
    """Return (outcome, reason) of turning back now, and why it cannot.

    A drill and a restore turn back where the Region fails that they bring traffic into, an evacuation where
    the policy says so; none does where the Region that it would turn back to fails as well.
    """
    found = guard_input(seen, incident.source)
    turn = must_turn(found, incident)
    if turn is None and incident.leg == "out":
        bad = failing(found, heading(incident)[1])
        turn = None if bad is None else ("failed", bad.sentence)
    if turn is not None and turn[0] == "failed" and (kept := why_not_back(found, incident)) is not None:
        return None, f"{turn[1]}; {kept}"
    return turn, None


def _settling(deps: Deps, seen: Situation, incident: Incident) -> float:
    """Return the seconds until the last wave has settled.

    The wait is cut into short ones: a Region may fail while a wave settles.
    """
    settle = settle_time(deps, incident)
    return min(settle, incident.changed + settle - seen.now)


def _go_on(
    deps: Deps, seen: Situation, state: State, incident: Incident, payload: StepPayload
) -> StepPayload:
    """Return the next state after a wave that is well.

    That is the next wave, the stay of a drill, or the end.
    """
    decision = decide(seen, incident.source)
    rest = remaining_plan(deps, incident, decision, seen.controls or {})
    if rest is None or rest.changes:
        news = decision.action == "hold" and decision.code not in {*incident.escalated, *QUIET}
        return payload.to("escalate" if news else "again", code=decision.code, reason=decision.reason,
                        wait=STAY if news else 1)  # fmt: skip
    if incident.intent == "drill" and incident.leg == "out":
        return payload.to("watch", reason="the drill stays", wait=STAY)
    return _end(deps, state, incident, payload)


def _verified(deps: Deps, state: State, incident: Incident, proof: Proof | None) -> State:
    sentence = f"all controls read back; {_carrier(incident)} is well"
    verified = ShiftVerified(
        sentence=sentence if proof is None else f"{sentence}; {proof.sentence}",
        wave=incident.waves + 1,
        share=None if proof is None else proof.share,
    )
    return write(deps, state, verified, incident=incident)


def _end(deps: Deps, state: State, incident: Incident, payload: StepPayload) -> StepPayload:
    """Write that the incident is settled, or rolled back.

    Everything stands where it should.
    """
    rolled = incident.intent != "drill" and incident.leg == "home"
    outcome = incident.outcome or None
    end = RolledBack if rolled else Settled
    write(deps, state, end(target=_carrier(incident), outcome=outcome), incident=incident)
    ends = {"evacuate": f"{incident.source} was left for {incident.target}.",
            "restore": f"{incident.source} is home again.",
            "drill": f"The drill {incident.outcome}; {incident.source} is as it was before."}  # fmt: skip
    text = "All controls are as they were before." if rolled else ends[incident.intent]
    page(deps, f"{incident.id}: {'rolled back' if rolled else 'settled'}", text, incident=incident)
    return payload.to("stand_down" if rolled else "settled")


def _carrier(incident: Incident) -> str:
    """Return the Region that carries the traffic once this leg is done."""
    return heading(incident)[1]


def _turn(
    deps: Deps, state: State, incident: Incident, payload: StepPayload, outcome: str, why: str
) -> StepPayload:
    write(deps, state, TurnedBack(outcome=outcome, reason=why[:REASON]), incident=incident)
    if outcome != "succeeded":
        page(deps, f"{incident.id}: turning back", why, incident=incident)
    return payload.to("again", code="going-home", reason=why, wait=1)


def _drifted(
    deps: Deps, seen: Situation, state: State, incident: Incident, payload: StepPayload
) -> StepPayload | None:
    """Put a late call of ours back, or settle where somebody else moved controls.

    The latter is journalled and shown, not fought. At the first look another endpoint may show what was
    before our own change: the workflow waits, since no clock but its own is sure, and looks again. None where
    every control stands as it was put.
    """
    controls = seen.controls or {}
    names = [name for name, on in incident.put.items() if controls[name] is not on]
    if not names:
        return None
    waited = payload.waited == last_change(state) or _seen_by_tick(state)
    if repair_echo(deps, seen, state, waited=waited) is not state:
        return payload.to("watch", reason="a late call was put back")
    if not waited:
        waits = payload.model_copy(update={"waited": last_change(state)})
        reason = f"not as put, or not shown yet: {', '.join(names)}"
        return waits.to("watch", reason=reason, wait=lag_after(state))
    state = record_drift(deps, state, controls, waited=True)
    reason = f"moved by somebody else since: {', '.join(names)}"
    end = Settled(target=str(incident.target), drift=tuple(names), outcome=INTERRUPTED)
    state = write(deps, state, end, incident=incident)
    page(deps, f"{incident.id}: interrupted", f"{reason}.\n{where_it_stands(deps.policy, state.stand)}")
    return payload.to("settled", code="drift", reason=reason)


def _seen_by_tick(state: State) -> bool:
    """Return True where a tick was sure already that it is drift."""
    return state.mover is not None and state.mover.kind is Kind.DRIFT_SEEN
