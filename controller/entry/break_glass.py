"""The record of break-glass on this machine, and its way into the journal.

Break-glass writes what it did into an append-only file. The file shows when somebody edited it.

```
 {"body": …, "prev": hash of the line before, "hash": SHA-256 of prev and body, "mac": HMAC of hash}
```
The MAC is made with a key of this machine alone (mode 0600). It tells a line that this machine wrote from
one that somebody else put there; it proves nothing against whoever can read the key. The journal, which
takes each line's hash as soon as it can be reached, is the stronger witness.
"""

import fcntl
import getpass
import hmac
import json
import os
import secrets
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from controller.core.canonical_json import ascii_digest, ascii_json
from controller.core.journal.event import GENESIS
from controller.core.text import sanitize
from controller.entry.context import Context
from controller.steps.context.deps import Deps
from controller.steps.operator import break_glass as step

NAME = "break-glass"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the record.

    `id` is random; `hash` names its content and all lines before it.
    """

    id: str
    body: Mapping[str, Any]
    hash: str


class LocalRecord:
    """The record in `folder`: `break-glass.jsonl`, its key, and damaged files.

    A damaged file is kept beside it under a number: `break-glass.1.jsonl`.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file, self._key_file = folder / f"{NAME}.jsonl", folder / f"{NAME}.key"

    def append(self, body: Mapping[str, Any]) -> Entry:
        """Write a line and wait until the disk has it.

        Raises `OSError`: then nothing may be done.
        A file that does not verify is set aside and kept, and a new one begins: damage must not stop people.
        """
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._locked():
            key = self._key(create=True)
            entries, damaged = _verified(self._file, key)
            if damaged:
                self._set_aside()
                entries = ()
            prev = entries[-1].hash if entries else GENESIS
            whole = {**body, "id": secrets.token_hex(16)}
            entry = Entry(whole["id"], whole, _hash(prev, whole))
            line = {"body": whole, "prev": prev, "hash": entry.hash, "mac": _mac(key, entry.hash)}
            self._write(self._file, (ascii_json(line) + "\n").encode(), os.O_APPEND)
        return entry

    def read(self) -> tuple[tuple[Entry, ...], tuple[str, ...]]:
        """Return every line that verifies, and the names of damaged files.

        The lines of the oldest file come first. A file is damaged if one of its lines does not verify.
        """
        key = self._key(create=False)
        aside = sorted(self._folder.glob(f"{NAME}.*.jsonl"), key=lambda path: (len(path.name), path.name))
        read = {path: _verified(path, key) for path in (*aside, self._file) if path.is_file()}
        entries = tuple(entry for found, _ in read.values() for entry in found)
        return entries, tuple(path.name for path, (_, damaged) in read.items() if damaged)

    def _set_aside(self) -> None:
        number = 1
        while (kept := self._folder / f"{NAME}.{number}.jsonl").exists():
            number += 1
        self._file.rename(kept)

    def _key(self, *, create: bool) -> bytes:
        if create and not self._key_file.exists():
            self._write(self._key_file, secrets.token_bytes(32), os.O_EXCL)
        if not self._key_file.exists():
            return b""
        self._key_file.chmod(0o600)
        return self._key_file.read_bytes()

    def _write(self, path: Path, data: bytes, how: int) -> None:
        """Write `data` to the disk, and wait for the folder's entry too."""
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | how, 0o600)
        try:
            if os.write(handle, data) != len(data):
                raise OSError(28, "No space left on device", str(path))
            os.fsync(handle)
        finally:
            os.close(handle)
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Let one writer at a time on this machine pass."""
        with (self._folder / f"{NAME}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _verified(path: Path, key: bytes) -> tuple[tuple[Entry, ...], bool]:
    """Return the lines before the first bad one, and True if there is one."""
    if not path.is_file():
        return (), False
    entries: list[Entry] = []
    prev = GENESIS
    for line in path.read_bytes().splitlines(keepends=True):
        entry = _entry(line, prev, key)
        if entry is None:
            return tuple(entries), True
        entries.append(entry)
        prev = entry.hash
    return tuple(entries), False


def _entry(line: bytes, prev: str, key: bytes) -> Entry | None:
    try:
        raw = json.loads(line)
        body, hash_, mac, identity = raw["body"], str(raw["hash"]), str(raw["mac"]), str(raw["body"]["id"])
    except (ValueError, KeyError, TypeError):
        return None
    chained = raw.get("prev") == prev and hash_ == _hash(prev, body)
    signed = bool(key) and hmac.compare_digest(mac.encode(), _mac(key, hash_).encode())
    return Entry(identity, body, hash_) if chained and signed and line.endswith(b"\n") else None


def _hash(prev: str, body: Mapping[str, Any]) -> str:
    return ascii_digest({"prev": prev, "body": dict(body)})


def _mac(key: bytes, hash_: str) -> str:
    return hmac.new(key, hash_.encode(), "sha256").hexdigest()


@dataclass(frozen=True, slots=True)
class Person:
    """The person who acts.

    `who` is what this machine says; `credential` is the AWS key's id, which CloudTrail knows.
    """

    who: str
    credential: str | None


def local_record() -> LocalRecord:
    from controller import wiring

    return LocalRecord(wiring.state_home())


def person(context: Context, claimed: str | None) -> Person | None:
    """Return the person who acts; None where no AWS credentials are at hand.

    It asks no service but the source of the credentials.
    """
    from controller import wiring

    if context.rehearsal:
        return Person(context.identity(claimed), None)
    key = wiring.access_key()
    return (
        None
        if key is None
        else Person(sanitize(f"{_user()}@{socket.gethostname()}", 128), sanitize(key, 128))
    )


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # a container whose user has no name
        return "unknown"


def signed(context: Context, application: str, by: Person, reason: str, at: float) -> dict[str, Any]:
    """Return the fields that each record has besides what was done."""
    return {
        "deployment": _deployment(context),
        "context": context.name,
        "application": application,
        "account": context.deployment.account,
        "who": by.who,
        "credential": by.credential,
        "reason": sanitize(reason, 500),
        "at": at,
    }


def _deployment(context: Context) -> str:
    """Return an id of the deployment, which differs between two rehearsals.

    Two rehearsals guard the same application in the same account, so the endpoint goes into the id too.
    """
    d = context.deployment
    return ascii_digest([d.account, d.policy.get("application"), d.journal_table, d.endpoint_url])[:16]


def journal_waiting(context: Context, deps: Deps) -> int:
    """Bring this machine's records of this deployment into its journal.

    Return the number of records that the journal lacked.
    Raises `OutsideUnreachable`, `JournalConflict`, `ValueError` (a journal that cannot be read).
    """
    mine = _deployment(context)
    entries, _ = local_record().read()
    waiting = [entry for entry in entries if _of(entry.body, mine)]
    return step.journal_records(deps, waiting) if waiting else 0


def _of(body: Mapping[str, Any], deployment: str) -> bool:
    return body.get("deployment") == deployment


def written(entry: Entry) -> dict[str, str]:
    return {"id": entry.id, "hash": entry.hash}
