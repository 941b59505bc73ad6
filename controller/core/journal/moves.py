"""The events of a move, in the order of an incident's life."""

from dataclasses import field

from controller.core.journal.body import Changes, Document, States, body
from controller.core.journal.kind import Kind
from controller.core.journal.whole_plan import WholePlan


@body(Kind.INCIDENT_OPENED)
class IncidentOpened:
    """An evacuation of `source` begins.

    requested_by: the person who asked for it; None where the evidence did. policy: the digest of the policy
    that it goes on by. despite: codes of readiness that the requester wants set aside.
    """

    source: str
    driver: str = ""
    requested_by: str | None = None
    policy: str = ""
    reason: str = ""
    decision: Document | None = None
    despite: tuple[str, ...] = ()


@body(Kind.RESTORE_OPENED)
class RestoreOpened:
    """The return of `source` begins.

    of: the incident that it undoes. target: where its traffic is now.
    """

    source: str
    driver: str = ""
    requested_by: str | None = None
    policy: str = ""
    reason: str = ""
    decision: Document | None = None
    despite: tuple[str, ...] = ()
    of: str | None = None
    target: str | None = None


@body(Kind.DRILL_OPENED)
class DrillOpened:
    """A drill of `source` begins.

    scheduled: the time of `drills.cron` that it is for, if it is for one.
    """

    source: str
    driver: str = ""
    requested_by: str | None = None
    policy: str = ""
    reason: str = ""
    decision: Document | None = None
    despite: tuple[str, ...] = ()
    scheduled: float | None = None


@body(Kind.CONFIRMED)
class Confirmed:
    """The evidence held, and traffic is to go to `target`."""

    target: str
    reason: str = ""
    decision: Document | None = None


@body(Kind.READINESS_CONFIRMED)
class ReadinessConfirmed:
    """All guards were looked at once more.

    It comes right before people are asked or traffic moves.
    """

    target: str = ""
    sentence: str = ""
    doubts: tuple[str, ...] = ()


@body(Kind.READINESS_DENIED)
class ReadinessDenied:
    """The target was not ready when it was looked at once more."""

    code: str = ""
    reason: str = ""
    decision: Document | None = None


@body(Kind.APPROVAL_REQUESTED)
class ApprovalRequested:
    """People were asked.

    approval: the id of the request, the same for each stage of it. digest: of what their answer is bound to:
    plan, policy, incident, epoch. whole: the plan with all its waves, and plan its digest, which each
    `ShiftIntended` names. wave: the number of its first wave. expires: when this stage ends. ask, people:
    who, and how many of them. of: stages in all. unanswered: how often the same was asked before. override:
    safety rules that it sets aside, in `wave` alone. changes: what an older version wrote in place of the
    plan: those of the first wave.
    """

    approval: str
    digest: str
    expires: float
    gate: str = ""
    ask: tuple[str, ...] = ()
    people: int = 1
    stage: int = 1
    of: int = 1
    unanswered: int = 0
    changes: Changes = ()
    decision: Document | None = None
    override: tuple[str, ...] = ()
    plan: str = ""
    whole: WholePlan | None = None
    wave: int = 0


@body(Kind.APPROVAL_GIVEN)
class ApprovalGiven:
    """A person agreed. needed: how many must still agree.

    door: where the answer came in: `console`, `terminal`, `rehearsal`. issuer, subject, groups: as the
    sign-in asserted them; signed_in: when that was, None where nobody knows.
    """

    approval: str
    digest: str = ""
    reason: str = ""
    stage: int = 1
    needed: int = 0
    door: str = ""
    issuer: str = ""
    subject: str = ""
    groups: tuple[str, ...] = ()
    signed_in: float | None = None


@body(Kind.APPROVAL_DENIED)
class ApprovalDenied:
    """A person said no.

    The members are those of `ApprovalGiven`.
    """

    approval: str
    digest: str = ""
    reason: str = ""
    stage: int = 1
    needed: int = 0
    door: str = ""
    issuer: str = ""
    subject: str = ""
    groups: tuple[str, ...] = ()
    signed_in: float | None = None


@body(Kind.APPROVAL_EXPIRED)
class ApprovalExpired:
    """The time of the last stage ran out, and nobody had answered."""

    approval: str


