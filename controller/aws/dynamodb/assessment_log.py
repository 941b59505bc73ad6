"""The assessments of one Region as a chain, with their hashes.

`aws/dynamodb/assessments.py` wrote them. This is for an export that a person makes, page by page: months of
assessments are gigabytes.
"""

from collections.abc import Iterator
from json import loads
from typing import Any

from botocore.client import BaseClient

from controller.aws.errors import translated
from controller.ports.audit import Link
from controller.ports.errors import OutsideUnreachable

PERMISSIONS: tuple[str, ...] = ("dynamodb:Query",)


class DynamoAssessmentLog:
    """`ports.audit.AssessmentLog` on the assessments' table."""

    def __init__(self, *, client: BaseClient, table: str) -> None:
        self._client, self._table = client, table

    def links(self, application: str, start: float, end: float) -> Iterator[Link]:
        query: dict[str, Any] = {
            "TableName": self._table,
            "ConsistentRead": True,
            "KeyConditionExpression": "#application = :application AND #at BETWEEN :start AND :end",
            "ExpressionAttributeNames": {"#application": "application", "#at": "at"},
            "ExpressionAttributeValues": {
                ":application": {"S": application},
                ":start": {"N": repr(start)},
                ":end": {"N": repr(end)},
            },
        }
        while True:
            with translated(OutsideUnreachable, f"reading the assessments of {application}"):
                page = self._client.query(**query)
            for item in page["Items"]:
                yield _link(item)
            if "LastEvaluatedKey" not in page:
                return
            query["ExclusiveStartKey"] = page["LastEvaluatedKey"]


def _link(item: dict[str, Any]) -> Link:
    """Return the item as a link, as it stands in the table.

    What was tampered with is passed on unchanged; the bundle's reader says what is wrong with it.
    """
    record = item.get("record", {}).get("S", "null")
    try:
        found = loads(record)
    except ValueError:
        found = record
    return Link(
        at=float(item["at"]["N"]),
        prev=str(item.get("prev", {}).get("S", "")),
        hash=str(item.get("hash", {}).get("S", "")),
        record=found,
    )
