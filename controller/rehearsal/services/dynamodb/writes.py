"""The write operations: PutItem, UpdateItem, DeleteItem, BatchWriteItem."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from controller.rehearsal.service import Call
from controller.rehearsal.services.dynamodb.admin import Catalog, Opened
from controller.rehearsal.services.dynamodb.errors import condition_failed, invalid
from controller.rehearsal.services.dynamodb.expressions import Expressions
from controller.rehearsal.services.dynamodb.paths import project
from controller.rehearsal.services.dynamodb.store import Row
from controller.rehearsal.services.dynamodb.values import MAX_ITEM_BYTES, Item, checked_item, item_size

CONDITION = "ConditionExpression"
Params = dict[str, Any]
Judged = Callable[[Row | None], bool]
"""Returns True where the condition of a write holds for the item that is there."""


@dataclass(frozen=True)
class Writes:
    catalog: Catalog

    def put_item(self, call: Call) -> Params:
        params = call.params
        returns = _returns(params, "NONE", "ALL_OLD")
        opened = self.catalog.open(params["TableName"])
        item = checked_item(params["Item"])
        key = opened.info.keys.of_item(item)
        row = sized(item)
        expressions = Expressions(params, (CONDITION,))
        old = opened.store.get(opened.info.name, *key)
        _require(expressions, params, old)
        self.catalog.put(opened, key, row)
        return {"Attributes": old.item} if returns == "ALL_OLD" and old is not None else {}

    def delete_item(self, call: Call) -> Params:
        params = call.params
        returns = _returns(params, "NONE", "ALL_OLD")
        opened = self.catalog.open(params["TableName"])
        key = opened.info.keys.of_key(checked_item(params["Key"]))
        expressions = Expressions(params, (CONDITION,))
        old = opened.store.get(opened.info.name, *key)
        _require(expressions, params, old)
        self.catalog.delete(opened, key)
        return {"Attributes": old.item} if returns == "ALL_OLD" and old is not None else {}

    def update_item(self, call: Call) -> Params:
        params = call.params
        returns = _returns(params, "NONE", "ALL_OLD", "ALL_NEW", "UPDATED_OLD", "UPDATED_NEW")
        opened = self.catalog.open(params["TableName"])
        key_item = checked_item(params["Key"])
        keys = opened.info.keys
        key = keys.of_key(key_item)
        expressions = Expressions(params, ("UpdateExpression", CONDITION))
        change = expressions.update(keys.names)
        old = opened.store.get(opened.info.name, *key)
        _require(expressions, params, old)
        before = key_item if old is None else old.item
        after = before if change is None else change.to(before)
        self.catalog.put(opened, key, sized(after, "Item size to update"))
        if returns == "NONE" or (returns.endswith("OLD") and old is None):
            return {}
        shown = after if returns.endswith("NEW") else before
        if returns.startswith("UPDATED"):
            shown = project(shown, change.touched()) if change is not None else {}
        return {"Attributes": shown} if shown else {}

    def batch_write_item(self, call: Call) -> Params:
        """Put and delete items without conditions.

        All are processed or, where one is malformed, none.
        """
        work: list[tuple[Opened, tuple[bytes, bytes], Row | None]] = []
        for table, requests in call.params["RequestItems"].items():
            opened = self.catalog.open(table)
            for request in requests:
                if "PutRequest" in request:
                    item = checked_item(request["PutRequest"]["Item"])
                    work.append((opened, opened.info.keys.of_item(item), sized(item)))
                elif "DeleteRequest" in request:
                    gone = checked_item(request["DeleteRequest"]["Key"])
                    work.append((opened, opened.info.keys.of_key(gone), None))
        if not 1 <= len(work) <= 25:
            raise invalid(
                "Too many requests for one BatchWriteItem" if work else "BatchWriteItem has no requests"
            )
        if len({(opened.info.name, key) for opened, key, _ in work}) != len(work):
            raise invalid("Provided list of item keys contains duplicates")
        for opened, key, row in work:
            if row is None:
                self.catalog.delete(opened, key)
            else:
                self.catalog.put(opened, key, row)
        return {"UnprocessedItems": {}}


def _returns(params: Params, *allowed: str) -> str:
    wanted: str = params.get("ReturnValues", "NONE")
    if wanted not in allowed:
        raise invalid("Return values set to invalid value")
    return wanted


def _require(expressions: Expressions, params: Params, old: Row | None) -> None:
    """Refuse malformed expressions first, then a condition that does not hold."""
    if not _judge(expressions)(old):
        wanted = params.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD"
        raise condition_failed(old.item if wanted and old is not None else None)


def judged(params: Params, expressions: tuple[str, ...]) -> Judged:
    """Return the judge of a write's condition.

    Refuses malformed expressions.
    """
    return _judge(Expressions(params, expressions))


def _judge(expressions: Expressions) -> Judged:
    found = expressions.condition(CONDITION)
    expressions.finish()
    if found is None:
        return lambda _old: True
    judge, condition = found
    return lambda old: judge.holds(condition, {} if old is None else old.item)


def sized(item: Item, what: str = "Item size") -> Row:
    size = item_size(item)
    if size > MAX_ITEM_BYTES:
        raise invalid(f"{what} has exceeded the maximum allowed size")
    return Row(item, size)
