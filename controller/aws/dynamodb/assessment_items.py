"""The items of the assessments' table: records in two forms, and heads of chains.

| item | partition `application`, sort `at` | attributes |
|---|---|---|
| head | `head#APPLICATION`, 0 | `count`, `hash`, `last` (the time of that record), `witness` (JSON) |
| record | APPLICATION, its time | `count`, `hash`, `prev`, `after`, `clock`, `body` (gzip), `expires` |
| record without a number | APPLICATION, its time | `hash`, `prev`, `record` (JSON), `expires` |

The third is what versions before the chain wrote; for them the second has a `record` too, which is empty.
Nothing here believes what it reads: a table may have been tampered with, and what is packed may be anything.
"""

import gzip
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from controller.core.canonical_json import ascii_digest, canonical, digest
from controller.core.journal.event import GENESIS
from controller.core.journal.head import head_in

MOST = 1 << 53
"""The largest number of a record."""
LATEST = 1e11
"""Seconds since 1970: no clock says more, and no calendar reaches further."""
NO_HEAD = (KeyError, TypeError, ValueError, OverflowError, RecursionError)
Item = Mapping[str, Any]
NOTHING = {"S": "{}"}
"""For processes of the version before, which may run beside this one: a record that says nothing."""
NUDGE = 1e-6
"""Seconds by which a record follows the one before it, where the writer's clock is not ahead of that."""
LARGEST = 1_000_000
"""Bytes of one record as JSON, at most: a line of an audit bundle must hold it."""
PACKED = 350_000
"""Bytes of one record as packed, at most: DynamoDB takes 400 KB an item."""
LEVEL = 1
"""Of compression: a tenth of the size in a fifth of the time that the best takes."""


class Unreadable(ValueError):  # noqa: N818
    """The item holds no record; the message says what it holds."""


@dataclass(frozen=True, slots=True)
class Place:
    """The place of a record in its chain.

    What is hashed is this and the record. count: None for a record without a number. after: the time of the
    record before. clock: the writer's time, where `at` had to be later than that.
    """

    application: str
    at: float
    prev: str
    count: int | None = None
    after: float | None = None
    clock: float | None = None

    def link(self, record: object) -> str:
        """Return the hash of a record in this place.

        It is by RFC 8785 where the record has a number.
        """
        said: dict[str, Any] = {"application": self.application, "at": self.at, "prev": self.prev}
        if self.count is None:
            return ascii_digest(said | {"record": record})
        said |= {"count": self.count, "after": self.after}
        if self.clock is not None:
            said["clock"] = self.clock
        return digest(said | {"record": record})

    @property
    def moment(self) -> float:
        """Return the time by the writer's clock."""
        return self.at if self.clock is None else self.clock


@dataclass(frozen=True, slots=True)
class Head:
    """The end of a chain.

    count: of records with a number. last: the time of the last record; None where there is none.
    witness: what the last record saw of other records, such as the journal's head. kept: the table has an
    item of it.
    """

    count: int = 0
    hash: str = GENESIS
    last: float | None = None
    witness: Mapping[str, Any] = field(default_factory=dict)
    kept: bool = False

    def next(self, application: str, at: float, *, nudges: int = 0) -> Place:
        """Return the place after this one, for a record of the moment `at`.

        Time never steps back. nudges: how many times this moment was found taken.
        """
        moment = at if self.last is None else max(at, self.last + NUDGE)
        moment += nudges * NUDGE
        clock = None if moment == at else at
        return Place(application, moment, self.hash, self.count + 1, self.last, clock)

    def then(self, place: Place, sealed: str, witness: Mapping[str, Any]) -> "Head":
        """Return the head after a record in `place`, whose hash is `sealed`."""
        return Head(self.count + 1, sealed, place.at, witness, kept=True)


def furthest(kept: Mapping[str, Any], seen: Mapping[str, Any]) -> dict[str, Any]:
    """Return what both saw of other records, each at its furthest.

    A process that read before another one did may write after it. What was seen of a journal since it was
    restored lies beyond all that was seen before, whatever its number.
    """
    return {**seen, **{name: each for name, each in kept.items() if _reach(each) > _reach(seen.get(name))}}


