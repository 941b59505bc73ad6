"""The two networks that lead to the shop: look-ups, dark Regions, kept connections and hostile requests."""

import http.client
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from random import Random
from typing import Any

import pytest

from controller.rehearsal.dns.records import record_tree
from controller.rehearsal.dns.resolver import NameService
from controller.rehearsal.dns.server import DnsServer, Zone
from controller.rehearsal.faults import Faults
from controller.rehearsal.shop.loopback_network import WireNetwork
from controller.rehearsal.shop.network import Network, TimedOut, Unreachable, VirtualNetwork
from controller.rehearsal.shop.orders import ReplicatedOrders
from controller.rehearsal.shop.server import ShopServer
from controller.rehearsal.shop.shop import Shop
from controller.rehearsal.time.kernel import Kernel, VirtualClock
from controller.rehearsal.time.virtual import VirtualRuntime
from tests.rehearsal.shop_world import BASKET, CONTROLS, EAST, REGIONS, WEST, World


@pytest.fixture
def world() -> World:
    return World()


@dataclass
class Reach:
    """A network, the faults behind it, and the controls that are off."""

    network: Network
    world: World
    off: set[str]


@pytest.fixture(params=["virtual", "wire"])
def reach(request: pytest.FixtureRequest, world: World) -> Iterator[Reach]:
    off: set[str] = set()
    tree = record_tree("shop.storefront.test", CONTROLS)
    names = NameService(tree=tree, is_healthy=lambda control: control not in off, draw=Random(3).random)
    if request.param == "virtual":
        runtime = VirtualRuntime(Kernel(VirtualClock(world.time)))
        yield Reach(VirtualNetwork(runtime=runtime, names=names, shop=world.shop), world, off)
        return
    with ExitStack() as stack:
        servers = {region: ShopServer(world.shop, region) for region in REGIONS}
        ports = {region: server.port for region, server in servers.items()}
        dns = DnsServer(Zone(zone="storefront.test.", names=names, ports=ports))
        for server in (*servers.values(), dns):
            server.start()
            stack.callback(server.close)
        wire = WireNetwork(dns_port=dns.port, regional_suffix="shop.storefront.test", speed=60)
        stack.callback(wire.close)
        yield Reach(wire, world, off)


def visit(reach: Reach, region: str, path: str = "/catalog", method: str = "GET", body: bytes = b"") -> Any:
    answer = reach.network.request(location=EAST, region=region, method=method, path=path, body=body)
    assert 0 < answer.elapsed < 1
    return answer.status, json.loads(answer.body)


def test_a_lookup_leads_to_the_region_and_its_shop(reach: Reach) -> None:
    assert reach.network.lookup("shop.storefront.test", WEST) == (WEST, 60.0)
    assert visit(reach, WEST)[1]["region"] == WEST
    reach.off.update(CONTROLS[WEST])
    assert reach.network.lookup("shop.storefront.test", WEST) == (EAST, 60.0)
    status, order = visit(reach, EAST, "/checkout", "POST", BASKET)
    assert (status, order["region"]) == (201, EAST)
    assert visit(reach, EAST, f"/orders/{order['order']}")[0] == 200


def test_a_regional_endpoint_needs_no_lookup_before(reach: Reach) -> None:
    assert visit(reach, EAST)[0] == 200
    assert reach.network.lookup("us-west-2.shop.storefront.test", EAST) == (WEST, 60.0)


def test_an_unknown_name_or_region_is_unreachable(reach: Reach) -> None:
    for name in ("cart.storefront.test", "example.com", "", "a..b", "x" * 300):
        with pytest.raises(Unreachable, match="does not resolve"):
            reach.network.lookup(name, EAST)
    with pytest.raises(Unreachable):
        visit(reach, "eu-west-1")


def test_a_dark_region_serves_nobody_not_even_on_a_kept_connection(reach: Reach) -> None:
    assert visit(reach, EAST)[0] == 200
    reach.world.faults.dark.add(EAST)
    for _ in range(3):
        with pytest.raises((Unreachable, TimedOut)):
            visit(reach, EAST)
    assert visit(reach, WEST)[0] == 200
    reach.world.faults.dark.clear()
    assert visit(reach, EAST)[0] == 200


def test_errors_of_the_shop_are_answers(reach: Reach) -> None:
    reach.world.faults.errors[EAST] = 1.0
    assert visit(reach, EAST)[0] == 500


def test_a_virtual_request_takes_the_way_and_the_work(world: World) -> None:
    kernel = Kernel(VirtualClock(0.0))
    names = NameService(
        tree=record_tree("shop.storefront.test", CONTROLS), is_healthy=lambda _: True, draw=lambda: 0.0
    )
    network = VirtualNetwork(runtime=VirtualRuntime(kernel), names=names, shop=world.shop)
    near = network.request(location=EAST, region=EAST, method="GET", path="/catalog")
    assert (near.elapsed, kernel.now()) == (pytest.approx(0.016), pytest.approx(0.016))
    far = network.request(location=EAST, region=WEST, method="GET", path="/catalog")
    assert far.elapsed > near.elapsed + 0.03
    world.faults.dark.add(WEST)
    start = kernel.now()
    with pytest.raises(TimedOut, match="within 2 s"):
        network.request(location=EAST, region=WEST, method="GET", path="/catalog")
    assert kernel.now() - start == pytest.approx(2.0)
    with pytest.raises(TimedOut):
        network.request(location=EAST, region=EAST, method="GET", path="/catalog", timeout=0.001)


