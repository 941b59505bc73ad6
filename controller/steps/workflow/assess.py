"""The step Assess: judge the incident's Region again, and choose the next state.

It also finds how much of a move has been made, whatever became of its target since. The guards of a target
say whether traffic may go there. Where it is there already they keep nothing back: they would only leave a
move open for ever that needs no further call.
"""

from collections.abc import Mapping
from dataclasses import replace
from math import inf

from controller.core.decision.decide import decide
from controller.core.decision.guards import binding
from controller.core.decision.plan import plan
from controller.core.decision.precedence import abstains
from controller.core.decision.progress import LANDED
from controller.core.decision.recurrence import FLAPPING, KNOWN, recovered, recoveries
from controller.core.explanation import decision_data, decision_record
from controller.core.incident.alert_keys import bad
from controller.core.incident.notices import unheard
from controller.core.incident.state import BEFORE_SHIFT, ENDED, Incident, Phase, State
from controller.core.journal.moves import Confirmed, ShiftApplied, StoodDown
from controller.core.model import Decision, Plan
from controller.ports.errors import JournalConflict, PolicyUnreadable
from controller.steps.context.deps import REASON, Deps
from controller.steps.context.governance import governed
from controller.steps.context.journalling import load_state, write
from controller.steps.context.paging import note, page
from controller.steps.context.situation import situation
from controller.steps.incident.driver import bound_by_epoch, take_or_keep_lease, worn
from controller.steps.incident.ending import drop_intent
from controller.steps.payload import WORN_OUT, StepPayload

UPDATED = 240.0
"""Seconds that a stack may take to replace a Region's functions and workflow, one after another."""
CONFLICT = 2
"""Seconds until it looks again where others wrote first."""
QUIET = frozenset({"unknown", "evidence-unreadable", "approval", FLAPPING})
"""Codes for which a hold is not worth a page: people are asked already, or may soon be; or all is well."""

FLAPS = (
    "It flaps. Should it fail again within an hour, the incident stays open while it is well, and people are "
    "asked once it has failed for three minutes in a row. `tidegate evacuate` leaves it now."
)
"""What is said once, when a Region has recovered by itself for the second time."""


def remaining_plan(
    deps: Deps, incident: Incident, decision: Decision, controls: Mapping[str, bool]
) -> Plan | None:
    """Return the plan of what is still to move.

    None where the decision alone could say so, and does not.
    """
    if decision.plan is not None or incident.leg == "home" or incident.intent == "restore":
        return decision.plan
    return plan(
        deps.policy, source=incident.source, target=str(incident.target), controls=controls,
        taken=incident.taken,
    )  # fmt: skip


def record_late_apply(
    deps: Deps, state: State, incident: Incident, decision: Decision, controls: Mapping[str, bool] | None
) -> bool:
    """Write `ShiftApplied` for a call that landed after its sender gave up.

    That is so where the move may not go on, and all that was intended stands. Returns False if it is not so.
    """
    if incident.phase is not Phase.SHIFTING or controls is None or decision.action != "hold":
        return False
    if decision.plan is not None or not incident.intended:
        return False
    whole = remaining_plan(deps, incident, decision, controls)
    if whole is None or any(controls[name] is not on for name, on in incident.intended.items()):
        return False
    states = {name: controls[name] for name, _ in whole.goal}
    applied = ShiftApplied(plan=whole.digest, wave=incident.waves + 1, states=states)
    write(deps, state, applied, incident=incident)
    return True


def assess(deps: Deps, payload: StepPayload) -> StepPayload:
    """Decide about the incident and write down what changed.

    Never touches traffic. Where others write first it looks again: by a loop that counts, and not by a retry.
    """
    if payload.history >= WORN_OUT:
        return payload.to("superseded")
    try:
        return _looked(deps, payload)
    except JournalConflict as conflict:
        return payload.to("hold", reason=str(conflict), wait=CONFLICT)


def _looked(deps: Deps, payload: StepPayload) -> StepPayload:
    state = load_state(deps)
    incident = state.incidents.get(payload.incident)
    if incident is None or incident.epoch > payload.epoch:
        return payload.to("superseded")
    payload = payload.model_copy(update={"loop": payload.loop + 1})
    if incident.phase in ENDED:
        return payload.to("settled" if incident.phase is Phase.SETTLED else "stand_down")
    try:
        deps = governed(deps, state, incident)
    except PolicyUnreadable as error:
        return payload.to("escalate", code="policy-unreadable", reason=_by_hand(incident, error))
    return _assess(deps, payload, state, incident)


