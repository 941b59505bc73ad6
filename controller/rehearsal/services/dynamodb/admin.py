"""The table operations: CreateTable, DescribeTable, ListTables, UpdateTable, DeleteTable, time to live.

The catalog knows the store of each table of a Region, and deletes expired items.
"""

import heapq
import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, NamedTuple

from controller.rehearsal.service import ACCOUNT, AwsError, Call
from controller.rehearsal.services.dynamodb.errors import bad_parameter, invalid, no_table
from controller.rehearsal.services.dynamodb.history import History
from controller.rehearsal.services.dynamodb.store import Row, Store, TableInfo
from controller.rehearsal.services.dynamodb.values import Item, KeySchema
from controller.rehearsal.time.kernel import Kernel

_FIVE_YEARS = 5 * 365 * 86400.0  # an older time to live is taken for a mistake and never expires


@dataclass(slots=True)
class GlobalTable:
    """A strongly consistent global table: one store, and its replicas' Regions.

    The endpoints of these Regions reach it.
    writes: the count of items that were put so far, for those who wait for news. gone: Regions whose replica
    was deleted; once no table is left, the next one is made for all, as CloudFormation makes it.
    """

    store: Store
    regions: tuple[str, ...]
    writes: int = 0
    gone: set[str] = field(default_factory=set)
    history: History | None = None


class Opened(NamedTuple):
    store: Store
    info: TableInfo


Deadline = tuple[float, bytes, bytes]


@dataclass
class Catalog:
    """The tables that one Region's endpoint answers for.

    Attributes
    ----------
    shared: global tables by name; a name in here is looked for nowhere else.
    expiry_lag: seconds by which items outlive their time to live (AWS promises days, not seconds).
    """

    kernel: Kernel
    region: str
    store: Store
    shared: Mapping[str, GlobalTable] = field(default_factory=dict)
    expiry_lag: float = 0.0
    _deadlines: dict[str, list[Deadline]] = field(default_factory=dict)
    _histories: dict[str, History] = field(default_factory=dict)

    def info(self, table: str) -> TableInfo | None:
        """Return the description of a table of this Region, if there is one."""
        shared = self.shared.get(table)
        if shared is not None and self.region in shared.gone:
            return None
        return self.store_of(table).info(table)

    def history_of(self, table: str) -> History:
        """Return the history of a table; one that nobody has begins now."""
        shared = self.shared.get(table)
        if shared is None:
            return self._histories.setdefault(table, History(self.kernel.now()))
        if shared.history is None:
            shared.history = History(self.kernel.now())
        return shared.history

    def store_of(self, table: str) -> Store:
        found = self.shared.get(table)
        return self.store if found is None else found.store

    def open(self, table: str) -> Opened:
        """Return the table's store and description, after expired items are deleted."""
        if table.startswith("arn:"):
            table = table.rpartition("/")[2]
        store, info = self.store_of(table), self.info(table)
        if info is None:
            raise no_table()
        if info.ttl:
            self._expire(store, info)
        return Opened(store, info)

    def names(self) -> list[str]:
        found = {name for name in self.shared if self.info(name) is not None}
        return sorted(found.union(name for name in self.store.names() if name not in self.shared))

    def put(self, opened: Opened, key: tuple[bytes, bytes], row: Row) -> None:
        store, info = opened
        self._remember(opened, key)
        store.put(info.name, *key, row)
        self._note(info, key, row)

    def delete(self, opened: Opened, key: tuple[bytes, bytes]) -> None:
        self._remember(opened, key)
        opened.store.delete(opened.info.name, *key)

    def _remember(self, opened: Opened, key: tuple[bytes, bytes]) -> None:
        """Keep what an item is before it changes, where the table has point-in-time recovery."""
        store, info = opened
        if info.recovery:
            self.history_of(info.name).note(self.kernel.now(), key, store.get(info.name, *key))

    def put_all(self, puts: Sequence[tuple[Opened, tuple[bytes, bytes], Row]]) -> None:
        """Put all items or none. Their tables are in one store."""
        for opened, key, _ in puts:
            self._remember(opened, key)
        puts[0][0].store.put_all([(opened.info.name, *key, row) for opened, key, row in puts])
        for opened, key, row in puts:
            self._note(opened.info, key, row)

    def _note(self, info: TableInfo, key: tuple[bytes, bytes], row: Row) -> None:
        if info.name in self.shared:
            self.shared[info.name].writes += 1
        if info.ttl:
            self._watch(self._deadlines.setdefault(info.name, []), info, key, row.item)

    def forget(self, table: str) -> None:
        self._deadlines.pop(table, None)
        self._histories.pop(table, None)
        if table in self.shared:
            self.shared[table].gone.clear()
            self.shared[table].history = None

    def _watch(self, queue: list[Deadline], info: TableInfo, key: tuple[bytes, bytes], item: Item) -> None:
        when = _time_to_live(item, info.ttl)
        if when is not None and when > self.kernel.now() - _FIVE_YEARS:
            heapq.heappush(queue, (when, *key))

    def _expire(self, store: Store, info: TableInfo) -> None:
        queue = self._deadlines.get(info.name)
        if queue is None:  # the table was there before this process
            queue = self._deadlines[info.name] = []
            for partition, row in store.scan(info.name, None):
                self._watch(queue, info, (partition, info.keys.of_item(row.item)[1]), row.item)
        due = self.kernel.now() - self.expiry_lag
        while queue and queue[0][0] <= due:
            when, *key = heapq.heappop(queue)
            found = store.get(info.name, *key)
            if found is not None and _time_to_live(found.item, info.ttl) == when:
                store.delete(info.name, *key)


