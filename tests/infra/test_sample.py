"""The sample shop: what the canary asks of it works, and what it measures is what the alarms watch."""

import json
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from controller.lab.environment.estate import METRICS
from controller.rehearsal.shop.shop import CATALOG
from tests.support.canary_script import load as load_canary
from tests.support.wire import connect, table

FILE = Path(__file__).parents[2] / "infra" / "sample" / "shop.py"


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    for name, value in (
        ("ORDERS", "storefront-orders"),
        ("NAMESPACE", "Storefront"),
        ("AWS_REGION", "us-west-2"),
    ):
        monkeypatch.setenv(name, value)
    spec = spec_from_file_location("sample_shop", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def orders() -> Any:
    client, _ = connect("dynamodb", table())
    client.create_table(
        TableName="storefront-orders",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "order", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "order", "KeyType": "HASH"}],
    )
    return client


def ask(shop: ModuleType, orders: Any, method: str, path: str, body: str = "") -> dict[str, Any]:
    event = {"requestContext": {"http": {"method": method}}, "rawPath": path, "body": body}
    return dict(shop.handler(event, None, lambda: orders))


def test_the_canarys_journey_works(shop: ModuleType, orders: Any) -> None:
    def send(method: str, path: str, body: bytes) -> tuple[int, bytes]:
        answer = ask(shop, orders, method, path, body.decode())
        return answer["statusCode"], answer["body"].encode()

    assert load_canary("api_journey").check(send, {}) == "8 journeys"
    assert load_canary("heartbeat").check(send, {"BASE_URL": "x"}) == "ok"
    assert load_canary("dns_name").check(send, {"BASE_URL": "x"}) == "us-west-2"


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/nowhere", "", 404),
        ("GET", "/orders/unknown", "", 404),
        ("POST", "/checkout", "not json", 400),
        ("POST", "/checkout", '{"items": ["yacht"]}', 400),
        ("POST", "/cart", '{"items": []}', 400),
        ("POST", "/cart", '{"items": {"lantern": 1}}', 400),
    ],
)
def test_what_makes_no_sense_is_refused(
    shop: ModuleType, orders: Any, method: str, path: str, body: str, status: int
) -> None:
    assert ask(shop, orders, method, path, body)["statusCode"] == status


def test_a_table_that_does_not_answer_is_a_500_that_is_counted(
    shop: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask(shop, None, "GET", "/orders/1")["statusCode"] == 500
    line = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (line["5xxRate"], line["Requests"]) == (100.0, 1)


def test_it_measures_what_the_alarms_watch(shop: ModuleType) -> None:
    line = json.loads(shop.measured("Storefront", 200, 12.0, 1.0))
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert {m["MetricName"] for m in METRICS.values()} <= {m["Name"] for m in directive["Metrics"]}
    assert directive["Dimensions"] == [[]]


def test_it_sells_what_the_rehearsals_shop_sells(shop: ModuleType) -> None:
    assert shop.CATALOG == CATALOG


def test_it_stands_alone() -> None:
    """Nothing of ours, and of others only what Lambda has."""
    lines = FILE.read_text(encoding="utf-8").splitlines()
    imported = {
        line.split()[1].partition(".")[0] for line in lines if line.lstrip().startswith(("import ", "from "))
    }
    assert imported <= {*sys.stdlib_module_names, "boto3", "botocore"}
