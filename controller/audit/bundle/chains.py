"""The chains of a bundle: journal events and assessments, checked line by line.

Each line carries the hash of what it says. Lines are checked as they stand, without knowing their kinds: a
later version's are as good as ours. Each file of a bundle is checked by its size, its hash and its lines.
"""

import hashlib
import json
import zlib
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from controller.audit.bundle.archive import CHUNK, LARGEST, Frame, Torn
from controller.audit.bundle.manifest import Chain, Listed, Log
from controller.core.canonical_json import ascii_digest, ascii_json
from controller.core.journal.event import GENESIS

LONGEST = 1 << 20
"""The most bytes of one line."""
EVENT = frozenset({"application", "seq", "prev", "hash", "draft"})
RECORD = frozenset({"application", "at", "prev", "hash", "record"})


class Unsealed(ValueError):  # noqa: N818
    """A line that is not as it was written.

    `where`: such as "event 17".
    """

    def __init__(self, where: str, sentence: str) -> None:
        super().__init__(f"{where}: {sentence}")
        self.where, self.sentence = where, sentence


Take = Callable[[bytes], None]
Heads = Mapping[int, Collection[tuple[str, str]]]
"""Event number -> (hash, the place where somebody saw it)."""


def opened(line: bytes, members: frozenset[str], where: str) -> dict[str, Any]:
    """Return a line's members.

    The line must be canonical and must match its own hash. Raises `Unsealed`.
    """
    try:
        raw = json.loads(line)
        spelled = isinstance(raw, dict) and ascii_json(raw).encode() == line
        sealed = ascii_digest({key: value for key, value in raw.items() if key != "hash"}) if spelled else ""
    except (ValueError, RecursionError, MemoryError) as error:
        raise Unsealed(where, f"it is no line of JSON: {type(error).__name__}") from error
    if not spelled or frozenset(raw) != members:
        raise Unsealed(where, f"expected one line of canonical JSON with {', '.join(sorted(members))}")
    if raw["hash"] != sealed:
        raise Unsealed(where, f"it says that its hash is {_short(raw['hash'])}; it is {_short(sealed)}")
    return dict(raw)


class Events:
    """The check of a journal's events, one after the other.

    `heads` are the hashes of events that others saw. Raises `Unsealed`.
    """

    def __init__(self, chain: Chain, heads: Heads | None = None) -> None:
        self._chain, self._heads = chain, {} if heads is None else heads
        self._seq, self._prev = 0, GENESIS

    def __call__(self, line: bytes) -> None:
        number = self._seq + 1
        where = f"event {number}"
        event = opened(line, EVENT, where)
        if event["seq"] != number:
            raise Unsealed(where, f"expected event {number}; event {str(event['seq'])[:20]} stands there")
        if event["application"] != self._chain.application:
            raise Unsealed(where, "it is of another journal")
        if event["prev"] != self._prev:
            said = _short(event["prev"])
            raise Unsealed(where, f"expected it to follow {_short(self._prev)}; it follows {said}")
        self._seq, self._prev = number, event["hash"]
        for seen, by in self._heads.get(number, ()):
            if seen != self._prev:
                raise Unsealed(where, f"its hash is {_short(self._prev)}; {by} saw {_short(seen)}")

    def end(self) -> None:
        chain = self._chain
        if (self._seq, self._prev) != (chain.last, chain.hash):
            told = f"expected the journal to end with event {chain.last}, {_short(chain.hash)}"
            raise Unsealed(
                f"event {self._seq + 1}", f"{told}; it ends with {self._seq}, {_short(self._prev)}"
            )


class Records:
    """The check of one Region's assessments over all its files.

    heads: the hashes of journal events that the assessments saw are added to it.
    Several processes write, and clocks differ a little: a record may follow one that bears a later moment.
    """

    def __init__(
        self, application: str, region: str, log: Log, heads: dict[int, set[tuple[str, str]]]
    ) -> None:
        self._application, self._region, self._log, self._heads = application, region, log, heads
        self._known = {GENESIS, *log.before}
        self._awaited: dict[str, int] = {}
        self._count, self._at = 0, float("-inf")

    def __call__(self, line: bytes) -> None:
        self._count += 1
        where = f"record {self._count}"
        record = opened(line, RECORD, where)
        if record["application"] != self._application:
            raise Unsealed(where, "it is of another application")
        at = record["at"]
        if not isinstance(at, int | float) or at <= self._at:
            raise Unsealed(where, "expected a later moment than the record before it bears")
        self._at = at
        self._known.add(record["hash"])
        self._awaited.pop(record["hash"], None)
        if record["prev"] not in self._known and self._count not in self._log.unlinked:
            self._awaited.setdefault(str(record["prev"]), self._count)
        head = record["record"].get("head") if isinstance(record["record"], dict) else None
        if isinstance(head, dict) and isinstance(head.get("seq"), int):
            by = f"an assessment of {self._region}"
            self._heads.setdefault(head["seq"], set()).add((str(head.get("hash")), by))

    def end(self) -> None:
        self.gap()
        if self._count != self._log.records:
            told = f"expected {self._log.records} records; there are {self._count}"
            raise Unsealed(f"record {self._count + 1}", told)

    def gap(self) -> None:
        """Raise `Unsealed` for the first record whose predecessor is missing so far."""
        for prev, number in self._awaited.items():
            raise Unsealed(f"record {number}", f"it follows {_short(prev)}, which is missing")


class Lines:
    """A splitter: bytes go in, whole lines go to `take`.

    There may be `most` lines, and none longer than `LONGEST`. Raises `Unsealed`.
    """

    def __init__(self, take: Take, most: int) -> None:
        self._take, self._most, self._rest, self.count = take, most, b"", 0

    def feed(self, chunk: bytes) -> None:
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        for line in lines:
            self.count += 1
            if self.count > self._most:
                raise Unsealed(f"line {self.count}", f"expected {self._most} lines")
            self._take(line)
        if len(self._rest) > LONGEST:
            raise Unsealed(f"line {self.count + 1}", f"it is longer than {LONGEST} bytes")

    def end(self) -> None:
        if self._rest:
            raise Unsealed(f"line {self.count + 1}", "it has no end")


def _short(value: object) -> str:
    text = str(value)
    return text[:12] if text.isalnum() else "no hash"


PACKED = ".jsonl.gz"
POLICIES = "policies"


@dataclass(frozen=True, slots=True)
class Wrong:
    """The first place that is wrong.

    where: such as "event 17"; "" where the file as a whole is meant.
    """

    file: str
    where: str
    sentence: str


def check_member(frame: Frame, listed: Listed, check: Callable[[bytes], None] | None) -> Iterator[Wrong]:
    """Yield the first error of the next member, if it has one.

    The member must be `listed`; `check` takes its lines.
    """
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
    """Return the record whose predecessor is missing, if that is the error."""
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
    """Yield the content of one gzip member, within its stated size.

    It never yields more bytes than `most`. Raises `Unsealed`.
    """
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