def _time_to_live(item: Item, attribute: str) -> float | None:
    number = item.get(attribute, {}).get("N")
    if number is None:
        return None
    return float(number) if number.isdecimal() else float(int(Decimal(number)))


_NAME = re.compile(r"[a-zA-Z0-9_.-]{3,255}\Z")
Params = dict[str, Any]


@dataclass(frozen=True)
class Admin:
    catalog: Catalog

    def create_table(self, call: Call) -> Params:
        params = call.params
        name = params["TableName"]
        if _NAME.match(name) is None:
            raise invalid(
                f"1 validation error detected: Value '{name[:80]}' at 'tableName' failed to satisfy "
                "constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+"
            )
        store = self.catalog.store_of(name)
        if store.info(name) is not None:
            raise AwsError("ResourceInUseException", f"Table already exists: {name}")
        if params.get("GlobalSecondaryIndexes") or params.get("LocalSecondaryIndexes"):
            raise invalid("Secondary indexes are not part of this rehearsal")
        billing = params.get("BillingMode", "PROVISIONED")
        if billing == "PROVISIONED" and "ProvisionedThroughput" not in params:
            raise bad_parameter("ReadCapacityUnits and WriteCapacityUnits must both be specified")
        info = TableInfo(
            name=name,
            keys=_keys(params["KeySchema"], params["AttributeDefinitions"]),
            created=self.catalog.kernel.now(),
            billing=billing,
            protected=params.get("DeletionProtectionEnabled", False),
        )
        store.save_table(info)
        return {"TableDescription": self.described(info, "CREATING")}

    def describe_table(self, call: Call) -> Params:
        return {"Table": self.described(self._info(call), "ACTIVE")}

    def update_table(self, call: Call) -> Params:
        """Turn protection on or off, for all replicas; delete replicas, leaving the one that is asked."""
        info, params = self._info(call), call.params
        unplayed = set(params) - {"TableName", "DeletionProtectionEnabled", "ReplicaUpdates"}
        if unplayed:
            raise invalid(f"{min(unplayed)} of UpdateTable is not part of this rehearsal")
        self._delete_replicas(info.name, params.get("ReplicaUpdates", ()))
        changed = replace(info, protected=params.get("DeletionProtectionEnabled", info.protected))
        self.catalog.store_of(info.name).save_table(changed)
        return {"TableDescription": self.described(changed, "UPDATING")}

    def _delete_replicas(self, table: str, updates: Sequence[Mapping[str, Any]]) -> None:
        if not updates:
            return
        if any(list(each) != ["Delete"] for each in updates):
            raise invalid("To create or update a replica is not part of this rehearsal")
        shared = self.catalog.shared.get(table)
        others = set(shared.regions) - shared.gone - {self.catalog.region} if shared else set()
        if shared is None or {each["Delete"]["RegionName"] for each in updates} != others:
            raise invalid(
                "A table with multi-Region strong consistency loses all replicas but the one that is asked, "
                f"or none; there are: {', '.join(sorted(others))}"
            )
        shared.gone |= others

    def list_tables(self, call: Call) -> Params:
        limit = call.params.get("Limit", 100)
        if not 1 <= limit <= 100:
            raise invalid("Limit must be between 1 and 100")
        start = call.params.get("ExclusiveStartTableName", "")
        names = [name for name in self.catalog.names() if name > start]
        if len(names) <= limit:
            return {"TableNames": names}
        return {"TableNames": names[:limit], "LastEvaluatedTableName": names[limit - 1]}

    def delete_table(self, call: Call) -> Params:
        info = self._info(call)
        if info.protected:
            raise invalid(
                "Resource cannot be deleted as it is currently protected against deletion. Disable deletion "
                "protection first."
            )
        shared = self.catalog.shared.get(info.name)
        if shared is not None and len(shared.regions) - len(shared.gone) > 1:
            raise invalid(
                "A replica of a table with multi-Region strong consistency cannot be deleted alone: "
                "delete the others with UpdateTable first"
            )
        described = self.described(info, "DELETING")
        self.catalog.store_of(info.name).drop_table(info.name)
        self.catalog.forget(info.name)
        return {"TableDescription": described}

    def update_time_to_live(self, call: Call) -> Params:
        info, wanted = self._info(call), call.params["TimeToLiveSpecification"]
        if info.name in self.catalog.shared:
            raise invalid("Time to live is not supported on a table with multi-Region strong consistency")
        if wanted["Enabled"] == bool(info.ttl):
            raise invalid(f"TimeToLive is already {'enabled' if info.ttl else 'disabled'}")
        if info.ttl and wanted["AttributeName"] != info.ttl:
            raise invalid(
                "TimeToLive is active on a different AttributeName: current AttributeName is " + info.ttl
            )
        ttl = wanted["AttributeName"] if wanted["Enabled"] else ""
        self.catalog.forget(info.name)
        self.catalog.store_of(info.name).save_table(replace(info, ttl=ttl))
        return {"TimeToLiveSpecification": wanted}

    def describe_time_to_live(self, call: Call) -> Params:
        ttl = self._info(call).ttl
        if not ttl:
            return {"TimeToLiveDescription": {"TimeToLiveStatus": "DISABLED"}}
        return {"TimeToLiveDescription": {"TimeToLiveStatus": "ENABLED", "AttributeName": ttl}}

    def _info(self, call: Call) -> TableInfo:
        name = call.params["TableName"].rpartition("/")[2]
        info = self.catalog.info(name)
        if info is None:
            raise no_table(name)
        return info

    def described(self, info: TableInfo, status: str) -> Params:
        count, size = self.catalog.store_of(info.name).totals(info.name)
        arn = f"arn:aws:dynamodb:{self.catalog.region}:{ACCOUNT}:table/{info.name}"
        keys = info.keys
        described: Params = {
            "TableName": info.name,
            "TableStatus": status,
            "TableArn": arn,
            "TableId": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{arn}@{info.created}")),
            "CreationDateTime": info.created,
            "KeySchema": [
                {"AttributeName": name, "KeyType": kind}
                for name, kind in zip(keys.names, ("HASH", "RANGE"), strict=False)
            ],
            "AttributeDefinitions": [
                {"AttributeName": name, "AttributeType": kind}
                for name, kind in zip(keys.names, (keys.partition_type, keys.sort_type), strict=False)
            ],
            "BillingModeSummary": {"BillingMode": info.billing},
            "ProvisionedThroughput": {
                "NumberOfDecreasesToday": 0,
                "ReadCapacityUnits": 0,
                "WriteCapacityUnits": 0,
            },
            "ItemCount": count,
            "TableSizeBytes": size,
            "DeletionProtectionEnabled": info.protected,
        }
        shared = self.catalog.shared.get(info.name)
        if shared is not None and len(shared.regions) - len(shared.gone) > 1:
            others = [region for region in shared.regions if region != self.catalog.region]
            described["Replicas"] = [{"RegionName": each, "ReplicaStatus": status} for each in others]
            described["MultiRegionConsistency"] = "STRONG"
            described["GlobalTableVersion"] = "2019.11.21"
        return described


