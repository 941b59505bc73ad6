"""Assess: judge the incident's Region again and say where the workflow goes."""

from controller.core.decide import decide
from controller.core.guards import binding
from controller.core.incident import ENDED, Incident, Memory, Phase
from controller.core.journal import Kind
from controller.core.model import Decision
from controller.core.report import decision_data
from controller.steps.carry import Carry
from controller.steps.context import Deps, page, remember, situation, write
from controller.steps.judge import hold_lease

LOOPS = 1000
"""Loops of one execution before it hands over to a new one (its history is bounded at 25,000 events)."""
QUIET = frozenset({"unknown", "evidence-unreadable", "approval"})
"""Codes for which holding is not worth a page: people are asked already, or may soon be."""


def assess(deps: Deps, carry: Carry) -> Carry:
    """Decide about the incident; write down what changed; never touches traffic."""
    memory = remember(deps)
    incident = memory.incidents.get(carry.incident)
    if incident is None or incident.epoch > carry.epoch:
        return carry.to("superseded")
    carry = carry.model_copy(update={"loop": carry.loop + 1})
    if incident.phase in ENDED:
        return carry.to("settled" if incident.phase is Phase.SETTLED else "stand_down")
    lease = hold_lease(deps, incident)
    if lease is None:
        return carry.to("superseded")
    deps.leases.beat(lease)
    if carry.loop >= LOOPS:
        return carry.to("hand_over", reason=f"{LOOPS} loops")
    if incident.phase in (Phase.SHIFTED, Phase.VERIFIED):
        return carry.to("watch")
    decision = decide(situation(deps, memory, read_controls=True), incident.source)
    record = {"by": "assess", "incident": incident.id, "decisions": [decision_data(decision)]}
    deps.assessments.add(deps.application, decision.at, record)
    if decision.action in ("act", "ask"):
        if _is_news(deps, incident, decision):
            data = {"target": decision.target, "reason": decision.reason, "decision": decision_data(decision)}
            write(deps, memory, Kind.CONFIRMED, data=data, incident=incident)
        return carry.to("act")
    if decision.action == "stand_down":
        stand_down(deps, memory, incident, decision)
        return carry.to("stand_down", code=decision.code, reason=decision.reason)
    told = decision.code in incident.escalated or decision.code in QUIET
    return carry.to("hold" if told else "escalate", code=decision.code, reason=decision.reason)


def _is_news(deps: Deps, incident: Incident, decision: Decision) -> bool:
    """Whether the plan is another than the one confirmed, or than the one that people are asked about."""
    if incident.phase is Phase.OPEN or incident.target != decision.target:
        return True
    request = incident.request
    if incident.phase not in (Phase.ASKED, Phase.APPROVED) or request is None or decision.plan is None:
        return False
    return request.digest != binding(deps.policy, incident, decision.plan)


def stand_down(deps: Deps, memory: Memory, incident: Incident, decision: Decision) -> None:
    if incident.phase is Phase.SHIFTING:
        dropped = {"code": decision.code, "reason": f"nothing was applied, and: {decision.reason}"}
        memory = write(deps, memory, Kind.SHIFT_REFUSED, data=dropped, incident=incident)
    data = {"code": decision.code, "reason": decision.reason, "decision": decision_data(decision)}
    write(deps, memory, Kind.STOOD_DOWN, data=data, incident=incident)
    if incident.escalated or incident.request:
        page(deps, f"{incident.id}: stood down", decision.reason)
