"""The `dynamodb` service of one Region."""

from collections.abc import Callable, Mapping
from typing import Any

from controller.rehearsal.kernel import Kernel
from controller.rehearsal.service import Call
from controller.rehearsal.table.admin import Admin
from controller.rehearsal.table.catalog import Catalog, GlobalTable
from controller.rehearsal.table.reads import Reads
from controller.rehearsal.table.store import Store
from controller.rehearsal.table.writes import Writes


class Tables:
    """A `Service`: the tables of `region`, kept in `store`.

    `shared` are strongly consistent global tables by name: give the same `GlobalTable` to the `Tables` of
    each replica's Region; creating it through any of them creates it for all. `expiry_lag` (seconds) is
    how long an item outlives its time to live.
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
        self._operations: dict[str, Callable[[Call], dict[str, Any]]] = {
            "CreateTable": admin.create_table,
            "DescribeTable": admin.describe_table,
            "ListTables": admin.list_tables,
            "DeleteTable": admin.delete_table,
            "UpdateTimeToLive": admin.update_time_to_live,
            "DescribeTimeToLive": admin.describe_time_to_live,
            "PutItem": writes.put_item,
            "UpdateItem": writes.update_item,
            "DeleteItem": writes.delete_item,
            "BatchWriteItem": writes.batch_write_item,
            "GetItem": reads.get_item,
            "BatchGetItem": reads.batch_get_item,
            "Query": reads.query,
            "Scan": reads.scan,
        }

    @property
    def operations(self) -> Mapping[str, Callable[[Call], dict[str, Any]]]:
        return self._operations
