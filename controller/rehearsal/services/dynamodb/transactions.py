"""The operation TransactWriteItems, for Put alone: every item is written, or none is.

```
 TransactItems ─ malformed, twice one item ──────────────> ValidationException
      │        └ the token of other items ───────────────> IdempotentParameterMismatchException
      │        └ the token of these items, ten minutes ──> done already: nothing is written
      └─ each condition ─ one does not hold ─────────────> TransactionCanceledException, a reason an item
                        └ all hold ──────────────────────> all are put
```
Calls come one at a time here, so that no transaction ever meets another (`TransactionConflict`). Tokens are
forgotten when the process ends. (Amazon DynamoDB API reference, *TransactWriteItems*.)
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from controller.rehearsal.service import AwsError, Call
from controller.rehearsal.services.dynamodb.admin import Catalog, Opened
from controller.rehearsal.services.dynamodb.errors import cancelled, invalid
from controller.rehearsal.services.dynamodb.store import Row
from controller.rehearsal.services.dynamodb.values import checked_item
from controller.rehearsal.services.dynamodb.writes import CONDITION, Judged, judged, sized

MOST = 100
MOST_BYTES = 4 * 1024 * 1024
REMEMBERED = 600.0
"""Seconds for which a token stands for its transaction."""
Params = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Put:
    opened: Opened
    key: tuple[bytes, bytes]
    row: Row
    judge: Judged
    shows_old: bool

    def reason(self) -> Params:
        """Return why this item cancels its transaction, or that it does not."""
        old = self.opened.store.get(self.opened.info.name, *self.key)
        if self.judge(old):
            return {"Code": "None"}
        said = {"Code": "ConditionalCheckFailed", "Message": "The conditional request failed"}
        return said | ({"Item": old.item} if self.shows_old and old is not None else {})


@dataclass(frozen=True)
class Transactions:
    catalog: Catalog
    _tokens: dict[str, tuple[float, Any]] = field(default_factory=dict)

    def transact_write_items(self, call: Call) -> Params:
        asked, token = call.params["TransactItems"], call.params.get("ClientRequestToken", "")
        _bounded(asked, token)
        if self._done(token, asked):
            return {}
        puts = [self._put(action) for action in asked]
        if len({(put.opened.info.name, put.key) for put in puts}) != len(puts):
            raise invalid("Transaction request cannot include multiple operations on one item")
        if sum(put.row.size for put in puts) > MOST_BYTES:
            raise invalid("Transaction request exceeds the maximum allowed size of 4 MB")
        reasons = [put.reason() for put in puts]
        if any(reason["Code"] != "None" for reason in reasons):
            raise cancelled(reasons)
        self.catalog.put_all([(put.opened, put.key, put.row) for put in puts])
        if token:
            self._tokens[token] = (self.catalog.kernel.now() + REMEMBERED, asked)
        return {}

    def _done(self, token: str, asked: Any) -> bool:
        """Return True for a transaction that was done, and is sent again."""
        now = self.catalog.kernel.now()
        for old in [old for old, (until, _) in self._tokens.items() if until <= now]:
            del self._tokens[old]
        known = self._tokens.get(token)
        if known is not None and known[1] != asked:
            raise AwsError(
                "IdempotentParameterMismatchException",
                "The request uses the same client token as a previous, but non-identical request",
            )
        return known is not None

    def _put(self, action: Params) -> _Put:
        if len(action) != 1:
            raise invalid("TransactItems can only contain one of Check, Put, Update or Delete")
        if "Put" not in action:
            raise invalid(f"{next(iter(action))} in a transaction is not part of this rehearsal")
        params = action["Put"]
        opened = self.catalog.open(params["TableName"])
        if opened.info.name in self.catalog.shared:
            raise invalid("Transactions are not supported on a table with multi-Region strong consistency")
        item = checked_item(params["Item"])
        key = opened.info.keys.of_item(item)
        shows = params.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD"
        return _Put(opened, key, sized(item), judged(params, (CONDITION,)), shows)


def _bounded(asked: Sequence[Any], token: str) -> None:
    told = "1 validation error detected: '{}' failed to satisfy constraint: Member must have length {}"
    if not 1 <= len(asked) <= MOST:
        bound = f"less than or equal to {MOST}" if asked else "greater than or equal to 1"
        raise invalid(told.format("transactItems", bound))
    if len(token) > 36:
        raise invalid(told.format("clientRequestToken", "less than or equal to 36"))
