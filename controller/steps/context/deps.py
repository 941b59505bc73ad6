"""The interfaces of one controller to the outside, as every step receives them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from controller.core.incident.fold import Folding
from controller.core.model import Ended, Ignored, Probe, Sighting
from controller.core.policy.schema import Policy
from controller.ports.outside import (
    AlarmPoll,
    Notices,
    Readiness,
    Requests,
    RoutingControls,
    Snapshots,
    Workflow,
)
from controller.ports.runtime import Runtime
from controller.ports.storage import Approvals, Assessments, Evidence, Journal, Leases
from controller.steps.context.journal_head import JournalHead

REASON = 2000
"""Characters of a reason in the journal, whose events are bounded."""


@dataclass(frozen=True)
class Deps:
    """The interfaces of one controller to the outside, and its settings.

    The interfaces are protocols of `ports`; the settings are those that the controller was deployed with.

    here: the controller's Region. deployed: when this policy was deployed (a later one wins).
    read_event: raw event text and the time of arrival -> what it says, or why it says nothing.
    gates: a master switch's name -> its gating rule's ARN, which is never set aside.
    review: what people and worked cases said of the policy, as it was packaged: see
    `core.policy.review_record`.
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
    switch: RoutingControls
    polls: AlarmPoll
    requests: Requests
    readiness: Readiness
    snapshots: Snapshots
    workflow: Workflow
    notices: Notices
    runtime: Runtime
    new_id: Callable[[], str]
    read_event: Callable[[str, float], Sighting | Probe | Ended | Ignored]
    gates: Mapping[str, str] = field(default_factory=dict)
    review: Mapping[str, Any] | None = None
    folding: Folding = field(default_factory=Folding, compare=False, repr=False)
    journal_head: JournalHead = field(default_factory=JournalHead, compare=False, repr=False)

    @property
    def application(self) -> str:
        return self.policy.application
