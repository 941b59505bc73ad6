"""The names of people on DynamoDB, each in one item of their own table.

```
 kind  key                  attributes
 id    person-k3vqz…        of: SHA-256 of the name             a pointer, which says nothing by itself
 name  SHA-256 of the name  id: person-k3vqz…, name, expires    whoever acts looks here
```
A person gets an id in this order: the pointer of a new id, then the name, if there is none. Of two that
begin at once, through two doors or in two Regions, the name's condition lets one through, and the other
takes its id. To forget is to delete the name, in one write: whoever was about to use it finds it gone.

The table is strongly consistent in all controllers' Regions, so it has no time to live: DynamoDB refuses
both at once. A name is over from `expires` on, and `expire` deletes what is over. The client must not retry
by itself, as for the journal.

An item that is not as this module writes it is no name: nobody is shown by it, it keeps nobody from acting,
whoever acts under its key begins anew in its place, and `expire` deletes what it cannot date.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.client import BaseClient
from botocore.exceptions import ClientError

from controller.aws.dynamodb.replicas import Replicas, replicas
from controller.aws.errors import OUTSIDE, code, translated
from controller.core.person import is_id, key_of, person_id, plain
from controller.ports.errors import OutsideUnreachable
from controller.ports.runtime import Runtime

READS: tuple[str, ...] = ("dynamodb:GetItem",)
KEEPS: tuple[str, ...] = (*READS, "dynamodb:PutItem", "dynamodb:UpdateItem")
ENDS: tuple[str, ...] = (*READS, "dynamodb:DeleteItem", "dynamodb:Query", "dynamodb:UpdateItem")
PERMISSIONS: tuple[str, ...] = tuple(sorted({*KEEPS, *ENDS}))
"""READS: to show names. KEEPS: to let people act. ENDS: to delete names, those whose days are over or one."""
DAY = 86_400.0
TRIES = 3
PAUSE = 0.1
"""Seconds before the second try; twice that before the third."""
SWEPT, SWEEPING = 200, 5.0
"""Items, and seconds, of one `expire`: a tick has other work. The next one goes on with what is left."""
FREE = (
    "attribute_not_exists(#id) OR attribute_not_exists(#expires) OR (#id = :id AND #expires = :expires) "
    "OR #expires <= :now"
)
"""A name's place that nobody has: empty, over, or what was read there and is no name."""
HASH = re.compile(r"[0-9a-f]{64}")
PAST = "NOT attribute_type(#expires, :number) OR #expires <= :now"
"""An item that is over, or that nobody can date."""
CHANGED = "ConditionalCheckFailedException"
UNKNOWN = "names cannot be read, so nobody can be told apart: nothing was written"


@dataclass(frozen=True, slots=True)
class _Kept:
    """A name as it is kept: of `id`, until `expires`, seconds since 1970."""

    id: str
    name: str
    expires: float