def _keys(schema: list[Mapping[str, str]], definitions: list[Mapping[str, str]]) -> KeySchema:
    types = {each["AttributeName"]: each["AttributeType"] for each in definitions}
    if not 1 <= len(schema) <= 2 or [each["KeyType"] for each in schema] != ["HASH", "RANGE"][: len(schema)]:
        raise invalid(
            "Invalid KeySchema: The first KeySchemaElement is not a HASH key type, or the second no RANGE"
        )
    names = [each["AttributeName"] for each in schema]
    if len(set(names)) != len(names):
        raise invalid("Both the Hash Key and the Range Key element in the KeySchema have the same name")
    missing = [name for name in names if name not in types]
    if missing:
        raise bad_parameter(
            f"Some index key attributes are not defined in AttributeDefinitions. Keys: {names}, "
            f"AttributeDefinitions: {sorted(types)}"
        )
    if len(types) != len(names):
        raise bad_parameter(
            "Number of attributes in KeySchema does not exactly match number of attributes defined in "
            "AttributeDefinitions"
        )
    if any(kind not in ("S", "N", "B") for kind in types.values()):
        raise bad_parameter("Member must satisfy enum value set: [B, N, S]")
    sort = names[1] if len(names) == 2 else ""
    return KeySchema(names[0], types[names[0]], sort, types.get(sort, ""))
