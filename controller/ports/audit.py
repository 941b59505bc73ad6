"""The protocols that an export of the record needs.

No step of the workflow knows of them: whatever fails here holds up no evacuation.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Link:
    """An assessment in its chain.

    hash: names its content, its moment and `prev`. record: as it stands in the table; a mapping, unless
    somebody changed it.
    """

    at: float
    prev: str
    hash: str
    record: Any


class AssessmentLog(Protocol):
    """The assessments of one controller Region, with the hashes that chain them."""

    def links(self, application: str, start: float, end: float) -> Iterator[Link]:
        """Yield the assessments with start <= at <= end, by `at`.

        They are read as they are taken. Raises `OutsideUnreachable`.
        """
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
