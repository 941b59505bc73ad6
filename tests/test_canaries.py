"""The canary scripts as Synthetics runs them: their own handler, real sockets, nothing of ours inside."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.rehearsal.faults import Faults
from controller.rehearsal.shop.orders import ReplicatedOrders
from controller.rehearsal.shop.server import ShopServer
from controller.rehearsal.shop.shop import Shop
from tests.support.canary_script import SCRIPTS, load

REGION = "us-east-1"
WELL = b'{"status": "ok", "region": "us-east-1"}'


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
def server(faults: Faults, monkeypatch: pytest.MonkeyPatch) -> Iterator[ShopServer]:
    server = ShopServer(Shop(regions=[REGION], faults=faults, orders=ReplicatedOrders(lambda: 0.0)), REGION)
    server.start()
    monkeypatch.setenv("BASE_URL", f"http://127.0.0.1:{server.port}")
    yield server
    server.close()


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: str(script.stem))
def test_scripts_stand_alone(script: Path) -> None:
    tree = ast.parse(script.read_text())
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module or "." for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in imported} <= sys.stdlib_module_names


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize(
    ("name", "result"), [("heartbeat", "ok"), ("dns_name", REGION), ("api_journey", "8 journeys")]
)
def test_a_healthy_shop_passes(name: str, result: str) -> None:
    assert load(name).handler({}, None) == result


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize("name", ["heartbeat", "dns_name", "api_journey"])
def test_a_dark_region_fails(name: str, faults: Faults) -> None:
    faults.dark.add(REGION)
    with pytest.raises(OSError, match=r"closed|reset|pipe"):
        load(name).handler({}, None)


@pytest.mark.usefixtures("server")
def test_only_the_journey_sees_one_bad_backend_of_five(faults: Faults) -> None:
    faults.errors[REGION] = 0.2
    journey = load("api_journey")
    for _ in range(5):
        with pytest.raises(journey.CheckFailed, match="answered 500"):
            journey.handler({}, None)
        assert load("heartbeat").handler({}, None) == "ok"


@pytest.mark.usefixtures("server")
def test_the_number_of_journeys_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROUNDS", "1")
    assert load("api_journey").handler({}, None) == "1 journeys"


def test_a_journey_is_thirty_two_requests() -> None:
    shop = Shop(regions=[REGION], faults=Faults(), orders=ReplicatedOrders(lambda: 0.0))
    asked: list[str] = []

    def send(method: str, path: str, body: bytes) -> tuple[int, bytes]:
        asked.append(method)
        reply = shop.handle(region=REGION, method=method, path=path, body=body)
        return reply.status, reply.body

    load("api_journey").check(send, {})
    assert asked == ["GET", "POST", "POST", "GET"] * 8


@pytest.mark.parametrize("name", ["heartbeat", "dns_name", "api_journey"])
@pytest.mark.parametrize("answer", [(500, WELL), (404, b"{}"), (200, b"<html>"), (200, b"[]"), (200, b"{}")])
def test_an_answer_that_is_not_the_shops_fails(name: str, answer: tuple[int, bytes]) -> None:
    script = load(name)
    with pytest.raises(script.CheckFailed):
        script.check(lambda method, path, body: answer, {"BASE_URL": "http://x"})


def test_an_order_that_comes_back_changed_fails() -> None:
    script = load("api_journey")
    answers = iter(
        [
            (200, b'{"items": {"rope": 1}}'),
            (200, b"{}"),
            (201, b'{"order": "../7"}'),
            (200, b'{"order": "../7", "items": ["lamp"]}'),
        ]
    )
    paths: list[str] = []

    def send(method: str, path: str, body: bytes) -> tuple[int, bytes]:
        paths.append(path)
        return next(answers)

    with pytest.raises(script.CheckFailed, match="not the one that was placed"):
        script.check(send, {})
    assert paths[-1] == "/orders/..%2F7"
