"""One file of a bundle: its size, its hash, and each of its lines."""

import hashlib
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from controller.audit.contents import Listed
from controller.audit.frame import CHUNK, LARGEST, Frame, Torn
from controller.audit.sealed_lines import Events, Lines, Records, Unsealed

PACKED = ".jsonl.gz"
POLICIES = "policies"


@dataclass(frozen=True, slots=True)
class Wrong:
    """The first place that is wrong. where: such as "event 17"; "" where the file as a whole is meant."""

    file: str
    where: str
    sentence: str


def check_member(frame: Frame, listed: Listed, check: Callable[[bytes], None] | None) -> Iterator[Wrong]:
    """What is wrong with the next member, which must be `listed`; `check` takes its lines."""
    hashed = hashlib.sha256()
    lines = Lines(check, listed.lines or 0) if check is not None else None
    packed = listed.name.endswith(PACKED)
    try:
        size = frame.head(listed.name, LARGEST)
        pieces = _hashed(frame.content(listed.name, size), hashed)
        for piece in _unpacked(pieces, listed.unpacked or 0) if packed else pieces:
            if lines is not None:
                lines.feed(piece)
        if lines is not None:
            lines.end()
        found = hashed.hexdigest()
        if isinstance(check, Events):
            check.end()
    except Torn as torn:
        at = f"line {lines.count + 1}" if lines is not None and lines.count else ""
        yield Wrong(listed.name, at, str(torn))
        return
    except Unsealed as error:
        better = error if error.where else _gap(check) or error
        yield Wrong(listed.name, better.where, better.sentence)
        return
    if (size, found) != (listed.bytes, listed.sha256):
        told = f"{size} bytes, sha-256 {found[:12]}…; expected {listed.bytes} bytes, {listed.sha256[:12]}…"
        yield Wrong(listed.name, "", told)
    elif lines is not None and lines.count != listed.lines:
        yield Wrong(listed.name, "", f"it has {lines.count} lines; expected {listed.lines}")
    elif listed.name.startswith(f"{POLICIES}/") and listed.name != f"{POLICIES}/{found}.json":
        yield Wrong(listed.name, "", f"it is named after another policy: its digest is {found[:12]}…")


def _gap(check: Callable[[bytes], None] | None) -> Unsealed | None:
    """The record whose predecessor is missing, where that is what is amiss."""
    try:
        if isinstance(check, Records):
            check.gap()
    except Unsealed as gap:
        return gap
    return None


def _hashed(pieces: Iterator[bytes], hashed: "hashlib._Hash") -> Iterator[bytes]:
    for piece in pieces:
        hashed.update(piece)
        yield piece


def _unpacked(pieces: Iterator[bytes], most: int) -> Iterator[bytes]:
    """The content of one gzip member, never more than it may have. Raises `Unsealed`."""
    gzip, total = zlib.decompressobj(wbits=31), 0
    try:
        for piece in pieces:
            waiting = piece
            while waiting and not gzip.eof:
                plain = gzip.decompress(waiting, CHUNK)
                waiting = gzip.unconsumed_tail
                total += len(plain)
                if total > most:
                    raise Unsealed("", f"it unpacks to more than the {most} bytes that it should")
                yield plain
            if gzip.eof and (gzip.unused_data or waiting):
                raise Unsealed("", "something follows what is packed in it")
    except zlib.error as error:
        raise Unsealed("", f"it cannot be unpacked: {error}") from error
    if not gzip.eof or total != most:
        raise Unsealed("", f"it unpacks to {total} bytes; expected {most}")
