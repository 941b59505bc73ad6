"""The records as they stand in their tables, for a person's export.

The assessments of one Region come with their numbers and hashes, page by page: months of them are gigabytes.
A journal comes as text, also where it is broken.
"""

from collections.abc import Iterator
from json import loads
from typing import Any

from botocore.client import BaseClient

from controller.aws.dynamodb.assessment_items import Unreadable, head_key, head_of, place_of, text_of
from controller.aws.errors import translated
from controller.ports.audit import ChainEnd, Link
from controller.ports.errors import OutsideUnreachable

PERMISSIONS: tuple[str, ...] = ("dynamodb:GetItem", "dynamodb:Query")
PAGE = 10
"""Records that are asked for at once where the next with a number is looked for."""


class DynamoAssessmentLog:
    """`ports.audit.AssessmentLog` on the assessments' table."""

    def __init__(self, *, client: BaseClient, table: str) -> None:
        self._client, self._table = client, table

    def links(self, application: str, start: float, end: float) -> Iterator[Link]:
        bounds = {":start": {"N": repr(start)}, ":end": {"N": repr(end)}}
        yield from map(_link, self._items(application, "BETWEEN :start AND :end", bounds))

    def following(self, application: str, at: float) -> Link | None:
        links = map(_link, self._items(application, "> :at", {":at": {"N": repr(at)}}, Limit=PAGE))
        return next((link for link in links if link.count is not None), None)

    def end(self, application: str) -> ChainEnd | None:
        with translated(OutsideUnreachable, f"reading the last assessment of {application}"):
            found = self._client.get_item(
                TableName=self._table, Key=head_key(application), ConsistentRead=True
            ).get("Item")
        try:
            head = head_of(found or {})
        except Unreadable:
            return None
        return ChainEnd(head.count, head.last or 0.0, head.witness)

    def _items(
        self, application: str, bounds: str, values: dict[str, Any], **more: Any
    ) -> Iterator[dict[str, Any]]:
        query: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": f"#application = :application AND #at {bounds}",
            "ExpressionAttributeNames": {"#application": "application", "#at": "at"},
            "ExpressionAttributeValues": {":application": {"S": application}, **values},
            **more,
        }
        yield from _pages(self._client, query, f"the assessments of {application}")


class DynamoJournalLines:
    """`ports.audit.JournalLines` on the journal's table."""

    def __init__(self, *, client: BaseClient, table: str) -> None:
        self._client, self._table = client, table

    def lines(self, application: str) -> Iterator[str]:
        query: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": "#application = :application",
            "ExpressionAttributeNames": {"#application": "application"},
            "ExpressionAttributeValues": {":application": {"S": application}},
        }
        for item in _pages(self._client, query, f"the journal of {application}"):
            yield str(item.get("body", {}).get("S", ""))


def _pages(client: BaseClient, query: dict[str, Any], what: str) -> Iterator[dict[str, Any]]:
    while True:
        with translated(OutsideUnreachable, f"reading {what}"):
            page = client.query(ConsistentRead=True, **query)
        yield from page["Items"]
        if "LastEvaluatedKey" not in page:
            return
        query = {**query, "ExclusiveStartKey": page["LastEvaluatedKey"]}


def _link(item: dict[str, Any]) -> Link:
    """Return the item as a link, as it stands in the table.

    What was tampered with is passed on unchanged; the bundle's reader says what is wrong with it.
    """
    place = place_of(item)
    try:
        text = text_of(item)
    except Unreadable as error:
        text = str(error)
    try:
        record = loads(text)
    except (ValueError, RecursionError):
        record = text
    sealed = str(item.get("hash", {}).get("S", ""))
    return Link(place.at, place.prev, sealed, record, place.count, place.after, place.clock)
