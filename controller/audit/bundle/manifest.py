"""The seal and the manifest: a bundle's description of itself.

The seal is signed; it names the manifest by its hash.

```
 signature.der ── of ──> seal.json ── sha-256 ──> manifest.json ── sha-256 ──> every other file
```
"""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from controller.audit.bundle.archive import NAME
from controller.core.canonical_json import ascii_json

SCHEMA = "tidegate.audit/v1"
SEAL, SIGNATURE, KEY, MANIFEST = "seal.json", "signature.der", "public-key.pem", "manifest.json"
FIRST = {SEAL: 4096, SIGNATURE: 2048, KEY: 8192, MANIFEST: 8 << 20}
"""The members that come first, in this order, with their largest sizes: KMS signs 4096 bytes at most."""
JOURNAL, FLEET = "journal.jsonl", "fleet.jsonl"
MOST_FILES = 20_000
MOST_UNPACKED, MOST_LINES = 8 << 30, 3_000_000
"""Bytes of all compressed files together, unpacked; lines of all files together."""

Hex = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Count = Annotated[int, Field(ge=0, le=1 << 53, strict=True)]
Short = Annotated[str, Field(max_length=300)]


class _Said(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    def text(self) -> bytes:
        """Return the one spelling, as a line."""
        return (ascii_json(self.model_dump(mode="json", by_alias=True)) + "\n").encode()


class Seal(_Said):
    """The part that is signed. key: whose signature it is, by its ARN; "" where nobody's."""

    schema_: Annotated[str, Field(alias="schema", pattern=f"^{SCHEMA}$")] = SCHEMA
    application: Short
    begin: Annotated[Short, Field(alias="from")]
    to: Short
    manifest: Hex
    algorithm: Short
    key: Short


class Listed(_Said):
    """A file. unpacked: bytes of what a gzip file holds. lines: of what it holds, where they are checked."""

    name: Annotated[str, Field(max_length=99, pattern=f"^{NAME.pattern}$")]
    bytes: Count
    sha256: Hex
    lines: Count | None = None
    unpacked: Count | None = None


class Chain(_Said):
    """A journal from its first event to number `last`, whose hash is `hash` (zeros: it has none)."""

    application: Short
    last: Count
    hash: Hex


class Log(_Said):
    """The assessments of one controller Region.

    before: hashes of records from before the period that some of it follow. unlinked: numbers of records,
    counted from 1, whose predecessor is neither here nor among the records of the day before.
    """

    records: Count
    before: tuple[Hex, ...] = ()
    unlinked: tuple[Count, ...] = ()


class InForce(_Said):
    """A policy that was in force. file: None where its text was not at hand."""

    digest: Hex
    since: Short
    enforcement: Short
    file: Short | None


class Manifest(_Said):
    """Everything in the bundle, and what is not. unread: what could not be read, a sentence each."""

    schema_: Annotated[str, Field(alias="schema", pattern=f"^{SCHEMA}$")] = SCHEMA
    application: Short
    begin: Annotated[Short, Field(alias="from")]
    to: Short
    incident: Short | None
    tidegate: Short
    schemas: dict[str, str]
    journal: Chain
    fleet: Chain
    assessments: dict[str, Log]
    policies: tuple[InForce, ...]
    unread: tuple[Short, ...]
    files: Annotated[tuple[Listed, ...], Field(max_length=MOST_FILES)]


def schemas() -> dict[str, Any]:
    """Return the versions of a bundle's contents."""
    return {"bundle": SCHEMA, "policy": "tidegate: 1", "decision": "tidegate.decision/v1",
            "journal": "canonical JSON, sha-256 of application, draft, prev and seq",
            "assessments": "canonical JSON, sha-256 of application, at, prev and record"}  # fmt: skip
