"""The record of break-glass on this machine: lines, their head, a key.

```
 {"amiss":[…],"body":{…},"format":2,"mac":"…","number":6,"prev":"hash of line 5"}
      hash: SHA-256 of the line without its MAC, by RFC 8785      mac: HMAC of the hash, with the key
 break-glass.head   {"count":6,"format":2,"hash":"…","mac":"…"}   how far it goes: a cut is seen by it
```
A line is on the disk before traffic moves, and the head after it. Damage never stops a person: it is said, it
is written into the next line, and what is damaged is set aside under a number (`break-glass.1.jsonl`). The
lines' numbers go on over all files, so that a file which is gone is missed too. Reading ends at the first bad
line of a file: nobody can say what those behind it were.

The key (mode 0600) tells what this machine wrote from what somebody else put there. It proves nothing against
whoever can read it, and nobody here can find a file and a head that were put back together as they were
before. The journal is the witness of both, as soon as it has a line (docs/break-glass.md).
"""

import fcntl
import hmac
import json
import os
import secrets
import stat
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from controller.core.canonical_json import ascii_digest, canonical, digest
from controller.core.journal.event import GENESIS
from controller.core.text import sanitize

NAME = "break-glass"
FORMAT = 2
"""Of lines and of the head. Lines without a `format` are of the first one, and are read."""
KEY = 32
"""Bytes."""
MOST_AMISS = 8
"""Findings that a line says of the record before it, at most."""
LONGEST = 1_000_000
"""Bytes of a line, of the head and of the key that are read. Two hundred controls take 30,000."""
QUEUE = 3.0
"""Seconds to wait for another command that writes. One that was halted must not stop a person."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the record.

    id: random. hash: it stands for the line and for all before it. number: from 1, over all files. machine:
    whose record it is in. amiss: what was found damaged when it was written.
    """

    id: str
    body: Mapping[str, Any]
    hash: str
    number: int
    machine: str
    amiss: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """The lines that verify, oldest first, and what is amiss.

    amiss: sentences that name the place. last: (number, hash) of the last line that there was, as far as
    anything here says so.
    """

    entries: tuple[Entry, ...] = ()
    amiss: tuple[str, ...] = ()
    last: tuple[int, str] = (0, GENESIS)

    @property
    def unsaid(self) -> tuple[str, ...]:
        """Return what is amiss and was not yet when the last line was written."""
        said = {each for entry in self.entries for each in entry.amiss}
        return tuple(each for each in self.amiss if each not in said)


@dataclass(frozen=True, slots=True)
class _Line:
    """A line that its MAC proves to be of this machine.

    number: None in the older format.
    """

    id: str
    body: Mapping[str, Any]
    hash: str
    prev: str
    number: int | None
    amiss: tuple[str, ...] = ()


@dataclass
class _Chain:
    """The lines read so far, over all files."""

    key: bytes
    entries: list[Entry] = field(default_factory=list)
    amiss: list[str] = field(default_factory=list)
    number: int = 0
    hash: str = GENESIS
    newer: bool = False
    """A line of the present format was read."""
    whole: bool = True
    """The last file had no bad line."""

    def read(self, path: Path) -> bool:
        """Read one file up to its first bad line.

        Returns True where it is whole.
        """
        try:
            with path.open("rb") as file:
                self.whole = self._read_lines(path.name, file)
        except OSError as error:
            self.amiss.append(f"{path.name} cannot be read: {error.strerror}")
            self.whole = False
        return self.whole

    def _read_lines(self, name: str, file: BinaryIO) -> bool:
        for place, text in enumerate(iter(partial(file.readline, LONGEST), b""), start=1):
            line = _line(text, self.key)
            gap = line is not None and place == 1 and (line.number or 0) > self.number + 1
            if line is None or not (gap or self._goes_on(line, first=place == 1)):
                self.amiss.append(f"{name}, line {place}: {_FORGED if line is None else _ODD}")
                return False
            if gap and line.number is not None:
                self.amiss.append(f"{name} begins with line {line.number}: {self.lost(line.number - 1)}")
            self._add(line)
        return True

    def lost(self, last: int) -> str:
        """Return what became of the lines from the next one to `last`.

        They are missing, or may stand behind a bad line, where nothing counts.
        """
        first = self.number + 1
        if first == last:
            return f"line {first} is missing" if self.whole else f"line {first} does not count"
        return f"lines {first} to {last} {'are missing' if self.whole else 'do not count'}"

    def _goes_on(self, line: _Line, *, first: bool) -> bool:
        if line.number is not None:
            return (line.number, line.prev) == (self.number + 1, self.hash)
        return not self.newer and line.prev == (GENESIS if first else self.hash)

    def _add(self, line: _Line) -> None:
        self.newer = self.newer or line.number is not None
        self.number, self.hash = line.number or self.number + 1, line.hash
        machine = _machine(self.key)
        self.entries.append(Entry(line.id, line.body, line.hash, self.number, machine, line.amiss))


