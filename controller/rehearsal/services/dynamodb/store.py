"""The protocol of a store, which keeps the tables."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from controller.rehearsal.services.dynamodb.values import Item, KeySchema, SortRange


@dataclass(frozen=True, slots=True)
class TableInfo:
    """A table's description; `created` in seconds since 1970.

    recovery: Region of a replica -> since when it has point-in-time recovery.
    """

    name: str
    keys: KeySchema
    created: float
    billing: str = "PAY_PER_REQUEST"
    ttl: str = ""  # the attribute, or none
    protected: bool = False
    recovery: Mapping[str, float] = field(default_factory=dict)


class Row(NamedTuple):
    """An item as stored.

    It is never changed in place: a write stores another.
    """

    item: Item
    size: int


class Store(Protocol):
    """The items by (table, partition key, sort key).

    All calls are made under the kernel's lock.
    """

    def names(self) -> list[str]:
        """Return the table names in order."""
        ...

    def info(self, table: str) -> TableInfo | None: ...

    def save_table(self, info: TableInfo) -> None:
        """Create the table, or keep a new description of it."""
        ...

    def drop_table(self, table: str) -> None: ...

    def totals(self, table: str) -> tuple[int, int]:
        """Return the count of items and their size in bytes."""
        ...

    def get(self, table: str, partition: bytes, sort: bytes) -> Row | None: ...

    def put(self, table: str, partition: bytes, sort: bytes, row: Row) -> None: ...

    def put_all(self, rows: Sequence[tuple[str, bytes, bytes, Row]]) -> None:
        """Put all of (table, partition key, sort key, row), or none where that fails."""
        ...

    def delete(self, table: str, partition: bytes, sort: bytes) -> None: ...

    def query(self, table: str, partition: bytes, within: SortRange, *, forward: bool) -> Iterator[Row]:
        """Return the rows of one partition in order of sort key."""
        ...

    def scan(self, table: str, after: tuple[bytes, bytes] | None) -> Iterator[tuple[bytes, Row]]:
        """Return partition key and row of every item, in a fixed order.

        after: (partition key, sort key); only items strictly after it.
        """
        ...
