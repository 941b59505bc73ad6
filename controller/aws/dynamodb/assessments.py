"""The assessments on DynamoDB, one chain for each controller Region and application.

They say what was decided while nothing changed. Several processes of a Region write at once, and one of them
is next:

```
 record #17 ─ TransactWriteItems ─┬─ Put the record, if nothing stands at its time ─┐ both or
                                  └─ Put the head: #17, if it is still #16 ─────────┘ neither
      ├─ written
      ├─ cancelled: another wrote #17; AWS shows the head as it is now ──> again, as #18
      └─ no answer: is the record there? ours: the reply was lost; else it counts as lost
```
What was sent and may still land can harm nothing: the head has gone on by then. Partition key `application`
(S), sort key `at` (N), TTL on `expires`; `assessment_items` shows the items. A chain goes on from the records
without a number that versions before it wrote.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from botocore.client import BaseClient
from botocore.exceptions import ClientError

from controller.aws.dynamodb.assessment_items import (
    LARGEST,
    Head,
    Place,
    Unreadable,
    furthest,
    head_after,
    head_item,
    head_key,
    head_of,
    packed,
    place_of,
    record_item,
    record_of,
    text_of,
)
from controller.aws.dynamodb.replicas import answered
from controller.aws.errors import OUTSIDE, code, translated
from controller.core.explanation import format_time, shorter_records
from controller.ports.errors import OutsideUnreachable
from controller.ports.storage import ReadStopped

PERMISSIONS: tuple[str, ...] = ("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query")
"""A transaction needs the permission of each of its actions, and none of its own."""
KEPT = 90 * 86_400.0
"""Seconds."""
TRIES = 10
"""Writers that may be faster, one after the other."""
PAUSE = 0.02
"""Seconds before another try where writers met and perhaps none was first; more each time."""
MOST_RECORDS, MOST_BYTES = 300, 32 << 20
"""Records, and bytes of them as JSON, that are read back at most."""
NEWEST, PAGE = 3, 20
"""Records that are asked for at once on the way back: at first, and later. Most often the newest will do."""
MET = frozenset({"None", "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"})
"""Reasons of a cancelled transaction after which the same one may be tried again."""


class DynamoAssessments:
    """`ports.storage.Assessments` on a DynamoDB table.

    Each method raises `OutsideUnreachable`. brief: a client that gives up soon, for what a step would not
    wait for.
    """

    def __init__(
        self,
        *,
        client: BaseClient,
        table: str,
        sleep: Callable[[float], object],
        ttl: float = KEPT,
        brief: BaseClient | None = None,
    ) -> None:
        self._client, self._table, self._sleep, self._ttl = client, table, sleep, ttl
        self._brief = brief or client
        self._heads: dict[str, Head] = {}

    def add(
        self,
        application: str,
        at: float,
        record: Mapping[str, Any],
        witness: Mapping[str, Any] | None = None,
    ) -> Mapping[str, Any]:
        """Write `record`, with `witness` among its members, as the next of the chain.

        Return what its writers saw of other records, each at its furthest.
        """
        seen = dict(witness or {})
        whole, body = _fitting({**record, **seen}, keep=seen)
        head, nudges = self._heads.pop(application, None) or self._head(application), 0
        for attempt in range(TRIES):
            place = head.next(application, at, nudges=nudges)
            sealed = place.link(whole)
            fresh = head.then(place, sealed, furthest(head.witness, seen))
            try:
                self._write(head, fresh, record_item(place, sealed, body, expires=place.at + self._ttl))
            except OUTSIDE as error:
                reasons = _cancelled(error)
                if not reasons and (answered(error) or not self._landed(place, sealed)):
                    raise OutsideUnreachable(f"recording an assessment: {code(error)}") from error
                if reasons:
                    nudges += reasons[0]["Code"] == "ConditionalCheckFailed"
                    head = self._after_loss(application, head, reasons, attempt)
                    continue
            self._heads[application] = fresh
            return fresh.witness
        raise OutsideUnreachable(f"recording an assessment: {TRIES} others were faster")

    def between(self, application: str, start: float, end: float) -> tuple[tuple[float, dict[str, Any]], ...]:
        """Return the (time, record) pairs with start <= time <= end, oldest first.

        The read is strongly consistent. Times are those of the chain.
        """
        if start > end:
            return ()
        with translated(OutsideUnreachable, f"reading the assessments of {application}"):
            pages = self._client.get_paginator("query").paginate(
                TableName=self._table,
                ConsistentRead=True,
                KeyConditionExpression="#application = :application AND #at BETWEEN :start AND :end",
                ExpressionAttributeNames={"#application": "application", "#at": "at"},
                ExpressionAttributeValues={
                    ":application": {"S": application},
                    ":start": {"N": repr(start)},
                    ":end": {"N": repr(end)},
                },
            )
            items = [item for page in pages for item in page["Items"]]
        with _readable(application):
            return tuple((float(item["at"]["N"]), record_of(item)) for item in items)

    def newest_first(
        self, application: str, start: float, end: float | None = None
    ) -> Iterator[tuple[float, dict[str, Any]]]:
        """Yield the (time, record) pairs back to `start`, newest first.

        They begin at `end`, or at the end of the chain. Times are those of the writers' clocks. Raises
        `ReadStopped` after `MOST_RECORDS` or `MOST_BYTES`.
        """
        count = size = 0
        at = start
        for item in self._back(application, start, end):
            if count >= MOST_RECORDS or size >= MOST_BYTES:
                told = f"{count} records of {size} bytes were read, back to {format_time(at)}; older ones not"
                raise ReadStopped(told, at)
            with _readable(application):
                size += len(text_of(item))
                record = record_of(item)
            count, at = count + 1, place_of(item).moment
            yield at, record

    def _back(self, application: str, start: float, end: float | None) -> Iterator[dict[str, Any]]:
        upper = ">= :start" if end is None else "BETWEEN :start AND :end"
        values = {":application": {"S": application}, ":start": {"N": repr(start)}}
        query: dict[str, Any] = {
            "TableName": self._table,
            "ConsistentRead": True,
            "ScanIndexForward": False,
            "Limit": NEWEST,
            "KeyConditionExpression": f"#application = :application AND #at {upper}",
            "ExpressionAttributeNames": {"#application": "application", "#at": "at"},
            "ExpressionAttributeValues": values | ({} if end is None else {":end": {"N": repr(end)}}),
        }
        while True:
            with translated(OutsideUnreachable, f"reading the assessments of {application}"):
                page = self._client.query(**query)
            yield from page["Items"]
            if "LastEvaluatedKey" not in page:
                return
            query |= {"ExclusiveStartKey": page["LastEvaluatedKey"], "Limit": PAGE}

    def nearest(self, application: str, at: float, *, later: bool) -> float | None:
        """Return the moment of the last record at or before `at`.

        With `later`, of the first record at or after it. None where there is none.
        """
        with translated(OutsideUnreachable, f"reading the assessments of {application}"):
            answer = self._client.query(
                TableName=self._table,
                ConsistentRead=True,
                ScanIndexForward=later,
                Limit=1,
                KeyConditionExpression=f"#application = :application AND #at {'>=' if later else '<='} :at",
                ProjectionExpression="#at",
                ExpressionAttributeNames={"#application": "application", "#at": "at"},
                ExpressionAttributeValues={":application": {"S": application}, ":at": {"N": repr(at)}},
            )
        return next((float(item["at"]["N"]) for item in answer.get("Items", ())), None)

    def witness(self, application: str) -> dict[str, Any]:
        """Return what the newest record saw of other records.

        The head tells it; before there is one, the newest record itself.
        """
        item = self._get(head_key(application), self._brief)
        with _readable(application):
            if item is not None:
                return dict(head_of(item).witness)
            last = self._newest(application, self._brief)
            return record_of(last) if last else {}

    def _head(self, application: str) -> Head:
        """Return the head as it is now, or by the newest record."""
        item = self._get(head_key(application), self._client)
        with _readable(application):
            return head_of(item) if item else head_after(self._newest(application, self._client))

    def _get(self, key: dict[str, Any], client: BaseClient) -> dict[str, Any] | None:
        with translated(OutsideUnreachable, "reading the last assessment"):
            found: dict[str, Any] | None = client.get_item(
                TableName=self._table, Key=key, ConsistentRead=True
            ).get("Item")
        return found

    def _newest(self, application: str, client: BaseClient) -> dict[str, Any] | None:
        with translated(OutsideUnreachable, f"reading the last assessment of {application}"):
            answer = client.query(
                TableName=self._table,
                ConsistentRead=True,
                ScanIndexForward=False,
                Limit=1,
                KeyConditionExpression="#application = :application",
                ExpressionAttributeNames={"#application": "application"},
                ExpressionAttributeValues={":application": {"S": application}},
            )
        return next(iter(answer.get("Items", ())), None)

    def _write(self, before: Head, after: Head, item: dict[str, Any]) -> None:
        record: dict[str, Any] = {
            "TableName": self._table,
            "Item": item,
            "ConditionExpression": "attribute_not_exists(#at)",
            "ExpressionAttributeNames": {"#at": "at"},
        }
        head: dict[str, Any] = {
            "TableName": self._table,
            "Item": head_item(item["application"]["S"], after),
            "ConditionExpression": "attribute_not_exists(#count)",
            "ExpressionAttributeNames": {"#count": "count"},
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        if before.kept:
            head["ConditionExpression"] = "#count = :count"
            head["ExpressionAttributeValues"] = {":count": {"N": str(before.count)}}
        self._client.transact_write_items(
            TransactItems=[{"Put": record}, {"Put": head}], ClientRequestToken=after.hash[:36]
        )

    def _landed(self, place: Place, sealed: str) -> bool:
        """Return True where the record is there after all: the reply was lost."""
        key = {"application": {"S": place.application}, "at": {"N": repr(place.at)}}
        item = self._get(key, self._brief)
        return item is not None and item.get("hash", {}).get("S") == sealed

    def _after_loss(self, application: str, head: Head, reasons: list[dict[str, Any]], attempt: int) -> Head:
        """Return the head to try again with, after a cancelled transaction."""
        codes = {reason["Code"] for reason in reasons}
        if codes <= MET:
            self._sleep(PAUSE * (attempt + 1))
            return self._head(application)
        if "ConditionalCheckFailed" not in codes:
            raise OutsideUnreachable(f"recording an assessment: {', '.join(sorted(codes))}")
        if reasons[1]["Code"] != "ConditionalCheckFailed":
            return head
        item = reasons[1].get("Item")
        with _readable(application):
            return head_of(item) if item else self._head(application)


def _cancelled(error: Exception) -> list[dict[str, Any]]:
    """Return the reasons of a cancelled transaction, one an item; else none."""
    if not isinstance(error, ClientError) or code(error) != "TransactionCanceledException":
        return []
    return [{"Code": "None"} | reason for reason in error.response.get("CancellationReasons", ())]


def _fitting(record: Mapping[str, Any], *, keep: Mapping[str, Any]) -> tuple[Mapping[str, Any], bytes]:
    """Return the longest form of a record that fits, plain and packed."""
    for form in shorter_records(record, most=LARGEST, keep=frozenset(keep)):
        body = packed(form)
        if body is not None:
            return form, body
    raise OutsideUnreachable(f"recording an assessment: it has more than {LARGEST} bytes, however it is cut")


@contextmanager
def _readable(application: str) -> Iterator[None]:
    try:
        yield
    except Unreadable as error:
        raise OutsideUnreachable(f"reading the assessments of {application}: {error}") from error
