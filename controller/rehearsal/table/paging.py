"""One page of a query or scan: where it starts, how much it may read, and what of it is shown."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from controller.rehearsal.table.conditions import Condition, attributes
from controller.rehearsal.table.errors import invalid
from controller.rehearsal.table.evaluate import Judge
from controller.rehearsal.table.keys import KeySchema
from controller.rehearsal.table.paths import project
from controller.rehearsal.table.request import Expressions
from controller.rehearsal.table.store import Row
from controller.rehearsal.table.tokens import Path
from controller.rehearsal.table.values import Item, checked_item

PAGE_BYTES = 1024 * 1024
FILTER, PROJECTION = "FilterExpression", "ProjectionExpression"
Params = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Page:
    """`start` is the key after which to read; `limit` counts what is read, before the filter."""

    keys: KeySchema
    start: tuple[bytes, bytes] | None
    limit: int | None
    filter: tuple[Judge, Condition] | None
    paths: tuple[Path, ...] | None
    count_only: bool

    def read(self, rows: Iterable[Row]) -> Params:
        items: list[Item] = []
        kept = scanned = size = 0
        last: Item | None = None
        for row in rows:
            if scanned and size + row.size > PAGE_BYTES:
                break
            scanned, size, last = scanned + 1, size + row.size, row.item
            if self._wanted(row.item):
                kept += 1
                items.append(row.item)
            if scanned == self.limit:  # DynamoDB stops here without looking whether anything follows
                break
        else:
            last = None
        answer: Params = {"Count": kept, "ScannedCount": scanned}
        if not self.count_only:
            paths = self.paths
            answer["Items"] = items if paths is None else [project(item, paths) for item in items]
        if last is not None:
            answer["LastEvaluatedKey"] = self.keys.pick(last)
        return answer

    def _wanted(self, item: Item) -> bool:
        if self.filter is None:
            return True
        judge, condition = self.filter
        return judge.holds(condition, item)


def page_of(params: Params, expressions: Expressions, keys: KeySchema, *, query: bool) -> Page:
    """The page that a Query or Scan asks for; refuses leftovers of `expressions`, so read others first."""
    limit = params.get("Limit")
    if limit is not None and limit < 1:
        raise invalid(
            f"1 validation error detected: Value '{limit}' at 'limit' failed to satisfy constraint: Member "
            "must have value greater than or equal to 1"
        )
    select = params.get("Select", "")
    _check_select(select, projecting=PROJECTION in params)
    keep = expressions.condition(FILTER)
    paths = expressions.projection()
    expressions.finish()
    if keep is not None and query:
        _refuse_keys(keep[1], expressions, keys)
    start = params.get("ExclusiveStartKey")
    if start is not None and set(start) != set(keys.names):
        raise invalid("The provided starting key is invalid")
    after = None if start is None else keys.of_key(checked_item(start))
    return Page(keys, after, limit, keep, paths, select == "COUNT")


def _check_select(select: str, *, projecting: bool) -> None:
    if select == "SPECIFIC_ATTRIBUTES" and not projecting:
        raise invalid(f"Must specify the {PROJECTION} when choosing to get SPECIFIC_ATTRIBUTES")
    if select in ("COUNT", "ALL_ATTRIBUTES") and projecting:
        raise invalid(f"Cannot specify the {PROJECTION} when choosing to get {select}")
    if select == "ALL_PROJECTED_ATTRIBUTES":
        raise invalid("ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName")


def _refuse_keys(condition: Condition, expressions: Expressions, keys: KeySchema) -> None:
    names = expressions.bindings.names
    for name in sorted(names.get(each, each) for each in attributes(condition)):
        if name in keys.names:
            raise invalid(
                "Filter Expression can only contain non-primary key attributes: Primary key attribute: "
                f"{name}"
            )