_FORGED = "it is not as this machine wrote it"
_ODD = "it does not go on from the line before it: one was dropped, swapped, doubled or put in"


class LocalRecord:
    """The record in `folder`: `break-glass.jsonl`, its head, its key, and what was set aside."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._file, self._key_file = folder / f"{NAME}.jsonl", folder / f"{NAME}.key"
        self._head_file = folder / f"{NAME}.head"

    def append(self, body: Mapping[str, Any]) -> Entry:
        """Write a line and then the head, and wait until the disk has them.

        Raises `OSError` where the line is not written: then nothing may be done. Damage, and a head that
        cannot be written, stop nobody; the entry says them.
        """
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._locked() as unlocked:
            known = self._key(create=False)
            key = known or self._key(create=True)
            found, whole = self._read(key, fresh=not known)
            if os.path.lexists(self._file) and not (whole and _regular(self._file)):
                self._set_aside(self._file, "jsonl")
            number, prev = found.last
            amiss = (*unlocked, *found.unsaid)[:MOST_AMISS]
            said = {**body, "id": secrets.token_hex(16)}
            line = {"format": FORMAT, "number": number + 1, "prev": prev, "body": said, "amiss": list(amiss)}
            sealed = digest(line)
            text = canonical({**line, "mac": _mac(key, sealed)}) + "\n"
            self._write(self._file, text.encode(), os.O_APPEND)
            entry = Entry(said["id"], said, sealed, number + 1, _machine(key), amiss)
            failed = self._put_head(key, entry)
        return replace(entry, amiss=(*amiss, failed)) if failed else entry

    def read(self) -> Reading:
        """Return every line that verifies, and what is amiss. Raises `OSError`."""
        return self._read(self._key(create=False))[0]

    def _read(self, key: bytes, *, fresh: bool = False) -> tuple[Reading, bool]:
        """Return also True where the next line may follow in the same file.

        fresh: the key was made just now, so that there need be nothing beside it.
        """
        chain, whole, files = _Chain(key), True, self._files()
        if files and not key:
            chain.amiss.append(f"{self._key_file.name} is missing: nobody can tell who wrote these lines")
        for path in files:
            whole = chain.read(path)
        if os.path.lexists(self._file) and not _regular(self._file):
            chain.amiss.append(f"{self._file.name} is no file")
        last = chain.number, chain.hash
        head, wrong = self._head(key)
        if wrong and (chain.newer or self._head_file.exists()):
            chain.amiss.append(wrong)
        elif head is not None:
            last, behind = self._beyond(chain, *head)
            whole = whole and not behind
        elif key and not fresh and not chain.entries and not chain.amiss:
            chain.amiss.append(f"{self._key_file.name} is there, and neither a record nor its head")
        return Reading(tuple(chain.entries), tuple(chain.amiss), last), whole

    def _beyond(self, chain: _Chain, count: int, sealed: str) -> tuple[tuple[int, str], bool]:
        """Return the last line that there was, and True where lines are missing."""
        if count > chain.number:
            chain.amiss.append(f"the record ends at line {chain.number}: {chain.lost(count)}")
            return (count, sealed), True
        there = next((entry for entry in chain.entries if entry.number == count), None)
        if there is not None and there.hash != sealed:
            chain.amiss.append(f"line {count} is another than the one that {self._head_file.name} names")
        elif count < chain.number - 1:
            chain.amiss.append(f"{self._head_file.name} ends at line {count}, the record at {chain.number}")
        return (chain.number, chain.hash), False

    def _files(self) -> list[Path]:
        aside = sorted(self.folder.glob(f"{NAME}.*.jsonl"), key=lambda path: (len(path.name), path.name))
        here = os.path.realpath(self._file)  # a link to itself that was set aside leads here now
        before = [path for path in aside if os.path.realpath(path) != here]
        return [path for path in (*before, self._file) if _regular(path)]

    def _head(self, key: bytes) -> tuple[tuple[int, str] | None, str | None]:
        """Return (count, hash) of the head, or what is wrong with it."""
        name = self._head_file.name
        if not _regular(self._head_file):
            return None, f"{name} is missing: whether lines were cut off the end, nobody here can say"
        try:
            raw = json.loads(_start_of(self._head_file))
            said = {member: raw[member] for member in ("format", "count", "hash")}
            count, sealed = raw["count"], raw["hash"]
            good = type(count) is int and count > 0 and isinstance(sealed, str)
            if good and key and _proves(raw["mac"], key, digest(said)):
                return (count, sealed), None
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            pass
        return None, f"{name} is damaged: whether lines were cut off the end, nobody here can say"

    def _put_head(self, key: bytes, entry: Entry) -> str | None:
        """Replace the head; return what kept it from the disk, or None."""
        said = {"format": FORMAT, "count": entry.number, "hash": entry.hash}
        text = canonical({**said, "mac": _mac(key, digest(said))}) + "\n"
        fresh = self._head_file.with_suffix(".head.new")
        try:
            fresh.unlink(missing_ok=True)
            self._write(fresh, text.encode(), os.O_EXCL)
            fresh.replace(self._head_file)
            self._sync()
        except OSError as error:
            return f"{self._head_file.name} could not be written: {error.strerror}"
        return None

    def _set_aside(self, file: Path, ending: str) -> None:
        number = 1
        while os.path.lexists(kept := self.folder / f"{NAME}.{number}.{ending}"):
            number += 1
        file.rename(kept)

    def _key(self, *, create: bool) -> bytes:
        """Return the key, or nothing.

        create: make one where there is none that can be used.
        """
        key = b""
        with suppress(OSError):
            key = _start_of(self._key_file)
        if len(key) >= KEY:
            with suppress(OSError):
                self._key_file.chmod(0o600)
            return key
        if create:
            if os.path.lexists(self._key_file):
                self._set_aside(self._key_file, "key")
            key = secrets.token_bytes(KEY)
            self._write(self._key_file, key, os.O_EXCL)
        return key if create else b""

    def _write(self, path: Path, data: bytes, how: int) -> None:
        """Write `data` to the disk, and wait for the folder's entry too."""
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | how, 0o600)
        try:
            if os.write(handle, data) != len(data):
                raise OSError(28, "No space left on device", str(path))
            os.fsync(handle)
        finally:
            os.close(handle)
        self._sync()

    def _sync(self) -> None:
        folder = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    @contextmanager
    def _locked(self) -> Iterator[tuple[str, ...]]:
        """Let one writer at a time on this machine pass; yield what is amiss with that."""
        path = self.folder / f"{NAME}.lock"
        try:
            lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NONBLOCK, 0o600)
        except OSError as error:
            yield (f"{path.name} cannot be used: {error.strerror}",)
            return
        try:
            yield () if _take(lock) else (f"{path.name} is held by another command: it was not waited for",)
        finally:
            os.close(lock)


