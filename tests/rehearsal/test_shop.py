"""The shop in two Regions: its answers, its faults and its metrics."""

from collections.abc import Mapping

import pytest

from controller.rehearsal.shop.orders import ReplicatedOrders
from controller.rehearsal.shop.shop import backend_fails, emit_each_minute
from controller.rehearsal.time.kernel import Kernel, VirtualClock
from tests.rehearsal.shop_world import BASKET, EAST, WEST, World


@pytest.fixture
def world() -> World:
    return World()


def test_a_visit_from_catalog_to_the_order_read_back(world: World) -> None:
    assert world.ask("GET", "/health") == (200, {"status": "ok", "region": EAST})
    assert "lantern" in world.ask("GET", "/catalog")[1]["items"]
    assert world.ask("POST", "/cart", BASKET)[1]["total"] == 6800
    status, order = world.ask("POST", "/checkout", BASKET)
    assert (status, order["total"], order["region"]) == (201, 6800, EAST)
    status, kept = world.ask("GET", f"/orders/{order['order']}")
    assert (status, kept["items"], kept["served_by"]) == (200, ["lantern", "rope-10m"], EAST)


def test_an_order_shows_in_the_other_region_a_second_later(world: World) -> None:
    _, order = world.ask("POST", "/checkout", BASKET)
    path = f"/orders/{order['order']}"
    assert world.ask("GET", path, region=WEST)[0] == 404
    world.time += 1.0
    assert world.ask("GET", path, region=WEST) == (200, {**order, "served_by": WEST})


def test_the_last_writer_wins() -> None:
    time = 10.0
    orders = ReplicatedOrders(lambda: time)
    orders.put(EAST, "1", {"v": "east"})
    orders.put(WEST, "1", {"v": "west"})
    assert (orders.get(EAST, "1"), orders.get(WEST, "1")) == ({"v": "east"}, {"v": "west"})
    time = 11.0
    assert (orders.get(EAST, "1"), orders.get(WEST, "1")) == ({"v": "west"}, {"v": "west"})
    assert orders.get(EAST, "2") is None


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/cart", b"", 400),
        ("POST", "/cart", b"[1]", 400),
        ("POST", "/cart", b'{"items": ["moon"]}', 400),
        ("POST", "/cart", b'{"items": [{}]}', 400),
        ("POST", "/checkout", b"\xff\xfe", 400),
        ("POST", "/checkout", b"[" * 16_000, 400),
        ("POST", "/checkout", BASKET + b" " * 20_000, 400),
        ("DELETE", "/catalog", b"", 405),
        ("GET", "/checkout", b"", 405),
        ("GET", "/orders/none", b"", 404),
        ("GET", "/orders/../../etc/passwd", b"", 404),
        ("GET", "", b"", 404),
        ("GET", "/\x00", b"", 404),
    ],
)
def test_nonsense_is_answered_not_raised(
    world: World, method: str, path: str, body: bytes, status: int
) -> None:
    assert world.ask(method, path, body)[0] == status


@pytest.mark.parametrize(
    ("share", "failed"), [(0.0, 0), (0.2, 20), (0.3, 30), (0.5, 50), (1.0, 100), (7.0, 100)]
)
def test_the_share_of_errors_is_exact(share: float, failed: int) -> None:
    assert sum(backend_fails(turn=turn, share=share) for turn in range(100)) == failed


def test_one_bad_backend_of_five_fails_every_fifth_request_but_not_health(world: World) -> None:
    world.faults.errors[EAST] = 0.2
    assert [world.ask("GET", "/catalog")[0] for _ in range(10)] == [500, 200, 200, 200, 200] * 2
    assert {world.ask("GET", "/health")[0] for _ in range(10)} == {200}
    assert {world.ask("GET", "/catalog", region=WEST)[0] for _ in range(10)} == {200}


def test_a_failed_checkout_leaves_no_order(world: World) -> None:
    world.faults.errors[EAST] = 1.0
    assert world.ask("POST", "/checkout", BASKET)[0] == 500
    world.faults.errors.clear()
    assert world.ask("POST", "/checkout", BASKET)[1]["order"] == "us-east-1-1"


# --- metrics --------------------------------------------------------------------------------------


class Metrics:
    def __init__(self) -> None:
        self.seen: list[tuple[str, str, float, str, float]] = []

    def put(
        self,
        region: str,
        namespace: str,
        name: str,
        value: float,
        unit: str,
        timestamp: float,
        dimensions: Mapping[str, str],
    ) -> None:
        assert (namespace, dimensions) == ("Storefront", {})
        self.seen.append((region, name, value, unit, timestamp))


def test_each_minute_has_its_figures(world: World) -> None:
    metrics = Metrics()
    world.faults.errors[EAST] = 0.2
    for _ in range(10):
        world.ask("GET", "/catalog")
    world.ask("GET", "/health", region=WEST)
    world.shop.emit(60.0, metrics.put)
    assert metrics.seen == [
        (EAST, "Requests", 10, "Count", 60.0),
        (EAST, "5xxRate", 20.0, "Percent", 60.0),
        (EAST, "Latency", 12.0, "Milliseconds", 60.0),
        (WEST, "Requests", 0, "Count", 60.0),
    ]


@pytest.mark.parametrize("broken", ["dark", "no_metrics"])
def test_a_dark_region_says_nothing_and_nothing_is_made_up_later(world: World, broken: str) -> None:
    metrics = Metrics()
    world.ask("GET", "/catalog")
    getattr(world.faults, broken).add(EAST)
    world.shop.emit(0.0, metrics.put)
    assert {region for region, *_ in metrics.seen} == {WEST}
    getattr(world.faults, broken).clear()
    world.shop.emit(60.0, metrics.put)
    assert (EAST, "Requests", 0, "Count", 60.0) in metrics.seen


def test_metrics_come_at_the_end_of_each_minute_stamped_with_its_start(world: World) -> None:
    kernel, metrics = Kernel(VirtualClock(90.0)), Metrics()
    emit_each_minute(kernel, world.shop, metrics.put)
    kernel.run(until=119.0)
    assert metrics.seen == []
    kernel.run(until=185.0)
    assert [stamp for region, *_, stamp in metrics.seen if region == EAST] == [60.0, 120.0]
