"""The store in one SQLite file, so that a rehearsal survives a restart.

`:memory:` works too.
"""

import base64
import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from controller.rehearsal.service import AwsError
from controller.rehearsal.services.dynamodb.store import Row, TableInfo
from controller.rehearsal.services.dynamodb.values import Item, KeySchema, SortRange

_SCHEMA = """
CREATE TABLE IF NOT EXISTS tables (name TEXT PRIMARY KEY, description TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS items (
    name TEXT, partition BLOB, sort BLOB, size INTEGER NOT NULL, item TEXT NOT NULL,
    PRIMARY KEY (name, partition, sort)
) WITHOUT ROWID;
"""
_CHUNK = 256


class SqliteStore:
    """A store that commits each write at once, or several together.

    The write-ahead log keeps the file whole when the process is killed.
    One process at a time: a second one finds the file locked (`AwsError` from `__init__`).
    """

    def __init__(self, path: Path | str) -> None:
        with _failing(path):
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=1.0)
            self._db.execute("PRAGMA locking_mode=EXCLUSIVE")
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")
            self._db.executescript(_SCHEMA)
        self._path = path
        self._infos = {
            name: _info(json.loads(text)) for name, text in self._rows("SELECT name, description FROM tables")
        }

    def close(self) -> None:
        self._db.close()

    def names(self) -> list[str]:
        return sorted(self._infos)

    def info(self, table: str) -> TableInfo | None:
        return self._infos.get(table)

    def save_table(self, info: TableInfo) -> None:
        self._write("INSERT OR REPLACE INTO tables VALUES (?, ?)", info.name, json.dumps(asdict(info)))
        self._infos[info.name] = info

    def drop_table(self, table: str) -> None:
        self._write("DELETE FROM items WHERE name = ?", table)
        self._write("DELETE FROM tables WHERE name = ?", table)
        del self._infos[table]

    def totals(self, table: str) -> tuple[int, int]:
        found = next(self._rows("SELECT count(*), total(size) FROM items WHERE name = ?", table))
        return int(found[0]), int(found[1])

    def get(self, table: str, partition: bytes, sort: bytes) -> Row | None:
        rows = self._rows(
            "SELECT item, size FROM items WHERE name = ? AND partition = ? AND sort = ?",
            table,
            partition,
            sort,
        )
        return next((_row(*found) for found in rows), None)

    def put(self, table: str, partition: bytes, sort: bytes, row: Row) -> None:
        text = json.dumps(row.item, default=_base64, separators=(",", ":"))
        self._write(
            "INSERT OR REPLACE INTO items VALUES (?, ?, ?, ?, ?)", table, partition, sort, row.size, text
        )

    def put_all(self, rows: Sequence[tuple[str, bytes, bytes, Row]]) -> None:
        with _failing(self._path):
            self._db.execute("BEGIN")
            try:
                for each in rows:
                    self.put(*each)
            except AwsError:
                if self._db.in_transaction:  # SQLite itself gave it up where the disk is full
                    self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def delete(self, table: str, partition: bytes, sort: bytes) -> None:
        self._write("DELETE FROM items WHERE name = ? AND partition = ? AND sort = ?", table, partition, sort)

    def query(self, table: str, partition: bytes, within: SortRange, *, forward: bool) -> Iterator[Row]:
        where, bounds = ["name = ? AND partition = ?"], [partition]
        if within.low is not None:
            where.append(f"sort {'>' if within.low_open else '>='} ?")
            bounds.append(within.low)
        if within.high is not None:
            where.append(f"sort {'<' if within.high_open else '<='} ?")
            bounds.append(within.high)
        order = "ASC" if forward else "DESC"
        text = f"SELECT item, size FROM items WHERE {' AND '.join(where)} ORDER BY sort {order}"  # noqa: S608
        for found in self._rows(text, table, *bounds):
            yield _row(*found)

    def scan(self, table: str, after: tuple[bytes, bytes] | None) -> Iterator[tuple[bytes, Row]]:
        text = (
            "SELECT partition, item, size FROM items WHERE name = ? AND (partition, sort) > (?, ?) "
            "ORDER BY partition, sort"
        )
        for partition, item, size in self._rows(text, table, *(after or (b"", b""))):
            yield partition, _row(item, size)

    def _write(self, text: str, *values: Any) -> None:
        with _failing(self._path):
            self._db.execute(text, values)

    def _rows(self, text: str, *values: Any) -> Iterator[Any]:
        with _failing(self._path):
            cursor = self._db.execute(text, values)
            while found := cursor.fetchmany(_CHUNK):
                yield from found


@contextmanager
def _failing(path: Path | str) -> Iterator[None]:
    """Raise `AwsError` (HTTP 500) with the reason for an error of SQLite.

    For a full disk or a locked file it so answers as AWS does when a service has trouble.
    """
    try:
        yield
    except sqlite3.Error as error:
        raise AwsError("InternalServerError", f"The file {path} failed: {error}", 500) from error


def _info(text: dict[str, Any]) -> TableInfo:
    return TableInfo(**{**text, "keys": KeySchema(**text["keys"])})


def _row(item: str, size: int) -> Row:
    found: Item = json.loads(item, object_hook=_from_base64)
    return Row(found, size)


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _from_base64(found: dict[str, Any]) -> dict[str, Any]:
    # Inside an item a dict with the one member "B" that is text can only be a binary value:
    # an attribute that is called "B" holds a dict.
    if len(found) == 1:
        if isinstance(found.get("B"), str):
            return {"B": base64.b64decode(found["B"])}
        if isinstance(found.get("BS"), list):
            return {"BS": [base64.b64decode(member) for member in found["BS"]]}
    return found
