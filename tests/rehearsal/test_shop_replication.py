"""Orders arrive elsewhere as late as the faults say, and ReplicationLatency tells of it."""

from typing import Any

import pytest

from controller.rehearsal.blueprint import Blueprint
from controller.rehearsal.faults import Faults
from controller.rehearsal.shop.shop import publish_each_minute, replicated
from controller.rehearsal.time.kernel import Kernel, VirtualClock

EAST, WEST = "us-east-1", "us-west-2"
T0 = 1_893_484_800.0
PLAN = Blueprint("shop", "us-east-2", {EAST: ("a",), WEST: ("b",)}, (), (), (), "{}", ())


def published(faults: Faults, minutes: int = 2) -> list[tuple[str, float, float, str]]:
    kernel = Kernel(VirtualClock(T0 + 20))
    found: list[tuple[str, float, float, str]] = []

    def put(region: str, _space: str, name: str, value: float, unit: str, at: float, names: Any) -> None:
        assert (name, unit, names["TableName"]) == ("ReplicationLatency", "Milliseconds", "shop-orders")
        found.append((region, at, value, names["ReceivingRegion"]))

    publish_each_minute(kernel, faults, PLAN, put)
    kernel.run(until=T0 + 60.0 * minutes + 1)
    return found


def test_each_region_measures_its_writes_towards_the_others_at_the_end_of_each_minute() -> None:
    assert published(Faults()) == [
        (EAST, T0, 800.0, WEST),
        (WEST, T0, 800.0, EAST),
        (EAST, T0 + 60, 800.0, WEST),
        (WEST, T0 + 60, 800.0, EAST),
    ]


@pytest.mark.parametrize(
    ("faults", "east"),
    [
        (Faults(lag={EAST: 600.0}), [600_000.0]),
        (Faults(replication_paused={EAST}), [0.0]),
        (Faults(dark={EAST}), []),
        (Faults(no_metrics={EAST}), []),
    ],
)
def test_what_a_fault_does_to_the_metric(faults: Faults, east: list[float]) -> None:
    told = published(faults, minutes=1)
    assert [value for region, _, value, _ in told if region == EAST] == east
    assert [value for region, _, value, _ in told if region == WEST] == [800.0]


def test_orders_show_elsewhere_once_their_lag_is_over_and_after_a_pause_all_at_once() -> None:
    kernel, faults = Kernel(VirtualClock(T0)), Faults()
    orders = replicated(kernel, faults)
    orders.put(EAST, "1", {"order": "1"})
    assert orders.get(EAST, "1") is not None
    assert orders.get(WEST, "1") is None
    kernel.run(until=T0 + 1)
    assert orders.get(WEST, "1") is not None
    faults.replication_paused.add(EAST)
    orders.put(EAST, "2", {"order": "2"})
    kernel.run(until=T0 + 900)
    assert orders.get(WEST, "2") is None
    faults.replication_paused.clear()
    assert orders.get(WEST, "2") is not None
