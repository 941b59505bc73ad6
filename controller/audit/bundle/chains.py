"""The lines of a bundle, and a journal's chain, checked one by one.

Each line carries the hash of what it says. Lines are checked as they stand, without knowing their kinds: a
later version's are as good as ours. Each file of a bundle is checked by its size, its hash and its lines.
"""

import hashlib
import json
import zlib
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from controller.audit.bundle.archive import CHUNK, LARGEST, Frame, Torn
from controller.audit.bundle.manifest import Chain, Listed
from controller.core.canonical_json import ascii_digest, ascii_json, canonical, digest
from controller.core.journal.event import FORMAT, GENESIS, MEMBERS, event_of
from controller.core.journal.head import Head
from controller.core.journal.kind import Kind
from controller.core.journal.restoration import Restoration, explained, restorations

LONGEST = 1 << 20
"""The most bytes of one line."""
EVENT = frozenset({"application", "seq", "prev", "hash", "draft"})


class Unsealed(ValueError):  # noqa: N818
    """A line that is not as it was written.

    `where`: such as "event 17".
    """

    def __init__(self, where: str, sentence: str) -> None:
        super().__init__(f"{where}: {sentence}")
        self.where, self.sentence = where, sentence


Take = Callable[[bytes], None]


class Check(Protocol):
    """The check of a file's lines, one after the other. Each method raises `Unsealed`."""

    def __call__(self, line: bytes) -> None: ...

    def file_ends(self) -> None:
        """Raise for what a whole file must have."""
        ...

    def gap(self) -> None:
        """Raise for what was awaited so far and did not come.

        Where the file itself is torn, that is why.
        """
        ...


Heads = Mapping[int, Collection[tuple[Head, str]]]
"""Event number -> (the head that ends with it, the place where somebody saw that)."""
EARLIER = "the earlier bundle"
"""The place of what an earlier bundle held. A bundle of any version must reach that."""


NO_JSON = (ValueError, RecursionError, MemoryError)


def opened(line: bytes, members: Collection[frozenset[str]], where: str) -> dict[str, Any]:
    """Return a line's members, which are one of the sets of `members`.

    The line must be canonical and must match its own hash: by RFC 8785 where it has a number of its chain,
    else in the older spelling. Raises `Unsealed`.
    """
    try:
        raw = json.loads(line)
        numbered = isinstance(raw, dict) and "count" in raw
        spell, seal = (canonical, digest) if numbered else (ascii_json, ascii_digest)
        spelled = isinstance(raw, dict) and spell(raw).encode() == line
        found = seal({key: value for key, value in raw.items() if key != "hash"}) if spelled else None
    except NO_JSON as error:
        raise Unsealed(where, f"it is no line of JSON: {type(error).__name__}") from error
    if found is None or frozenset(raw) not in members:
        wanted = " or ".join(", ".join(sorted(each)) for each in members)
        raise Unsealed(where, f"expected one line of canonical JSON with {wanted}")
    if raw["hash"] != found:
        raise Unsealed(where, f"it says that its hash is {short(raw['hash'])}; it is {short(found)}")
    return dict(raw)


