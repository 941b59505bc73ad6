"""The last readiness answers on DynamoDB, one item a question.

They are in the evidence table, apart from the signals. Partition key `application` holds the application and
`#readiness`; a `#` is in no application's name.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from json import loads
from typing import Any

from botocore.client import BaseClient

from controller.aws.errors import translated
from controller.core.canonical_json import ascii_json
from controller.core.decision.readiness import ReadinessResult
from controller.ports.errors import EvidenceUnavailable

PERMISSIONS: tuple[str, ...] = ("dynamodb:PutItem", "dynamodb:Query")
DAYS = 2 * 86_400.0


class DynamoSnapshots:
    """`ports.outside.Snapshots` on the evidence table.

    The last writer wins: every one of them has just asked.
    """

    def __init__(self, *, client: BaseClient, table: str, now: Callable[[], float]) -> None:
        self._client, self._table, self._now = client, table, now

    def keep(self, application: str, readings: Sequence[ReadinessResult]) -> None:
        for reading in readings:
            item = {
                "application": {"S": _partition(application)},
                "signal": {"S": "|".join(reading.query)},
                "reading": {"S": ascii_json(asdict(reading))},
                "expires": {"N": str(int(self._now() + DAYS))},
            }
            with translated(EvidenceUnavailable, "keeping a readiness answer"):
                self._client.put_item(TableName=self._table, Item=item)

    def kept(self, application: str) -> tuple[ReadinessResult, ...]:
        with translated(EvidenceUnavailable, f"reading the kept readiness of {application}"):
            pages = self._client.get_paginator("query").paginate(
                TableName=self._table,
                ConsistentRead=True,
                KeyConditionExpression="#application = :application",
                ExpressionAttributeNames={"#application": "application"},
                ExpressionAttributeValues={":application": {"S": _partition(application)}},
            )
            items = [item for page in pages for item in page["Items"]]
        return tuple(_reading(item) for item in items)


def _partition(application: str) -> str:
    return f"{application}#readiness"


def _reading(item: dict[str, Any]) -> ReadinessResult:
    try:
        return ReadinessResult(**loads(item["reading"]["S"]))
    except (KeyError, TypeError, ValueError) as error:
        raise EvidenceUnavailable(f"a kept readiness answer cannot be read: {error}") from error
