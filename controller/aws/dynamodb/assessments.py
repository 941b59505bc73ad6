"""The assessments on DynamoDB: each record is chained to the one before.

They say what was decided while nothing changed. Partition key `application` (S), sort key `at` (N), TTL on
`expires`. Each writer chains to what it wrote last; a fresh one to the last that it finds. So two writers at
once make a fork, which both records show.
"""

from collections.abc import Mapping
from json import loads
from typing import Any

from botocore.client import BaseClient

from controller.aws.errors import OUTSIDE, code, translated
from controller.core.canonical_json import ascii_digest, ascii_json
from controller.core.journal.event import GENESIS
from controller.ports.errors import OutsideUnreachable

PERMISSIONS: tuple[str, ...] = ("dynamodb:PutItem", "dynamodb:Query")
KEPT = 90 * 86_400.0
"""Seconds."""
TRIES = 3
NUDGE = 1e-6
"""Seconds by which a record moves on where another has the same moment."""


class DynamoAssessments:
    """`ports.storage.Assessments` on a DynamoDB table.

    Each method raises `OutsideUnreachable`. brief: a client that gives up soon, for what a step would not
    wait for.
    """

    def __init__(
        self, *, client: BaseClient, table: str, ttl: float = KEPT, brief: BaseClient | None = None
    ) -> None:
        self._client, self._table, self._ttl = client, table, ttl
        self._brief = brief or client
        self._last: dict[str, str] = {}

    def add(self, application: str, at: float, record: Mapping[str, Any]) -> None:
        """Write `record` under the moment `at`.

        Where that is taken, under one a few microseconds later.
        """
        prev = self._last.pop(application, None)
        if prev is None:
            last = self._newest(application, self._client)
            prev = last["hash"]["S"] if last else GENESIS
        for attempt in range(TRIES):
            moment = at + attempt * NUDGE
            sealed = link(application, moment, prev, record)
            try:
                self._put(application, moment, prev, sealed, record)
            except OUTSIDE as error:
                if code(error) != "ConditionalCheckFailedException":
                    raise OutsideUnreachable(f"recording an assessment: {code(error)}") from error
                continue
            self._last[application] = sealed
            return
        raise OutsideUnreachable(f"recording an assessment: {TRIES} others have this moment")

    def between(self, application: str, start: float, end: float) -> tuple[tuple[float, dict[str, Any]], ...]:
        """Return the (time, record) pairs with start <= time <= end, oldest first.

        The read is strongly consistent.
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
        return tuple((float(item["at"]["N"]), loads(item["record"]["S"])) for item in items)

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

    def newest(self, application: str) -> dict[str, Any] | None:
        """Return the record of the latest time."""
        last = self._newest(application, self._brief)
        record: dict[str, Any] | None = loads(last["record"]["S"]) if last else None
        return record

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

    def _put(self, application: str, at: float, prev: str, sealed: str, record: Mapping[str, Any]) -> None:
        self._client.put_item(
            TableName=self._table,
            Item={
                "application": {"S": application},
                "at": {"N": repr(at)},
                "record": {"S": ascii_json(record)},
                "prev": {"S": prev},
                "hash": {"S": sealed},
                "expires": {"N": str(int(at + self._ttl))},
            },
            ConditionExpression="attribute_not_exists(#at)",
            ExpressionAttributeNames={"#at": "at"},
        )


def link(application: str, at: float, prev: str, record: Mapping[str, Any]) -> str:
    """Return the hash of a record in its place."""
    return ascii_digest({"application": application, "at": at, "prev": prev, "record": record})
