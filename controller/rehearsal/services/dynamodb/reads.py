"""GetItem, BatchGetItem, Query, Scan. Reads are always strong, whatever `ConsistentRead` says.

One page of a query or scan: where it starts, how much it may read, and what of it is shown.

KeyConditionExpression -> one partition and a range of sort keys.
"""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from controller.rehearsal.memo import spelt
from controller.rehearsal.service import Call
from controller.rehearsal.services.dynamodb import conditions as c
from controller.rehearsal.services.dynamodb.admin import Catalog
from controller.rehearsal.services.dynamodb.conditions import Condition, Judge, attributes
from controller.rehearsal.services.dynamodb.errors import bad_parameter, invalid
from controller.rehearsal.services.dynamodb.expressions import Expressions
from controller.rehearsal.services.dynamodb.paths import project, resolve
from controller.rehearsal.services.dynamodb.store import Row
from controller.rehearsal.services.dynamodb.tokens import Path
from controller.rehearsal.services.dynamodb.values import (
    Item,
    KeySchema,
    SortRange,
    checked_item,
    hashed,
    sortable,
    starting_with,
)

PAGE_BYTES = 1024 * 1024
FILTER, PROJECTION = "FilterExpression", "ProjectionExpression"
Params = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a Query or Scan.

    `start` is the key after which to read; `limit` counts what is read, before the filter.
    """

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
    """Return the page that a Query or Scan asks for.

    It refuses leftovers of `expressions`, so read others first.
    """
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


WHAT = "KeyConditionExpression"


@dataclass(frozen=True, slots=True)
class KeyRange:
    partition: bytes
    within: SortRange


def key_range(condition: c.Condition, judge: Judge, keys: KeySchema) -> KeyRange:
    partition: bytes | None = None
    within: SortRange | None = None
    for part in _parts(condition):
        name, placeholders = _subject(part, judge)
        kind = {keys.partition: keys.partition_type, keys.sort: keys.sort_type}.get(name) if name else None
        if kind is None:
            continue
        bounds = [judge.bindings.value(each, WHAT) for each in placeholders]
        if any(kind not in bound for bound in bounds):
            raise bad_parameter("Condition parameter type does not match schema type")
        encoded = [sortable(bound) for bound in bounds]
        if name == keys.partition:
            if partition is not None:
                raise invalid(f"{WHAT}s must only contain one condition per key")
            if not (isinstance(part, c.Compare) and part.comparator == "="):
                raise invalid("Query key condition not supported")
            partition = hashed(encoded[0])
        else:
            if within is not None:
                raise invalid(f"{WHAT}s must only contain one condition per key")
            within = _range(part, encoded)
    if partition is None:
        raise invalid(f"Query condition missed key schema element: {keys.partition}")
    expected = 1 + (within is not None)
    if len(_parts(condition)) != expected:
        if keys.sort and within is None:
            raise invalid(f"Query condition missed key schema element: {keys.sort}")
        raise invalid("Query key condition not supported")
    return KeyRange(partition, within or SortRange())


def _parts(condition: c.Condition) -> list[c.Condition]:
    if isinstance(condition, c.Both):
        return [*_parts(condition.left), *_parts(condition.right)]
    return [condition]


def _subject(part: c.Condition, judge: Judge) -> tuple[str, list[str]]:
    match part:
        case c.Compare(_, c.PathOperand(path), c.Placeholder(name)):
            placeholders = [name]
        case c.Between(c.PathOperand(path), c.Placeholder(low), c.Placeholder(high)):
            placeholders = [low, high]
        case c.Test("begins_with", (c.PathOperand(path), c.Placeholder(name))):
            placeholders = [name]
        case c.Either():
            raise invalid(f"Invalid operator used in {WHAT}: OR")
        case c.Not():
            raise invalid(f"Invalid operator used in {WHAT}: NOT")
        case c.In():
            raise invalid(f"Invalid operator used in {WHAT}: IN")
        case c.Test(function):
            raise invalid(f"Invalid operator used in {WHAT}: {function}")
        case _:
            raise invalid("Query key condition not supported")
    if len(path) > 1:
        raise invalid(f"{WHAT}s cannot have conditions on nested attributes")
    return resolve(path, judge.bindings.names, WHAT)[0].name, placeholders


def _range(part: c.Condition, bounds: list[bytes]) -> SortRange:
    first = bounds[0]
    if isinstance(part, c.Between):
        return SortRange(low=first, high=bounds[1])
    if isinstance(part, c.Test):
        return starting_with(first)
    match part.comparator if isinstance(part, c.Compare) else "":
        case "=":
            return SortRange(low=first, high=first)
        case "<":
            return SortRange(high=first, high_open=True)
        case "<=":
            return SortRange(high=first)
        case ">":
            return SortRange(low=first, low_open=True)
        case ">=":
            return SortRange(low=first)
    raise invalid("Query key condition not supported")


@dataclass(frozen=True)
class Reads:
    catalog: Catalog

    def get_item(self, call: Call) -> Params:
        store, info = self.catalog.open(call.params["TableName"])
        key = info.keys.of_key(checked_item(call.params["Key"]))
        expressions = Expressions(call.params, (PROJECTION,))
        paths = expressions.projection()
        expressions.finish()
        row = store.get(info.name, *key)
        if row is None:
            return {}
        return {"Item": row.item if paths is None else project(row.item, paths)}

    def batch_get_item(self, call: Call) -> Params:
        wanted = call.params["RequestItems"]
        if not 1 <= sum(len(each["Keys"]) for each in wanted.values()) <= 100:
            raise invalid("Too many items requested for the BatchGetItem call")
        responses: dict[str, list[Item]] = {}
        for table, each in wanted.items():
            found = responses.setdefault(table, [])
            for key in each["Keys"]:
                one = replace(call, params={**each, "TableName": table, "Key": key})
                found.extend(self.get_item(one).values())
        return {"Responses": responses, "UnprocessedKeys": {}}

    def query(self, call: Call) -> Params:
        store, info = self.catalog.open(call.params["TableName"])
        keys, within, forward, page = _planned(call.params, info.keys)
        return page.read(store.query(info.name, keys.partition, within, forward=forward))

    def scan(self, call: Call) -> Params:
        params = call.params
        store, info = self.catalog.open(params["TableName"])
        _refuse_index(params)
        page = page_of(params, Expressions(params, (FILTER, PROJECTION)), info.keys, query=False)
        segment, segments = params.get("Segment", 0), params.get("TotalSegments", 1)
        if ("Segment" in params) != ("TotalSegments" in params) or not 0 <= segment < segments:
            raise invalid(
                "The Segment and TotalSegments parameters must go together, and Segment be the less"
            )
        rows = store.scan(info.name, page.start)
        return page.read(row for key, row in rows if int.from_bytes(key[:4], "big") % segments == segment)


class Plan(NamedTuple):
    """The keys that a query reads, by its parameters and the table's keys alone."""

    keys: KeyRange
    within: SortRange
    forward: bool
    page: Page


