"""The writing of a bundle.

The same record and period give the same bytes, but for the signature.

```
 journal, fleet's journal ──┐
 assessments, by Region ────┤                        ┌ seal.json, signature.der, public-key.pem
 policies that are at hand ─┼─> files ─> manifest ───┤ manifest.json
 extracts of all that ──────┘                        └ the files, by name
```
A journal that is broken, or lacks what an assessment saw of it, goes in as it stands where that is asked for;
the bundle says so of itself.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from math import floor
from pathlib import Path
from tempfile import TemporaryDirectory

from controller.audit.bundle.archive import END, write
from controller.audit.bundle.assessments import Packed, pack, read_chunks
from controller.audit.bundle.chains import Events
from controller.audit.bundle.extracts import Extracts
from controller.audit.bundle.manifest import (
    FLEET,
    FORMS,
    JOURNAL,
    KEY,
    MANIFEST,
    MOST_FILES,
    MOST_LINES,
    MOST_UNPACKED,
    SEAL,
    SIGNATURE,
    Chain,
    Listed,
    Log,
    Manifest,
    Seal,
    in_force,
    schemas,
    spelt,
    unheard,
)
from controller.audit.bundle.signature import low, public_key
from controller.audit.bundle.witnesses import Witnesses, missed
from controller.core.canonical_json import ascii_json
from controller.core.explanation import format_time
from controller.core.journal.event import GENESIS, Event, event_of, written_until
from controller.ports.audit import AssessmentLog, PublicKey, Signer
from controller.ports.errors import JournalUnreadable, OutsideUnreachable

NOBODY = PublicKey("", "none", "")
"""The key of an unsigned bundle. The bundle says so, and its check ends there."""
CLOCKS = 600.0
"""Seconds by which a controller's clock may be wrong, either way (S17): what it dated so belongs to a time.

Journals need none: what an assessment saw belongs to its period, whatever its date.
"""
CALLED = {JOURNAL: "the journal", FLEET: "the fleet's journal"}


class TooLarge(ValueError):  # noqa: N818
    """The record has more than a bundle may hold: ask for a shorter period."""


@dataclass(frozen=True, slots=True)
class Record:
    """The record that can be exported.

    events, fleet: both journals from their first event on. logs: controller Region -> its assessments, which
    may fail to be read. policies: digest -> text, of those that are at hand. version: of tidegate. kept_from:
    assessments from before it may have expired; seconds.
    again: reads a journal (`JOURNAL` or `FLEET`) anew: assessments that are read later may have seen more.
    as_it_stands: a journal that lacks what an assessment saw of it is exported all the same.
    broken: why a journal is exported as it stands, for which `events` or `fleet` are its whole beginning, and
    `lines` (`JOURNAL` or `FLEET` -> what is stored for each event) all of it; "" for a whole one.
    """

    application: str
    events: Sequence[Event]
    fleet_name: str
    fleet: Sequence[Event]
    logs: Mapping[str, AssessmentLog]
    policies: Mapping[str, str]
    version: str
    kept_from: float = 0.0
    again: Callable[[str], Sequence[Event]] | None = None
    as_it_stands: bool = False
    broken: str = ""
    lines: Mapping[str, Sequence[str]] = field(default_factory=dict)


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

    It begins five minutes before the incident's first event and ends two and a half after its last, by any
    controller's clock.
    """
    about = [event.at for event in events if event.draft.incident == incident]
    if not about:
        return None
    return Period(min(about) - 300.0 - CLOCKS, min(max(about) + 150.0 + CLOCKS, now), incident)


def whole_beginning(application: str, lines: Sequence[str]) -> tuple[Event, ...]:
    """Return the events of a broken journal up to the first that is wrong.

    That is the one which the check will name.
    """
    found: list[Event] = []
    nowhere = Chain(application=application, last=0, hash=GENESIS)
    events = Events(nowhere, tell=lambda line: found.append(event_of(line.decode())))
    with suppress(ValueError):
        for line in lines:
            events(_stored(line).encode("utf-8", "backslashreplace").removesuffix(b"\n"))
    return tuple(found)


