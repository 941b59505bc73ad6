"""HandOver: a fresh execution drives on, with a new epoch, before this one's history is full."""

from controller.core.journal import Kind
from controller.steps.carry import Carry
from controller.steps.context import Deps, driven, write
from controller.steps.judge import execution_name, start


def hand_over(deps: Deps, carry: Carry) -> Carry:
    memory, incident = driven(deps, carry.incident, carry.epoch)
    successor = execution_name(incident.id, incident.runs + 1)
    lease = deps.leases.take(deps.application, successor, deps.leases.read(deps.application))
    data = {"from": execution_name(incident.id, incident.runs), "to": successor, "reason": carry.reason}
    memory = write(deps, memory, Kind.HANDED_OVER, data=data, incident=incident, epoch=lease.epoch)
    start(deps, memory.incidents[incident.id])
    return carry.to("hand_over")
