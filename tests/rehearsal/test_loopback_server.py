"""The loopback server over real sockets."""

import http.client
import json
import logging
import socket
import threading
from collections.abc import Iterator
from typing import Any, Literal

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ConnectionClosedError, EndpointConnectionError, ReadTimeoutError

from controller.rehearsal.wire.dispatch import Request, Response
from controller.rehearsal.wire.server import PortInUse, Server

SIGNED = "AWS4-HMAC-SHA256 Credential=AKID/20260101/{}/route53-recovery-cluster/aws4_request, Signature=abc"
SECRET = "task-token-1234"


class Handler:
    """Answers with what it was asked, and keeps it."""

    def __init__(self) -> None:
        self.seen: list[tuple[Request, str]] = []

    def __call__(self, request: Request, endpoint: str) -> Response:
        self.seen.append((request, endpoint))
        if request.path == "/broken":
            raise KeyError(SECRET)
        body = json.dumps({"RoutingControls": [], "NextToken": endpoint}).encode()
        return Response(200, {"Content-Type": "application/x-amz-json-1.0"}, body)


@pytest.fixture
def handler() -> Handler:
    return Handler()


@pytest.fixture
def dark() -> set[str]:
    return set()


@pytest.fixture
def server(handler: Handler, dark: set[str]) -> Iterator[Server]:
    before = set(threading.enumerate())
    with Server(handler, dark=dark.__contains__) as running:
        yield running
    assert set(threading.enumerate()) <= before, "a thread was left"


def client(port: int, region: str = "us-west-2", patience: float = 60.0) -> Any:
    """patience: real seconds that an answer may take; short where there must be none."""
    session = boto3.session.Session("key", "secret", region_name=region)
    config = Config(read_timeout=patience, retries={"total_max_attempts": 1})
    return session.client("route53-recovery-cluster", endpoint_url=f"http://127.0.0.1:{port}", config=config)


def raw(port: int, data: bytes) -> bytes:
    """Everything that comes back until the server closes or one answer's worth has come."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        found = b""
        while part := connection.recv(65536):
            found += part
        return found


def test_each_port_names_its_endpoint(server: Server) -> None:
    ports = {region: server.serve(endpoint=region) for region in ("us-east-1", "eu-west-1", "ap-southeast-2")}
    assert len(set(ports.values())) == 3
    named = {region: client(port).list_routing_controls()["NextToken"] for region, port in ports.items()}
    assert named == {region: region for region in ports}


def test_it_listens_on_one_address_only(server: Server) -> None:
    port = server.serve()
    with pytest.raises(OSError, match=r"refused|assign"):
        socket.create_connection(("127.0.0.2", port), timeout=2).close()


def test_connections_are_kept(server: Server, handler: Handler) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.serve())
    sockets = set()
    for number in range(3):
        connection.request("POST", "/x%20y?a=1", body=b"z" * number, headers={"X-One": "1"})
        assert connection.getresponse().read()
        sockets.add(connection.sock)
    connection.close()
    assert len(sockets) == 1
    request, _ = handler.seen[2]
    assert (request.method, request.path, request.query, request.body) == ("POST", "/x y", "a=1", b"zz")
    assert request.headers["x-one"] == "1"


def test_chunked_bodies_and_expectations(server: Server, handler: Handler) -> None:
    head = (
        b"PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n"
    )
    answer = raw(server.serve(), head + b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")
    assert handler.seen[0][0].body == b"abcde"


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET / HTTP/2\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nbad header\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n folded: x\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nshort", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\n", 413),
        (b"POST / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n", 413),
        (b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 300 + b"\r\n", 431),
    ],
)
def test_what_is_not_http_is_refused(server: Server, handler: Handler, data: bytes, status: int) -> None:
    assert raw(server.serve(), data).split(b" ", 2)[1] == str(status).encode()
    assert handler.seen == []


@pytest.mark.parametrize("header", [b"Origin: http://evil.example", b"Sec-Fetch-Site: same-origin"])
def test_pages_in_a_browser_are_refused(server: Server, handler: Handler, header: bytes) -> None:
    answer = raw(server.serve(), b"POST / HTTP/1.1\r\n" + header + b"\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 403 ")
    assert handler.seen == []


def test_a_bug_in_a_service_is_a_500_without_its_story(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        answer = raw(server.serve(), b"GET /broken HTTP/1.1\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 500 ")
    assert b"Traceback" not in answer
    assert b"KeyError" not in answer
    assert "KeyError" in caplog.text
    assert SECRET not in caplog.text


def test_a_port_that_is_taken_is_one_clear_error(server: Server, handler: Handler) -> None:
    port = server.serve()
    with Server(handler) as other, pytest.raises(PortInUse, match=str(port)):
        other.serve(port)


def test_refused_resets_at_connection_and_on_kept_connections(server: Server, handler: Handler) -> None:
    fault: list[Any] = [None]
    port = server.serve(behaviour=lambda: fault[0])
    kept = client(port)
    kept.list_routing_controls()
    fault[0] = "refused"
    for each in (kept, client(port)):
        with pytest.raises((ConnectionClosedError, EndpointConnectionError)):  # a reset may come early
            each.list_routing_controls()
    fault[0] = None
    kept.list_routing_controls()
    assert len(handler.seen) == 2


def test_hung_is_silence_and_nothing_applies(server: Server, handler: Handler) -> None:
    fault: list[Any] = ["hung"]
    port = server.serve(behaviour=lambda: fault[0])
    with pytest.raises(ReadTimeoutError):
        client(port, patience=0.2).list_routing_controls()
    fault[0] = None
    client(port).list_routing_controls()
    assert len(handler.seen) == 1


def test_no_api_of_a_dark_region_answers(server: Server, handler: Handler, dark: set[str]) -> None:
    port = server.serve()
    dark.add("us-east-1")
    with pytest.raises(ReadTimeoutError):
        client(port, "us-east-1", patience=0.2).list_routing_controls()
    client(port, "us-west-2").list_routing_controls()
    dark.clear()
    client(port, "us-east-1").list_routing_controls()
    assert len(handler.seen) == 2


def test_stopping_ends_hung_and_idle_connections() -> None:
    before = set(threading.enumerate())
    server = Server(Handler())
    asked = threading.Semaphore(0)

    def behaviour() -> Literal["hung"]:
        asked.release()
        return "hung"

    hung = server.serve(behaviour=behaviour)
    well = server.serve()
    idle = http.client.HTTPConnection("127.0.0.1", well, timeout=60)
    idle.request("GET", "/")
    idle.getresponse().read()
    waiting = socket.create_connection(("127.0.0.1", hung), timeout=60)
    waiting.sendall(b"GET / HTTP/1.1\r\n\r\n")
    for _ in ("accepted", "read"):
        assert asked.acquire(timeout=60)
    server.stop()
    server.stop()
    assert set(threading.enumerate()) <= before
    assert waiting.recv(1) == b""
    waiting.close()
    idle.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", well), timeout=2)
