"""GetItem, BatchGetItem, Query, Scan. Reads are always strong, whatever `ConsistentRead` says."""

from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from controller.rehearsal.memo import spelt
from controller.rehearsal.service import Call
from controller.rehearsal.table.catalog import Catalog
from controller.rehearsal.table.errors import invalid
from controller.rehearsal.table.keyrange import WHAT as KEY_CONDITION
from controller.rehearsal.table.keyrange import KeyRange, key_range
from controller.rehearsal.table.keys import KeySchema, SortRange
from controller.rehearsal.table.paging import FILTER, PROJECTION, Page, page_of
from controller.rehearsal.table.paths import project
from controller.rehearsal.table.request import Expressions
from controller.rehearsal.table.values import Item, checked_item

Params = dict[str, Any]


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
    """What a query reads, by its parameters and the table's keys alone."""

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
    expressions = Expressions(params, (KEY_CONDITION, FILTER, PROJECTION))
    found = expressions.condition(KEY_CONDITION)
    if found is None:
        raise invalid(f"Either the KeyConditions or {KEY_CONDITION} parameter must be specified")
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
