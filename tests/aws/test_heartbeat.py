"""The heartbeat goes to the one host that is named, tells nobody its secret, and ends soon."""

import io
import json
import logging
import time
import traceback
from collections.abc import Iterator
from typing import Any

import pytest

from controller.aws.heartbeat import AGAIN, KEPT, Kind, OutsideHeartbeat
from controller.aws.runtime import SystemRuntime
from controller.ports.errors import OutsideUnreachable
from controller.rehearsal.wire.botocore_client import virtual_clients
from controller.wiring import QUESTION
from tests.support.drill_run import ALONE, set_up
from tests.support.heartbeats import Receiver, receiver

NAME = "tidegate-heartbeat"
TOKEN = "d7b2c9f0a6e14c55"
KEY = "R0ut1ngK3y" + "x" * 22
HERE = "us-east-2"


class Held:
    """A heartbeat, the secrets of its Region, and how often they were read. later: seconds that passed."""

    def __init__(self, kind: Kind, host: str, timeout: float = 1.0) -> None:
        stage, _ = set_up(**ALONE)
        self.secrets = stage.cloud.secrets.values
        clients = virtual_clients(stage.cloud.wire, stage.runtime, stage.faults)
        self.reads, self.later = 0, 0.0
        client: Any = clients("secretsmanager", HERE, None, QUESTION)
        held = self

        class Client:
            def get_secret_value(self, **params: Any) -> Any:
                held.reads += 1
                return client.get_secret_value(**params)

        class Runtime(SystemRuntime):
            def monotonic(self) -> float:
                return super().monotonic() + held.later

        self.heartbeat = OutsideHeartbeat(
            secrets=Client, secret=NAME, kind=kind, host=host, source=f"storefront/{HERE}",
            runtime=Runtime(), timeout=timeout,
        )  # fmt: skip

    def put(self, value: str) -> None:
        self.secrets[HERE, NAME] = value

    def beat(self) -> str:
        return self.heartbeat.beat()

    def refused(self) -> str:
        with pytest.raises(OutsideUnreachable) as caught:
            self.beat()
        told = "".join(traceback.format_exception(caught.value)) + repr(self.heartbeat)
        assert TOKEN not in told
        assert KEY not in told
        assert caught.value.__context__ is None, "what a library raised may quote what was sent"
        return str(caught.value)


@pytest.fixture
def there() -> Iterator[Receiver]:
    with receiver() as held:
        yield held


@pytest.fixture
def held(there: Receiver) -> Held:
    made = Held("https", there.host)
    made.put(f"http://{there.host}/{TOKEN}")
    return made


def test_a_beat_is_one_request_to_the_address(held: Held, there: Receiver) -> None:
    assert held.beat() == ""
    assert there.heard == [("GET", f"/{TOKEN}", b"")]


def test_a_secret_is_read_once_in_five_minutes(held: Held, there: Receiver) -> None:
    for _ in range(3):
        held.beat()
    assert held.reads == 1
    held.later = KEPT + 1
    held.put(f"http://{there.host}/another\n")
    held.beat()
    assert (held.reads, there.heard[-1][1]) == (2, "/another")


def test_an_address_that_was_read_is_used_while_it_cannot_be_read_again(held: Held, there: Receiver) -> None:
    held.beat()
    held.later = KEPT + 1
    held.secrets.clear()
    doubt = held.beat()
    assert len(there.heard) == 2
    assert doubt == f"the secret {NAME} cannot be read: ResourceNotFoundException; the one of before is used"


def test_a_secret_that_cannot_be_read_is_asked_for_in_every_third_tick_and_told_in_each(
    held: Held, there: Receiver
) -> None:
    """A Secrets Manager that hangs would cost each tick its patience."""
    held.beat()
    held.secrets.clear()
    held.later = KEPT + 1
    doubts, reads = [], []
    for _ in range(6):
        doubts.append(held.beat())
        reads.append(held.reads - 1)
        held.later += 60.0
    assert reads == [1, 1, 1, 2, 2, 2]
    assert all("the one of before is used" in each for each in doubts)
    held.put(f"http://{there.host}/another")
    held.later += AGAIN
    assert held.beat() == ""
    assert there.heard[-1][1] == "/another"