class DynamoPeople:
    """`ports.storage.People` on a DynamoDB table.

    new_id: 32 random hexadecimal digits. days: for which a name is kept after the last act.
    """

    def __init__(
        self,
        *,
        client: BaseClient | Replicas,
        table: str,
        runtime: Runtime,
        new_id: Callable[[], str],
        days: float,
    ) -> None:
        self._replicas, self._table, self._runtime = replicas(client), table, runtime
        self._new_id, self._lasts = new_id, days * DAY

    def id_of(self, name: str) -> str:
        """Return the id of a person who acts, as `ports.storage.People.id_of` says.

        After a lost reply the name is read again: it bears our id, or another's.
        """
        mine, trouble = person_id(self._new_id()), ""
        for attempt in range(TRIES):
            if attempt:
                self._runtime.sleep(PAUSE * attempt)
            try:
                item = self._item("name", key_of(name))
                kept = self._kept(item)
                if kept is None:
                    self._begin(mine, name, item or {})
                    return mine
                if kept.id == mine or self._goes_on(kept, name):
                    return kept.id
                trouble = "the name was deleted"  # since it was read just now: look again
            except OUTSIDE as error:
                trouble = code(error)
        raise OutsideUnreachable(f"{UNKNOWN} ({trouble})")

    def known(self, name: str) -> str | None:
        """Return the id of the person, if there is one; write nothing."""
        with translated(OutsideUnreachable, "reading a person's id"):
            kept = self._kept(self._item("name", key_of(name)))
        return None if kept is None else kept.id

    def name_of(self, person: str) -> str | None:
        """Return the name that this person first gave; None where none is kept."""
        with translated(OutsideUnreachable, f"reading the name of {person}"):
            kept = self._named(person, self._item("id", person))
        return None if kept is None else kept.name

    def forget(self, name: str) -> str | None:
        """Delete the name and its pointer; return the id, if there was one.

        The name goes first. Before that its pointer is dated, so that the next `expire` ends it where the
        second deletion fails. name: it, or its id.
        """
        with translated(OutsideUnreachable, "deleting a name"):
            key = self._key_by(name) if is_id(name) else key_of(name)
            item = self._item("name", key) if key else None
            if key is None or item is None:
                return None
            person = _text(item, "id") if is_id(_text(item, "id")) else None
            if person is not None:
                self._date_pointer(person, key, self._runtime.now())
            self._delete("name", key)
            if person is not None:
                self._delete("id", person)
        return person

    def _key_by(self, person: str) -> str | None:
        """Return the key of the name that an id has, if it has one."""
        pointer = self._item("id", person)
        return None if self._named(person, pointer) is None else _text(pointer, "of")

    def expire(self) -> int:
        """Delete names whose days are over; return how many there were.

        Pointers that lead to no name go too. One that leads to its name is not looked at again before that is
        over, so that an hour costs what ends in it, and not what there is.
        """
        over, ends = 0, self._runtime.monotonic() + SWEEPING
        with translated(OutsideUnreachable, "deleting names whose days are over"):
            for done, item in enumerate(self._past()):
                if done >= SWEPT or self._runtime.monotonic() >= ends:
                    break
                if item["kind"]["S"] == "id":
                    self._look_at_pointer(item)
                    continue
                over += self._changed(  # unless its owner acts just now
                    "delete_item",
                    _key("name", item["key"]["S"]),
                    ConditionExpression=PAST,
                    ExpressionAttributeNames={"#expires": "expires"},
                    ExpressionAttributeValues=self._now(),
                )
        return over

    def _look_at_pointer(self, pointer: Mapping[str, Any]) -> None:
        """Delete a pointer that leads to no name of its own.

        Any other lasts as long as its name.
        """
        person = pointer["key"]["S"]
        kept = self._named(person, pointer)
        if kept is None:
            self._delete("id", person)
            return
        self._date_pointer(person, pointer["of"]["S"], kept.expires)

    def _date_pointer(self, person: str, key: str, at: float) -> None:
        """Let `expire` look at a pointer from `at` on, if it is there."""
        self._changed(
            "update_item",
            _key("id", person),
            UpdateExpression="SET #expires = :at",
            ConditionExpression="#of = :of",
            ExpressionAttributeNames={"#of": "of", "#expires": "expires"},
            ExpressionAttributeValues={":of": {"S": key}, ":at": _seconds(at)},
        )

    def _begin(self, person: str, name: str, read: Mapping[str, Any]) -> None:
        """Write the pointer, then the name if its place is as it was read.

        A pointer is looked at by `expire` after a day, and stays as long as it leads to a name of its own.
        read: what stands there: nothing, a name that is over, or what is no name.
        """
        now, key = self._runtime.now(), key_of(name)
        pointer = {**_key("id", person), "of": {"S": key}, "expires": _seconds(now + DAY)}
        self._replicas.send("put_item", TableName=self._table, Item=pointer)
        item = {**_key("name", key), "id": {"S": person}, "name": {"S": plain(name)}}
        nothing = {"NULL": True}
        self._replicas.send(
            "put_item",
            TableName=self._table,
            Item={**item, "expires": _seconds(now + self._lasts)},
            ConditionExpression=FREE,
            ExpressionAttributeNames={"#id": "id", "#expires": "expires"},
            ExpressionAttributeValues={
                ":id": read.get("id", nothing),
                ":expires": read.get("expires", nothing),
                ":now": _seconds(now),
            },
        )

    def _goes_on(self, kept: _Kept, name: str) -> bool:
        """Let the days of a name begin anew; return False where it is gone.

        Once a day is enough. They act also where this is not answered: then the days are counted from an
        earlier act.
        """
        until = self._runtime.now() + self._lasts
        if kept.expires > until - DAY:
            return True
        try:
            self._replicas.send(
                "update_item",
                TableName=self._table,
                Key=_key("name", key_of(name)),
                UpdateExpression="SET #expires = :until",
                ConditionExpression="#id = :id",
                ExpressionAttributeNames={"#id": "id", "#expires": "expires"},
                ExpressionAttributeValues={":id": {"S": kept.id}, ":until": _seconds(until)},
            )
        except OUTSIDE as error:
            return code(error) != CHANGED
        return True

    def _kept(self, item: Mapping[str, Any] | None) -> _Kept | None:
        """Return the name that an item holds; None where it holds none now."""
        person, name, expires = _text(item, "id"), _text(item, "name"), _moment(item)
        if not is_id(person) or not name or expires <= self._runtime.now():
            return None
        return _Kept(person, plain(name), expires)

    def _named(self, person: str, pointer: Mapping[str, Any] | None) -> _Kept | None:
        """Return the name that a pointer leads to, if it is the person's."""
        key = _text(pointer, "of")
        kept = self._kept(self._item("name", key)) if HASH.fullmatch(key) else None
        return kept if kept is not None and kept.id == person else None

    def _item(self, kind: str, key: str) -> dict[str, Any] | None:
        answer = self._replicas.read(
            "get_item", TableName=self._table, Key=_key(kind, key), ConsistentRead=True
        )
        found: dict[str, Any] | None = answer.get("Item")
        return found

    def _past(self) -> Iterator[dict[str, Any]]:
        """Yield the names that are over, then the pointers, and what nobody can date."""
        for kind in ("name", "id"):
            after: dict[str, Any] = {}
            while True:
                page = self._replicas.read(
                    "query",
                    TableName=self._table,
                    ConsistentRead=True,
                    KeyConditionExpression="#kind = :kind",
                    FilterExpression=PAST,
                    ExpressionAttributeNames={"#kind": "kind", "#expires": "expires"},
                    ExpressionAttributeValues={":kind": {"S": kind}, **self._now()},
                    **after,
                )
                yield from page["Items"]
                if not page.get("LastEvaluatedKey"):
                    break
                after = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    def _now(self) -> dict[str, Any]:
        """Return the values of `PAST`."""
        return {":now": _seconds(self._runtime.now()), ":number": {"S": "N"}}

    def _delete(self, kind: str, key: str) -> None:
        """Delete an item. It is gone whichever replica answers, so each may be asked."""
        self._replicas.read("delete_item", TableName=self._table, Key=_key(kind, key))

    def _changed(self, operation: str, key: dict[str, Any], **params: Any) -> bool:
        """Change an item if the condition holds; return False where it does not."""
        try:
            self._replicas.read(operation, TableName=self._table, Key=key, **params)
        except ClientError as error:
            if code(error) != CHANGED:
                raise
            return False
        return True


def _key(kind: str, key: str) -> dict[str, Any]:
    return {"kind": {"S": kind}, "key": {"S": key}}


def _seconds(at: float) -> dict[str, str]:
    return {"N": str(int(at))}


def _text(item: Mapping[str, Any] | None, name: str) -> str:
    """Return an attribute that is a text; nothing where there is none such."""
    found = ((item or {}).get(name) or {}).get("S")
    return found if isinstance(found, str) else ""


def _moment(item: Mapping[str, Any] | None) -> float:
    """Return when an item is over, seconds since 1970; else 0."""
    found = ((item or {}).get("expires") or {}).get("N")
    return float(found) if isinstance(found, str) else 0.0
