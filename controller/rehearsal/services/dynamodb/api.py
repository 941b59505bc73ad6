"""The `dynamodb` service of one Region, and the tables that a controller creates."""

from collections.abc import Callable, Mapping
from typing import Any

from controller.rehearsal.service import Call
from controller.rehearsal.services.dynamodb.admin import Admin, Catalog, GlobalTable
from controller.rehearsal.services.dynamodb.backups import Backups
from controller.rehearsal.services.dynamodb.reads import Reads
from controller.rehearsal.services.dynamodb.store import Store
from controller.rehearsal.services.dynamodb.transactions import Transactions
from controller.rehearsal.services.dynamodb.writes import Writes
from controller.rehearsal.time.kernel import Kernel


class Tables:
    """A `Service`: the tables of `region`, kept in `store`.

    shared: strongly consistent global tables by name. Give the same `GlobalTable` to the `Tables` of
    each replica's Region; to create it through any of them creates it for all.
    expiry_lag: seconds by which an item outlives its time to live.
    """

    def __init__(
        self,
        kernel: Kernel,
        region: str,
        store: Store,
        *,
        shared: Mapping[str, GlobalTable] | None = None,
        expiry_lag: float = 0.0,
    ) -> None:
        catalog = Catalog(kernel, region, store, shared or {}, expiry_lag)
        admin, reads, writes = Admin(catalog), Reads(catalog), Writes(catalog)
        transactions = Transactions(catalog)
        self._operations: dict[str, Callable[[Call], dict[str, Any]]] = {
            "CreateTable": admin.create_table,
            "DescribeTable": admin.describe_table,
            "ListTables": admin.list_tables,
            "UpdateTable": admin.update_table,
            **Backups(catalog, admin).operations,
            "UpdateTimeToLive": admin.update_time_to_live,
            "DescribeTimeToLive": admin.describe_time_to_live,
            "PutItem": writes.put_item,
            "UpdateItem": writes.update_item,
            "DeleteItem": writes.delete_item,
            "BatchWriteItem": writes.batch_write_item,
            "TransactWriteItems": transactions.transact_write_items,
            "GetItem": reads.get_item,
            "BatchGetItem": reads.batch_get_item,
            "Query": reads.query,
            "Scan": reads.scan,
        }

    @property
    def operations(self) -> Mapping[str, Callable[[Call], dict[str, Any]]]:
        return self._operations


TABLES: Mapping[str, tuple[tuple[str, str], tuple[str, str]]] = {
    "journal": (("application", "S"), ("seq", "N")),
    "evidence": (("application", "S"), ("signal", "S")),
    "assessments": (("application", "S"), ("at", "N")),
    "people": (("kind", "S"), ("key", "S")),
}
"""What a table is for, the end of its name -> partition and sort key, each with its type."""
SHARED = ("journal", "people")
"""Those of `TABLES` that are strongly consistent in all controllers' Regions."""


def table(name: str, keys: tuple[tuple[str, str], tuple[str, str]]) -> dict[str, Any]:
    kinds = ("HASH", "RANGE")
    return {
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": key, "AttributeType": type_} for key, type_ in keys],
        "KeySchema": [
            {"AttributeName": key, "KeyType": kind} for (key, _), kind in zip(keys, kinds, strict=True)
        ],
    }
