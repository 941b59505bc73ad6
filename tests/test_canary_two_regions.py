"""An order taken in one Region is looked for in the other, over real sockets."""

from collections.abc import Iterator
from types import ModuleType

import pytest

from controller.rehearsal.faults import Faults
from controller.rehearsal.shop.orders import ReplicatedOrders
from controller.rehearsal.shop.server import ShopServer
from controller.rehearsal.shop.shop import Shop
from tests.support.canary_script import load

REGIONS = ("us-east-1", "us-west-2")


@pytest.fixture
def canary() -> ModuleType:
    return load("two_regions")


@pytest.fixture
def clock() -> list[float]:
    return [0.0]


@pytest.fixture
def shops(clock: list[float], monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    shop = Shop(regions=REGIONS, faults=Faults(), orders=ReplicatedOrders(lambda: clock[0]))
    servers = [ShopServer(shop, region) for region in REGIONS]
    for server, name in zip(servers, ("BASE_URL", "OTHER_URL"), strict=True):
        server.start()
        monkeypatch.setenv(name, f"http://127.0.0.1:{server.port}")
    yield shop
    for server in servers:
        server.close()


def sender(shop: Shop, region: str) -> object:
    def send(method: str, path: str, body: bytes) -> tuple[int, bytes]:
        reply = shop.handle(region=region, method=method, path=path, body=body)
        return reply.status, reply.body

    return send


def test_an_order_arrives(canary: ModuleType, shops: Shop, clock: list[float]) -> None:
    def pause(seconds: float) -> None:
        clock[0] += seconds

    here, there = (sender(shops, region) for region in REGIONS)
    assert canary.check(here, there, {}, pause).startswith("there after")


def test_an_order_that_never_arrives_is_a_failure(canary: ModuleType, shops: Shop) -> None:
    here = sender(shops, REGIONS[0])
    with pytest.raises(canary.CheckFailed, match="not in the other Region after 5 s"):
        canary.check(here, lambda *_: (404, b"{}"), {"PATIENCE_SECONDS": "5"}, lambda _: None)


@pytest.mark.parametrize(
    ("answer", "told"), [((500, b""), "answered 500"), ((200, b'{"order": "other"}'), "another order")]
)
def test_another_answer_is_a_failure(
    canary: ModuleType, shops: Shop, answer: tuple[int, bytes], told: str
) -> None:
    with pytest.raises(canary.CheckFailed, match=told):
        canary.check(sender(shops, REGIONS[0]), lambda *_: answer, {}, lambda _: None)


@pytest.mark.usefixtures("shops")
def test_the_handler_speaks_http(canary: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both names lead to one Region: what it takes is there at once."""
    import os

    monkeypatch.setenv("OTHER_URL", os.environ["BASE_URL"])
    assert canary.handler({}, None) == "there after 1 looks"
