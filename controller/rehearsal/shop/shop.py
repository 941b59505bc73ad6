"""A small two-Region shop: five backends in each Region, some of them bad.

The same request handler serves real sockets (`shop/server.py`) and the virtual network. A dark Region's
requests never arrive here: the network asks `is_dark` first.

The last part gives the delay of orders to the other Regions, and the metric that DynamoDB publishes about it.
"""

import json
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from math import floor, inf
from typing import Any, Protocol

from controller.rehearsal.blueprint import Blueprint
from controller.rehearsal.faults import Faults
from controller.rehearsal.shop.orders import Orders, ReplicatedOrders
from controller.rehearsal.time.kernel import Kernel

BACKENDS = 5
BODY_BYTES = 16_384
NAMESPACE = "Storefront"
CATALOG = {"tide-table": 1200, "lantern": 4900, "rope-10m": 1900, "storm-kettle": 5400}  # cents
SERVICE_MS = {"health": 1.0, "catalog": 12.0, "cart": 18.0, "checkout": 45.0, "orders": 15.0}


class PutMetric(Protocol):
    """Puts one datapoint for CloudWatch in `region`.

    timestamp: the start of its minute.
    """

    def __call__(
        self,
        region: str,
        namespace: str,
        name: str,
        value: float,
        unit: str,
        timestamp: float,
        dimensions: Mapping[str, str],
    ) -> None: ...


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer.

    service_ms: the time that the shop worked on it, in milliseconds of scenario time.
    """

    status: int
    body: bytes
    service_ms: float


@dataclass
class _Minute:
    """The figures of one Region in the current minute."""

    requests: int = 0
    errors: int = 0
    ms: float = 0.0


class Shop:
    """The shop in all its Regions. Thread-safe.

    `handle` never raises, for any input.
    """

    def __init__(self, *, regions: Iterable[str], faults: Faults, orders: Orders) -> None:
        self.regions = regions = tuple(regions)
        self._faults, self._orders = faults, orders
        self._lock = threading.Lock()
        self._turns = dict.fromkeys(regions, 0)
        self._sold = dict.fromkeys(regions, 0)
        self._minutes = {region: _Minute() for region in regions}
        self._healthy = {each: _reply(200, "health", {"status": "ok", "region": each}) for each in regions}
        self._catalog = {each: _reply(200, "catalog", {"items": CATALOG, "region": each}) for each in regions}
        self._broken = {each: _reply(500, "catalog", {"error": "failed", "region": each}) for each in regions}

    def is_dark(self, region: str) -> bool:
        return region in self._faults.dark

    def handle(self, *, region: str, method: str, path: str, body: bytes = b"") -> Reply:
        """Answer one request in `region`.

        GET /health says that the process is up, and no more.
        """
        parts = path.partition("?")[0].strip("/").split("/")
        if (method, parts) == ("GET", ["health"]):
            return self._healthy[region]
        with self._lock:
            turn = self._turns[region]
            self._turns[region] += 1
        bad = backend_fails(turn=turn, share=self._faults.errors.get(region, 0.0))
        reply = self._broken[region] if bad else self._serve(region, method, parts, body)
        with self._lock:
            minute = self._minutes[region]
            minute.requests += 1
            minute.errors += reply.status >= 500
            minute.ms += reply.service_ms
        return reply

    def _serve(self, region: str, method: str, parts: list[str], body: bytes) -> Reply:
        match method, parts:
            case "GET", ["catalog"]:
                return self._catalog[region]
            case "POST", ["cart"]:
                items = _items(body)
                if items is None:
                    return _reply(400, "cart", {"error": 'expected {"items": [known item, …]}'})
                return _reply(200, "cart", {"items": items, "total": _total(items), "region": region})
            case "POST", ["checkout"]:
                items = _items(body)
                if items is None:
                    return _reply(400, "checkout", {"error": 'expected {"items": [known item, …]}'})
                return self._check_out(region, items)
            case "GET", ["orders", order_id]:
                order = self._orders.get(region, order_id)
                if order is None:
                    return _reply(404, "orders", {"error": "no such order", "region": region})
                return _reply(200, "orders", {**order, "served_by": region})
            case _, ["catalog"] | ["cart"] | ["checkout"] | ["health"] | ["orders", _]:
                return _reply(405, "catalog", {"error": "method not allowed"})
        return _reply(404, "catalog", {"error": "no such page"})

    def _check_out(self, region: str, items: list[str]) -> Reply:
        with self._lock:
            self._sold[region] += 1
            order_id = f"{region}-{self._sold[region]}"
        order = {"order": order_id, "items": items, "total": _total(items), "region": region}
        self._orders.put(region, order_id, order)
        return _reply(201, "checkout", order)

    def emit(self, minute: float, put_metric: PutMetric, namespace: str = NAMESPACE) -> None:
        """Publish the figures of the minute that began at `minute`, and begin the next.

        A dark Region, and one whose metrics are broken, publishes nothing. A minute without requests has
        no error rate and no latency.
        """
        for region in self.regions:
            with self._lock:
                done, self._minutes[region] = self._minutes[region], _Minute()
            if region in self._faults.dark or region in self._faults.no_metrics:
                continue
            put_metric(region, namespace, "Requests", done.requests, "Count", minute, {})
            if done.requests:
                rate = 100.0 * done.errors / done.requests
                put_metric(region, namespace, "5xxRate", rate, "Percent", minute, {})
                latency = done.ms / done.requests
                put_metric(region, namespace, "Latency", latency, "Milliseconds", minute, {})


def emit_each_minute(kernel: Kernel, shop: Shop, put_metric: PutMetric, namespace: str = NAMESPACE) -> None:
    """Publish the shop's metrics at the end of each scenario minute from now."""
    minute = kernel.now() // 60 * 60

    def emit() -> None:
        nonlocal minute
        shop.emit(minute, put_metric, namespace)
        minute += 60

    kernel.every(60, emit, first_after=minute + 60 - kernel.now())