class Events:
    """The check of a journal's events, one after the other.

    `heads` are those that others saw: the journal must have each, or say why not; what it says of that may
    come later. tell: takes each line that is whole. first_form: in bundles of the versions before, which left
    out events after the period and knew no format 2. Raises `Unsealed`.
    """

    def __init__(
        self, chain: Chain, heads: Heads | None = None, tell: Take | None = None, *, first_form: bool = False
    ) -> None:
        self._chain, self._heads, self._tell = chain, {} if heads is None else heads, tell
        self._first_form = first_form
        self._seq, self._prev = 0, GENESIS
        self._formats: set[bool] = set()
        self._otherwise: list[tuple[str, str, Head]] = []
        """Place, sentence and head of each event that somebody saw otherwise."""
        self.restored: list[Restoration] = []

    @property
    def head(self) -> Head:
        """Return the head of what was read so far."""
        last = self.restored[-1] if self.restored else None
        return Head(self._seq, self._prev, *((last.hash, last.at) if last else ()))

    def lacks(self, head: Head) -> bool:
        """Return True where a head that was given lies beyond the journal, or names another event."""
        return head.seq > self._seq or any(head == other for _, _, other in self._otherwise)

    def __call__(self, line: bytes) -> None:
        try:
            self._follow(line)
        except Unsealed:
            self.gap()
            raise

    def _follow(self, line: bytes) -> None:
        number = self._seq + 1
        where = f"event {number}"
        event = _event(line, where)
        self._formats.add("draft" not in event)
        if "draft" not in event and self._first_form:
            raise Unsealed(where, "it is of format 2, which no version wrote into a bundle of this form")
        if "draft" in event and True in self._formats:
            raise Unsealed(where, "it is of format 1, which no version wrote after one of format 2")
        if event["seq"] != number:
            raise Unsealed(where, f"expected event {number}; event {str(event['seq'])[:20]} stands there")
        if event["application"] != self._chain.application:
            raise Unsealed(where, "it is of another journal")
        if event["prev"] != self._prev:
            said = short(event["prev"])
            raise Unsealed(where, f"expected it to follow {short(self._prev)}; it follows {said}")
        self._seq, self._prev = number, event["hash"]
        self.restored += _restoration(event, line, where)
        for head, by in self._heads.get(number, ()):
            if head.hash != self._prev:
                told = f"its hash is {short(self._prev)}; {by} saw {short(head.hash)}"
                self._otherwise.append((where, told, head))
        if self._tell is not None:
            self._tell(line)

    def gap(self) -> None:
        """Raise for the first event that somebody saw otherwise, and that no restoration explains."""
        for where, told, head in self._otherwise:
            if not explained(head, self.restored):
                raise Unsealed(where, told)

    def file_ends(self) -> None:
        chain = self._chain
        self.gap()
        if (self._seq, self._prev) != (chain.last, chain.hash):
            told = f"expected the journal to end with event {chain.last}, {short(chain.hash)}"
            raise Unsealed(f"event {self._seq + 1}", f"{told}; it ends with {self._seq}, {short(self._prev)}")
        self.reach()

    def reach(self) -> None:
        """Raise for the first event after the last one here that somebody saw."""
        self.gap()
        for seq in sorted(seq for seq in self._heads if seq > self._seq):
            for head, by in sorted(self._heads[seq], key=by_hash):
                due = by == EARLIER or not self._first_form
                if due and not explained(head, self.restored):
                    told = f"it is missing: {by} saw it, {short(head.hash)}; the last is {self._seq}"
                    raise Unsealed(f"event {seq}", told)


def by_hash(seen: tuple[Head, str]) -> tuple[str, str]:
    """Return the order of what was seen of one event."""
    head, by = seen
    return head.hash, by


def _restoration(event: Mapping[str, Any], line: bytes, where: str) -> tuple[Restoration, ...]:
    """Return the restoration that the line is, if it is one. Raises `Unsealed`."""
    if event.get("kind") != Kind.JOURNAL_RESTORED:
        return ()
    try:
        return restorations([event_of(line.decode())])
    except ValueError as error:
        raise Unsealed(where, f"it cannot be what tidegate wrote: {str(error)[:200]}") from error


def _event(line: bytes, where: str) -> dict[str, Any]:
    """Return the members of an event, and its hash, from its line in either format. Raises `Unsealed`."""
    try:
        raw = json.loads(line)
        later = isinstance(raw, dict) and "format" in raw
        spelled = later and canonical(raw).encode() == line
    except NO_JSON as error:
        raise Unsealed(where, f"it is no line of JSON: {type(error).__name__}") from error
    if not later:
        return opened(line, (EVENT,), where)
    if raw["format"] != FORMAT:
        raise Unsealed(where, f"it is of a format that is not known: {str(raw['format'])[:20]}")
    if not spelled or frozenset(raw) != MEMBERS:
        raise Unsealed(where, f"expected one line of RFC 8785 JSON with {', '.join(sorted(MEMBERS))}")
    return {**raw, "hash": hashlib.sha256(line).hexdigest()}


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


def short(value: object) -> str:
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


def check_member(frame: Frame, listed: Listed, check: Check | None) -> Iterator[Wrong]:
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
        if check is not None:
            check.file_ends()
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


def _gap(check: Check | None) -> Unsealed | None:
    """Return the record whose predecessor is missing, if that is the error."""
    try:
        if check is not None:
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
