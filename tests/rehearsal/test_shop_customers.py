"""The customers and their ledger: what is counted, and that TTLs are believed, no longer and no shorter."""

import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random

import pytest

from controller.ports.runtime import Runtime
from controller.rehearsal.dns.records import record_tree
from controller.rehearsal.dns.resolver import HealthChecks, NameService
from controller.rehearsal.dns.server import DnsServer, Zone
from controller.rehearsal.faults import Faults
from controller.rehearsal.shop.customers import Clients, Ledger, Request, Totals
from controller.rehearsal.shop.loopback_network import WireNetwork
from controller.rehearsal.shop.network import Network, VirtualNetwork
from controller.rehearsal.shop.orders import ReplicatedOrders
from controller.rehearsal.shop.server import ShopServer
from controller.rehearsal.shop.shop import Shop
from controller.rehearsal.time.kernel import Kernel, VirtualClock, WallClock
from controller.rehearsal.time.virtual import VirtualRuntime
from controller.rehearsal.time.wall import WallRuntime

EAST, WEST = "us-east-1", "us-west-2"
CONTROLS = {EAST: ["use1-a", "use1-b"], WEST: ["usw2-a", "usw2-b"]}
NAME = "shop.storefront.test"
T0 = 1_800_000_000.0


class World:
    """Customers of a two-Region shop on a virtual clock."""

    def __init__(self, seed: int = 1) -> None:
        self.kernel = Kernel(VirtualClock(T0))
        self.faults, self.off = Faults(), set[str]()
        self.runtime = VirtualRuntime(self.kernel)
        self.lookups: list[tuple[float, str]] = []
        tree = record_tree(NAME, CONTROLS)
        checks = HealthChecks(self.kernel, tree, lambda control: control not in self.off)
        self.names = NameService(tree=tree, is_healthy=checks.is_healthy, draw=Random(seed).random)
        self.shop = Shop(regions=CONTROLS, faults=self.faults, orders=ReplicatedOrders(self.kernel.now))
        self.network = VirtualNetwork(runtime=self.runtime, names=self.names, shop=self.shop)
        self.clients = customers(self.runtime, self.network, seed)
        self.ledger = self.clients.ledger

    def after(self, seconds: float) -> float:
        self.kernel.run(until=self.kernel.now() + seconds)
        return self.kernel.now()


def customers(runtime: Runtime, network: Network, seed: int = 1) -> Clients:
    return Clients(
        runtime=runtime,
        network=network,
        name=NAME,
        locations=[EAST, WEST],
        random=Random(seed),
        per_location=5,
    )


@pytest.fixture
def world() -> World:
    world = World()
    world.clients.start()
    return world


def test_steady_traffic_is_served_near_by(world: World) -> None:
    world.after(600)
    totals = world.ledger.totals()
    assert (totals.failed, totals.first_failed_at, totals.last_failed_at) == (0, None, None)
    assert totals.served == pytest.approx(1000, rel=0.05)
    assert {(each.location, each.region) for each in world.ledger.requests()} == {(EAST, EAST), (WEST, WEST)}
    assert {each.status for each in world.ledger.requests()} == {200, 201}


def test_a_dark_region_is_felt_until_the_controls_move_and_the_ttl_runs_out(world: World) -> None:
    dark_at = world.after(300)
    world.faults.dark.add(EAST)
    moved_at = world.after(200)
    during = world.ledger.by_region(dark_at + 3, moved_at)
    assert during[EAST][0] == 0
    assert during[WEST][1] == 0
    world.off.update(CONTROLS[EAST])
    world.after(300)
    totals = world.ledger.totals(dark_at)
    assert totals.first_failed_at is not None
    assert totals.last_failed_at is not None
    assert dark_at < totals.first_failed_at < dark_at + 10
    # the health check (10 s), the TTL (60 s), one pause between requests (7.2 s), the timeout (2 s)
    assert moved_at < totals.last_failed_at <= moved_at + 10 + 60 + 7.2 + 2
    assert set(world.ledger.by_region(moved_at + 80, world.kernel.now())) == {WEST}


def test_an_answer_is_believed_for_its_ttl_and_not_asked_for_again(world: World) -> None:
    asked: list[float] = []
    lookup = world.names.lookup
    network = Counting(world.network, asked, world.kernel)
    Clients(
        runtime=world.runtime, network=network, name=NAME, locations=[EAST], random=Random(2), per_location=1
    ).start()
    world.after(600)
    gaps = [later - earlier for earlier, later in itertools.pairwise(asked)]
    assert len(asked) == pytest.approx(10, abs=1)
    assert min(gaps) >= 60
    assert max(gaps) < 60 + 7.3
    assert lookup(NAME, EAST).ttl == 60


class Counting:
    """A network that notes when it was asked for a name."""

    def __init__(self, network: Network, asked: list[float], kernel: Kernel) -> None:
        self._network, self._asked, self._kernel = network, asked, kernel
        self.request = network.request

    def lookup(self, name: str, location: str) -> tuple[str, float]:
        self._asked.append(self._kernel.now())
        return self._network.lookup(name, location)


