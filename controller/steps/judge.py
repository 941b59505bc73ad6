"""Deciding about every Region, and opening an incident where the decision says so."""

from collections.abc import Mapping
from dataclasses import dataclass

from controller.core.decide import decide, may_open
from controller.core.incident import ENDED, Incident, Memory
from controller.core.journal import Kind
from controller.core.model import Decision, Truth
from controller.core.report import decision_data, grounds
from controller.steps.context import Deps, page, situation, write


@dataclass(frozen=True, slots=True)
class Judged:
    """What was decided about each Region, and the incident that was opened, if one was."""

    memory: Memory
    decisions: tuple[Decision, ...]
    opened: Incident | None


def judge_regions(deps: Deps, memory: Memory, controls: Mapping[str, bool] | None = None) -> Judged:
    """Decide about each Region; open at most one incident and start its execution.

    Routing controls are read only where the condition holds and nobody read them yet.
    """
    seen = situation(deps, memory, read_controls=False, controls=controls)
    decisions = [decide(seen, region) for region in deps.policy.regions]
    if controls is None and any(d.tree is not None and d.tree.value is Truth.TRUE for d in decisions):
        seen = situation(deps, memory, read_controls=True)
        decisions = [decide(seen, region) for region in deps.policy.regions]
    opened = None
    for decision in decisions:
        if memory.open is None and may_open(decision):
            memory, opened = open_incident(deps, memory, decision)
        elif decision.code in ("cooldown", "velocity"):
            memory = _page_once(deps, memory, decision)
    return Judged(memory, tuple(decisions), opened)


def open_incident(
    deps: Deps, memory: Memory, decision: Decision, *, requested_by: str | None = None, reason: str = ""
) -> tuple[Memory, Incident]:
    """Take the lease, write `IncidentOpened`, start the execution that is named after it."""
    number = memory.last.seq + 1 if memory.last else 1
    name = f"{deps.application}-{decision.region}-{number}"
    lease = deps.leases.take(deps.application, execution_name(name, 0), deps.leases.read(deps.application))
    data = {
        "source": decision.region,
        "requested_by": requested_by,
        "policy": deps.policy.digest,
        "reason": reason or (grounds(decision.tree) if decision.tree else decision.reason),
        "decision": decision_data(decision),
    }
    memory = write(
        deps, memory, Kind.INCIDENT_OPENED, data=data, incident=name, epoch=lease.epoch, by=requested_by
    )
    incident = memory.incidents[name]
    start(deps, incident)
    return memory, incident


def start(deps: Deps, incident: Incident) -> bool:
    """Start the incident's execution; the name makes a second start of it impossible."""
    payload = {
        "schema": "tidegate.incident/v1",
        "application": deps.application,
        "incident": incident.id,
        "epoch": incident.epoch,
        "loop": 0,
    }
    return deps.workflow.start(execution_name(incident.id, incident.runs), payload)


def execution_name(incident_id: str, run: int) -> str:
    """`evacuate-storefront-us-east-1-17`, and `…-17-2` for the second run."""
    return f"evacuate-{incident_id}" + (f"-{run + 1}" if run else "")


def _page_once(deps: Deps, memory: Memory, decision: Decision) -> Memory:
    """Tell people that a limit alone stands in the way; once for each cause."""
    last = memory.last_ended()
    fresh = last is not None and last.phase in ENDED and last.source == decision.region
    key = f"{decision.region}/{decision.code}/{last.id if last else ''}"
    if fresh or key in memory.pages:
        return memory
    data = {"key": key, "code": decision.code, "reason": decision.reason}
    memory = write(deps, memory, Kind.ESCALATED, data=data)
    page(deps, f"{deps.application}: {decision.region} would be left", decision.reason)
    return memory
