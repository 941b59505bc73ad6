"""The writing of a bundle.

The same record and period give the same bytes, but for the signature.

```
 journal, fleet's journal ──┐
 assessments, by Region ────┤                        ┌ seal.json, signature.der, public-key.pem
 policies that are at hand ─┼─> files ─> manifest ───┤ manifest.json
 extracts of all that ──────┘                        └ the files, by name
```
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from controller.audit.bundle import extracts
from controller.audit.bundle.archive import END, write
from controller.audit.bundle.assessments import Packed, pack, read_chunks
from controller.audit.bundle.manifest import (
    FLEET,
    JOURNAL,
    KEY,
    MANIFEST,
    MOST_FILES,
    MOST_LINES,
    MOST_UNPACKED,
    SEAL,
    SIGNATURE,
    Chain,
    InForce,
    Listed,
    Log,
    Manifest,
    Seal,
    schemas,
)
from controller.core.explanation import format_time
from controller.core.journal.event import GENESIS, Event, written_until
from controller.core.journal.notes import PolicyLoaded
from controller.ports.audit import AssessmentLog, PublicKey, Signer
from controller.ports.errors import OutsideUnreachable

NOBODY = PublicKey("", "none", "")
"""The key of an unsigned bundle. The bundle says so, and its check ends there."""


class TooLarge(ValueError):  # noqa: N818
    """The record has more than a bundle may hold: ask for a shorter period."""


@dataclass(frozen=True, slots=True)
class Record:
    """The record that can be exported.

    events, fleet: both journals from their first event on. logs: controller Region -> its assessments, which
    may fail to be read. policies: digest -> text, of those that are at hand. version: of tidegate.
    """

    application: str
    events: Sequence[Event]
    fleet_name: str
    fleet: Sequence[Event]
    logs: Mapping[str, AssessmentLog]
    policies: Mapping[str, str]
    version: str


@dataclass(frozen=True, slots=True)
class Period:
    """The period of a bundle, in seconds since 1970; both ends belong to it.

    incident: the only incident that the extracts describe, if one is named.
    """

    begin: float
    end: float
    incident: str | None = None


def period_of(events: Sequence[Event], incident: str, now: float) -> Period | None:
    """Return the period around an incident; None for an unknown one.

    It begins a quarter of an hour before the incident's first event and ends just after its last.
    """
    about = [event.at for event in events if event.draft.incident == incident]
    return Period(min(about) - 900.0, min(max(about) + 150.0, now), incident) if about else None


def export(record: Record, period: Period, signer: Signer | None, target: Path) -> Manifest:
    """Write the bundle to `target`, and return its manifest.

    `target` appears whole or not at all.
    Raises `OutsideUnreachable` where the key does not answer, `TooLarge`, `OSError`.
    """
    with TemporaryDirectory(dir=target.parent, prefix=".tidegate-audit-") as scratch:
        folder = Path(scratch)
        manifest, files = _gathered(record, period, folder)
        _bounded(manifest)
        key = signer.public_key() if signer else NOBODY
        text = manifest.text()
        seal = Seal.model_validate(
            {"application": manifest.application, "from": manifest.begin, "to": manifest.to,
             "manifest": hashlib.sha256(text).hexdigest(), "algorithm": key.algorithm, "key": key.name}
        )  # fmt: skip
        signature = signer.sign(seal.text()) if signer else b""
        first = {SEAL: seal.text(), SIGNATURE: signature, KEY: key.pem.encode(), MANIFEST: text}
        fresh = folder / "bundle"
        with fresh.open("xb") as out:
            for name, content in first.items():
                write(out, name, len(content), [content])
            for listed in manifest.files:
                write(out, listed.name, listed.bytes, _pieces(files[listed.name]))
            out.write(END)
        fresh.chmod(0o600)
        fresh.replace(target)
    return manifest


def _gathered(record: Record, period: Period, folder: Path) -> tuple[Manifest, dict[str, bytes | Packed]]:
    events = written_until(record.events, period.end)
    fleet = written_until(record.fleet, period.end)
    files: dict[str, bytes | Packed] = {JOURNAL: _lines(events), FLEET: _lines(fleet)}
    logs, looks, unread = _packed(record, period, folder, files)
    policies = tuple(_in_force(events, period, record.policies))
    files |= {p.file: record.policies[p.digest].encode() for p in policies if p.file}
    begin, end = period.begin, period.end
    told = {
        "approvals.json": extracts.approvals(events, begin, end),
        "incidents.json": extracts.incidents(record.application, events, begin, period.incident),
        "gaps.json": extracts.blind(looks, events, begin, end),
    }
    files |= {name: extracts.written(value) for name, value in told.items()}
    files["readme.txt"] = extracts.README.encode()
    manifest = Manifest.model_validate(
        {
            "application": record.application,
            "from": format_time(begin),
            "to": format_time(end),
            "incident": period.incident,
            "tidegate": record.version,
            "schemas": schemas(),
            "journal": _chain(record.application, events),
            "fleet": _chain(record.fleet_name, fleet),
            "assessments": logs,
            "policies": policies,
            "unread": unread,
            "files": [_listed(name, files[name]) for name in sorted(files)],
        }
    )
    return manifest, files


def _packed(
    record: Record, period: Period, folder: Path, files: dict[str, bytes | Packed]
) -> tuple[dict[str, Log], dict[str, list[float]], list[str]]:
    """Add each Region's assessments to `files`.

    Return the logs, the times at which each Region looked, and a sentence for each log that cannot be read.
    """
    logs: dict[str, Log] = {}
    looks: dict[str, list[float]] = {}
    unread: list[str] = []
    for region, log in sorted(record.logs.items()):
        try:
            found = pack(log, record.application, region, period.begin, period.end, folder)
        except OutsideUnreachable as error:
            unread.append(f"assessments of {region}: {error}"[:300])
            continue
        logs[region], looks[region] = found.log, found.looks
        files |= found.files
    return logs, looks, unread


def _bounded(manifest: Manifest) -> None:
    unpacked, lines = sum(f.unpacked or 0 for f in manifest.files), sum(f.lines or 0 for f in manifest.files)
    if unpacked > MOST_UNPACKED or lines > MOST_LINES or len(manifest.files) > MOST_FILES:
        raise TooLarge(f"{lines} records of {unpacked} bytes are too many for one bundle")


def _lines(events: Sequence[Event]) -> bytes:
    return "".join(event.text + "\n" for event in events).encode()


def _chain(application: str, events: Sequence[Event]) -> Chain:
    last = events[-1] if events else None
    return Chain(application=application, last=last.seq if last else 0, hash=last.hash if last else GENESIS)


def _in_force(events: Sequence[Event], period: Period, texts: Mapping[str, str]) -> Iterator[InForce]:
    """Yield each policy from its loading on.

    Of those from before the period it yields the last.
    """
    loaded = [(event.at, event.body) for event in events if isinstance(event.body, PolicyLoaded)]
    before = [each for each in loaded if each[0] < period.begin]
    for at, said in (*before[-1:], *(each for each in loaded if each[0] >= period.begin)):
        file = f"policies/{said.digest}.json" if said.digest in texts else None
        yield InForce(digest=said.digest, since=format_time(at), enforcement=said.enforcement, file=file)


def _listed(name: str, content: bytes | Packed) -> Listed:
    hashed, size = hashlib.sha256(), 0
    for piece in _pieces(content):
        hashed.update(piece)
        size += len(piece)
    if isinstance(content, Packed):
        return Listed(
            name=name, bytes=size, sha256=hashed.hexdigest(), lines=content.lines, unpacked=content.unpacked
        )
    lines = content.count(b"\n") if name in (JOURNAL, FLEET) else None
    return Listed(name=name, bytes=size, sha256=hashed.hexdigest(), lines=lines)


def _pieces(content: bytes | Packed) -> Iterator[bytes]:
    if isinstance(content, Packed):
        yield from read_chunks(content.path)
    else:
        yield content