@body(Kind.ANSWER_REFUSED)
class AnswerRefused:
    """A person answered, and the answer did not count.

    reason: the sentence that they were told. approve: True for a yes. The rest is as in `ApprovalGiven`.
    """

    approval: str
    approve: bool
    reason: str = ""
    door: str = ""
    issuer: str = ""
    subject: str = ""
    groups: tuple[str, ...] = ()
    signed_in: float | None = None


@body(Kind.REMINDED)
class Reminded:
    """People were reminded of a question."""

    approval: str
    stage: int = 1


@body(Kind.SHIFT_INTENDED)
class ShiftIntended:
    """A wave is about to be sent; written before ARC is called.

    plan: the digest of the plan as it is now. approved: `ApprovalRequested.plan` of the request that people
    agreed to; "" where nobody was asked, and on the way back. left: slices that follow in later waves.
    before: the controls as they were before the first wave. in_force: the policy in force, where it is
    another than `policy`, which began the move.
    """

    plan: str = ""
    source: str = ""
    target: str = ""
    changes: Changes = ()
    policy: str = ""
    wave: int = 1
    left: int = 0
    before: States = field(default_factory=dict)
    in_force: str | None = None
    override: tuple[str, ...] = ()
    override_more: int = 0
    approved: str = ""


@body(Kind.SHIFT_APPLIED)
class ShiftApplied:
    """ARC took the wave.

    confirmed_by: the only endpoint that says so, where no other one answered.
    """

    plan: str = ""
    wave: int = 1
    states: States = field(default_factory=dict)
    confirmed_by: str | None = None


@body(Kind.SHIFT_VERIFIED)
class ShiftVerified:
    """The wave stands, and customers are well.

    share: what the Region that was left still serves, of 1.
    """

    sentence: str = ""
    wave: int = 1
    share: float | None = None


@body(Kind.SHIFT_REFUSED)
class ShiftRefused:
    """Nothing of the wave stands.

    rule: the ARN of the safety rule that said no, if one did.
    """

    reason: str = ""
    rule: str | None = None
    code: str = ""


@body(Kind.TURNED_BACK)
class TurnedBack:
    """The move goes home from here."""

    outcome: str = ""
    reason: str = ""


@body(Kind.ROLLED_BACK)
class RolledBack:
    """All is as it was before the move."""

    target: str = ""
    outcome: str | None = None


@body(Kind.SETTLED)
class Settled:
    """The move is over, and `target` carries the traffic.

    outcome: of a drill, or `interrupted`. code, reason: what ended it before its time. drift: controls that
    somebody else had moved.
    """

    target: str = ""
    outcome: str | None = None
    code: str = ""
    reason: str = ""
    drift: tuple[str, ...] = ()


@body(Kind.STOOD_DOWN)
class StoodDown:
    """The incident ended before it moved anything."""

    code: str = ""
    reason: str = ""
    outcome: str | None = None
    decision: Document | None = None


@body(Kind.HANDED_OVER)
class HandedOver:
    """The execution `from` goes on as `to`.

    driver: the other controller that drives, if another does. planned: by itself;
    else it was lost.
    """

    from_: str = ""
    to: str = ""
    reason: str = ""
    driver: str | None = None
    code: str = ""
    planned: bool = False


@body(Kind.TAKEN_OVER)
class TakenOver:
    """The controller `driver` goes on in place of `from`, which stood still."""

    from_: str = ""
    driver: str | None = None
    to: str = ""
    reason: str = ""


@body(Kind.ACKNOWLEDGED)
class Acknowledged:
    """A person looked at what has ended: no cooldown and no stop follows it."""

    reason: str = ""


Opening = IncidentOpened | RestoreOpened | DrillOpened
Answer = ApprovalGiven | ApprovalDenied
Move = (
    Opening
    | Confirmed
    | ReadinessConfirmed
    | ReadinessDenied
    | ApprovalRequested
    | Answer
    | ApprovalExpired
    | AnswerRefused
    | Reminded
    | ShiftIntended
    | ShiftApplied
    | ShiftVerified
    | ShiftRefused
    | TurnedBack
    | RolledBack
    | Settled
    | StoodDown
    | HandedOver
    | TakenOver
    | Acknowledged
)
Decided = Opening | Confirmed | ReadinessDenied | ApprovalRequested | StoodDown
"""The events that bear the decision which led to them, or None."""
