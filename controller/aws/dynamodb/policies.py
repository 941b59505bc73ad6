"""The documents of policies on DynamoDB: one item a policy, in the journal's table.

```
 deployment 2 ── PutItem if absent, policy#5e6f… ──┐        before it writes PolicyLoaded 5e6f…
 deployment 1 ── GetItem policy#5e6f… <────────────┘        it goes on with a move by 5e6f…
```
Partition key `application` holds `policy#` and the digest; a `#` is in no application's name. The table is
that of the journal since it has a replica for each controller and is read strongly: what the journal names
can be read wherever the journal can. Nobody needs to trust a row, see `ports.storage.Policies`.
"""

from typing import Any

from botocore.client import BaseClient
from botocore.exceptions import ClientError

from controller.aws.dynamodb.replicas import Replicas, replicas
from controller.aws.errors import code, translated
from controller.ports.errors import OutsideUnreachable

PERMISSIONS: tuple[str, ...] = ("dynamodb:GetItem", "dynamodb:PutItem")


class DynamoPolicies:
    """`ports.storage.Policies` on the journal's table.

    A write may be repeated at another replica: it is the same text, or it is refused.
    """

    def __init__(self, *, client: BaseClient | Replicas, table: str) -> None:
        self._replicas, self._table = replicas(client), table

    def keep(self, digest: str, document: str) -> None:
        item = {**_key(digest), "document": {"S": document}}
        absent = "attribute_not_exists(application)"
        with translated(OutsideUnreachable, f"keeping policy {digest[:8]}"):
            try:
                self._replicas.read("put_item", TableName=self._table, Item=item, ConditionExpression=absent)
            except ClientError as error:
                if code(error) != "ConditionalCheckFailedException":
                    raise

    def read(self, digest: str) -> str | None:
        with translated(OutsideUnreachable, f"reading policy {digest[:8]}"):
            answer = self._replicas.read(
                "get_item", TableName=self._table, Key=_key(digest), ConsistentRead=True
            )
        item = answer.get("Item")
        return None if item is None else str(item.get("document", {}).get("S", ""))


def _key(digest: str) -> dict[str, Any]:
    return {"application": {"S": f"policy#{digest}"}, "seq": {"N": "0"}}
