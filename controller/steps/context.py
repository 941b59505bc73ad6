"""What every step is given, and the two things that every step does: remember, and write down."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from controller.core.decide import Situation
from controller.core.incident import Incident, Memory, apply, fold, refuse_illegal
from controller.core.journal import Draft, Kind
from controller.core.model import Ignored, Sighting
from controller.core.policy import Policy
from controller.ports.errors import (
    EvidenceUnavailable,
    JournalConflict,
    OutsideUnreachable,
    SwitchRefused,
    SwitchUnavailable,
)
from controller.ports.runtime import Runtime
from controller.ports.store import Approvals, Assessments, Evidence, Journal, Leases
from controller.ports.world import AlarmPoll, Notices, Switch, Workflow

REASON = 2000
"""Characters of a reason in the journal, whose events are bounded."""


@dataclass(frozen=True)
class Deps:
    """The outside of one controller, as promises, and the settings that it was deployed with.

    here: the controller's Region. deployed: when this policy was deployed (a later one wins).
    read_event: raw event text and the time of arrival -> what it says, or why it says nothing.
    """

    policy: Policy
    account: str
    here: str
    deployed: float
    journal: Journal
    leases: Leases
    evidence: Evidence
    assessments: Assessments
    approvals: Approvals
    switch: Switch
    polls: AlarmPoll
    workflow: Workflow
    notices: Notices
    runtime: Runtime
    new_id: Callable[[], str]
    read_event: Callable[[str, float], Sighting | Ignored]

    @property
    def application(self) -> str:
        return self.policy.application


def remember(deps: Deps) -> Memory:
    """The journal as it is now, folded; the deployed policy is written down first if it is news."""
    memory = fold(deps.application, deps.journal.read(deps.application))
    if memory.policy == deps.policy.digest or deps.deployed <= memory.deployed:
        return memory
    data = {"digest": deps.policy.digest, "deployed": deps.deployed, "enforcement": deps.policy.enforcement}
    try:
        return write(deps, memory, Kind.POLICY_LOADED, data=data)
    except JournalConflict:  # a sibling wrote first; what it wrote may well be the same
        return fold(deps.application, deps.journal.read(deps.application))


def write(
    deps: Deps,
    memory: Memory,
    kind: Kind,
    *,
    data: Mapping[str, Any] | None = None,
    incident: Incident | str | None = None,
    epoch: int = 0,
    by: str | None = None,
) -> Memory:
    """Append one event after `memory` and return the memory that includes it.

    Raises `IllegalMove` (nothing written), `JournalConflict`, `OutsideUnreachable`.
    """
    about = incident.id if isinstance(incident, Incident) else incident
    driven = incident.epoch if isinstance(incident, Incident) else 0
    draft = Draft(
        id=deps.new_id(),
        kind=kind,
        at=deps.runtime.now(),
        by=by or f"tidegate@{deps.here}",
        epoch=epoch or driven,
        incident=about,
        data=dict(data or {}),
    )
    refuse_illegal(memory, draft)
    return apply(memory, deps.journal.append(deps.application, draft, memory.last))


def situation(
    deps: Deps, memory: Memory | None, *, read_controls: bool, controls: Mapping[str, bool] | None = None
) -> Situation:
    """Gather what a decision looks at. What does not answer is None, and the decision says so."""
    try:
        evidence = deps.evidence.read(deps.application)
    except EvidenceUnavailable:
        evidence = None
    if read_controls and controls is None:
        controls = read_switch(deps)
    return Situation(deps.policy, deps.account, deps.here, deps.runtime.now(), memory, evidence, controls)


def read_switch(deps: Deps) -> Mapping[str, bool] | None:
    names = [name for entry in deps.policy.regions.values() for name in entry.controls]
    try:
        return deps.switch.read(names)
    except (SwitchUnavailable, SwitchRefused):
        return None


def driven(deps: Deps, incident_id: str, epoch: int) -> tuple[Memory, Incident]:
    """The memory and the incident that the caller drives. Raises `JournalConflict` if it no longer does."""
    memory = remember(deps)
    incident = memory.incidents.get(incident_id)
    if incident is None:
        raise JournalConflict(f"the journal knows no incident {incident_id}")
    if incident.epoch != epoch:
        raise JournalConflict(f"epoch {incident.epoch} drives {incident_id}, not {epoch}")
    return memory, incident


def note(deps: Deps, at: float, record: Mapping[str, Any]) -> bool:
    """Keep an assessment. False if that failed: a gap in what can be told must not stop a step."""
    try:
        deps.assessments.add(deps.application, at, record)
    except OutsideUnreachable:
        return False
    return True


def page(deps: Deps, subject: str, text: str) -> bool:
    """Tell people. False if nobody could be told; never raises, since a page must not stop a step."""
    try:
        deps.notices.send(subject, text)
    except OutsideUnreachable:
        return False
    return True


def announce(deps: Deps, detail: Mapping[str, Any]) -> None:
    """Put a `tidegate.decision/v1` event on the bus; losing one loses no state."""
    try:
        deps.notices.publish("tidegate.decision/v1", {"application": deps.application, **detail})
    except OutsideUnreachable:
        return
