"""Checkpoints on DynamoDB: one for each controller, packed, in the journal's table.

```
 checkpoint#storefront#us-west-2   0 │ 1 │ …   parts of the packed text, written over each time
```
Partition key `application` holds `checkpoint#`, the application and the controller's Region; a `#` is in no
application's name. `seq` is the part's number, `of` how many there are. Who reads while another writes may
get parts of two texts: then the text's hash is not the one that it looks for, and it reads the journal.
"""

import zlib
from typing import Any

from botocore.client import BaseClient

from controller.aws.dynamodb.replicas import Replicas, replicas
from controller.aws.errors import translated
from controller.ports.errors import OutsideUnreachable

PERMISSIONS: tuple[str, ...] = ("dynamodb:PutItem", "dynamodb:Query")
PART = 350_000
"""Bytes of one part: an item has at most 400 KB."""
LONGEST = 64 * 1024 * 1024
"""Characters of an unpacked text that are read: the state of some hundred thousand incidents."""


class DynamoCheckpoints:
    """`ports.storage.CheckpointStore` on the journal's table."""

    def __init__(self, *, client: BaseClient | Replicas, table: str, region: str) -> None:
        self._replicas, self._table, self._region = replicas(client), table, region

    def keep(self, application: str, text: str) -> None:
        packed = zlib.compress(text.encode())
        parts = [packed[place : place + PART] for place in range(0, len(packed), PART)]
        for number, part in enumerate(parts):
            item = {**self._key(application), "seq": {"N": str(number)}, "part": {"B": part},
                    "of": {"N": str(len(parts))}}  # fmt: skip
            with translated(OutsideUnreachable, f"keeping a checkpoint of {application}"):
                self._replicas.read("put_item", TableName=self._table, Item=item)

    def read(self, application: str) -> str | None:
        items: list[dict[str, Any]] = []
        after: dict[str, Any] = {}
        while True:
            with translated(OutsideUnreachable, f"reading the checkpoint of {application}"):
                page = self._replicas.read(
                    "query",
                    TableName=self._table,
                    ConsistentRead=True,
                    KeyConditionExpression="#application = :application",
                    ExpressionAttributeNames={"#application": "application"},
                    ExpressionAttributeValues={":application": self._key(application)["application"]},
                    **after,
                )
            items += page["Items"]
            if not page.get("LastEvaluatedKey"):
                return _unpacked(items)
            after = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    def _key(self, application: str) -> dict[str, Any]:
        return {"application": {"S": f"checkpoint#{application}#{self._region}"}}


def _unpacked(items: list[dict[str, Any]]) -> str | None:
    """Return the text of the parts; None where they are not whole."""
    try:
        count = int(items[0]["of"]["N"])  # what follows is left from a longer one
        packed = b"".join(bytes(item["part"]["B"]) for item in items[:count])
        return zlib.decompressobj().decompress(packed, LONGEST).decode()
    except (zlib.error, ValueError, KeyError, IndexError, TypeError):
        return None
