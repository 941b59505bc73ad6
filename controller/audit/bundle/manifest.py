"""The seal and the manifest: a bundle's description of itself.

The seal is signed; it names the manifest by its hash.

```
 signature.der ── of ──> seal.json ── sha-256 ──> manifest.json ── sha-256 ──> every other file
```
"""

from collections.abc import Container, Iterable, Sequence
from datetime import datetime
from math import ceil, floor
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from controller.audit.bundle.archive import NAME
from controller.core.canonical_json import ascii_json, canonical
from controller.core.explanation import format_time
from controller.core.journal.event import Event
from controller.core.journal.notes import PolicyLoaded

SCHEMA, FIRST_SCHEMA = "tidegate.audit/v2", "tidegate.audit/v1"
"""Of the bundles that are written, and of those of the versions before: both are checked."""
SEAL, SIGNATURE, KEY, MANIFEST = "seal.json", "signature.der", "public-key.pem", "manifest.json"
FIRST = {SEAL: 4096, SIGNATURE: 2048, KEY: 8192, MANIFEST: 8 << 20}
"""The members that come first, in this order, with their largest sizes: KMS signs 4096 bytes at most."""
JOURNAL, FLEET = "journal.jsonl", "fleet.jsonl"
MOST_FILES = 20_000
MOST_UNPACKED, MOST_LINES = 8 << 30, 3_000_000
"""Bytes of all compressed files together, unpacked; lines of all files together."""
APPROVALS, GAPS, INCIDENTS, README = "approvals.json", "gaps.json", "incidents.json", "readme.txt"
FORMS = {APPROVALS: 1, GAPS: 1, INCIDENTS: 1, README: 1}
"""Each file that is derived from others -> the form in which this version derives it.

Another sentence or member gives other bytes, and so is another form: a test compares them with bundles that
are kept. A check derives the forms that it knows, and says of others that they were not checked.
"""

Hex = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Count = Annotated[int, Field(ge=0, le=1 << 53, strict=True)]
Short = Annotated[str, Field(max_length=300)]
Moment = Annotated[float, Field(ge=0.0, le=1e11, allow_inf_nan=False)]


class _Said(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    def text(self) -> bytes:
        """Return the one spelling, as a line: RFC 8785, but for bundles of the versions before."""
        said = self.model_dump(mode="json", by_alias=True)
        spell = ascii_json if said.get("schema") == FIRST_SCHEMA else canonical
        return (spell(said) + "\n").encode()


class Seal(_Said):
    """The part that is signed. key: whose signature it is, by its ARN; "" where nobody's."""

    schema_: Annotated[str, Field(alias="schema", pattern=f"^({SCHEMA}|{FIRST_SCHEMA})$")] = SCHEMA
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


class FirstLog(_Said):
    """The assessments of one controller Region, as far as they have no number.

    before: hashes of records from before the period that some of it follow. unlinked: places of records,
    counted from 1, whose predecessor is neither here nor among the records of the day before.
    """

    records: Count
    before: tuple[Hex, ...] = ()
    unlinked: tuple[Count, ...] = ()


class Log(FirstLog):
    """The assessments of one controller Region: those with a number are one chain.

    first, last: the numbers of the first and the last in the period; None where there is none. hash: of the
    last. following: the number of the record that comes, or would come, after the period. followed: the time
    of the one before that; seconds, 0 for none. kept_from: older ones had expired when this was read.
    """

    first: Count | None
    last: Count | None
    hash: Hex | None
    following: Count | None
    followed: Moment
    kept_from: Short | None


class InForce(_Said):
    """A policy that was in force. file: None where its text was not at hand.

    digest: as an event says it, which may be anything.
    """

    digest: Short
    since: Short
    enforcement: Short
    file: Short | None


class _Manifest(_Said):
    application: Short
    begin: Annotated[Short, Field(alias="from")]
    to: Short
    incident: Short | None
    tidegate: Short
    schemas: dict[str, str]
    journal: Chain
    fleet: Chain
    policies: tuple[InForce, ...]
    unread: tuple[Short, ...]
    files: Annotated[tuple[Listed, ...], Field(max_length=MOST_FILES)]


class FirstManifest(_Manifest):
    """A manifest as versions before the chain of assessments wrote it."""

    schema_: Annotated[str, Field(alias="schema", pattern=f"^{FIRST_SCHEMA}$")] = FIRST_SCHEMA
    assessments: dict[str, FirstLog]


class Manifest(_Manifest):
    """Everything in the bundle, and what is not. unread: what could not be read, a sentence each.

    forms: each derived file -> its form. broken: why the journal was exported as broken evidence, if it was.
    """

    schema_: Annotated[str, Field(alias="schema", pattern=f"^{SCHEMA}$")] = SCHEMA
    assessments: dict[str, Log]
    forms: dict[str, Count]
    broken: Short | None


AnyManifest = Manifest | FirstManifest


def moment(text: str) -> float:
    """Return the seconds since 1970 of a manifest's time. Raises `ValueError`."""
    found = datetime.fromisoformat(text)
    if not text.endswith("Z"):
        raise ValueError(f"no time in UTC: {text[:40]!r}")
    return found.timestamp()


def spelt(begin: float, end: float) -> tuple[float, float]:
    """Return a period as a manifest can spell it: to tenths of a second.

    It is not shorter than it was.
    """
    return floor(begin * 10) / 10, ceil(end * 10) / 10


def in_force(loaded: Sequence[Event], begin: float, texts: Container[str]) -> tuple[InForce, ...]:
    """Return each policy of a period, from its loading on.

    Of those that were loaded before it, the last is one. texts: the digests of the policies that are at hand.
    """
    said = [(event.at, event.body) for event in loaded if isinstance(event.body, PolicyLoaded)]
    before = [each for each in said if each[0] < begin]
    return tuple(
        InForce(
            digest=policy.digest[:300],
            since=format_time(at),
            enforcement=policy.enforcement[:300],
            file=f"policies/{policy.digest}.json" if policy.digest in texts else None,
        )
        for at, policy in (*before[-1:], *(each for each in said if each[0] >= begin))
    )


def unheard(regions: Iterable[str], logs: Container[str], unread: Sequence[str]) -> list[str]:
    """Return a sentence for each Region of whose assessments nothing is said.

    regions: those that wrote events in the period.
    """
    return [
        f"assessments of {region}: they are not at hand"
        for region in sorted(regions)
        if region not in logs and not any(told.startswith(f"assessments of {region}:") for told in unread)
    ]


def head_of(region: str) -> str:
    """Return how a sentence begins which says that nobody knows what came last in a Region."""
    return f"the head of the assessments of {region}:"


def schemas() -> dict[str, Any]:
    """Return the versions of a bundle's contents."""
    return {"bundle": SCHEMA, "policy": "tidegate: 1", "decision": "tidegate.decision/v1",
            "journal": "format 2: RFC 8785, sha-256 of the line; format 1: see docs/journal.md",
            "assessments": "RFC 8785, sha-256 of all its members but hash"}  # fmt: skip