def _take(lock: int) -> bool:
    """Take the lock; return False where it stays another's."""
    ends = time.monotonic() + QUEUE
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except OSError:
            if time.monotonic() >= ends:
                return False
            time.sleep(0.05)


def _regular(path: Path) -> bool:
    """Return True where there is a file: to read a pipe may take for ever."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except (OSError, ValueError):
        return False


def _start_of(path: Path) -> bytes:
    """Return the beginning of a file. Raises `OSError` where it is none."""
    if not _regular(path):
        raise OSError(22, "no file", str(path))
    with path.open("rb") as file:
        return file.read(LONGEST)


def _line(text: bytes, key: bytes) -> _Line | None:
    """Return a line that this machine wrote, or None.

    Nobody knows what stands there: every member may be of any type and size.
    """
    try:
        if not key or not text.endswith(b"\n"):
            return None
        raw = json.loads(text)
        body, prev, number = raw["body"], raw["prev"], None
        amiss: tuple[str, ...] = ()
        if "format" in raw:
            number = raw["number"]
            if raw["format"] != FORMAT or type(number) is not int or number < 1:
                return None
            sealed = digest({name: raw[name] for name in ("format", "number", "prev", "body", "amiss")})
            amiss = tuple(sanitize(str(each), 300) for each in raw["amiss"][:MOST_AMISS])
        else:
            sealed = ascii_digest({"prev": prev, "body": body})
            if raw["hash"] != sealed:
                return None
        identity = body["id"]
        good = isinstance(prev, str) and isinstance(identity, str) and identity.isprintable()
        if not good or not _proves(raw["mac"], key, sealed):
            return None
        return _Line(identity, body, sealed, prev, number, amiss)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _proves(mac: object, key: bytes, sealed: str) -> bool:
    """Return True where `mac` is the MAC of a hash. Raises `UnicodeEncodeError`, a `ValueError`."""
    return isinstance(mac, str) and hmac.compare_digest(mac.encode(), _mac(key, sealed).encode())


def _mac(key: bytes, sealed: str) -> str:
    return hmac.new(key, sealed.encode(), "sha256").hexdigest()


def _machine(key: bytes) -> str:
    """Return the id of this machine's record, made from its key."""
    return _mac(key, NAME)[:16]
