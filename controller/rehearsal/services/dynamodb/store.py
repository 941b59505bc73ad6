"""What a table needs from whatever keeps it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from controller.rehearsal.services.dynamodb.values import Item, KeySchema, SortRange


@dataclass(frozen=True, slots=True)
class TableInfo:
    """A table's description; `created` in seconds since 1970."""

    name: str
    keys: KeySchema
    created: float
    billing: str = "PAY_PER_REQUEST"
    ttl: str = ""  # the attribute, or none
    protected: bool = False


class Row(NamedTuple):
    """An item as stored. Never changed in place: a write stores another."""

    item: Item
    size: int


class Store(Protocol):
    """Items by (table, partition key, sort key). All calls are made under the kernel's lock."""

    def names(self) -> list[str]:
        """Table names in order."""
        ...

    def info(self, table: str) -> TableInfo | None: ...

    def save_table(self, info: TableInfo) -> None:
        """Create the table, or keep a new description of it."""
        ...

    def drop_table(self, table: str) -> None: ...

    def totals(self, table: str) -> tuple[int, int]:
        """Items and bytes."""
        ...

    def get(self, table: str, partition: bytes, sort: bytes) -> Row | None: ...

    def put(self, table: str, partition: bytes, sort: bytes, row: Row) -> None: ...

    def delete(self, table: str, partition: bytes, sort: bytes) -> None: ...

    def query(self, table: str, partition: bytes, within: SortRange, *, forward: bool) -> Iterator[Row]:
        """Rows of one partition in order of sort key."""
        ...

    def scan(self, table: str, after: tuple[bytes, bytes] | None) -> Iterator[tuple[bytes, Row]]:
        """Partition key and row of everything, in a fixed order, strictly after a key."""
        ...
