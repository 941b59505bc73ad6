"""Which store holds which table of a Region, and the expiry of its items."""

import heapq
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from controller.rehearsal.kernel import Kernel
from controller.rehearsal.table.errors import no_table
from controller.rehearsal.table.store import Row, Store, TableInfo
from controller.rehearsal.table.values import Item

_FIVE_YEARS = 5 * 365 * 86400.0  # an older time to live is taken for a mistake and never expires


@dataclass(slots=True)
class GlobalTable:
    """A strongly consistent global table: one store, and the Regions whose endpoints reach it.

    writes: how many items were put so far, for those who wait for news.
    """

    store: Store
    regions: tuple[str, ...]
    writes: int = 0


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

    def store_of(self, table: str) -> Store:
        found = self.shared.get(table)
        return self.store if found is None else found.store

    def open(self, table: str) -> Opened:
        """The table's store and description, with what has expired gone."""
        if table.startswith("arn:"):
            table = table.rpartition("/")[2]
        store = self.store_of(table)
        info = store.info(table)
        if info is None:
            raise no_table()
        if info.ttl:
            self._expire(store, info)
        return Opened(store, info)

    def names(self) -> list[str]:
        found = {name for name, table in self.shared.items() if table.store.info(name) is not None}
        return sorted(found.union(name for name in self.store.names() if name not in self.shared))

    def put(self, opened: Opened, key: tuple[bytes, bytes], row: Row) -> None:
        store, info = opened
        store.put(info.name, *key, row)
        if info.name in self.shared:
            self.shared[info.name].writes += 1
        if info.ttl:
            self._watch(self._deadlines.setdefault(info.name, []), info, key, row.item)

    def forget(self, table: str) -> None:
        self._deadlines.pop(table, None)

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
