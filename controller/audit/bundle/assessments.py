"""The assessments of one controller Region, as files of a bundle.

One file holds one UTC day; one line holds one record.
"""

import gzip
import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BufferedWriter
from pathlib import Path

from controller.audit.bundle.manifest import Log, head_of
from controller.audit.bundle.numbers import Hole, Numbers
from controller.audit.bundle.records import Looks
from controller.audit.bundle.witnesses import Witnesses
from controller.core.canonical_json import ascii_json, canonical
from controller.core.explanation import format_time
from controller.core.journal.event import GENESIS
from controller.ports.audit import AssessmentLog, ChainEnd, Link

LEAD = 86_400.0
"""Seconds before the period in which the predecessor of a record without a number is searched."""
LEVEL = 6


@dataclass(slots=True)
class Packed:
    """A packed file, kept in `path`."""

    path: Path
    lines: int = 0
    unpacked: int = 0


@dataclass(slots=True)
class Assessed:
    """Everything that was read of one Region.

    files: name in the bundle -> file. witnesses: what the records saw of the journals. latest: what the last
    records of all saw of them, of whatever time. amiss: a sentence.
    """

    log: Log
    files: dict[str, Packed]
    witnesses: Witnesses
    latest: Witnesses
    amiss: str


class _Packing:
    """The packing of one Region's records, one after the other."""

    def __init__(self, application: str, region: str, begin: float, folder: Path, looks: Looks) -> None:
        self._application, self._region, self._folder, self._looks = application, region, folder, looks
        self._open = ExitStack()
        self._out: gzip.GzipFile | None = None
        self._known, self._awaited = {GENESIS}, dict[str, list[int]]()
        self.numbers, self.count, self.witnesses = Numbers(begin), 0, Witnesses()
        self.files: dict[str, Packed] = {}

    def take(self, link: Link) -> None:
        self.count += 1
        self._write(link)
        self._known.add(link.hash)
        self._awaited.pop(link.hash, None)
        if link.count in (None, 1) and link.prev not in self._known:
            self._awaited.setdefault(link.prev, []).append(self.count)
        # A number that does not grow is exported as it is, and the check says what is wrong.
        if link.count is not None and (self.numbers.last is None or link.count > self.numbers.last):
            self.hole(self.numbers.take(link.count, link.at, link.after, link.hash))
        record = link.record if isinstance(link.record, dict) else {}
        self.witnesses.hear(record, f"an assessment of {self._region}")
        self._looks.look(self._region, record, link.moment)

    def hole(self, hole: Hole | None) -> None:
        if hole is not None:
            self._looks.hole(self._region, hole)

    def _write(self, link: Link) -> None:
        name = f"assessments/{self._region}/{_day(link.at)}.jsonl.gz"
        if name not in self.files:
            self.close()
            path = self._folder / f"{self._region}-{len(self.files)}"
            self._out = self._open.enter_context(_gzip(self._open.enter_context(path.open("wb"))))
            self.files[name] = Packed(path)
        assert self._out is not None
        line = _line(self._application, link)
        self._out.write(line)
        self.files[name].lines += 1
        self.files[name].unpacked += len(line)

    def close(self) -> None:
        self._open.close()

    def unlinked(self, log: AssessmentLog, begin: float) -> tuple[tuple[str, ...], tuple[int, ...]]:
        """Return what records without a number follow.

        That is hashes from before the period, and the places of those that follow nothing known.
        """
        if not self._awaited:
            return (), ()
        links = log.links(self._application, begin - LEAD, begin)
        before = {link.hash for link in links if link.at < begin} & set(self._awaited)
        lost = sorted(n for prev, numbers in self._awaited.items() if prev not in before for n in numbers)
        return tuple(sorted(before)), tuple(lost)


def pack(
    log: AssessmentLog,
    application: str,
    region: str,
    period: tuple[float, float],
    *,
    kept_from: float,
    folder: Path,
    looks: Looks,
) -> Assessed:
    """Read the assessments page by page, and write them below `folder`.

    kept_from: older ones may have expired, and are left out. looks: is told of each record, and of what is
    missing. Raises `OutsideUnreachable`.
    """
    begin, end = max(period[0], kept_from), period[1]
    # Asked before the records are read: what controllers write meanwhile must not look like a hole.
    head = log.end(application)
    following, followed, nobody = _following(log, application, end, head)
    latest = Witnesses()
    if head is not None:
        latest.hear(head.witness, f"the last assessment of {region}")
    packing = _Packing(application, region, begin, folder, looks)
    try:
        for link in log.links(application, begin, end):
            packing.take(link)
    finally:
        packing.close()
    numbers = packing.numbers
    last, at = numbers.last or 0, numbers.at or 0.0
    if following is not None and following <= last:
        following, followed = last + 1, at
    packing.hole(numbers.end(following, followed, end))
    before, lost = packing.unlinked(log, begin)
    told = Log(
        records=packing.count,
        before=before,
        unlinked=lost,
        first=numbers.first,
        last=numbers.last,
        hash=numbers.hash,
        following=following,
        followed=followed,
        kept_from=format_time(kept_from) if kept_from > period[0] else None,
    )
    gone = "it is gone" if packing.count else "there is none"
    amiss = f"{head_of(region)} {gone}; what came last cannot be told"
    return Assessed(told, packing.files, packing.witnesses, latest, amiss if nobody else "")


def _following(
    log: AssessmentLog, application: str, end: float, head: ChainEnd | None
) -> tuple[int | None, float, bool]:
    """Return the number of the record after the period, and the time before it.

    That is the time of the record before. The last is True where neither a later record nor the table's head
    tells.
    """
    link = log.following(application, end)
    if link is not None and link.count is not None:
        return link.count, link.after or 0.0, False
    return (None, 0.0, True) if head is None else (head.count + 1, head.at, False)


def _gzip(raw: BufferedWriter) -> gzip.GzipFile:
    return gzip.GzipFile(filename="", mode="wb", compresslevel=LEVEL, fileobj=raw, mtime=0)


def _line(application: str, link: Link) -> bytes:
    said: dict[str, object] = {
        "application": application,
        "at": link.at,
        "prev": link.prev,
        "hash": link.hash,
    }
    if link.count is not None:
        said |= {"count": link.count, "after": link.after}
    if link.clock is not None:
        said["clock"] = link.clock
    spell = ascii_json if link.count is None else canonical
    try:
        return (spell(said | {"record": link.record}) + "\n").encode()
    except ValueError:  # somebody wrote what has no spelling: it goes in as text, and the check names it
        return (canonical(said | {"record": json.dumps(link.record)}) + "\n").encode()


def _day(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d")


def read_chunks(path: Path) -> Iterator[bytes]:
    from controller.audit.bundle.archive import chunks

    with path.open("rb") as file:
        yield from chunks(file)