def test_one_bad_backend_fails_a_fifth(world: World) -> None:
    start = world.after(60)
    world.faults.errors[EAST] = 0.2
    world.after(600)
    served, failed = world.ledger.by_region(start, world.kernel.now())[EAST]
    assert failed / (served + failed) == pytest.approx(0.2, abs=0.01)
    assert {each.status for each in world.ledger.requests() if not each.ok} == {500}


def test_a_name_that_does_not_resolve_is_a_failed_request() -> None:
    world = World()
    clients = Clients(
        runtime=world.runtime, network=world.network, name="no.such.name", locations=[EAST], random=Random(1)
    )
    clients.start()
    world.after(30)
    assert clients.ledger.totals().failed > 10
    assert {(each.region, each.status) for each in clients.ledger.requests()} == {("", 0)}


def test_customers_stop(world: World) -> None:
    world.after(60)
    world.clients.stop()
    stopped = world.after(10)
    world.after(600)
    assert world.ledger.totals(stopped) == Totals(0, 0, None, None)


def test_the_same_seed_is_the_same_run_to_the_last_request() -> None:
    runs = []
    for seed in (5, 5, 6):
        world = World(seed)
        world.clients.start()
        world.after(120)
        world.faults.dark.add(EAST)
        world.after(120)
        runs.append(world.ledger.requests())
    assert runs[0] == runs[1]
    assert runs[0] != runs[2]


# --- the ledger -----------------------------------------------------------------------------------


def request(at: float, *, ok: bool = True, region: str = EAST) -> Request:
    return Request(at, EAST, region, ok, 200 if ok else 0, 1.0)


def test_the_ledger_counts_from_since_to_before_until() -> None:
    ledger = Ledger()
    for at, ok in [(10.0, True), (10.5, False), (11.0, True), (12.9, False), (13.0, False)]:
        ledger.record(request(at, ok=ok, region=EAST if at < 12 else WEST))
    assert ledger.totals() == Totals(2, 3, 10.5, 13.0)
    assert ledger.totals(10.5, 13.0) == Totals(1, 2, 10.5, 12.9)
    assert ledger.totals(13.5) == Totals(0, 0, None, None)
    assert ledger.per_second(9.0, 14.0) == [(0, 0), (1, 1), (1, 0), (0, 1), (0, 1)]
    assert ledger.per_second(10.5, 11.5) == [(1, 1)]
    assert ledger.by_region(10.0, 13.0) == {EAST: (2, 1), WEST: (0, 1)}


def test_the_ledger_forgets_the_oldest_seconds() -> None:
    ledger = Ledger(kept_seconds=3)
    for at in range(10):
        ledger.record(request(float(at)))
    assert [each.at for each in ledger.requests()] == [7.0, 8.0, 9.0]


# --- real time, real sockets ----------------------------------------------------------------------


@contextmanager
def wall_shop(speed: float) -> Iterator[tuple[Kernel, Faults, set[str], WallRuntime, WireNetwork]]:
    kernel = Kernel(WallClock(T0, speed))
    faults, off = Faults(), set[str]()
    tree = record_tree(NAME, CONTROLS)
    names = NameService(tree=tree, is_healthy=lambda control: control not in off, draw=Random(1).random)
    shop = Shop(regions=CONTROLS, faults=faults, orders=ReplicatedOrders(kernel.now))
    shops = {region: ShopServer(shop, region) for region in CONTROLS}
    ports = {region: each.port for region, each in shops.items()}
    dns = DnsServer(Zone(zone="storefront.test.", names=names, ports=ports))
    network = WireNetwork(dns_port=dns.port, regional_suffix=NAME, speed=speed)
    runtime = WallRuntime(kernel)
    for server in (*shops.values(), dns):
        server.start()
    try:
        yield kernel, faults, off, runtime, network
    finally:
        runtime.close()
        network.close()
        for server in (*shops.values(), dns):
            server.close()


def until(happened: Callable[[], bool]) -> None:
    """Real sockets take real time: wait for it, two minutes at most."""
    deadline = time.monotonic() + 120
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_the_same_customers_over_real_sockets() -> None:
    with wall_shop(speed=120) as (kernel, faults, off, runtime, network):
        clients = customers(runtime, network)
        ledger = clients.ledger
        clients.start()
        until(lambda: ledger.totals().served > 50)
        assert ledger.totals().failed == 0
        assert set(ledger.by_region()) == {EAST, WEST}
        dark_at = kernel.now()
        faults.dark.add(EAST)
        until(lambda: ledger.totals().failed > 10)
        off.update(CONTROLS[EAST])
        until(lambda: set(ledger.by_region(kernel.now() - 60)) == {WEST})
        last_failed_at = ledger.totals().last_failed_at
        assert last_failed_at is not None
        assert last_failed_at > dark_at
        served = ledger.totals().served
        until(lambda: ledger.totals().served > served + 50)
        assert ledger.totals().last_failed_at == last_failed_at
        clients.stop()