def test_a_secret_that_was_never_read_is_told(held: Held, there: Receiver) -> None:
    held.secrets.clear()
    assert held.refused() == f"the secret {NAME} cannot be read: ResourceNotFoundException"
    assert there.heard == []


@pytest.mark.parametrize(
    "address",
    [
        f"https://hc.example.org.evil.example/{TOKEN}",
        f"http://hc.example.org/{TOKEN}",
        f"https://user:{TOKEN}@hc.example.org/",
        f"https://hc.example.org:8443/{TOKEN}",
        f"https://hc.example.org\\@127.0.0.1/{TOKEN}",
        f"https://hc.example.org/{TOKEN}\r\nX: y",
        f"https://hc.example.org/ {TOKEN}",
        f"https://169.254.169.254/{TOKEN}",
        f"https://[::1/{TOKEN}",
        f"//hc.example.org/{TOKEN}",
        f"https://hc.example.org/{TOKEN}é",
        f"https://hc.example.org/{TOKEN}" + "x" * 2000,
        TOKEN,
    ],
)
def test_no_other_place_is_called(address: str) -> None:
    held = Held("https", "hc.example.org")
    held.put(address)
    assert held.refused() == f"the secret {NAME} is not an address of hc.example.org"
    assert held.refused()
    assert held.reads == 2, "whoever mends it is heard at once"


@pytest.mark.parametrize("status", [301, 302, 307, 404, 500])
def test_no_redirect_is_followed_and_only_success_counts(held: Held, there: Receiver, status: int) -> None:
    there.status, there.location = status, f"http://{there.host}/elsewhere"
    assert held.refused() == f"{there.host} answered {status}"
    assert [path for _, path, _ in there.heard] == [f"/{TOKEN}"]


def test_who_does_not_answer_is_left_after_a_while(there: Receiver) -> None:
    held = Held("https", there.host, timeout=0.2)
    held.put(f"http://{there.host}/{TOKEN}")
    there.silent.set()
    began = time.monotonic()
    assert "did not answer" in held.refused()
    assert time.monotonic() - began < 2


def test_nobody_there_is_told_by_the_kind_of_failure(held: Held) -> None:
    held.put("http://127.0.0.1:9/" + TOKEN)
    held.heartbeat._host = "127.0.0.1:9"
    assert held.refused() == "127.0.0.1:9 did not answer: ConnectionRefusedError"


def test_a_certificate_of_somebody_else_is_refused(held: Held, there: Receiver) -> None:
    """No TLS is spoken there at all: nothing was sent before it was known who listens."""
    held.heartbeat._host = there.host.replace("127.0.0.1", "localhost")
    held.put(f"https://{held.heartbeat._host}/{TOKEN}")
    assert held.refused() == f"{held.heartbeat._host} did not answer: SSLError"
    assert there.heard == []


def test_pagerduty_gets_an_alert_for_each_beat(there: Receiver) -> None:
    held = Held("pagerduty", there.host)
    held.put(KEY)
    there.status = 202
    assert held.beat() == ""
    ((method, path, body),) = there.heard
    sent = json.loads(body)
    assert (method, path) == ("POST", "/v2/enqueue")
    assert (sent["routing_key"], sent["event_action"]) == (KEY, "trigger")
    assert sent["dedup_key"].startswith("storefront/us-east-2/")
    assert sent["payload"]["class"] == "heartbeat"


@pytest.mark.parametrize("key", [KEY[:-1], KEY + "x", f"https://events.pagerduty.com/{KEY}", ""])
def test_what_is_no_routing_key_is_not_sent(there: Receiver, key: str) -> None:
    held = Held("pagerduty", there.host)
    held.put(key)
    assert held.refused()
    assert there.heard == []


def test_no_library_logs_the_address(held: Held, there: Receiver) -> None:
    stream = io.StringIO()
    handler, root = logging.StreamHandler(stream), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    try:
        held.heartbeat.beat()
        there.status = 404
        held.refused()
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
    assert TOKEN not in stream.getvalue()