def backend_fails(*, turn: int, share: float) -> bool:
    """Return True where request number `turn` of a Region meets a bad backend.

    Round robin over five backends: at 0.2 the first one always fails; at 0.3 the second fails every
    other time as well.
    """
    lap, backend = divmod(turn, BACKENDS)
    own = min(1.0, max(0.0, round(share * BACKENDS - backend, 6)))
    return floor((lap + 1) * own) > floor(lap * own)


def _items(body: bytes) -> list[str] | None:
    """Return the items that a customer sent; None for a body without good items."""
    if len(body) > BODY_BYTES:
        return None
    try:
        sent = json.loads(body)
    except (ValueError, RecursionError):
        return None
    items = sent.get("items") if isinstance(sent, dict) else None
    if not isinstance(items, list) or not items:
        return None
    return items if all(isinstance(item, str) and item in CATALOG for item in items) else None


def _total(items: list[str]) -> int:
    return sum(CATALOG[item] for item in items)


def _reply(status: int, page: str, content: dict[str, Any]) -> Reply:
    return Reply(status, json.dumps(content).encode(), SERVICE_MS[page])


USUAL = 0.8
"""Seconds that a write usually takes to the other Regions."""


def lag_from(faults: Faults, region: str) -> float:
    """Return the seconds until a write in `region` shows in the other Regions.

    Infinite while replication is paused.
    """
    return inf if region in faults.replication_paused else faults.lag.get(region, USUAL)


def replicated(kernel: Kernel, faults: Faults) -> ReplicatedOrders:
    return ReplicatedOrders(kernel.now, lag_from=partial(lag_from, faults))


def publish_each_minute(kernel: Kernel, faults: Faults, plan: Blueprint, put_metric: PutMetric) -> None:
    """Publish ReplicationLatency between all Regions each scenario minute.

    The value is of each Region towards each other one, at the end of the minute. It drops to zero where
    replication stands still. A dark Region writes nothing, so nothing is measured.
    """

    def emit() -> None:
        minute = kernel.now() // 60 * 60 - 60
        for source in plan.controls:
            if source in faults.dark or source in faults.no_metrics:
                continue
            lag = lag_from(faults, source)
            value = 0.0 if lag == inf else lag * 1000.0
            for target in plan.controls:
                if target != source:
                    names = {"TableName": f"{plan.application}-orders", "ReceivingRegion": target}
                    put_metric(
                        source, "AWS/DynamoDB", "ReplicationLatency", value, "Milliseconds", minute, names
                    )

    kernel.every(60, emit, first_after=60 - kernel.now() % 60)
