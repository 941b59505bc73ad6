"""The store in memory, for simulation.

There a table lives for seconds and is read thousands of times.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from controller.rehearsal.services.dynamodb.store import Row, TableInfo
from controller.rehearsal.services.dynamodb.values import SortRange


@dataclass(slots=True)
class _Partition:
    keys: list[bytes] = field(default_factory=list)
    rows: dict[bytes, Row] = field(default_factory=dict)

    def span(self, within: SortRange) -> tuple[int, int]:
        start, stop = 0, len(self.keys)
        if within.low is not None:
            start = (bisect_right if within.low_open else bisect_left)(self.keys, within.low)
        if within.high is not None:
            stop = (bisect_left if within.high_open else bisect_right)(self.keys, within.high)
        return start, max(start, stop)


@dataclass(slots=True)
class _Table:
    info: TableInfo
    order: list[bytes] = field(default_factory=list)
    partitions: dict[bytes, _Partition] = field(default_factory=dict)


class MemoryStore:
    """A store that keeps partitions by key.

    Each partition is a sorted list of sort keys beside a dict of rows.
    """

    def __init__(self) -> None:
        self._tables: dict[str, _Table] = {}

    def names(self) -> list[str]:
        return sorted(self._tables)

    def info(self, table: str) -> TableInfo | None:
        found = self._tables.get(table)
        return None if found is None else found.info

    def save_table(self, info: TableInfo) -> None:
        known = self._tables.get(info.name)
        if known is None:
            self._tables[info.name] = _Table(info)
        else:
            known.info = info

    def drop_table(self, table: str) -> None:
        del self._tables[table]

    def totals(self, table: str) -> tuple[int, int]:
        partitions = self._tables[table].partitions.values()
        count = sum(len(partition.keys) for partition in partitions)
        return count, sum(row.size for partition in partitions for row in partition.rows.values())

    def get(self, table: str, partition: bytes, sort: bytes) -> Row | None:
        found = self._tables[table].partitions.get(partition)
        return None if found is None else found.rows.get(sort)

    def put(self, table: str, partition: bytes, sort: bytes, row: Row) -> None:
        here = self._tables[table]
        found = here.partitions.get(partition)
        if found is None:
            found = here.partitions[partition] = _Partition()
            insort(here.order, partition)
        if sort not in found.rows:
            if not found.keys or sort > found.keys[-1]:
                found.keys.append(sort)
            else:
                insort(found.keys, sort)
        found.rows[sort] = row

    def put_all(self, rows: Sequence[tuple[str, bytes, bytes, Row]]) -> None:
        for each in rows:
            self.put(*each)

    def delete(self, table: str, partition: bytes, sort: bytes) -> None:
        here = self._tables[table]
        found = here.partitions.get(partition)
        if found is None or found.rows.pop(sort, None) is None:
            return
        del found.keys[bisect_left(found.keys, sort)]
        if not found.keys:
            del here.partitions[partition]
            del here.order[bisect_left(here.order, partition)]

    def query(self, table: str, partition: bytes, within: SortRange, *, forward: bool) -> Iterator[Row]:
        found = self._tables[table].partitions.get(partition)
        if found is None:
            return
        start, stop = found.span(within)
        for index in range(start, stop) if forward else range(stop - 1, start - 1, -1):
            yield found.rows[found.keys[index]]

    def scan(self, table: str, after: tuple[bytes, bytes] | None) -> Iterator[tuple[bytes, Row]]:
        here = self._tables[table]
        start = 0 if after is None else bisect_left(here.order, after[0])
        for partition in here.order[start:]:
            beyond = after is not None and partition == after[0]
            within = SortRange(low=after[1], low_open=True) if beyond and after is not None else SortRange()
            for row in self.query(table, partition, within, forward=True):
                yield partition, row