def _assess(deps: Deps, payload: StepPayload, state: State, incident: Incident) -> StepPayload:
    lease = take_or_keep_lease(deps, incident)
    if lease is None:
        return payload.to("superseded")
    seen = situation(deps, state, read_controls=True)
    if abstains(seen) is None:
        deps.leases.beat(lease)
    why = _handing_over(deps, payload, incident)
    if why:
        return payload.to("hand_over", reason=why)
    if incident.phase is Phase.SHIFTED:
        return payload.to("watch")
    decision = decide(seen, incident.source)
    record = {"by": "assess", "incident": incident.id, "decisions": [decision_data(decision)]}
    note(deps, decision.at, record)
    if _drops_intent(incident, decision) and decision.at < incident.changed + LANDED:
        return payload.to("hold", code=decision.code, reason="what was sent may still land")
    if abstains(seen) is None and record_late_apply(deps, state, incident, decision, seen.controls):
        return payload.to("watch")
    if _waits_between_waves(incident, decision):
        return payload.to("watch", code=decision.code, reason=decision.reason)
    if decision.action in ("act", "ask"):
        if incident.phase is not Phase.VERIFIED and _is_news(deps, incident, decision):
            state, incident = _without_intent(deps, state, incident, decision)
            confirmed = Confirmed(
                target=str(decision.target),
                reason=decision.reason[:REASON],
                decision=decision_record(decision),
            )
            write(deps, state, confirmed, incident=incident)
        return payload.to("act")
    if decision.action == "stand_down":
        end_without_move(deps, state, incident, decision)
        return payload.to("stand_down", code=decision.code, reason=decision.reason)
    if incident.intent == "drill" and incident.phase in BEFORE_SHIFT and decision.checks:
        blocked = replace(decision, reason=f"drill blocked: {decision.reason}")
        end_without_move(deps, state, incident, blocked)
        return payload.to("stand_down", code=decision.code, reason=blocked.reason)
    paged_already = decision.code in incident.escalated or decision.code in QUIET
    return payload.to("hold" if paged_already else "escalate", code=decision.code, reason=decision.reason)


def _by_hand(incident: Incident, error: PolicyUnreadable) -> str:
    ends = f"`tidegate hand-to-people {incident.id} --reason WHY` ends it"
    return f"{error}; it says how {incident.id} goes on. {ends}"


def _waits_between_waves(incident: Incident, decision: Decision) -> bool:
    """Return True where a look at the last wave comes next."""
    if incident.phase is not Phase.VERIFIED:
        return False
    kept = decision.code in ("policy-removed", "policy-unreadable")  # with no plan to look at, perhaps
    done = not kept and not (decision.plan and decision.plan.changes)
    return done or (incident.intent != "evacuate" and decision.action == "hold")


def _handing_over(deps: Deps, payload: StepPayload, incident: Incident) -> str:
    """Return the reason why a fresh execution should drive on, or "".

    A running execution keeps the workflow of the version that started it. Once people were asked, or while a
    call may be under way, it goes on all the same, if it can: in a new epoch they would have to answer again.
    """
    if worn(payload, incident):
        return f"its history is long: up to {payload.history} events"
    newer = 0 < payload.deployed < deps.deployed
    if not newer or bound_by_epoch(incident) or _is_being_updated(deps, incident):
        return ""
    return "a newer version is deployed"


def _is_being_updated(deps: Deps, incident: Incident) -> bool:
    """Return True while other functions, or the workflow, may be of an older version.

    ```
     Assess new ── HandOver still old: starts an execution of the old version ──┐
         ^──────────── hands it over at once, and so on, each second ───────────┘
    ```
    """
    ran, rested = deps.runtime.monotonic() - deps.began, deps.runtime.now() - incident.changed
    return min(ran, rested) < UPDATED


def _is_news(deps: Deps, incident: Incident, decision: Decision) -> bool:
    """Return True where the plan differs from the one confirmed or asked about."""
    if incident.phase is Phase.OPEN or incident.target != decision.target:
        return True
    if incident.phase is Phase.SHIFTING:
        return decision.action == "ask"
    request = incident.request
    if incident.phase not in (Phase.ASKED, Phase.APPROVED) or request is None or decision.plan is None:
        return False
    return request.digest != binding(deps.policy, incident, decision.plan)


def _drops_intent(incident: Incident, decision: Decision) -> bool:
    """Return True where the decision contradicts a shift that was only intended.

    Nothing of that shift was applied.
    """
    if incident.phase is not Phase.SHIFTING or decision.action == "hold":
        return False
    return decision.action != "act" or decision.target != incident.target


def _without_intent(
    deps: Deps, state: State, incident: Incident, decision: Decision
) -> tuple[State, Incident]:
    if incident.phase is not Phase.SHIFTING:
        return state, incident
    reason = f"nothing was applied, and: {decision.reason}"
    state = drop_intent(deps, state, incident, code=decision.code, reason=reason)
    return state, state.incidents[incident.id]


def end_without_move(deps: Deps, state: State, incident: Incident, decision: Decision) -> None:
    state, incident = _without_intent(deps, state, incident, decision)
    drill = incident.intent == "drill"
    end = StoodDown(
        code=decision.code,
        reason=decision.reason[:REASON],
        outcome="blocked" if drill else None,
        decision=decision_record(decision),
    )
    state = write(deps, state, end, incident=incident)
    incident = state.incidents[incident.id]
    told = state.pages.get(bad(incident.source), -inf) >= incident.opened
    if decision.code == "approval-expired":
        return  # they were told that nobody answered
    request, by_policy = incident.request, decision.code in ("policy-removed", "policy-superseded")
    heard = request is not None and not unheard(state, request)
    if told or heard or drill or by_policy:
        flaps = f"\n{FLAPS}" if recovered(incident) and recoveries(state, incident) + 1 == KNOWN else ""
        page(deps, f"{incident.id}: stood down", f"{decision.reason}{flaps}", incident=incident)
