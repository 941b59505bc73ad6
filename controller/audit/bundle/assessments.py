"""The assessments of one controller Region, as files of a bundle.

One file holds one UTC day; one line holds one record.
"""

import gzip
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import BufferedWriter
from pathlib import Path

from controller.audit.bundle.manifest import Log
from controller.core.canonical_json import ascii_json
from controller.core.journal.event import GENESIS
from controller.ports.audit import AssessmentLog, Link

LEAD = 86_400.0
"""Seconds before the period in which a predecessor is searched: a process seldom lives for longer."""
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

    looks: the times of its ticks. files: name in the bundle -> file.
    """

    log: Log
    looks: list[float]
    files: dict[str, Packed]


@dataclass(slots=True)
class _Chain:
    known: set[str] = field(default_factory=lambda: {GENESIS})
    awaited: dict[str, list[int]] = field(default_factory=dict)
    count: int = 0

    def take(self, link: Link) -> None:
        self.count += 1
        self.known.add(link.hash)
        self.awaited.pop(link.hash, None)
        if link.prev not in self.known:
            self.awaited.setdefault(link.prev, []).append(self.count)


def pack(
    log: AssessmentLog, application: str, region: str, begin: float, end: float, folder: Path
) -> Assessed:
    """Read the assessments page by page, and write them below `folder`.

    Raises `OutsideUnreachable`.
    """
    before = {link.hash for link in log.links(application, begin - LEAD, begin) if link.at < begin}
    chain, looks = _Chain(), list[float]()
    files: dict[str, Packed] = {}
    with ExitStack() as stack:
        present, out = "", None
        for link in log.links(application, begin, end):
            name = f"assessments/{region}/{_day(link.at)}.jsonl.gz"
            if name != present:
                stack.close()
                path = folder / f"{region}-{len(files)}"
                out = stack.enter_context(_gzip(stack.enter_context(path.open("wb"))))
                present, files[name] = name, Packed(path)
            assert out is not None
            line = _line(application, link)
            out.write(line)
            files[name].lines += 1
            files[name].unpacked += len(line)
            chain.take(link)
            if isinstance(link.record, dict) and link.record.get("by") == "tick":
                looks.append(link.at)
    followed = sorted(prev for prev in chain.awaited if prev in before)
    lost = sorted(n for prev, numbers in chain.awaited.items() if prev not in before for n in numbers)
    return Assessed(Log(records=chain.count, before=tuple(followed), unlinked=tuple(lost)), looks, files)


def _gzip(raw: BufferedWriter) -> gzip.GzipFile:
    return gzip.GzipFile(filename="", mode="wb", compresslevel=LEVEL, fileobj=raw, mtime=0)


def _line(application: str, link: Link) -> bytes:
    said = {"application": application, "at": link.at, "prev": link.prev, "hash": link.hash}
    return (ascii_json(said | {"record": link.record}) + "\n").encode()


def _day(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d")


def read_chunks(path: Path) -> Iterator[bytes]:
    from controller.audit.bundle.archive import chunks

    with path.open("rb") as file:
        yield from chunks(file)
