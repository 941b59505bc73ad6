"""What an export of the record needs of the outside, as promises. No step of the workflow knows of them:
whatever fails here holds up no evacuation."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Link:
    """An assessment in its chain: `hash` names its content, its moment and `prev`. record: as it stands
    in the table; a mapping, unless somebody changed it."""

    at: float
    prev: str
    hash: str
    record: Any


class AssessmentLog(Protocol):
    """The assessments of one controller Region, with the hashes that chain them."""

    def links(self, application: str, start: float, end: float) -> Iterator[Link]:
        """Those with start <= at <= end, by `at`, read as they are taken. Raises `OutsideUnreachable`."""
        ...


@dataclass(frozen=True, slots=True)
class PublicKey:
    """Whose signature it will be. name: the key's ARN. algorithm: as KMS names it. pem: to check it with."""

    name: str
    algorithm: str
    pem: str


class Signer(Protocol):
    """An asymmetric key whose private half nobody holds."""

    def public_key(self) -> PublicKey:
        """Raises `OutsideUnreachable`."""
        ...

    def sign(self, message: bytes) -> bytes:
        """The signature of `message` (at most 4096 bytes), DER or PKCS#1. Raises `OutsideUnreachable`."""
        ...


@dataclass(frozen=True, slots=True)
class Kept:
    """Where a file lies, and until when (seconds since 1970) nobody can delete or change it."""

    place: str
    until: float


class LockedStore(Protocol):
    def keep(self, name: str, file: Path) -> Kept:
        """Put `file` where it cannot be changed. Raises `OutsideUnreachable`, `NotLocked`."""
        ...


class NotLocked(Exception):  # noqa: N818
    """The file was put, but the place does not lock what is put there."""
