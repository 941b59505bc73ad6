"""ShiftTraffic: the one step that moves routing controls.

```
act? -> ShiftIntended (durable) -> fence -> ARC, On and Off at once -> read back -> ShiftApplied
                                   └ before every send: armed, our epoch, nothing else written
```
"""

from controller.core.decide import decide
from controller.core.guards import begun
from controller.core.incident import Incident, Phase
from controller.core.journal import Kind
from controller.ports.errors import JournalConflict, SwitchRefused
from controller.steps.carry import Carry
from controller.steps.context import Deps, announce, driven, read_switch, remember, situation, write

DEADLINE = 15.0
"""Seconds after which nothing new is sent; the Lambda's own timeout is 20."""
REFUSED = 60
"""Seconds before a shift that ARC refused is tried again."""
WATCH = 30
"""Seconds between the shift and the first look at its result."""


def shift_traffic(deps: Deps, carry: Carry) -> Carry:
    """Move traffic if every guard says so at this moment; else go back to Assess.

    Raises `SwitchUnavailable` (nothing confirmed; safe to run again) and `JournalConflict`.
    """
    deadline = deps.runtime.monotonic() + DEADLINE
    memory, incident = driven(deps, carry.incident, carry.epoch)
    decision = decide(situation(deps, memory, read_controls=True), incident.source)
    if incident.phase in (Phase.SHIFTED, Phase.VERIFIED):
        return carry.to("watch", wait=WATCH)
    if decision.action != "act" or decision.plan is None:
        return carry.to("again", code=decision.code, reason=decision.reason, wait=5)
    if deps.policy.enforcement == "shadow":
        would = f"would have left {incident.source} for {decision.target}"
        write(deps, memory, Kind.STOOD_DOWN, data={"code": "shadow", "reason": would}, incident=incident)
        return carry.to("stand_down", code="shadow", reason=would)
    plan = decision.plan
    data = {
        "plan": plan.digest,
        "source": plan.source,
        "target": plan.target,
        "changes": [list(change) for change in plan.changes],
        "policy": deps.policy.digest,
    }
    memory = write(deps, memory, Kind.SHIFT_INTENDED, data=data, incident=incident)
    incident = memory.incidents[incident.id]
    try:
        states = deps.switch.flip(
            plan.changes, deadline=deadline, fence=lambda: _fence(deps, incident, carry)
        )
    except SwitchRefused as refused:
        reason = str(refused)
        if not begun(deps.policy, incident, read_switch(deps)):  # else a part is applied, and it is finished
            write(deps, memory, Kind.SHIFT_REFUSED, data={"reason": reason}, incident=incident)
        return carry.to("escalate", code="switch-refused", reason=reason, wait=REFUSED)
    applied = {"plan": plan.digest, "states": {name: states.get(name, on) for name, on in plan.goal}}
    write(deps, memory, Kind.SHIFT_APPLIED, data=applied, incident=incident)
    announce(deps, {"kind": "ShiftApplied", "incident": incident.id, "from": plan.source, "to": plan.target})
    return carry.to("watch", wait=WATCH)


def _fence(deps: Deps, incident: Incident, carry: Carry) -> None:
    """Raise unless this driver may still send: same epoch, armed, and nothing written since our intent."""
    lease = deps.leases.read(deps.application)
    if lease is None or lease.epoch != carry.epoch:
        raise JournalConflict(f"epoch {carry.epoch} no longer drives {incident.id}")
    now = remember(deps)
    if not now.armed:
        raise JournalConflict(f"disarmed {now.armed_reason}")
    if now.incidents[incident.id] != incident:
        raise JournalConflict(f"{incident.id} changed after the shift was intended")
