"""The stores of the controller, as protocols.

They are: journal and its backup, checkpoint, lease, policies, evidence, assessments, approvals, people.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from controller.core.journal.event import Draft, Event
from controller.core.model import Observation, Sighting


class Journal(Protocol):
    """One append-only list of events per application.

    It is the lock, the source of the state, and the audit trail in one.
    """

    def read(self, application: str) -> tuple[Event, ...]:
        """Return all events in order, strongly consistent.

        Raises `OutsideUnreachable`; `JournalUnreadable` on an event that this version does not know, or a
        broken chain.
        """
        ...

    def follow(self, application: str, known: Event | None) -> tuple[Event, ...]:
        """Return the events after `known`, strongly consistent; all where it is None.

        What came before is read again little by little, so that a change of it is found too.
        Raises `OutsideUnreachable`; `JournalUnreadable` as `read` does, and where `known` is not what it was.
        """
        ...

    def append(self, application: str, draft: Draft, after: Event | None) -> Event:
        """Write `draft` as the event after `after`.

        Raises `JournalConflict` if that number is taken by somebody else. A lost reply is resolved
        by reading that number back: ours = success, another's = conflict, absent = tried again.
        Raises `OutsideUnreachable` where even that gets no answer.
        """
        ...


class CheckpointStore(Protocol):
    """The checkpoint of this controller, for the next process of it.

    It is only ever a hint: whoever reads one computes its hash (`core.incident.checkpoint`).
    """

    def keep(self, application: str, text: str) -> None:
        """Keep the text in place of the one before.

        Raises `OutsideUnreachable`.
        """
        ...

    def read(self, application: str) -> str | None:
        """Return what is kept, strongly consistent; None where nothing whole is.

        Raises `OutsideUnreachable`.
        """
        ...


@dataclass(frozen=True, slots=True)
class Lease:
    """The driver of an application's incident.

    epoch: grows with each new driver. beats: grows while the driver lives.
    driver: the execution; region: the controller Region that it runs in.
    """

    application: str
    epoch: int
    driver: str
    beats: int
    region: str = ""


class Leases(Protocol):
    def read(self, application: str) -> Lease | None: ...

    def take(self, application: str, driver: str, over: Lease | None, *, region: str = "") -> Lease:
        """Become the driver with the epoch after `over`'s.

        Raises `JournalConflict` if it changed.
        """
        ...

    def beat(self, lease: Lease) -> Lease:
        """Count one more beat.

        Raises `JournalConflict` if another epoch holds the lease.
        """
        ...


class Policies(Protocol):
    """The documents of policies, by digest, for whoever was not deployed with them.

    They are only ever a hint: whoever reads one computes its digest (`core.policy.document`).
    """

    def keep(self, digest: str, document: str) -> None:
        """Keep the document; one that is there already stays.

        Raises `OutsideUnreachable`.
        """
        ...

    def read(self, digest: str) -> str | None:
        """Return what is kept under the digest, strongly consistent; None where nothing is.

        Raises `OutsideUnreachable`.
        """
        ...


class Evidence(Protocol):
    """The last observations of each signal."""

    def record(self, application: str, sightings: Sequence[Sighting]) -> None:
        """Add observations; a doubled id counts once.

        Raises `EvidenceUnavailable`.
        """
        ...

    def read(self, application: str) -> Mapping[str, Sequence[Observation]]:
        """Return signal id -> its observations, oldest first.

        Raises `EvidenceUnavailable`.
        """
        ...


class ReadStopped(Exception):  # noqa: N818
    """So much was read back that the rest was left.

    at: of the oldest record that was read; the message is a sentence.
    """

    def __init__(self, sentence: str, at: float) -> None:
        super().__init__(sentence)
        self.at = at


class Assessments(Protocol):
    """A log of what was decided while nothing changed; kept for 90 days.

    The records of one controller Region are one chain for each application: each has a number and the hash of
    the one before, and their times never step back. A record whose writer's clock was behind bears a time
    just after the record before it, and says what that clock said.
    """

    def add(
        self,
        application: str,
        at: float,
        record: Mapping[str, Any],
        witness: Mapping[str, Any] | None = None,
    ) -> Mapping[str, Any]:
        """Write `record` as the next of the chain; return what its writers saw.

        That is the furthest of each journal.

        A record that is too large is cut, and says so. witness: what the writer saw of other records, such
        as the journal's head; it becomes a part of the record. Raises `OutsideUnreachable`: it is lost then.
        """
        ...

    def between(self, application: str, start: float, end: float) -> tuple[tuple[float, dict[str, Any]], ...]:
        """Return the (time, record) pairs with start <= time <= end, oldest first.

        All of them: for short times, and for those who have memory.
        """
        ...

    def newest_first(
        self, application: str, start: float, end: float | None = None
    ) -> Iterator[tuple[float, dict[str, Any]]]:
        """Yield the (time, record) pairs back to `start`, newest first.

        They begin at `end`, or at the end of the chain, and are read as they are taken. Times are those of
        the writers' clocks, and may be later than now. Raises `OutsideUnreachable`; `ReadStopped` where the
        reader's bound is met before `start` is.
        """
        ...

    def nearest(self, application: str, at: float, *, later: bool) -> float | None:
        """Return the moment of the last record at or before `at`.

        With `later`, of the first record at or after it. None where there is none.
        """
        ...

    def witness(self, application: str) -> Mapping[str, Any]:
        """Return what the newest record saw of other records, strongly consistent.

        Empty where there is no record. Raises `OutsideUnreachable`, soon.
        """
        ...


@dataclass(frozen=True, slots=True)
class Approval:
    """A request that waits for a person.

    token: a bearer secret: never shown, logged or sent. region: where the execution waits that the token
    answers, and whose key encrypts it.
    """

    id: str
    application: str
    incident: str
    digest: str
    expires: float
    token: str = field(repr=False)
    region: str = ""


class Approvals(Protocol):
    def put(self, approval: Approval) -> None: ...

    def get(self, approval_id: str) -> Approval | None: ...


@dataclass(frozen=True, slots=True)
class StoredItem:
    """One item of the journal's table, as it stands there.

    name, number: its key. The name is a journal's, or has a `#` in it. event: what it holds, where the name
    is a journal's. content: all of it, which the adapter alone reads.
    """

    name: str
    number: int
    event: Event | None
    content: Mapping[str, Any] = field(repr=False)


class JournalBackup(Protocol):
    """The table that a backup was restored into, beside the journal's own.

    Each method raises `OutsideUnreachable`; `kept` and `standing` also `JournalUnreadable` on an item that
    holds no event of its journal.
    """

    @property
    def table(self) -> str:
        """Return the name of the table that holds the backup."""
        ...

    def kept(self) -> Iterator[StoredItem]:
        """Yield every item of the backup."""
        ...

    def standing(self) -> Iterator[StoredItem]:
        """Yield every item of the journal's table, strongly consistent."""
        ...

    def item_of(self, event: Event) -> StoredItem:
        """Return the item that stands for an event."""
        ...

    def put(self, item: StoredItem) -> bool:
        """Put the item into the journal's table, where nothing has its key.

        Returns False where it stood there already. Raises `JournalConflict` where another does.
        """
        ...


@dataclass(frozen=True, slots=True)
class Recovery:
    """All that restoring the journal needs besides, made when it is asked for.

    backup: a table's name, and the Region that it is in -> the backup. witnesses: controller Region -> its
    assessments, which say how far the journal was seen.
    """

    backup: Callable[[str, str], JournalBackup]
    witnesses: Callable[[], Mapping[str, Assessments]]


class People(Protocol):
    """The names behind the ids of people: the only store that holds a name.

    Two identities are one person where `core.person.folded` is the same. All of them raise
    `OutsideUnreachable`; then nothing is known of anybody.
    """

    def id_of(self, name: str) -> str:
        """Return the id of a person who acts; give them one if need be.

        A name is kept for some days after the last act.
        """
        ...

    def known(self, name: str) -> str | None:
        """Return the id of the person, if there is one; write nothing."""
        ...

    def name_of(self, person: str) -> str | None:
        """Return the name that this person first gave; None where none is kept."""
        ...

    def forget(self, name: str) -> str | None:
        """Delete the name; return the id that it had, if it was kept.

        name: it, or its id. If the person acts again they get another id.
        """
        ...

    def expire(self) -> int:
        """Delete the names whose days are over; return how many there were."""
        ...