@pytest.fixture
def server(world: World) -> Iterator[ShopServer]:
    server = ShopServer(world.shop, EAST)
    server.start()
    yield server
    server.close()


def raw(server: ShopServer, wire: bytes) -> bytes:
    """Everything that comes back for `wire` until the server hangs up."""
    with socket.create_connection((server.host, server.port), timeout=60) as connection:
        connection.sendall(wire)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while piece := connection.recv(65_536):
            answer += piece
    return answer


@pytest.mark.parametrize(
    ("wire", "starts"),
    [
        (b"GET /catalog HTTP/1.1\r\nHost: x\r\n\r\n", b"HTTP/1.1 200"),
        (b"POST /cart HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n", b"HTTP/1.1 413"),
        (b"POST /cart HTTP/1.1\r\nContent-Length: -5\r\n\r\n", b"HTTP/1.1 411"),
        (b"POST /cart HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"HTTP/1.1 411"),
        (b"BREW /pot HTTP/1.1\r\n\r\n", b"HTTP/1.1 501"),
        (b"\x16\x03\x01\x02\x00\r\n\r\n", b""),
        (b"", b""),
    ],
)
def test_hostile_requests_get_an_answer_and_break_nothing(
    server: ShopServer, wire: bytes, starts: bytes
) -> None:
    assert raw(server, wire).startswith(starts)
    assert raw(server, b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n").startswith(b"HTTP/1.1 200")


def test_closing_ends_kept_connections(world: World) -> None:
    server = ShopServer(world.shop, EAST)
    server.start()
    connection = http.client.HTTPConnection(server.host, server.port, timeout=60)
    try:
        connection.request("GET", "/health")
        assert connection.getresponse().read()
        server.close()
        with pytest.raises((OSError, http.client.HTTPException)):  # noqa: PT012 - either step may see it
            connection.request("GET", "/health")
            connection.getresponse()
    finally:
        connection.close()


def test_a_port_in_use_is_an_error(server: ShopServer, world: World) -> None:
    with pytest.raises(OSError, match="in use"):
        ShopServer(world.shop, WEST, port=server.port)


@pytest.fixture
def wire(world: World) -> Iterator[WireNetwork]:
    """A network whose name server says that both Regions are at a port that the test holds."""
    silent = socket.create_server(("127.0.0.1", 0))
    port = silent.getsockname()[1]
    names = NameService(
        tree=record_tree("shop.storefront.test", CONTROLS), is_healthy=lambda _: True, draw=lambda: 0.0
    )
    dns = DnsServer(Zone(zone="storefront.test.", names=names, ports=dict.fromkeys(REGIONS, port)))
    dns.start()
    network = WireNetwork(
        dns_port=dns.port, regional_suffix="shop.storefront.test", speed=60, least_timeout=0.5
    )
    yield network
    network.close()
    dns.close()
    silent.close()


def test_a_shop_that_never_answers_is_a_timeout(wire: WireNetwork) -> None:
    with pytest.raises(TimedOut, match="within 2 s"):
        wire.request(location=EAST, region=EAST, method="GET", path="/catalog")


def test_a_name_server_that_never_answers_is_unreachable() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        port = silent.getsockname()[1]
        network = WireNetwork(dns_port=port, regional_suffix="shop.storefront.test", least_timeout=0.02)
        with pytest.raises(Unreachable, match="name server"):
            network.lookup("shop.storefront.test", EAST)


def test_a_kept_connection_that_the_shop_closed_is_not_used_again(world: World) -> None:
    first = ShopServer(world.shop, EAST)
    first.start()
    names = NameService(
        tree=record_tree("shop.storefront.test", CONTROLS), is_healthy=lambda _: True, draw=lambda: 0.0
    )
    dns = DnsServer(Zone(zone="storefront.test.", names=names, ports=dict.fromkeys(REGIONS, first.port)))
    dns.start()
    network = WireNetwork(dns_port=dns.port, regional_suffix="shop.storefront.test", least_timeout=60.0)
    try:
        assert network.request(location=EAST, region=EAST, method="GET", path="/catalog").status == 200
        first.close()
        second = ShopServer(world.shop, EAST, port=first.port)
        second.start()
        try:
            assert (
                network.request(location=EAST, region=EAST, method="POST", path="/cart", body=BASKET).status
                == 200
            )
        finally:
            second.close()
    finally:
        network.close()
        dns.close()


class SlowOrders(ReplicatedOrders):
    """A table on a busy machine: 0.1 s of real time for a write."""

    def put(self, region: str, order_id: str, order: dict[str, Any]) -> None:
        threading.Event().wait(0.1)
        super().put(region, order_id, order)


def test_a_slow_machine_is_not_a_fault_at_high_speed() -> None:
    """Two seconds at speed 60 are 33 ms."""
    shop = Shop(regions=REGIONS, faults=Faults(), orders=SlowOrders(lambda: 0.0))
    names = NameService(
        tree=record_tree("shop.storefront.test", CONTROLS), is_healthy=lambda _: True, draw=lambda: 0.0
    )
    with ExitStack() as stack:
        server = ShopServer(shop, EAST)
        stack.callback(server.close)
        dns = DnsServer(Zone(zone="storefront.test.", names=names, ports=dict.fromkeys(REGIONS, server.port)))
        stack.callback(dns.close)
        server.start()
        dns.start()
        network = WireNetwork(dns_port=dns.port, regional_suffix="shop.storefront.test", speed=60)
        stack.callback(network.close)
        answer = network.request(location=EAST, region=EAST, method="POST", path="/checkout", body=BASKET)
    assert answer.status == 201
