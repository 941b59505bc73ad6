"""The backup of the journal's table: its items, and their way back.

```
 RESTORED_TABLE ── Scan ──> items ── PutItem if nothing has the key ─┬─ answered: it stands
  (one Region, no replica)                                          └─ anything else: read the key, strongly
                                     ├─ the same item   it stands        ├─ another's  JournalConflict
 tidegate-journal ── Scan ──> what stands there already                  └─ absent     again, the same item
```
DynamoDB restores into a new table, which can never become a strongly consistent global table, for only an
empty table can: what it holds is copied (developer guide, *Recovery by initiating a table restore*). Nothing
is ever written over. A person does it, with a person's rights: no function has these permissions.
"""

from collections.abc import Iterator
from typing import Any

from botocore.client import BaseClient

from controller.aws.dynamodb.journal import PAUSE, TRIES, event_in, item_of
from controller.aws.dynamodb.replicas import Replicas, replicas
from controller.aws.errors import OUTSIDE, code, translated
from controller.core.journal.event import Event
from controller.core.text import sanitize
from controller.ports.errors import JournalConflict, JournalUnreadable, OutsideUnreachable
from controller.ports.runtime import Runtime
from controller.ports.storage import StoredItem

PERMISSIONS: tuple[str, ...] = ("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Scan")


class DynamoJournalBackup:
    """`ports.storage.JournalBackup` on two DynamoDB tables.

    client, table: of the journal; its client must not retry by itself. backup: the client of the Region that
    `source`, the backup's table, is in.
    """

    def __init__(
        self,
        *,
        client: BaseClient | Replicas,
        table: str,
        backup: BaseClient | Replicas,
        source: str,
        runtime: Runtime,
    ) -> None:
        self._journal, self._table = replicas(client), table
        self._backup, self._source = replicas(backup), source
        self._runtime = runtime

    @property
    def table(self) -> str:
        return self._source

    def kept(self) -> Iterator[StoredItem]:
        return self._items(self._backup, self._source)

    def standing(self) -> Iterator[StoredItem]:
        return self._items(self._journal, self._table)

    def _items(self, where: Replicas, table: str) -> Iterator[StoredItem]:
        after: dict[str, Any] = {}
        while True:
            with translated(OutsideUnreachable, f"reading the table {sanitize(table, 255)}"):
                page = where.read("scan", TableName=table, ConsistentRead=True, **after)
            yield from (_stored(table, item) for item in page["Items"])
            if not page.get("LastEvaluatedKey"):
                return
            after = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    def item_of(self, event: Event) -> StoredItem:
        return StoredItem(event.application, event.seq, event, item_of(event))

    def put(self, item: StoredItem) -> bool:
        named = f"item {item.number} of {sanitize(item.name, 100)}"
        trouble = ""
        for attempt in range(TRIES):
            if attempt:
                self._runtime.sleep(PAUSE * attempt)
            try:
                self._journal.send(
                    "put_item",
                    TableName=self._table,
                    Item=dict(item.content),
                    ConditionExpression="attribute_not_exists(#seq)",
                    ExpressionAttributeNames={"#seq": "seq"},
                )
                return True
            except OUTSIDE as error:
                trouble = code(error)
            try:
                there = self._there(item)
            except OUTSIDE as error:
                trouble = f"{trouble}, then {code(error)}"
                continue
            if there == item.content:
                return trouble != "ConditionalCheckFailedException"
            if there is not None:
                raise JournalConflict(f"{named} stands in {self._table} already, and is another")
        raise OutsideUnreachable(f"putting {named} back: {trouble}")

    def _there(self, item: StoredItem) -> dict[str, Any] | None:
        key = {name: item.content[name] for name in ("application", "seq")}
        answer = self._journal.read("get_item", TableName=self._table, Key=key, ConsistentRead=True)
        found: dict[str, Any] | None = answer.get("Item")
        return found


def _stored(table: str, item: dict[str, Any]) -> StoredItem:
    """Return an item as it stands; a `#` in its name: of no journal."""
    try:
        name, number = str(item["application"]["S"]), int(item["seq"]["N"])
        event = None if "#" in name else event_in(name, item)
    except (ValueError, TypeError, KeyError) as error:
        raise JournalUnreadable(f"in {sanitize(table, 255)}: {sanitize(str(error), 300)}") from error
    return StoredItem(name, number, event, item)
