"""The interfaces of one controller to the outside, as every step receives them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from controller.core.incident.checkpoint import Checkpoints
from controller.core.incident.fold import Folding
from controller.core.model import Ended, Ignored, Probe, Sighting
from controller.core.policy.schema import Policy
from controller.ports.outside import (
    AlarmPoll,
    Heartbeat,
    Notices,
    Readiness,
    Requests,
    RoutingControls,
    Snapshots,
    Workflow,
)
from controller.ports.runtime import Runtime
from controller.ports.storage import (
    Approvals,
    Assessments,
    CheckpointStore,
    Evidence,
    Journal,
    Leases,
    People,
    Policies,
    Recovery,
)
from controller.steps.context.episodes import Episodes
from controller.steps.context.journal_head import JournalHead
from controller.steps.context.names import Names
from controller.steps.context.policy_library import PolicyLibrary

REASON = 2000
"""Characters of a reason in the journal, whose events are bounded."""


@dataclass
class LastBeat:
    """The last heartbeat of this process.

    at: None before the first. why: "" where it was sent.
    """

    at: float | None = None
    why: str = ""


@dataclass(frozen=True)
class Deps:
    """The interfaces of one controller to the outside, and its settings.

    The interfaces are protocols of `ports`; the settings are those that the controller was deployed with.

    policy: by which it decides: the one that it was deployed with (`packaged`), or the one that an incident
    goes on by (`steps.context.governance`). here: the controller's Region. deployed: when it was deployed (a
    later policy wins).
    read_event: raw event text and the time of arrival -> what it says, or why it says nothing.
    people: turns whoever acts into an id; names: turns ids into what people read.
    heartbeat: None where nobody outside watches. last_beat: what became of the last one.
    gates: a master switch's name -> its gating rule's ARN, which is never set aside.
    unrecorded: why each assessment of this invocation was lost that could not be written; whoever runs the
    step says so, and empties it.
    began: when this process began, on the monotonic clock.
    review: what people and worked cases said of the policy, as it was packaged: see
    `core.policy.review_record`.
    """

    policy: Policy
    account: str
    here: str
    deployed: float
    journal: Journal
    checkpoints: CheckpointStore
    leases: Leases
    policies: Policies
    evidence: Evidence
    assessments: Assessments
    approvals: Approvals
    people: People
    names: Names
    switch: RoutingControls
    polls: AlarmPoll
    requests: Requests
    readiness: Readiness
    snapshots: Snapshots
    workflow: Workflow
    notices: Notices
    recovery: Recovery
    runtime: Runtime
    new_id: Callable[[], str]
    read_event: Callable[[str, float], Sighting | Probe | Ended | Ignored]
    heartbeat: Heartbeat | None = None
    gates: Mapping[str, str] = field(default_factory=dict)
    review: Mapping[str, Any] | None = None
    began: float = 0.0
    folding: Folding = field(default_factory=Folding, compare=False, repr=False)
    journal_head: JournalHead = field(default_factory=JournalHead, compare=False, repr=False)
    checkpointing: Checkpoints = field(default_factory=Checkpoints, compare=False, repr=False)
    library: PolicyLibrary = field(default_factory=PolicyLibrary, compare=False, repr=False)
    last_beat: LastBeat = field(default_factory=LastBeat, compare=False, repr=False)
    episodes: Episodes = field(default_factory=Episodes, compare=False, repr=False)
    unrecorded: list[str] = field(default_factory=list, compare=False, repr=False)
    deployed_with: Policy | None = None

    @property
    def packaged(self) -> Policy:
        """Return the policy that this controller was deployed with."""
        return self.deployed_with or self.policy

    @property
    def application(self) -> str:
        return self.policy.application
