"""The lease of an application on DynamoDB: it names the driver of the incident.

It is one item in the journal's table. The client must not retry by itself, as for the journal.
"""

from typing import Any

from botocore.client import BaseClient

from controller.aws.dynamodb.replicas import Replicas, replicas
from controller.aws.errors import OUTSIDE, code, translated
from controller.ports.errors import JournalConflict, OutsideUnreachable
from controller.ports.runtime import Runtime
from controller.ports.storage import Lease

PERMISSIONS: tuple[str, ...] = ("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem")
TRIES = 3
PAUSE = 0.1
"""Seconds before the second try; twice that before the third."""

_NAMES = {"#epoch": "epoch", "#driver": "driver"}


class DynamoLeases:
    """`ports.storage.Leases` on the journal's table.

    Every write is conditional on the epoch and the driver that were seen.
    """

    def __init__(self, *, client: BaseClient | Replicas, table: str, runtime: Runtime) -> None:
        self._replicas, self._table, self._runtime = replicas(client), table, runtime

    def read(self, application: str) -> Lease | None:
        """Return the lease now, strongly consistent.

        Raises `OutsideUnreachable`.
        """
        with translated(OutsideUnreachable, f"reading the lease of {application}"):
            answer = self._replicas.read(
                "get_item", TableName=self._table, Key=_key(application), ConsistentRead=True
            )
        item = answer.get("Item")
        return None if item is None else _lease(application, item)

    def take(self, application: str, driver: str, over: Lease | None, *, region: str = "") -> Lease:
        """Become the driver, as `ports.storage.Leases.take` says.

        A beat since `over` was read means life, so it is a conflict.
        """
        mine = Lease(application, over.epoch + 1 if over else 1, driver, 0, region)
        trouble = ""
        for attempt in range(TRIES):
            if attempt:
                self._runtime.sleep(PAUSE * attempt)
            try:
                self._put(mine, over)
                return mine
            except OUTSIDE as error:
                trouble = code(error)
            try:
                there = self.read(application)
            except OutsideUnreachable:
                continue
            if there == mine:
                return mine
            if there != over:
                raise JournalConflict(f"the lease of {application} changed: {_who(there)}")
        raise OutsideUnreachable(f"taking the lease of {application}: {trouble}")

    def beat(self, lease: Lease) -> Lease:
        """Count one more beat, as `ports.storage.Leases.beat` says.

        A lost reply may count one beat twice, which harms nobody.
        """
        trouble = ""
        for attempt in range(TRIES):
            if attempt:
                self._runtime.sleep(PAUSE * attempt)
            try:
                answer = self._replicas.send(
                    "update_item",
                    TableName=self._table,
                    Key=_key(lease.application),
                    UpdateExpression="SET #beats = #beats + :one",
                    ConditionExpression="#epoch = :epoch AND #driver = :driver",
                    ExpressionAttributeNames={**_NAMES, "#beats": "beats"},
                    ExpressionAttributeValues={**_holder(lease), ":one": {"N": "1"}},
                    ReturnValues="ALL_NEW",
                )
            except OUTSIDE as error:
                trouble = code(error)
                if trouble == "ConditionalCheckFailedException":
                    raise JournalConflict(f"{lease.driver} holds epoch {lease.epoch} no more") from error
                continue
            return _lease(lease.application, answer["Attributes"])
        raise OutsideUnreachable(f"beating for {lease.application}: {trouble}")

    def _put(self, mine: Lease, over: Lease | None) -> None:
        condition: dict[str, Any] = {
            "ConditionExpression": "attribute_not_exists(#epoch)",
            "ExpressionAttributeNames": {"#epoch": "epoch"},
        }
        if over is not None:
            condition = {
                "ConditionExpression": "#epoch = :epoch AND #driver = :driver AND #beats = :beats",
                "ExpressionAttributeNames": {**_NAMES, "#beats": "beats"},
                "ExpressionAttributeValues": {**_holder(over), ":beats": {"N": str(over.beats)}},
            }
        item = {
            **_key(mine.application),
            "epoch": {"N": str(mine.epoch)},
            "driver": {"S": mine.driver},
            "beats": {"N": str(mine.beats)},
            "region": {"S": mine.region},
        }
        self._replicas.send("put_item", TableName=self._table, Item=item, **condition)


def _key(application: str) -> dict[str, Any]:
    return {"application": {"S": f"lease#{application}"}, "seq": {"N": "0"}}


def _holder(lease: Lease) -> dict[str, Any]:
    return {":epoch": {"N": str(lease.epoch)}, ":driver": {"S": lease.driver}}


def _lease(application: str, item: dict[str, Any]) -> Lease:
    region = item.get("region", {}).get("S", "")
    return Lease(application, int(item["epoch"]["N"]), item["driver"]["S"], int(item["beats"]["N"]), region)


def _who(lease: Lease | None) -> str:
    return "it is gone" if lease is None else f"{lease.driver} holds epoch {lease.epoch}"
