"""The events that are no step of a move: policies, switches, drift, notices."""

from collections.abc import Mapping
from dataclasses import field

from controller.core.journal.body import Changes, Document, States, body
from controller.core.journal.kind import Kind


@body(Kind.POLICY_LOADED)
class PolicyLoaded:
    """A policy came into force.

    controls: as they stood then; None where nobody could say. deployed: the time of the deployment that
    brought it. review: `core.policy.review_record`. controllers: the Regions that it has controllers in: what
    they decided belongs to the record.
    """

    digest: str
    deployed: float
    enforcement: str = ""
    controls: States | None = None
    review: Document | None = None
    controllers: tuple[str, ...] = ()


@body(Kind.ARMED)
class Armed:
    """The kill switch is off: what is called for may move."""

    reason: str = ""


@body(Kind.DISARMED)
class Disarmed:
    """The kill switch is on: nothing moves by itself."""

    reason: str = ""


@body(Kind.MUTED)
class Muted:
    """A signal, or all about a Region, is unknown until `until`.

    for: seconds; 0 where that ends.
    """

    what: str
    until: float
    for_: float = 0.0
    reason: str = ""


@body(Kind.REFUSED)
class Refused:
    """A person's command was refused."""

    command: str
    reason: str = ""


@body(Kind.BROKE_GLASS)
class BrokeGlass:
    """A person moved controls by break-glass: one line of the machine's record.

    record, record_hash: its id and its hash there. machine, number: whose record it is in, and which line of
    it. of: the id of the line that intended the move. stage: intended, applied, refused or unconfirmed. who:
    as that machine says; credential: the id of the AWS key, as CloudTrail has it. at: by that machine's
    clock. before, after: the two Regions' controls, as read; `after` as planned where it is intended. plan,
    policy: digests. amiss: what was found to be wrong with the record when it was brought in.
    """

    record: str
    record_hash: str
    machine: str = ""
    number: int = 0
    sentence: str = ""
    stage: str = ""
    who: str = ""
    credential: str | None = None
    account: str = ""
    at: float = 0.0
    region: str = ""
    to: str | None = None
    before: States | None = None
    after: States | None = None
    reason: str = ""
    plan: str | None = None
    policy: str = ""
    of: str | None = None
    amiss: str = ""


@body(Kind.RECOVERED)
class Recovered:
    """A Region that a person had stopped was well, unbroken, since `since`."""

    region: str
    since: float
    reason: str = ""


@body(Kind.DRIFT_SEEN)
class DriftSeen:
    """Controls stand otherwise than the journal says.

    differs: control -> before and now.
    """

    controls: States
    differs: Mapping[str, tuple[bool, bool]] = field(default_factory=dict)
    reason: str = ""


@body(Kind.ECHO_SEEN)
class EchoSeen:
    """A late call of event `intent` is about to be put back."""

    intent: int
    changes: Changes = ()
    reason: str = ""


@body(Kind.REGION_COUNTED)
class RegionCounted:
    """The fleet counts `region` as left, for `application`; in the fleet's own journal."""

    application: str
    region: str
    incident: str = ""


@body(Kind.BLINDED)
class Blinded:
    """The controller `who` assessed nothing from `from` to `to`."""

    from_: float
    to: float
    who: str = ""
    reason: str = ""


@body(Kind.DRILL_SKIPPED)
class DrillSkipped:
    """A scheduled drill did not open."""

    source: str
    scheduled: float | None = None
    outcome: str = ""
    code: str = ""
    reason: str = ""


@body(Kind.ESCALATED)
class Escalated:
    """People were told.

    key: for the receiver. about: the alerts that the page tells of. quiet: nothing was sent, for they knew.
    step: the step that is stuck.
    """

    code: str = ""
    reason: str = ""
    key: str = ""
    about: tuple[str, ...] = ()
    region: str = ""
    quiet: bool = False
    step: str = ""


@body(Kind.UNTOLD)
class Untold:
    """The controller could not tell people: whoever can does it.

    request: the question that it puts.
    """

    id: str
    controller: str = ""
    subject: str = ""
    text: str = ""
    key: str = ""
    path: str = ""
    about: tuple[str, ...] = ()
    request: str | None = None


@body(Kind.NOTICE_DEFERRED)
class NoticeDeferred:
    """People are to be told at `due`, if it still stands then."""

    id: str
    controller: str = ""
    subject: str = ""
    text: str = ""
    key: str = ""
    path: str = ""
    about: tuple[str, ...] = ()
    request: str | None = None
    due: float = 0.0


@body(Kind.TOLD)
class Told:
    """The controller saw to a notice that had waited.

    sent: False where it was overtaken.
    """

    id: str
    controller: str = ""
    sent: bool = True
    subject: str = ""


@body(Kind.JOURNAL_RESTORED)
class JournalRestored:
    """The journal was put back from a backup; events `first` to `last` are missing.

    last: below `first` where none is known to be. head: the hash of event `last`, as its witness kept it.
    witness: the controller Region that kept it. silent: those that could not be asked. table: the backup's.
    restored, restored_at: hash and time of the last earlier restoration that is among what is missing; "" and
    0 where none is.
    """

    first: int
    last: int
    head: str = ""
    witness: str = ""
    silent: tuple[str, ...] = ()
    table: str = ""
    reason: str = ""
    restored: str = ""
    restored_at: float = 0.0


Note = (
    PolicyLoaded
    | Armed
    | Disarmed
    | Muted
    | Refused
    | BrokeGlass
    | Recovered
    | DriftSeen
    | EchoSeen
    | RegionCounted
    | Blinded
    | DrillSkipped
    | Escalated
    | Untold
    | NoticeDeferred
    | Told
    | JournalRestored
)
