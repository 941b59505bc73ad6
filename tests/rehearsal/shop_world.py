"""A shop in two Regions in virtual time, with the faults that it can have."""

import json
from dataclasses import dataclass, field
from typing import Any

from controller.rehearsal.faults import Faults
from controller.rehearsal.shop.orders import ReplicatedOrders
from controller.rehearsal.shop.shop import Shop

EAST, WEST = "us-east-1", "us-west-2"
REGIONS = [EAST, WEST]
CONTROLS = {EAST: ["use1-a", "use1-b"], WEST: ["usw2-a", "usw2-b"]}
BASKET = json.dumps({"items": ["lantern", "rope-10m"]}).encode()


@dataclass
class World:
    """A shop, a clock that a test sets, and the faults."""

    time: float = 1_800_000_000.0
    faults: Faults = field(default_factory=Faults)

    def __post_init__(self) -> None:
        self.orders = ReplicatedOrders(lambda: self.time)
        self.shop = Shop(regions=REGIONS, faults=self.faults, orders=self.orders)

    def ask(self, method: str, path: str, body: bytes = b"", region: str = EAST) -> tuple[int, Any]:
        reply = self.shop.handle(region=region, method=method, path=path, body=body)
        return reply.status, json.loads(reply.body)
