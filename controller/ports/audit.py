"""The protocols that an export of the record needs.

No step of the workflow knows of them: whatever fails here holds up no evacuation.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Link:
    """An assessment in its chain.

    hash: names its content and its place. record: as it stands in the table; a mapping, unless somebody
    changed it. count, after, clock: its number, the time of the record before it, and the time by its
    writer's clock, where that is not `at`. Versions before the chain wrote none of them.
    """

    at: float
    prev: str
    hash: str
    record: Any
    count: int | None = None
    after: float | None = None
    clock: float | None = None

    @property
    def moment(self) -> float:
        """Return the time by the clock of whoever wrote it."""
        return self.at if self.clock is None else self.clock


@dataclass(frozen=True, slots=True)
class ChainEnd:
    """The end of a chain: number and time of its last record.

    witness: what its records saw of other records, such as the journals' heads, each at its furthest.
    """

    count: int
    at: float
    witness: Mapping[str, Any] = field(default_factory=dict)


class AssessmentLog(Protocol):
    """The assessments of one controller Region, with the hashes that chain them."""

    def links(self, application: str, start: float, end: float) -> Iterator[Link]:
        """Yield the assessments with start <= at <= end, by `at`.

        They are read as they are taken. Raises `OutsideUnreachable`.
        """
        ...

    def following(self, application: str, at: float) -> Link | None:
        """Return the first record with a number after the moment `at`. Raises `OutsideUnreachable`."""
        ...

    def end(self, application: str) -> ChainEnd | None:
        """Return the end of the chain; None where the table keeps none. Raises `OutsideUnreachable`."""
        ...


class JournalLines(Protocol):
    """A journal as it stands in its table, also where it is broken."""

    def lines(self, application: str) -> Iterator[str]:
        """Yield what is stored for each event, by number. Raises `OutsideUnreachable`."""
        ...


@dataclass(frozen=True, slots=True)
class PublicKey:
    """The public half of the signing key.

    name: the key's ARN. algorithm: as KMS names it. pem: the key, to check a signature with.
    """

    name: str
    algorithm: str
    pem: str


class Signer(Protocol):
    """An asymmetric key whose private half nobody holds."""

    def public_key(self) -> PublicKey:
        """Return the public key of the signatures.

        Raises `OutsideUnreachable`.
        """
        ...

    def sign(self, message: bytes) -> bytes:
        """Return the signature of `message`, DER or PKCS#1.

        message: at most 4096 bytes. Raises `OutsideUnreachable`.
        """
        ...


@dataclass(frozen=True, slots=True)
class LockedFile:
    """The place of a file, and the end of its lock.

    until: seconds since 1970; before that nobody can delete or change it.
    """

    place: str
    until: float


class NotLocked(Exception):  # noqa: N818
    """The file was put, but the place does not lock what is put there."""
