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
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from botocore.client import BaseClient
from botocore.exceptions import ClientError

from controller.aws.dynamodb.replicas import Replicas, replicas
from controller.aws.errors import OUTSIDE, code, translated
from controller.core.person import key_of, person_id, plain
from controller.ports.errors import OutsideUnreachable
from controller.ports.runtime import Runtime

READS: tuple[str, ...] = ("dynamodb:GetItem",)
KEEPS: tuple[str, ...] = (*READS, "dynamodb:PutItem", "dynamodb:UpdateItem")
ENDS: tuple[str, ...] = (*READS, "dynamodb:DeleteItem", "dynamodb:Query")
PERMISSIONS: tuple[str, ...] = tuple(sorted({*KEEPS, *ENDS}))
"""READS: to show names. KEEPS: to let people act. ENDS: to delete names, those whose days are over or one."""
DAY = 86_400.0
TRIES = 3
PAUSE = 0.1
"""Seconds before the second try; twice that before the third."""
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
                kept = self._kept(key_of(name))
                if kept is None:
                    self._begin(mine, name)
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
            kept = self._kept(key_of(name))
        return None if kept is None else kept.id

    def name_of(self, person: str) -> str | None:
        """Return the name that this person first gave; None where none is kept."""
        with translated(OutsideUnreachable, f"reading the name of {person}"):
            pointer = self._item("id", person)
            kept = None if pointer is None else self._kept(pointer["of"]["S"])
        return kept.name if kept is not None and kept.id == person else None

    def forget(self, name: str) -> str | None:
        """Delete the name and its pointer; return the id, if there was one.

        The name goes first: where the second deletion fails, what is left says nothing and expires.
        """
        with translated(OutsideUnreachable, "deleting a name"):
            item = self._item("name", key_of(name))
            if item is None:
                return None
            self._delete("name", key_of(name))
            self._delete("id", item["id"]["S"])
        return str(item["id"]["S"])

    def expire(self) -> int:
        """Delete the names whose days are over; return how many there were.

        Pointers that lead to no name go too.
        """
        over = 0
        with translated(OutsideUnreachable, "deleting names whose days are over"):
            for item in self._past("name"):
                over += self._delete_past(item["key"]["S"])
            for item in self._past("id"):
                kept = self._kept(item["of"]["S"])
                if kept is None or kept.id != item["key"]["S"]:
                    self._delete("id", item["key"]["S"])
        return over

    def _begin(self, person: str, name: str) -> None:
        """Write the pointer, then the name, if there is none.

        A pointer is looked at by `expire` after a day, and stays as long as it leads to a name of its own.
        """
        now, key = self._runtime.now(), key_of(name)
        pointer = {**_key("id", person), "of": {"S": key}, "expires": _seconds(now + DAY)}
        self._replicas.send("put_item", TableName=self._table, Item=pointer)
        item = {**_key("name", key), "id": {"S": person}, "name": {"S": plain(name)}}
        self._replicas.send(
            "put_item",
            TableName=self._table,
            Item={**item, "expires": _seconds(now + self._lasts)},
            ConditionExpression="attribute_not_exists(#id) OR #expires <= :now",
            ExpressionAttributeNames={"#id": "id", "#expires": "expires"},
            ExpressionAttributeValues={":now": _seconds(now)},
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

    def _kept(self, key: str) -> _Kept | None:
        """Return the name of a key; None where none is kept any more."""
        item = self._item("name", key)
        if item is None or float(item["expires"]["N"]) <= self._runtime.now():
            return None
        return _Kept(item["id"]["S"], plain(item["name"]["S"]), float(item["expires"]["N"]))

    def _item(self, kind: str, key: str) -> dict[str, Any] | None:
        answer = self._replicas.read(
            "get_item", TableName=self._table, Key=_key(kind, key), ConsistentRead=True
        )
        found: dict[str, Any] | None = answer.get("Item")
        return found

    def _past(self, kind: str) -> Iterator[dict[str, Any]]:
        """Yield the items of a kind that `expires` says are over."""
        after: dict[str, Any] = {}
        while True:
            page = self._replicas.read(
                "query",
                TableName=self._table,
                ConsistentRead=True,
                KeyConditionExpression="#kind = :kind",
                FilterExpression="#expires <= :now",
                ExpressionAttributeNames={"#kind": "kind", "#expires": "expires"},
                ExpressionAttributeValues={":kind": {"S": kind}, ":now": _seconds(self._runtime.now())},
                **after,
            )
            yield from page["Items"]
            if not page.get("LastEvaluatedKey"):
                return
            after = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    def _delete(self, kind: str, key: str, **more: Any) -> None:
        """Delete an item. It is gone whichever replica answers, so each may be asked."""
        self._replicas.read("delete_item", TableName=self._table, Key=_key(kind, key), **more)

    def _delete_past(self, key: str) -> bool:
        """Delete a name if its days are over still.

        Returns False where its owner acts just now.
        """
        try:
            self._delete(
                "name",
                key,
                ConditionExpression="#expires <= :now",
                ExpressionAttributeNames={"#expires": "expires"},
                ExpressionAttributeValues={":now": _seconds(self._runtime.now())},
            )
        except ClientError as error:
            if code(error) != CHANGED:
                raise
            return False
        return True


def _key(kind: str, key: str) -> dict[str, Any]:
    return {"kind": {"S": kind}, "key": {"S": key}}


def _seconds(at: float) -> dict[str, str]:
    return {"N": str(int(at))}