def export(record: Record, period: Period, signer: Signer | None, target: Path) -> Manifest:
    """Write the bundle to `target`, and return its manifest.

    `target` appears whole or not at all. Raises `OutsideUnreachable` where the key does not answer,
    `JournalUnreadable` for events that no version wrote, and for a journal that lacks what an assessment saw,
    `TooLarge`, `OSError`.
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
        signature = low(public_key(key.pem.encode()), signer.sign(seal.text())) if signer else b""
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


def _gathered(record: Record, asked: Period, folder: Path) -> tuple[Manifest, dict[str, bytes | Packed]]:
    begin, end = spelt(asked.begin, asked.end)
    extracts = Extracts(record.application, begin, end, asked.incident)
    files: dict[str, bytes | Packed] = {}
    read = _packed(record, (begin, end), folder, files, extracts)
    every = {name: _reaching(record, name, read.latest) for name in CALLED}
    broken = _contradicted(record, every, read.latest)
    # Clocks differ: what an assessment of the period saw belongs to the period.
    events, fleet = (
        every[name][: max(len(written_until(every[name], end)), read.witnesses.furthest(name))]
        for name in (JOURNAL, FLEET)
    )
    for event in events:
        extracts.take(event)
    if extracts.stopped and not broken:
        raise JournalUnreadable(extracts.stopped)
    files |= {JOURNAL: _lines(record, JOURNAL, events), FLEET: _lines(record, FLEET, fleet)}
    policies = in_force(extracts.loaded, begin, record.policies)
    files |= {p.file: record.policies[p.digest].encode() for p in policies if p.file}
    files |= dict(extracts.files())
    manifest = Manifest.model_validate(
        {
            "application": record.application,
            "from": format_time(begin),
            "to": format_time(end),
            "incident": asked.incident,
            "tidegate": record.version,
            "schemas": schemas(),
            "journal": _chain(record.application, events),
            "fleet": _chain(record.fleet_name, fleet),
            "assessments": read.logs,
            "policies": policies,
            "unread": [*read.unread, *unheard(extracts.regions, read.logs, read.unread)],
            "files": [_listed(name, files[name]) for name in sorted(files)],
            "forms": FORMS,
            "broken": broken[:300] or None,
        }
    )
    return manifest, files


@dataclass(slots=True)
class _Read:
    """The assessments that were read.

    unread: a sentence for each log that cannot be read. witnesses: what the period's records saw of the
    journals. latest: what any record saw, as far as it is known.
    """

    logs: dict[str, Log] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)
    witnesses: Witnesses = field(default_factory=Witnesses)
    latest: Witnesses = field(default_factory=Witnesses)


def _packed(
    record: Record,
    period: tuple[float, float],
    folder: Path,
    files: dict[str, bytes | Packed],
    extracts: Extracts,
) -> _Read:
    """Add each Region's assessments to `files`, and what they tell to `extracts`."""
    read = _Read()
    for region, log in sorted(record.logs.items()):
        fresh = Extracts(record.application, *period, None)  # a Region that fails half-way has told nothing
        fresh.region(region)
        kept = floor(record.kept_from * 10) / 10
        try:
            found = pack(log, record.application, region, period, kept_from=kept, folder=folder, looks=fresh)
        except OutsideUnreachable as error:
            read.unread.append(f"assessments of {region}: {error}"[:300])
            continue
        extracts.join(fresh)
        read.logs[region] = found.log
        read.unread += [found.amiss] if found.amiss else []
        read.witnesses.join(found.witnesses)
        read.latest.join(found.latest)
        files |= found.files
    read.latest.join(read.witnesses)
    return read


def _reaching(record: Record, name: str, seen: Witnesses) -> Sequence[Event]:
    """Return all events of a journal, read anew where somebody saw more by now."""
    known = record.events if name == JOURNAL else record.fleet
    if record.again is None or name in record.lines or seen.furthest(name) <= len(known):
        return known
    return record.again(name)


def _contradicted(record: Record, every: Mapping[str, Sequence[Event]], seen: Witnesses) -> str:
    """Return why the journals are exported as broken; "" for whole ones.

    Raises `JournalUnreadable` where they are not whole, and nobody asked for that.
    """
    told = {name: missed(events, seen.seen[name]) for name, events in every.items()}
    said = [f"{CALLED[name]}: {what[1]}" for name, what in told.items() if what and name not in record.lines]
    if said and not record.as_it_stands:
        raise JournalUnreadable(said[0])
    return "; ".join([*filter(None, [record.broken]), *said])


def _bounded(manifest: Manifest) -> None:
    unpacked, lines = sum(f.unpacked or 0 for f in manifest.files), sum(f.lines or 0 for f in manifest.files)
    if unpacked > MOST_UNPACKED or lines > MOST_LINES or len(manifest.files) > MOST_FILES:
        raise TooLarge(
            f"{lines} records of {unpacked} bytes are too many for one bundle; ask for a shorter period"
        )


def _lines(record: Record, name: str, events: Sequence[Event]) -> bytes:
    """Return a journal's lines; of a broken one what is stored, as it stands."""
    if name in record.lines:
        return "".join(map(_stored, record.lines[name])).encode("utf-8", "backslashreplace")
    return "".join(event.text + "\n" for event in events).encode()


def _stored(body: str) -> str:
    """Return what is stored for an event as one line.

    What is more than one becomes a text in JSON.
    """
    return (ascii_json(body) if len(body.splitlines()) != 1 else body) + "\n"


def _chain(application: str, events: Sequence[Event]) -> Chain:
    last = events[-1] if events else None
    return Chain(application=application, last=last.seq if last else 0, hash=last.hash if last else GENESIS)


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
