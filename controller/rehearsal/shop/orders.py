"""The shop's store of orders: its protocol, and a stand-in for DynamoDB.

The stand-in is for a DynamoDB global table.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Protocol

Order = dict[str, Any]
KEPT = 10_000


class Orders(Protocol):
    """One table with a replica in each Region."""

    def put(self, region: str, order_id: str, order: Order) -> None: ...

    def get(self, region: str, order_id: str) -> Order | None:
        """Return the order that the replica in `region` has now."""
        ...


class ReplicatedOrders:
    """A table with multi-Region eventual consistency; the last write wins.

    A write shows in the other Regions `lag` seconds later.
    lag_from: gives the lag by the Region of the write, in place of `lag`.
    It keeps the newest 10,000 orders.
    """

    def __init__(
        self, now: Callable[[], float], *, lag: float = 1.0, lag_from: Callable[[str], float] | None = None
    ) -> None:
        self._now, self.lag = now, lag
        self._lag_from = lag_from or (lambda _region: self.lag)
        self._lock = threading.Lock()
        self._writes: OrderedDict[str, list[tuple[float, str, Order]]] = OrderedDict()

    def put(self, region: str, order_id: str, order: Order) -> None:
        with self._lock:
            self._writes.setdefault(order_id, []).append((self._now(), region, order))
            self._writes.move_to_end(order_id)
            if len(self._writes) > KEPT:
                self._writes.popitem(last=False)

    def get(self, region: str, order_id: str) -> Order | None:
        with self._lock:
            now = self._now()
            for written_at, where, order in reversed(self._writes.get(order_id, [])):
                if where == region or written_at <= now - self._lag_from(where):
                    return order
        return None