_PLANS: OrderedDict[tuple[KeySchema, bytes], Plan] = OrderedDict()
MOST = 512


def _planned(params: Params, schema: KeySchema) -> Plan:
    text = spelt(params)
    if text is None:
        return _plan(params, schema)
    plan = _PLANS.get((schema, text))
    if plan is None:
        plan = _PLANS[schema, text] = _plan(params, schema)
        if len(_PLANS) > MOST:
            _PLANS.popitem(last=False)
    return plan


def _plan(params: Params, schema: KeySchema) -> Plan:
    _refuse_index(params)
    expressions = Expressions(params, (WHAT, FILTER, PROJECTION))
    found = expressions.condition(WHAT)
    if found is None:
        raise invalid(f"Either the KeyConditions or {WHAT} parameter must be specified")
    judge, condition = found
    keys = key_range(condition, judge, schema)
    forward, within = params.get("ScanIndexForward", True), keys.within
    page = page_of(params, expressions, schema, query=True)
    if page.start is not None:
        partition, sort = page.start
        if partition != keys.partition or not within.holds(sort):
            raise invalid(
                "The provided starting key is outside query boundaries based on provided conditions"
            )
        within = within.beyond(sort, forward=forward)
    return Plan(keys, within, forward, page)


def _refuse_index(params: Params) -> None:
    if "IndexName" in params:
        raise invalid(f"The table does not have the specified index: {params['IndexName']}")