def _reach(seen: object) -> tuple[float, int]:
    head = head_in(seen)
    return (0.0, 0 if seen is not None else -1) if head is None else head.reach


def head_key(application: str) -> dict[str, Any]:
    """Return the key of an application's head. No application's name has a `#`."""
    return {"application": {"S": f"head#{application}"}, "at": {"N": "0"}}


def is_head(item: Item) -> bool:
    return str(item["application"]["S"]).startswith("head#")


def head_item(application: str, head: Head) -> dict[str, Any]:
    """Return the item of a head that has a record. It never expires."""
    return head_key(application) | {
        "count": {"N": str(head.count)},
        "hash": {"S": head.hash},
        "last": {"N": repr(head.last)},
        "witness": {"S": canonical(dict(head.witness))},
    }


def head_of(item: Item) -> Head:
    """Return the head that an item says. Raises `Unreadable`."""
    try:
        witness = json.loads(item.get("witness", {}).get("S", "{}"))
        count, last = int(item["count"]["N"]), float(item["last"]["N"])
        if not (0 <= count <= MOST and 0 <= last <= LATEST):
            raise ValueError("a number or a time that no record has")
        return Head(
            count,
            str(item["hash"]["S"]),
            last,
            witness if isinstance(witness, dict) else {},
            kept=True,
        )
    except NO_HEAD as error:
        raise Unreadable(f"the head of the assessments is no head: {type(error).__name__}") from error


def head_after(item: Item | None) -> Head:
    """Return a chain's head by its newest record, where no head is kept."""
    if item is None:
        return Head()
    place = place_of(item)
    return Head(place.count or 0, _text(item, "hash"), place.at)


def record_item(place: Place, sealed: str, body: bytes, *, expires: float) -> dict[str, Any]:
    item: dict[str, Any] = {
        "application": {"S": place.application},
        "at": {"N": repr(place.at)},
        "count": {"N": str(place.count)},
        "prev": {"S": place.prev},
        "hash": {"S": sealed},
        "body": {"B": body},
        "record": NOTHING,
        "expires": {"N": str(int(expires))},
    }
    for name, moment in (("after", place.after), ("clock", place.clock)):
        if moment is not None:
            item[name] = {"N": repr(moment)}
    return item


def packed(record: Mapping[str, Any]) -> bytes | None:
    """Return a record as an item holds it; None if it is too large."""
    text = canonical(dict(record)).encode()
    if len(text) > LARGEST:
        return None
    body = gzip.compress(text, LEVEL, mtime=0)
    return body if len(body) <= PACKED else None


def place_of(item: Item) -> Place:
    """Return a record's place, as the item says. DynamoDB checked the key."""
    count = _number(item, "count", MOST)
    return Place(
        str(item["application"]["S"]),
        float(item["at"]["N"]),
        _text(item, "prev"),
        None if count is None else int(count),
        _number(item, "after"),
        _number(item, "clock"),
    )


def text_of(item: Item) -> str:
    """Return a record's JSON, in either form. Raises `Unreadable`."""
    body = item.get("body", {}).get("B")
    if body is None:
        return _text(item, "record")
    unpacker = zlib.decompressobj(wbits=31)
    try:
        text = unpacker.decompress(bytes(body), LARGEST + 1)
        if len(text) > LARGEST or not unpacker.eof:
            raise Unreadable(f"it unpacks to more than {LARGEST} bytes, or is cut off")
        return text.decode()
    except (zlib.error, UnicodeDecodeError, TypeError) as error:
        raise Unreadable(f"it cannot be unpacked: {type(error).__name__}") from error


def record_of(item: Item) -> dict[str, Any]:
    """Return the record that an item holds, in either form. Raises `Unreadable`."""
    text = text_of(item)
    try:
        record = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"it is no JSON: {type(error).__name__}") from error
    if not isinstance(record, dict):
        raise Unreadable("it is no record")
    return record


def _number(item: Item, name: str, most: float = LATEST) -> float | None:
    """Return a number of an item.

    None where it has none, and 0 for one that no record has.
    """
    try:
        found = float(item[name]["N"])
    except (KeyError, TypeError, ValueError):
        return None
    return found if 0 <= found <= most else 0.0


def _text(item: Item, name: str) -> str:
    return str(item.get(name, {}).get("S", ""))
