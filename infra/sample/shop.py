"""The sample storefront: catalog, cart, checkout, orders. One Lambda function behind an HTTP API.

Its metrics are the two that the policy's alarms watch, written in CloudWatch's embedded metric format.
Environment: ORDERS (table), NAMESPACE (of the metrics), AWS_REGION.
"""

import json
import os
import time
import uuid
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

CATALOG = {"tide-table": 1200, "lantern": 4900, "rope-10m": 1900, "storm-kettle": 5400}
"""Item -> price in cents."""
Answer = tuple[int, dict[str, Any]]
MOST_ITEMS = 50


def serve(table: Any, region: str, method: str, path: str, body: str) -> Answer:
    """Answer one request: status and content. `table` is a DynamoDB client's `get_item` and `put_item`."""
    parts = path.strip("/").split("/")
    if (method, parts) == ("GET", ["health"]):
        return 200, {"status": "ok", "region": region}
    if (method, parts) == ("GET", ["catalog"]):
        return 200, {"items": CATALOG, "region": region}
    if (method, parts) in (("POST", ["cart"]), ("POST", ["checkout"])):
        items = _items(body)
        if items is None:
            return 400, {"error": 'expected {"items": [known item, ...]}'}
        total = sum(CATALOG[item] for item in items)
        if parts == ["cart"]:
            return 200, {"items": items, "total": total, "region": region}
        return 201, _check_out(table, region, items, total)
    if method == "GET" and len(parts) == 2 and parts[0] == "orders":
        return _order(table, region, parts[1])
    return 404, {"error": "no such page"}


def _items(body: str) -> list[str] | None:
    try:
        items = json.loads(body)["items"]
    except (ValueError, KeyError, TypeError):
        return None
    known = isinstance(items, list) and all(isinstance(item, str) and item in CATALOG for item in items)
    return items if known and 0 < len(items) <= MOST_ITEMS else None


def _check_out(table: Any, region: str, items: list[str], total: int) -> dict[str, Any]:
    """An order is written once, in the Region that took it, and read in any."""
    order = {"order": f"{region}-{uuid.uuid4().hex}", "items": items, "total": total, "region": region}
    table.put_item(
        TableName=os.environ["ORDERS"],
        Item={"order": {"S": order["order"]}, "content": {"S": json.dumps(order)}},
        ConditionExpression="attribute_not_exists(#order)",
        ExpressionAttributeNames={"#order": "order"},
    )
    return order


def _order(table: Any, region: str, name: str) -> Answer:
    found = table.get_item(
        TableName=os.environ["ORDERS"], Key={"order": {"S": name[:100]}}, ConsistentRead=True
    )
    if "Item" not in found:
        return 404, {"error": "no such order", "region": region}
    return 200, {**json.loads(found["Item"]["content"]["S"]), "served_by": region}


def measured(namespace: str, status: int, milliseconds: float, now: float) -> str:
    """One request as a line of CloudWatch's embedded metric format."""
    names = ("Requests", "5xxRate", "Latency")
    units = ("Count", "Percent", "Milliseconds")
    metrics = [{"Name": name, "Unit": unit} for name, unit in zip(names, units, strict=True)]
    directive = {"Namespace": namespace, "Dimensions": [[]], "Metrics": metrics}
    values = {"Requests": 1, "5xxRate": 100.0 if status >= 500 else 0.0, "Latency": milliseconds}
    return json.dumps({"_aws": {"Timestamp": int(now * 1000), "CloudWatchMetrics": [directive]}, **values})


@cache
def _table() -> Any:
    import boto3  # Lambda's own
    from botocore.config import Config

    brief = Config(connect_timeout=1, read_timeout=2, retries={"total_max_attempts": 2})
    return boto3.client("dynamodb", config=brief)


def handler(event: Mapping[str, Any], _context: Any, table: Callable[[], Any] = _table) -> dict[str, Any]:
    """An HTTP API's request, payload format 2.0."""
    began, region = time.perf_counter(), os.environ["AWS_REGION"]
    http = event["requestContext"]["http"]
    try:
        status, content = serve(table(), region, http["method"], event["rawPath"], event.get("body") or "")
    except Exception as error:  # noqa: BLE001 - whatever failed, the customer gets an answer, and it is counted
        status, content = 500, {"error": "failed", "region": region}
        print(json.dumps({"failed": type(error).__name__, "why": str(error)[:300]}))  # noqa: T201
    milliseconds = (time.perf_counter() - began) * 1000
    print(measured(os.environ["NAMESPACE"], status, milliseconds, time.time()))  # noqa: T201
    return {
        "statusCode": status,
        "headers": {"content-type": "application/json", "cache-control": "no-store"},
        "body": json.dumps(content),
    }
